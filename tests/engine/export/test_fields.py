"""Files that take whole fields: windows of a series, pictures, rows of tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from modelstudio.data.prepare import Prepared, fit_recipe
from modelstudio.data.sources import ROW
from modelstudio.engine import draft
from modelstudio.engine.evaluate import predictions
from modelstudio.engine.events import drain
from modelstudio.engine.export import replay
from modelstudio.engine.export.onnx import build, save
from modelstudio.engine.results import Predictions
from modelstudio.engine.session import compile_task
from modelstudio.errors import ExportError
from modelstudio.project.model import DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import Resize, ScalePixels, Standardise, Windows


def exported(data: DataConfig, out: Path) -> tuple[replay.OnnxModel, Prepared, Predictions]:
    """Export an untrained network; return the file, the data and what PyTorch says of tests."""
    ready = drain(fit_recipe(data))
    torch.manual_seed(0)
    network = draft.network(ready.fitted.fields, 100)
    task, compiled = compile_task(Project(data=data, network=network), ready.fitted)
    task.module.eval()
    save(build(compiled, ready.fitted), out)
    said = predictions(task, ready.test, ready.fitted, torch.device("cpu"))
    return replay.open_model(out), ready, said


def test_windows_are_given_whole(tmp_path: Path) -> None:
    days = [datetime(2020, 1, 1) + timedelta(days=day) for day in range(120)]
    values = np.sin(np.arange(120) / 9) * 40
    table = pl.DataFrame({"day": days, "x": values * 3, "y": values})
    table.write_csv(tmp_path / "t.csv")
    data = DataConfig(
        path=str(tmp_path / "t.csv"),
        columns=(
            Column(name="day", kind="date", role="ignored"),
            Column(name="x", kind="number"),
            Column(name="y", kind="number", role="target"),
        ),
        recipe=(Standardise(), Windows(length=6, order_by="day")),
        split=SplitConfig(method="time", by="day"),
    )
    model, ready, said = exported(data, tmp_path / "m.onnx")
    (given,) = model.session.get_inputs()
    assert (given.name, given.shape[1:]) == ("window", [6, 2])
    assert model.needs_first[0] == "Standardise of x"
    assert model.needs_first[1].startswith("Windows of a series (length 6, horizon 1")
    agreement = replay.compare(model, ready.frame("test"), said, ready.test)
    assert agreement.agreeing == agreement.rows == len(said.rows) > 10
    _, values = model.run(table)
    assert np.isnan(values[:5]).all()
    assert not np.isnan(values[5:]).any()
    last = ready.clean.get_column(ROW).to_numpy()[said.rows] - 1
    np.testing.assert_allclose(values[last], said.scores, atol=1e-4)
    with pytest.raises(ExportError, match="several rows"):
        replay.ask(tmp_path / "m.onnx", {"x": 1.0})


def test_pictures_are_scaled_inside_the_file(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for name, shade in (("cat", 60), ("dog", 160)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for at in range(20):
            pixels = chance.integers(shade, shade + 90, (11, 9, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{at}.png")
    data = DataConfig(
        path=str(tmp_path / "pictures"),
        source=ImageFolder(),
        columns=(
            Column(name="file", kind="image"),
            Column(name="label", kind="category", role="target"),
        ),
        recipe=(Resize(height=8, width=8), ScalePixels()),
    )
    model, ready, said = exported(data, tmp_path / "m.onnx")
    (given,) = model.session.get_inputs()
    assert (given.name, given.type) == ("image", "tensor(uint8)")
    assert given.shape[1:] == [3, 8, 8]
    assert any("8" in words for words in model.needs_first)
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.agreeing == agreement.rows == len(said.rows) == 8
    assert agreement.max_abs_diff < 1e-5
