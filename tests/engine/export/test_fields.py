"""Files that take whole fields: windows of a series, pictures, rows of tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from modelstudio.data.batches import TensorData
from modelstudio.data.prepare import Prepared, fit_recipe
from modelstudio.data.sources import ROW
from modelstudio.engine import draft
from modelstudio.engine.draft.chain import Chain
from modelstudio.engine.evaluate import predictions
from modelstudio.engine.events import drain
from modelstudio.engine.export import replay
from modelstudio.engine.export.onnx import build, save
from modelstudio.engine.results import Predictions
from modelstudio.engine.session import compile_task
from modelstudio.engine.train import run_module
from modelstudio.errors import ExportError
from modelstudio.layers import Linear, Output
from modelstudio.project.model import DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import ImageFolder, LongText
from modelstudio.recipe.steps import (
    Passages,
    Resize,
    ScalePixels,
    Standardise,
    Tokenise,
    Windows,
)


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


def test_texts_are_given_as_rows_of_ids(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    texts = [" ".join(chance.choice(["good", "bad", "so"], at % 7 + 1)) for at in range(60)]
    answers = ["yes" if "good" in text else "no" for text in texts]
    table = pl.DataFrame({"text": texts, "n": chance.normal(size=60), "y": answers})
    table.write_csv(tmp_path / "t.csv")
    data = DataConfig(
        path=str(tmp_path / "t.csv"),
        columns=(
            Column(name="text", kind="text"),
            Column(name="n", kind="number"),
            Column(name="y", kind="category", role="target"),
        ),
        recipe=(Tokenise(length=5), Standardise()),
    )
    model, ready, said = exported(data, tmp_path / "m.onnx")
    given = {item.name: (item.type, item.shape[1]) for item in model.session.get_inputs()}
    assert given == {"n": ("tensor(double)", 1), "tokens": ("tensor(int64)", "length")}
    assert [words.split(" ")[0] for words in model.needs_first] == ["Tokenise"]
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.agreeing == agreement.rows == 12
    assert agreement.max_abs_diff < 1e-6
    assert replay.ask(tmp_path / "m.onnx", {"text": "never seen", "n": 0.0})


def test_the_next_token_of_a_long_text(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(["the cat sat on the mat"] * 80))
    data = DataConfig(
        path=str(tmp_path / "t.txt"),
        source=LongText(),
        columns=(Column(name="text", kind="text", role="target"),),
        recipe=(Tokenise(unit="characters", length=None), Passages(length=20)),
        split=SplitConfig(method="time"),
    )
    ready = drain(fit_recipe(data))
    torch.manual_seed(0)
    chain = Chain()
    chain.start(ready.fitted.fields[0])
    chain.add("fc", Linear(out_features=ready.fitted.target.field.vocabulary))
    chain.add("out", Output())
    task, compiled = compile_task(Project(data=data, network=chain.graph), ready.fitted)
    task.module.eval()
    save(build(compiled, ready.fitted), tmp_path / "m.onnx")
    model = replay.open_model(tmp_path / "m.onnx")
    some = ready.test.take(np.arange(3))
    tensors = TensorData.from_encoded(some, ready.fitted.fields, torch.device("cpu"))
    with torch.no_grad():
        chances = torch.softmax(run_module(task, tensors)[0], dim=-1).numpy()
    agreement = replay.compare_tokens(model, some.fields, chances)
    assert agreement.agreeing == agreement.rows == 3
    assert replay.compare_tokens(model, some.fields, 1 - chances).agreeing == 0
    with pytest.raises(ExportError, match="next token of text"):
        model.run(ready.frame("test"))
