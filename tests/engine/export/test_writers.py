"""Preprocessing in ONNX against that in polars: any steps in any order, missing and new cells."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime
import polars as pl
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from modelstudio.data.fitting import Learning
from modelstudio.engine.export.onnx import ML_OPSET
from modelstudio.engine.export.parting import parted
from modelstudio.engine.export.tracing import OPSET
from modelstudio.engine.export.writer import ML_DOMAIN, Writer
from modelstudio.engine.export.writers import WRITERS
from modelstudio.errors import DataError
from modelstudio.recipe import order
from modelstudio.recipe.steps import (
    Bin,
    ClipOutliers,
    ColumnStep,
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    Formula,
    GroupRare,
    HashEncode,
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

CELLS: dict[str, list[float | str | None]] = {
    "a": [None, 1.5, 2e9, -3.0, 0.1, 1e8],
    "b": [None, 0.0, 5.0, 1e8, 7.0, -2.5],
    "c": [None, "x", "y", "z"],
    "d": [None, "1", "1.0", "ü"],
}
KINDS = {name: "number" if name in "ab" else "category" for name in CELLS}
SCHEMA = {name: pl.Float64 if kind == "number" else pl.String for name, kind in KINDS.items()}

SMOOTH = ("a / b + 1", "log(1 + abs(a)) - sqrt(b)", "a ** 2 / exp(b)", "4")
FORMULAS = (
    *SMOOTH,
    "1 if a > b and c == 'x' else -a",
    "max(a, b, 0) * min(1, a)",
    'c in ["x", "z"] or not b <= 5',
    "fill(a, 3) + is_missing(b) + is_missing(c) + floor(b / 2) + ceil(b / 3) + log10(a)",
    "(c != 'y') + (a == 1.5) + (b != 5) + (a >= b) + (a < 1e9)",
)

CHOICES: dict[str, Sequence[Callable[[], Step]]] = {
    "number": (
        FillMissing,
        lambda: FillMissing(method="mean"),
        lambda: FillMissing(method="constant", value="-7.25"),
        ClipOutliers,
        lambda: ClipOutliers(method="z-score", factor=0.5),
        Standardise,
        lambda: MinMax(low=-1.0, high=2.0),
        RobustScale,
        lambda: RobustScale(share=0.9),
        MissingIndicator,
        SmoothNoise,
        lambda: SmoothNoise(bins=3, method="mean"),
        Log,
        lambda: Log(method="log(x)"),
        lambda: Log(method="signed"),
        Power,
        lambda: Power(standardise=False),
        QuantileScale,
        lambda: QuantileScale(shape="normal", knots=5),
        Bin,
        lambda: Bin(method="equal width", bins=3),
        FillByModel,
    ),
    "category": (
        FillMissing,
        lambda: FillMissing(method="constant", value="new"),
        lambda: FillMissing(method="constant", value="x"),
        lambda: FillMissing(method="constant", value=""),
        MissingIndicator,
        lambda: GroupRare(least=0.3),
        lambda: GroupRare(least=0.2, name="x"),
    ),
    "encoding": (
        OneHot,
        lambda: OneHot(limit=2),
        Ordinal,
        lambda: Ordinal(order=("y", "x", "1", "")),
        TargetEncode,
        Index,
    ),
    "numbers": (FillByModel, lambda: FillByModel(rounds=1), lambda: Bin(encode="one-hot")),
}


def table(
    seed: random.Random, rows: int, cells: dict[str, list[float | str | None]]
) -> pl.DataFrame:
    """Return rows of random cells."""
    return pl.DataFrame(
        {name: [seed.choice(known) for _ in range(rows)] for name, known in cells.items()},
        schema=SCHEMA,
    )


def opened(frame: pl.DataFrame) -> tuple[Writer, list[object]]:
    """Begin a graph with the columns of a table."""
    writer = Writer()
    return writer, [
        writer.open(name, "number" if dtype == pl.Float64 else "text")
        for name, dtype in frame.schema.items()
    ]


def asked(
    writer: Writer, inputs: list[object], frame: pl.DataFrame, places: Sequence[int] = ()
) -> list[NDArray[np.float64]]:
    """Return what onnxruntime makes of raw rows: the numbers in order, then each column of ids."""
    ids = [block.tensor for block in writer.blocks.values() if block.sort == "ids"]
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in ids]
    if any(block.sort == "number" for block in writer.blocks.values()):
        width = sum(block.width for block in writer.blocks.values() if block.sort == "number")
        joined = writer.join(places or range(width))
        given.insert(0, helper.make_tensor_value_info(joined, TensorProto.DOUBLE, None))
    graph = helper.make_graph(writer.nodes, "steps", inputs, given, writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    fed = {}
    for column in frame.iter_columns():
        number = column.dtype == pl.Float64
        filled = column.fill_null(float("nan") if number else "").to_list()
        fed[column.name] = np.array(filled, dtype=np.float64 if number else object).reshape(-1, 1)
    return session.run(None, fed)


def agree(writer: Writer, inputs: list[object], raw: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Compare what the graph makes of raw rows with what the steps made of them."""
    found = asked(writer, inputs, raw)
    numbers = [name for name, dtype in rows.schema.items() if dtype == pl.Float64]
    ids = [name for name, dtype in rows.schema.items() if dtype == pl.Int64]
    if numbers:
        expected = rows.select(numbers).fill_null(float("nan")).to_numpy()
        np.testing.assert_allclose(found.pop(0), expected, rtol=1e-6, atol=1e-12)
    for name, array in zip(ids, found, strict=True):
        assert array[:, 0].tolist() == rows.get_column(name).to_list()


def test_every_exact_step_is_tried() -> None:
    tried = {type(make()) for makers in CHOICES.values() for make in makers} | {Formula, Rename}
    assert tried == set(WRITERS)
    assert tried == {s for s in Step.members() if s.stage == "fitted" and s.onnx == "exact"}


@pytest.mark.parametrize("seed", range(40))
def test_steps_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    training = table(chance, 40, CELLS)
    unseen = {**CELLS, "a": [*CELLS["a"], 77.7, -1e8], "c": [*CELLS["c"], "new", "w"]}
    raw = rows = table(chance, 20, unseen)
    target = np.array([chance.randrange(3) for _ in range(40)])
    writer, inputs = opened(raw)
    learning = Learning(training, dict(KINDS), target)
    recipe = [(name, kind) for name, kind in KINDS.items() for _ in range(chance.randint(0, 3))]
    chance.shuffle(recipe)
    steps = [chance.choice(CHOICES[kind])().changed(columns=(name,)) for name, kind in recipe]
    formula = chance.choice(FORMULAS)
    place = chance.randint(0, len(steps)) if formula in SMOOTH else 0
    steps.insert(place, Formula(name=chance.choice(["e", "a"]), formula=formula))
    steps += [Rename(column="b", name="the b"), chance.choice(CHOICES["numbers"])()]
    steps += [chance.choice(CHOICES["encoding"])().changed(columns=(name,)) for name in "cd"]
    for step in steps:
        columns = order.columns_of(step, learning.kinds)
        if isinstance(step, ColumnStep) and not columns:
            continue
        try:
            fitted = learning.fit(step)
        except DataError:  # a logarithm may leave nothing to learn from
            continue
        rows = fitted.apply(rows)
        learning.follow(fitted)
        WRITERS[type(step)](fitted.state, writer)
    agree(writer, inputs, raw, rows)


@pytest.mark.parametrize("step", [FillByModel(), FillFromNeighbours()])
def test_a_fill_without_columns_of_numbers_does_nothing(step: Step) -> None:
    texts = table(random.Random(0), 20, CELLS).select("c", "d")
    fitted = Learning(texts, {"c": "category", "d": "category"}, None).fit(step)
    assert not fitted.state
    assert fitted.apply(texts).equals(texts)


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_with_infinities_and_missing_cells(formula: str) -> None:
    raw = table(random.Random(0), 40, {**CELLS, "a": [*CELLS["a"], float("inf"), -1.0]})
    learning = Learning(raw, dict(KINDS), None)
    fitted = learning.fit(Formula(name="e", formula=formula))
    writer, inputs = opened(raw)
    WRITERS[Formula](fitted.state, writer)
    for name in "abcd":
        del writer.blocks[name]
    agree(writer, inputs, raw, fitted.apply(raw).select("e"))


@pytest.mark.parametrize(
    ("formula", "in_file"),
    [
        ("floor(log10(a))", False),
        ("log10(a) == 3", False),
        ("1 if a ** 3 > b else 0", False),
        ("1 / (log10(a) - 3)", False),
        ("sqrt(log(a))", True),
        ("1 / (1 + exp(-a))", True),
        ("log(1 + a) + floor(b)", True),
        ("1 if b / a ** 2 > 30 else 0", True),
    ],
)
def test_a_formula_that_rounding_decides_comes_before_the_file(formula: str, in_file: bool) -> None:
    raw = table(random.Random(0), 20, CELLS)
    step = Formula(name="e", formula=formula)
    assert step.in_file == in_file
    outside, inside = parted([Learning(raw, dict(KINDS), None).fit(step)], raw.clear())
    assert (len(outside), len(inside)) == (not in_file, in_file)


def test_rounding_is_followed_from_step_to_step() -> None:
    """The logarithm of a column decides in a later step; that of another stays in the file."""
    raw = table(random.Random(0), 40, {**CELLS, "a": [1.0, 10.0, 1e3], "b": [2.0, 5.0]})
    learning, steps = Learning(raw, dict(KINDS), None), []
    for step in (
        Formula(name="e", formula="log10(a)"),
        Rename(column="e", name="f"),
        Log(columns=("b",)),
        Formula(name="g", formula="floor(f)"),
        Bin(columns=("f",), method="equal width", bins=3),
    ):
        steps.append(learning.fit(step))
        learning.follow(steps[-1])
    outside, inside = parted(steps, raw.clear())
    assert [each.step for each in inside] == [steps[2].step]
    assert len(outside) == 4


def test_numbers_keep_their_order_when_steps_are_parted() -> None:
    """A hash comes before the file, and with it all that touched its column; the rest is in it."""
    raw = rows = table(random.Random(1), 40, CELLS)
    learning = Learning(raw, dict(KINDS), None)
    steps = []
    for step in (MissingIndicator(), FillMissing(), HashEncode(columns=("d",), size=2), OneHot()):
        steps.append(learning.fit(step))
        rows = steps[-1].apply(rows)
        learning.follow(steps[-1])
    first, rest = parted(steps, raw.clear())
    assert [(each.step.label, list(each.state)) for each in first[:2]] == [
        ("Mark missing", ["d"]),
        ("Fill missing", ["d"]),
    ]
    assert [list(each.state) for each in rest] == [["a", "b", "c"], ["a", "b", "c"], ["c"]]
    cut = left = first[2].apply(first[1].apply(first[0].apply(raw)))
    for each in rest:
        left = each.apply(left)
    assert set(left.columns) == set(rows.columns)
    assert left.columns != rows.columns
    writer, inputs = opened(cut)
    for each in rest:
        WRITERS[type(each.step)](each.state, writer)
    found = asked(writer, inputs, cut, [left.columns.index(name) for name in rows.columns])[0]
    np.testing.assert_allclose(found, rows.fill_null(float("nan")).to_numpy(), rtol=1e-6)
