"""How far exported files are from PyTorch on every test row, from raw columns.

``python tests/benchmarks/onnx_agreement.py [--epochs 5] [churn penguins diamonds]`` prints JSON.
The rows are read from the CSV file as text and given to onnxruntime with nothing of this package
in between. Differences are of probabilities, or of dollars.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl

from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.engine.exporting import export_onnx
from modelstudio.resources import sample

TARGETS = {"churn": "churn", "penguins": "species", "diamonds": "price"}


def asked(file: Path, rows: pl.DataFrame) -> list[np.ndarray]:
    """Ask the file about raw rows of text, with nothing of this package."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = {}
    for column in session.get_inputs():
        cells = rows.get_column(column.name)
        if column.type == "tensor(double)":
            values = cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
        else:
            values = np.array(cells.fill_null("").to_list(), dtype=object)
        given[column.name] = values.reshape(-1, 1)
    return session.run(None, given)


def agreement(name: str, epochs: int, folder: Path) -> dict[str, Any]:
    """Train, export, and compare the answers to every test row."""
    target, path = TARGETS[name], folder / f"{name}.mstudio"
    project = projects.new_project(sample(f"{name}.csv"), target=target, split_seed=0).project
    project = project.changed(training=project.training.changed(epochs=epochs))
    drain(run.train(project, path, Control()))
    file = folder / f"{name}.onnx"
    report = drain(export_onnx(path, project, None, file))

    prepared = drain(fit_recipe(project.data))
    table = pl.read_csv(sample(f"{name}.csv"), infer_schema=False)
    rows = table[prepared.frame("test").get_column("__row__").to_list()]
    evaluation = drain(run.evaluate(path, project, None, "test", intervals=False))
    answers = asked(file, rows)
    found = evaluation.predictions
    scored = np.isfinite(answers[-1]).all(axis=1)
    scores = answers[-1][scored].reshape(found.scores.shape)
    result = {
        "rows": rows.height,
        "rows_scored": len(found.rows),
        "max_abs_diff": float(np.abs(scores - found.scores).max()),
        "reported": report.max_abs_diff,
        "microseconds_per_row": round(report.seconds_per_row * 1e6, 2),
    }
    if found.kind != "value":
        positive = found.scores[:, -1] >= evaluation.threshold
        index = positive.astype(int) if found.kind == "binary" else found.scores.argmax(axis=1)
        named = np.array(found.classes)[index]
        result["classes_differing"] = int((named != answers[0][scored]).sum())
    return result


def main() -> None:
    """Print the differences."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(TARGETS))
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = {name: agreement(name, options.epochs, Path(folder)) for name in options.names}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
