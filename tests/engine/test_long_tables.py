"""Tables larger than memory are scored and answered as others are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from networks import mlp
from polars.testing import assert_frame_equal
from tables import configure, people, write

from modelstudio.data import slices, spill
from modelstudio.data.sources import mapped, values
from modelstudio.engine import run as runs
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.engine.export.onnx import build, save
from modelstudio.engine.prediction import predict
from modelstudio.layers import Linear
from modelstudio.project.files import save_project
from modelstudio.project.model import Project, TrainConfig


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every table be larger than memory."""
    monkeypatch.setattr(mapped, "LIMIT", 0)
    monkeypatch.setattr(spill, "ROWS", 40)
    monkeypatch.setattr(values, "CELLS", 40)
    monkeypatch.setattr(slices, "CELLS", 300)


def trained(folder: Path, target: str) -> tuple[Path, Project]:
    data = configure(write(folder / "t.csv", people(300)), target)
    training = TrainConfig(epochs=1, device="cpu", threads=1)
    project = Project(data=data, network=mlp(Linear(out_features=1)), training=training)
    place = folder / "p.mstudio"
    save_project(project, place)
    for _ in runs.train(project, place, Control()):
        pass
    return place, project


@pytest.mark.parametrize("target", ["income", "bought"])
def test_answers_and_scores_are_those_of_a_table_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, target: str
) -> None:
    monkeypatch.setenv("MODELSTUDIO_HOME", str(tmp_path / "home"))
    place, project = trained(tmp_path, target)
    other = write(tmp_path / "other.csv", people(250, seed=1))
    held = drain(runs.evaluate(place, project, None, other))
    endings = ("csv", "jsonl", "parquet")
    for ending in endings:
        drain(predict(place, other, tmp_path / f"held.{ending}"))
    model, loaded = tmp_path / "m.onnx", drain(runs.load_run(place, project, None))
    save(build(loaded.compiled, loaded.fitted), model)
    drain(predict(model, other, tmp_path / "model_held.csv"))
    request.getfixturevalue("long")
    drain(predict(model, other, tmp_path / "model_found.csv"))
    assert (tmp_path / "model_found.csv").read_text() == (tmp_path / "model_held.csv").read_text()
    found = drain(runs.evaluate(place, project, None, other))
    assert isinstance(found.predictions.scores, np.memmap)
    assert np.array_equal(found.predictions.rows, held.predictions.rows)
    assert found.predictions.scores == pytest.approx(held.predictions.scores, rel=1e-6)
    for ours, theirs in zip(held.scores, found.scores, strict=True):
        assert theirs.value == pytest.approx(ours.value, rel=1e-6)
    readers = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
    for ending in endings:
        drain(predict(place, other, tmp_path / f"found.{ending}"))
        ours, theirs = (readers[ending](tmp_path / f"{n}.{ending}") for n in ("held", "found"))
        assert_frame_equal(ours, theirs, rel_tol=1e-6)
