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
from modelstudio.data.sources import read_table
from modelstudio.engine import draft
from modelstudio.engine.draft.chain import Chain
from modelstudio.engine.evaluate import predictions
from modelstudio.engine.events import drain
from modelstudio.engine.export import replay
from modelstudio.engine.export.onnx import build, save
from modelstudio.engine.forward import run_module
from modelstudio.engine.prediction import predict
from modelstudio.engine.results import Predictions
from modelstudio.engine.task import compile_task
from modelstudio.errors import ExportError
from modelstudio.layers import Linear, Output
from modelstudio.project.model import DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import ImageFolder, LongText
from modelstudio.recipe.steps import (
    Index,
    OneHot,
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


TARGETS = {
    "price": lambda x: np.exp(x / 20) * 40,
    "warm": lambda x: np.where(x > 0, "yes", "no"),
    "window": lambda x: np.select([x > 20, x < -20], ["up", "down"], "level"),
}
"""Targets of a series: one trained on its logarithm, one of two and one of three classes."""


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("past", ["with the target", "without the target"])
def test_windows_take_raw_rows(target: str, past: str, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    count = 240
    wave = np.sin(np.arange(count) / 9) * 40
    table = pl.DataFrame(
        {
            "day": [datetime(2020, 1, 1) + timedelta(days=at // 2) for at in range(count)],
            "shop": ["Ulm", "Bonn"] * (count // 2),
            "x": [None if at == 100 else value * 3 for at, value in enumerate(wave)],
            "sky": chance.choice(["sun", "rain", ""], count),
            target: TARGETS[target](wave),
        }
    )
    table.write_csv(tmp_path / "t.csv")
    data = DataConfig(
        path=str(tmp_path / "t.csv"),
        columns=(
            Column(name="day", kind="date", role="ignored"),
            Column(name="shop", kind="category"),
            Column(name="x", kind="number"),
            Column(name="sky", kind="category"),
            Column(name=target, kind="number" if target == "price" else "category", role="target"),
        ),
        recipe=(
            Standardise(),
            OneHot(columns=("sky",)),
            Index(columns=("shop",)),
            Windows(length=6, order_by="day", series="shop", past=past),
        ),
        split=SplitConfig(method="time", by="day"),
    )
    model, ready, said = exported(data, tmp_path / "m.onnx")
    given = {item.name: (item.type[7:-1], item.shape[1]) for item in model.session.get_inputs()}
    wanted = {"shop": ("string", 6), "x": ("double", 6), "sky": ("string", 6)}
    if past == "with the target":
        wanted[target] = ("double" if target == "price" else "string", 6)
    assert given == wanted
    assert model.needs_first == (
        "Give the last 6 rows of one shop by day, the oldest first, each column as (batch, 6)",
    )
    agreement = replay.compare(model, ready.around("test"), said, ready.test)
    assert agreement.agreeing == agreement.rows == len(said.rows) > 10
    assert agreement.max_abs_diff < 1e-4 * (200 if target == "price" else 1)
    frame = read_table(tmp_path / "t.csv", data)
    _, scores = model.run(frame)
    told = ~np.isnan(scores.reshape(count, -1)).any(axis=1)
    gap = {100 + 2 * later for later in range(6)}  # rows of the other shop lie in between
    assert set(np.flatnonzero(~told)) == {*range(10), *gap}
    ahead = said.rows - 2  # the last row of a window is the one of its shop before the target
    np.testing.assert_allclose(scores[ahead], said.scores, rtol=1e-4, atol=1e-6)
    with pytest.raises(ExportError, match="several rows"):
        replay.ask(tmp_path / "m.onnx", {"x": 1.0})


def test_a_series_of_one_number_is_told_from_its_past_alone(tmp_path: Path) -> None:
    days = [datetime(2020, 1, 1) + timedelta(days=day) for day in range(90)]
    table = pl.DataFrame({"day": days, "y": [float(day % 7) for day in range(90)]})
    table.write_csv(tmp_path / "t.csv")
    data = DataConfig(
        path=str(tmp_path / "t.csv"),
        columns=(
            Column(name="day", kind="date", role="ignored"),
            Column(name="y", kind="number", role="target"),
        ),
        recipe=(Windows(length=6, order_by="day"),),
        split=SplitConfig(method="time", by="day"),
    )
    model, ready, said = exported(data, tmp_path / "m.onnx")
    agreement = replay.compare(model, ready.around("test"), said, ready.test)
    assert agreement.agreeing == agreement.rows == len(said.rows) > 10
    drain(predict(tmp_path / "m.onnx", tmp_path / "t.csv", tmp_path / "said.csv"))
    assert pl.read_csv(tmp_path / "said.csv").get_column("prediction").null_count() == 5


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
    (tmp_path / "rows.csv").write_text("text,n\ngood,1\nbad,\n,2\n")
    report = drain(predict(tmp_path / "m.onnx", tmp_path / "rows.csv", tmp_path / "out.csv"))
    assert (report.scored, report.unscored) == (2, {"n is missing": 1})


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
