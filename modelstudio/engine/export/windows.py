"""Windows of a series in ONNX: raw rows side by side, made ready one by one, and rolled up again.

The columns come as (batch, rows). The steps of the recipe act on tensors of one row of the table a
row, (batch * rows, width), so they are the same as for a table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import onnx

from modelstudio.data.inputs import InputField
from modelstudio.data.target import TargetState
from modelstudio.engine.export.reading import write_reading
from modelstudio.engine.export.writer import Block, Sort, Writer, taken
from modelstudio.recipe.steps import Windows


def unrolled(
    w: Writer, name: str, step: Windows, sort: Sort, kind: str
) -> tuple[Block, onnx.ValueInfoProto]:
    """Take a column of a window and bring its rows below one another."""
    below = w.node("Reshape", name, w.constant([-1, 1], np.int64))
    return Block(below, sort=sort), taken(name, sort, kind, length=step.length)


def rolled(
    w: Writer,
    field: InputField,
    places: Sequence[int],
    step: Windows,
    target: TargetState,
    words: Collection[str],
) -> tuple[str, str, list[onnx.ValueInfoProto]]:
    """Put the numbers of all rows together with what the target was.

    Parameters
    ----------
    places
        Where each number of the field stands among the columns.
    words
        The words that mean a missing value.

    Returns
    -------
    window
        Shape (batch, rows, width).
    gap
        NaN for the windows that lack a number, else 0; (batch, 1).
    inputs
        That of the target, if windows hold it.
    """
    parts = [w.join(places)] if field.columns else []
    inputs: list[onnx.ValueInfoProto] = []
    if step.past == "with the target":
        told, given = _past(w, step, target, words)
        parts.append(told)
        inputs.append(given)
    numbers = w.node("Concat", *parts, axis=1)
    length, width = map(int, field.spec.shape)
    window = w.node("Reshape", numbers, w.constant([-1, length, width], np.int64))
    flat = w.node("Reshape", numbers, w.constant([-1, length * width], np.int64))
    return window, w.gap(flat), inputs


def last(w: Writer, tensor: str, step: Windows) -> str:
    """Return the value of the last row of each window; shape (batch,)."""
    rows = w.node("Reshape", tensor, w.constant([-1, step.length], np.int64))
    return w.node("Gather", rows, w.constant(step.length - 1, np.int64), axis=1)


def _past(
    w: Writer, step: Windows, target: TargetState, words: Collection[str]
) -> tuple[str, onnx.ValueInfoProto]:
    """Take the target of each row, and make of it what the network is shown."""
    if target.kind != "value":
        block, given = unrolled(w, target.column, step, "text", "category")
        write_reading(w, block, words)
        codes = w.codes(block, target.classes)
        hits = w.node("Equal", codes, w.constant([range(len(target.classes))], np.int64))
        unknown = w.node("Less", codes, w.constant(0, np.int64))
        return w.node("Where", unknown, w.constant(np.nan), w.number(hits)), given
    block, given = unrolled(w, target.column, step, "number", "number")
    write_reading(w, block, words)
    value = block.tensor
    if target.log:
        smallest = w.constant(np.finfo(np.float64).tiny)
        logarithm = w.node("Log", w.node("Max", value, smallest))
        unknown = w.node("IsNaN", value)
        value = w.node("Where", unknown, w.constant(np.nan), logarithm)
    centred = w.node("Sub", value, w.constant(target.mean))
    return w.node("Div", centred, w.constant(target.scale)), given
