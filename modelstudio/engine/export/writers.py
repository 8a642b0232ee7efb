"""How each recipe step is written into ONNX, equal to `modelstudio.data.steps` in double."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from modelstudio.data.steps.bend import lines
from modelstudio.engine.export.write_formula import write_formula
from modelstudio.engine.export.writer import ML_DOMAIN, Block, Writer
from modelstudio.recipe.steps import (
    Bin,
    ClipOutliers,
    FillByModel,
    FillMissing,
    Formula,
    GroupRare,
    Index,
    Log,
    MinMax,
    MissingIndicator,
    OneHot,
    Ordinal,
    Power,
    QuantileScale,
    Rename,
    RobustScale,
    SmoothNoise,
    Standardise,
    Step,
    TargetEncode,
)

State = Mapping[str, Any]


def write_fill(state: State, w: Writer) -> None:
    """Put a number where NaN is; what an empty text stands for is kept for the encoding."""
    for name, value in state.items():
        block = w.blocks[name]
        if block.sort == "text":
            if block.empty_as is None:
                block.empty_as = value
        else:
            empty = w.node("IsNaN", block.tensor)
            block.tensor = w.node("Where", empty, w.constant(value), block.tensor)


def write_indicator(state: State, w: Writer) -> None:
    """Add a block of 0 and 1 for each column."""
    for name, new in state.items():
        block = w.blocks[name]
        if block.sort == "number":
            w.blocks[new] = Block(w.number(w.node("IsNaN", block.tensor)))
            continue
        missing = w.node(
            "LabelEncoder",
            block.tensor,
            domain=ML_DOMAIN,
            keys_strings=[""],
            values_int64s=[int(block.empty_as is None)],
            default_int64=0,
        )
        w.blocks[new] = Block(w.number(missing))


def write_model(state: State, w: Writer) -> None:
    """Fill over and over again by the weighted sum of the other columns."""
    if not state.get("columns"):
        return
    blocks = [w.blocks[name] for name in state["columns"]]
    rows = w.finite(w.node("Concat", *(block.tensor for block in blocks), axis=1))
    empty = w.node("IsNaN", rows)
    mean, spread, low, high = (
        w.constant([state[key]]) for key in ("mean", "spread", "low", "high")
    )
    scaled = w.node("Div", w.node("Sub", rows, mean), spread)
    filled = w.node("Where", empty, w.constant(0.0), scaled)
    weights = w.constant(state["weights"])
    for _ in range(state["rounds"]):
        guessed = w.node("MatMul", filled, weights)
        held = w.node("Min", w.node("Max", guessed, low), high)
        filled = w.node("Where", empty, held, scaled)
    back = w.node("Add", w.node("Mul", filled, spread), mean)
    rows = w.node("Where", empty, back, rows)
    for at, block in enumerate(blocks):
        block.tensor = w.node("Gather", rows, w.constant([at], np.int64), axis=1)


def write_clip(state: State, w: Writer) -> None:
    """Pull numbers back to the limits."""
    for name, (low, high) in state.items():
        block = w.blocks[name]
        block.tensor = w.node("Clip", block.tensor, w.constant(low), w.constant(high))


def write_scale(state: State, w: Writer) -> None:
    """Shift and scale numbers."""
    for name, (shift, factor, *rest) in state.items():
        block = w.blocks[name]
        centred = w.node("Sub", block.tensor, w.constant(shift))
        block.tensor = w.node("Mul", centred, w.constant(factor))
        if rest:
            block.tensor = w.node("Add", block.tensor, w.constant(rest[0]))


def write_log(state: State, w: Writer) -> None:
    """Take logarithms."""
    for name, method in state.items():
        block = w.blocks[name]
        x = w.finite(block.tensor)
        size = w.node("Abs", x) if method == "signed" else x
        if method != "log(x)":
            size = w.node("Add", w.constant(1.0), size)
        found = w.node("Log", size)
        if method == "signed":
            found = w.node("Mul", w.node("Sign", x), found)
        block.tensor = w.finite(found)


def write_power(state: State, w: Writer) -> None:
    """Bend each side of zero by a power of its own, then shift and scale."""

    def powered(size: str, exponent: float) -> str:
        if exponent == 0:
            return w.node("Log", size)
        raised = w.node("Sub", w.node("Pow", size, w.constant(exponent)), w.constant(1.0))
        return w.node("Div", raised, w.constant(exponent))

    for name, (exponent, mean, factor) in state.items():
        block = w.blocks[name]
        x = w.finite(block.tensor)
        size = w.node("Add", w.constant(1.0), w.node("Abs", x))
        below = w.node("Neg", powered(size, 2.0 - exponent))
        negative = w.node("Less", x, w.constant(0.0))
        bent = w.node("Where", negative, below, powered(size, exponent))
        centred = w.node("Sub", bent, w.constant(mean))
        block.tensor = w.finite(w.node("Mul", centred, w.constant(factor)))


def write_quantile(state: State, w: Writer) -> None:
    """Find the line between two knots that a number lies under, and follow it."""
    for name, knots in state.items():
        begin, height, slope = (part.tolist() for part in lines(knots["x"], knots["y"]))
        block = w.blocks[name]
        low, high = (w.constant(knots["x"][at]) for at in (0, -1))
        x = w.node("Clip", w.finite(block.tensor), low, high)
        place = w.place(x, begin[1:])
        along = w.node("Sub", x, w.looked_up(begin, place))
        rise = w.node("Mul", w.looked_up(slope, place), along)
        block.tensor = w.finite(w.node("Add", w.looked_up(height, place), rise))


def write_bins(state: State, w: Writer) -> None:
    """Turn numbers into those of their bins, into 0 and 1 by bin, or into the middles of bins."""
    for name, learnt in state.items():
        x = w.finite(w.blocks[name].tensor)
        empty = w.node("IsNaN", x)
        place = w.place(x, learnt["edges"])
        count = len(learnt["edges"]) + 1
        if learnt.get("one_hot"):
            hits = w.node("Equal", place, w.constant([range(count)], np.int64))
            held = w.node("And", hits, w.node("Not", empty))
            w.blocks[name] = Block(w.number(held), count)
            continue
        found = w.looked_up(learnt.get("values", range(count)), place)
        w.blocks[name] = Block(w.node("Where", empty, w.constant(np.nan), found))


def write_group(state: State, w: Writer) -> None:
    """Give all but the kept categories one name; an empty text stays empty."""
    for name, learnt in state.items():
        block, kept = w.blocks[name], learnt["kept"]
        if block.empty_as is not None and block.empty_as not in kept:
            block.empty_as = learnt["name"]
        keys = [*kept, *([] if "" in kept else [""])]
        block.tensor = w.node(
            "LabelEncoder",
            block.tensor,
            domain=ML_DOMAIN,
            keys_strings=keys,
            values_strings=keys,
            default_string=learnt["name"],
        )


def write_one_hot(state: State, w: Writer) -> None:
    """Compare the place of each category with 0, 1, 2 ...; an unseen one equals none."""
    for name, categories in state.items():
        codes = w.codes(w.blocks[name], categories)
        hits = w.node("Equal", codes, w.constant([range(len(categories))], np.int64))
        w.blocks[name] = Block(w.number(hits), len(categories))


def write_ordinal(state: State, w: Writer) -> None:
    """Turn the place of each category into a number."""
    for name, categories in state.items():
        w.blocks[name] = Block(w.number(w.codes(w.blocks[name], categories)))


def write_target_mean(state: State, w: Writer) -> None:
    """Look up the means of each category; the last row of the table is for an unseen one."""
    for name, learnt in state.items():
        categories = learnt["categories"]
        codes = w.codes(w.blocks[name], categories, missing=len(categories))
        last = len(categories) + 1
        unseen = w.node("Less", codes, w.constant(0, np.int64))
        place = w.node("Where", unseen, w.constant(last, np.int64), codes)
        place = w.node("Reshape", place, w.constant([-1], np.int64))
        table = w.constant([*learnt["means"], learnt["missing"], learnt["unseen"]])
        w.blocks[name] = Block(w.node("Gather", table, place), len(learnt["unseen"]))


def write_index(state: State, w: Writer) -> None:
    """Turn the place of each category into its number, from 1; any other becomes 0."""
    for name, categories in state.items():
        codes = w.codes(w.blocks[name], categories)
        w.blocks[name] = Block(w.node("Add", codes, w.constant(1, np.int64)), sort="ids")


def write_rename(state: State, w: Writer) -> None:
    """Keep a block under another name, in its place."""
    blocks = {state.get(name, name): block for name, block in w.blocks.items()}
    w.blocks.clear()
    w.blocks.update(blocks)


WRITERS: dict[type[Step], Callable[[State, Writer], None]] = {
    FillMissing: write_fill,
    FillByModel: write_model,
    MissingIndicator: write_indicator,
    ClipOutliers: write_clip,
    SmoothNoise: write_bins,
    Log: write_log,
    Power: write_power,
    Standardise: write_scale,
    MinMax: write_scale,
    RobustScale: write_scale,
    QuantileScale: write_quantile,
    Bin: write_bins,
    GroupRare: write_group,
    OneHot: write_one_hot,
    Ordinal: write_ordinal,
    TargetEncode: write_target_mean,
    Index: write_index,
    Formula: write_formula,
    Rename: write_rename,
}
"""One writer for each fitted step of a table that declares ``onnx = "exact"``."""
