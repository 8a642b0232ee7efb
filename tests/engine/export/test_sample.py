"""The program shown for an exported file: it runs as printed, and gives the model's figures."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.prepare import fit_recipe
from modelstudio.data.sources import read
from modelstudio.data.stored import Stored
from modelstudio.engine import draft
from modelstudio.engine.draft.chain import Chain
from modelstudio.engine.events import drain
from modelstudio.engine.export.onnx import build, save
from modelstudio.engine.export.sample import explained
from modelstudio.engine.prediction import predict
from modelstudio.engine.task import compile_task
from modelstudio.layers import Flatten, Linear, Output
from modelstudio.project.model import DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import AudioFolder, ImageFolder, LongText
from modelstudio.recipe.steps import (
    Colours,
    CropCentre,
    FillMissing,
    HashEncode,
    Index,
    MelSpectrogram,
    OneHot,
    PadPictures,
    Passages,
    Resize,
    ScalePixels,
    Standardise,
    Tokenise,
    Windows,
)


def number(name: str, role: str = "feature") -> Column:
    return Column(name=name, kind="number", role=role)


def category(name: str, role: str = "feature") -> Column:
    return Column(name=name, kind="category", role=role)


def table(folder: Path) -> DataConfig:
    chance = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "a b": [None, *chance.normal(size=59).round(3)],
            "it's": chance.choice(["x", 'y"', ""], 60),
            "y": chance.normal(size=60),
        }
    )
    frame.write_csv(folder / "data.csv")
    columns = (number("a b"), category("it's"), number("y", "target"))
    return DataConfig(columns=columns, recipe=(FillMissing(), Standardise(), OneHot()))


def hashed(folder: Path) -> DataConfig:
    chosen = table(folder)
    return chosen.changed(recipe=(FillMissing(), HashEncode(columns=("it's",)), Standardise()))


def ratings(folder: Path) -> DataConfig:
    chance = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": chance.choice(["ann", "ben", "cy"], 90),
            "film": chance.choice(["p", "q"], 90),
            "stars": chance.integers(1, 6, 90) + chance.normal(size=90),
        }
    )
    frame.write_csv(folder / "data.csv")
    columns = (category("user"), category("film"), number("stars", "target"))
    return DataConfig(columns=columns, recipe=(Index(),))


def series(folder: Path) -> DataConfig:
    days = [datetime(2020, 1, 1) + timedelta(days=day) for day in range(120)]
    wind = np.cos(np.arange(120) / 7).round(3)
    sky = ["sun", "rain", ""] * 40
    frame = pl.DataFrame({"day": days, "wind": wind, "sky": sky, "y": np.exp(wind).round(3)})
    frame.sample(fraction=1, shuffle=True, seed=1).write_csv(folder / "data.csv")
    day = Column(name="day", kind="date", role="ignored")
    return DataConfig(
        columns=(day, number("wind"), category("sky"), number("y", "target")),
        recipe=(Standardise(), OneHot(), Windows(length=9, order_by="day")),
        split=SplitConfig(method="time", by="day"),
    )


def texts(**settings: object) -> Callable[[Path], DataConfig]:
    def write(folder: Path) -> DataConfig:
        chance = np.random.default_rng(0)
        words = ["Good,", "bad", "so-so", "naïve!", "e\u0301te\u0301", "x_1"]
        rows = [" ".join(chance.choice(words, 8)) for _ in range(60)]
        frame = pl.DataFrame(
            {
                "text": rows,
                "more": ["a\nb 漢字", None] * 30 if settings.get("least") == 1 else ["a\nb"] * 60,
                "n": chance.normal(size=60),
                "y": ["yes" if "bad" in row else "no" for row in rows],
            }
        )
        frame.write_csv(folder / "data.csv")
        columns = (
            Column(name="text", kind="text"),
            Column(name="more", kind="text"),
            number("n"),
            category("y", "target"),
        )
        return DataConfig(columns=columns, recipe=(Tokenise(**settings), Standardise()))

    return write


def pictures(suffix: str, mode: str, *steps: object) -> Callable[[Path], DataConfig]:
    def write(folder: Path) -> DataConfig:
        chance = np.random.default_rng(0)
        for name, shade in (("cat", 60), ("dog", 160)):
            (folder / "data" / name).mkdir(parents=True)
            for at in range(9):
                pixels = chance.integers(shade, shade + 90, (40, 52, 4)).astype(np.uint8)
                if mode == "I;16":
                    picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 250)
                else:
                    picture = Image.fromarray(pixels).convert(mode)
                exif = Image.Exif()
                exif[0x0112] = 6
                picture.save(folder / "data" / name / f"{at}{suffix}", exif=exif)
        return DataConfig(
            source=ImageFolder(),
            columns=(Column(name="file", kind="image"), category("label", "target")),
            recipe=(*steps, ScalePixels()),
        )

    return write


def sounds(suffix: str, rate: int) -> Callable[[Path], DataConfig]:
    def write(folder: Path) -> DataConfig:
        chance = np.random.default_rng(0)
        for name, loud in (("low", 0.1), ("high", 0.5)):
            (folder / "data" / name).mkdir(parents=True)
            for at in range(9):
                path = folder / "data" / name / f"{at}{suffix}"
                noise = chance.normal(size=(rate // 3, 2)).clip(-1, 1)
                waves = (noise * loud * 32767).astype("<i2")
                if suffix == ".flac":
                    import soundfile

                    soundfile.write(path, waves, rate)
                    continue
                with wave.open(str(path), "wb") as file:
                    file.setnchannels(2)
                    file.setsampwidth(2)
                    file.setframerate(rate)
                    file.writeframes(waves.tobytes())
        step = MelSpectrogram(rate=4000, seconds=0.4, bands=16)
        return DataConfig(
            source=AudioFolder(),
            columns=(Column(name="file", kind="audio"), category("label", "target")),
            recipe=(step,),
        )

    return write


KINDS: dict[str, Callable[[Path], DataConfig]] = {
    "table": table,
    "a step that ONNX cannot express": hashed,
    "ratings": ratings,
    "series": series,
    "words": texts(length=5),
    "photographs": pictures(".jpg", "RGB", Resize(width=12, height=10)),
    "sounds": sounds(".wav", 6000),
}

VARIANTS: dict[str, Callable[[Path], DataConfig]] = {
    "words of any script": texts(least=1),
    "characters": texts(unit="characters", length=None, lower=False),
    "pieces of words": texts(unit="BPE", vocabulary=270),
    "grey pictures of 16 bits": pictures(
        ".png", "I;16", Colours(mode="grey", depth="14 bits"), Resize(width=9, height=8, fit="pad")
    ),
    "transparent pictures": pictures(
        ".png", "RGBA", CropCentre(width=8, height=60), PadPictures(pixels=2, shade=7)
    ),
    "stretched pictures with opacity": pictures(
        ".png",
        "RGBA",
        Colours(mode="colour and transparency"),
        Resize(width=9, height=8, fit="stretch"),
        PadPictures(pixels=1),
    ),
    "sounds of other formats": sounds(".flac", 4000),
}


def prepared(folder: Path, make: Callable[[Path], DataConfig]) -> tuple[DataConfig, FittedRecipe]:
    """Write data and fit its recipe."""
    data = make(folder)
    path = folder / ("data" if (folder / "data").exists() else "data.csv")
    data = data.changed(path=str(path))
    return data, drain(fit_recipe(data)).fitted


def export(data: DataConfig, fitted: FittedRecipe, out: Path) -> None:
    """Export a small network that nobody has trained."""
    torch.manual_seed(0)
    chain = Chain()
    (field, *_) = fitted.inputs
    if len(fitted.inputs) > 1:
        network = draft.network(fitted.fields, 100)
    else:
        chain.start(field.spec)
        if field.spec.kind != "features":
            chain.add("flat", Flatten())
        chain.add("fc", Linear(out_features=max(1, len(fitted.target.classes) - 1)))
        chain.add("out", Output())
        network = chain.graph
    task, compiled = compile_task(Project(data=data, network=network), fitted)
    task.module.eval()
    save(build(compiled, fitted), out)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return for each kind what its program prints, and what the model says of that sample.

    All programs run in one process that has nothing else of Model Studio.
    """
    programs, expected = {}, {}
    for kind, make in KINDS.items():
        folder = tmp_path_factory.mktemp("kind")
        data, fitted = prepared(folder, make)
        model = folder / "m.onnx"
        export(data, fitted, model)
        programs[kind] = explained(fitted, read(data), str(model)).code
        drain(predict(model, Path(str(data.path)), folder / "out.csv"))
        said = pl.read_csv(folder / "out.csv")
        if kind == "series":
            said = said.sort("day")
        said = said.filter(pl.col("prediction").is_not_null())
        expected[kind] = said.row(-1 if kind == "series" else 0, named=True)
    run = (
        "import contextlib, io, json, sys, traceback\n"
        "for name in ('modelstudio', 'torch', 'polars'): sys.modules[name] = None\n"
        "told = {}\n"
        "for kind, code in json.load(sys.stdin).items():\n"
        "    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "        try: exec(code, {})\n"
        "        except BaseException: print(traceback.format_exc())\n"
        "    told[kind] = out.getvalue()\n"
        "print(json.dumps(told))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", run],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    return {kind: (printed[kind], expected[kind]) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_gives_the_figures_of_the_model(
    kind: str, answers: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    printed, row = answers[kind]
    assert "Traceback" not in printed, printed
    if isinstance(row["prediction"], float):
        assert float(printed) == pytest.approx(row["prediction"], rel=1e-5)
        return
    label, _, shares = printed.partition(" ")
    assert label == row["prediction"]
    probabilities = [value for name, value in row.items() if name.startswith("probability_")]
    assert json.loads(shares) == pytest.approx(probabilities, abs=1e-5)


@pytest.mark.parametrize("kind", VARIANTS)
def test_the_program_gives_the_file_what_the_model_was_given(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, fitted = prepared(tmp_path, VARIANTS[kind])
    frame = read(data)
    given: dict[str, Any] = {}

    class Session:
        """Stands in for the file: it carries the recipe, and keeps what it is given."""

        def __init__(self, path: str) -> None:
            self.custom_metadata_map = {"modelstudio.recipe": fitted.model_dump_json()}

        def get_modelmeta(self) -> Session:
            return self

        def run(self, names: None, sample: dict[str, Any]) -> tuple[Any, Any]:
            given.update(sample)
            return ["no"], np.zeros((1, 2))

    monkeypatch.setattr("onnxruntime.InferenceSession", Session)
    exec(explained(fitted, frame, "m.onnx").code, {})
    (wanted,) = (field for field in fitted.inputs if field.spec.kind not in ("features", "window"))
    array: Any = fitted.transform(frame.head(1)).fields[wanted.spec.name]
    expected = array.read() if isinstance(array, Stored) else array
    found = given[wanted.spec.name]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_next_token_is_asked_of_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n".join(["the cat sat on the mat"] * 80))
    data = DataConfig(
        path=str(tmp_path / "t.txt"),
        source=LongText(),
        columns=(Column(name="text", kind="text", role="target"),),
        recipe=(Tokenise(unit="characters", length=None), Passages(length=20)),
        split=SplitConfig(method="time"),
    )
    fitted = drain(fit_recipe(data)).fitted
    code = explained(fitted, read(data), "m.onnx").code
    compile(code, "sample", "exec")
    assert "text = 'the cat sat on the mat\\nthe cat" in code
    assert "tokenise" in code
