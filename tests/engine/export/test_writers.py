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

from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.engine.export.onnx import ML_OPSET, OPSET
from modelstudio.engine.export.writers import ML_DOMAIN, WRITERS, Writer
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    ClipOutliers,
    FillMissing,
    MinMax,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)

CELLS: dict[str, list[float | str | None]] = {
    "a": [None, 1.5, 2e9, -3.0, 0.1],
    "b": [None, 0.0, 5.0],
    "c": [None, "x", "y", "z"],
    "d": [None, "1", "1.0", "ü"],
}
COLUMNS = tuple(Column(name=n, kind="number" if n in "ab" else "category") for n in CELLS)
SCHEMA = {c.name: pl.Float64 if c.kind == "number" else pl.String for c in COLUMNS}

CHOICES: dict[str, Sequence[Callable[[], Step]]] = {
    "number": (
        FillMissing,
        lambda: FillMissing(method="mean"),
        lambda: FillMissing(method="constant", value="-7.25"),
        ClipOutliers,
        lambda: ClipOutliers(method="z-score", factor=0.5),
        Standardise,
        lambda: MinMax(low=-1.0, high=2.0),
    ),
    "category": (
        FillMissing,
        lambda: FillMissing(method="constant", value="new"),
        lambda: FillMissing(method="constant", value="x"),
        lambda: FillMissing(method="constant", value=""),
    ),
    "encoding": (OneHot, lambda: OneHot(limit=2), Ordinal, lambda: Ordinal(order=("y", "x", "1"))),
}


def table(seed: random.Random, rows: int) -> pl.DataFrame:
    """Return rows of random cells."""
    return pl.DataFrame(
        {name: [seed.choice(cells) for _ in range(rows)] for name, cells in CELLS.items()},
        schema=SCHEMA,
    )


def asked(writer: Writer, inputs: list[object], frame: pl.DataFrame) -> NDArray[np.float64]:
    """Return what onnxruntime makes of raw rows."""
    joined, _ = writer.join()
    output = helper.make_tensor_value_info(joined, TensorProto.DOUBLE, None)
    graph = helper.make_graph(writer.nodes, "steps", inputs, [output], writer.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = {}
    for column in COLUMNS:
        cells = frame.get_column(column.name)
        filled = cells.fill_null(float("nan") if column.kind == "number" else "")
        dtype = np.float64 if column.kind == "number" else object
        given[column.name] = np.array(filled.to_list(), dtype=dtype).reshape(-1, 1)
    return session.run(None, given)[0]


@pytest.mark.parametrize("seed", range(60))
def test_steps_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    training, raw = table(chance, 40), table(chance, 20)
    rows, writer = raw, Writer()
    inputs = writer.open(COLUMNS)
    plan = [(c, kind) for c in COLUMNS for kind in [c.kind] * chance.randint(0, 4)]
    chance.shuffle(plan)
    plan += [(c, "encoding") for c in COLUMNS if c.kind == "category"]
    for column, kind in plan:
        step = chance.choice(CHOICES[kind])()
        implementation = IMPLEMENTATIONS[type(step)]
        state = implementation.fit(step, training, [column.name])
        training, rows = (implementation.apply(state, part) for part in (training, rows))
        WRITERS[type(step)](state, writer)
    expected = rows.fill_null(float("nan")).to_numpy()
    np.testing.assert_allclose(asked(writer, inputs, raw), expected, rtol=1e-11, atol=1e-11)
