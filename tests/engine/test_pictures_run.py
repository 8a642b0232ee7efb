"""Runs on pictures: changed at random while training only, resumed, exported, asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl
import pytest
import torch
from picture_files import class_folders, quick_project
from PIL import Image

from modelstudio.data.batches import TensorData
from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import prediction, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import EpochEnd, RunEnd, drain
from modelstudio.engine.export.job import export_run
from modelstudio.engine.export.replay import open_model
from modelstudio.engine.results import ExportReport
from modelstudio.engine.session import Session
from modelstudio.project.files import save_project
from modelstudio.project.model import Project
from modelstudio.recipe.augment import ColourJitter, CutMix, Flip, MixUp, Noise, Shift


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("bars"), each=30)


@pytest.fixture(scope="module")
def trained(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Project]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELSTUDIO_HOME", str(tmp_path_factory.mktemp("trained")))
        project = quick_project(folder, Flip(), Shift(), epochs=4)
        path = tmp_path_factory.mktemp("project") / "bars.mstudio"
        save_project(project, path)
        for event in run.train(project, path, Control()):
            last = event
        assert isinstance(last, RunEnd)
        yield path, project


@pytest.fixture(scope="module")
def exported(
    trained: tuple[Path, Project], tmp_path_factory: pytest.TempPathFactory
) -> ExportReport:
    path, project = trained
    out = tmp_path_factory.mktemp("out") / "bars.onnx"
    return drain(export_run(run.store(path, project).folder, None, project.data, out))


def test_only_training_batches_are_changed(folder: Path) -> None:
    project = quick_project(folder, Noise(share=1.0, amount=0.5), MixUp(alpha=1.0))
    prepared = drain(fit_recipe(project.data))
    session = Session(project, prepared)
    rows = next(session.train.portions(torch.arange(8), 8))
    plain = TensorData.from_encoded(prepared.train, prepared.fitted.fields)
    once, again, clean = (data.gather(rows) for data in (session.train, session.train, plain))
    assert not (once["image"] == again["image"]).all()
    assert not (once["image"] == clean["image"]).all()
    assert session.validation is not None
    unseen = next(session.validation.portions(rows[:4] % session.validation.rows, 4))
    first, second = session.validation.gather(unseen), session.validation.gather(unseen)
    assert (first["image"] == second["image"]).all()
    assert (first["label"] == second["label"]).all()


def test_a_run_stopped_in_the_middle_goes_on_to_the_same_numbers(
    folder: Path, tmp_path: Path
) -> None:
    steps = (Flip(), Shift(), ColourJitter(), Noise(), MixUp(), CutMix())
    project = quick_project(folder, *steps, epochs=3)

    def scores(events: Iterator[object]) -> list[float]:
        return [event.train_loss for event in events if isinstance(event, EpochEnd)]

    whole = scores(run.train(project, tmp_path / "a.mstudio", Control()))
    stopped, path = [], tmp_path / "b.mstudio"
    control = Control()
    for event in run.train(project, path, control):
        if isinstance(event, EpochEnd):
            stopped.append(event.train_loss)
            control.stop()
    assert len(stopped) == 1
    assert isinstance(event, RunEnd)
    gone_on = scores(run.resume(project, path, event.run, Control()))
    assert stopped + gone_on == whole


def test_the_exported_file_agrees_and_says_what_comes_first(
    exported: ExportReport, folder: Path, tmp_path: Path
) -> None:
    report, out = exported, exported.path
    assert report.rows_checked > 5
    assert report.rows_agreeing == report.rows_checked
    assert report.max_abs_diff < 1e-5
    told = " ".join(report.needs_first)
    assert "the right way up" in told
    assert "16 x 16" in told
    assert "uint8 (batch, 3, 16, 16)" in told
    assert open_model(out).needs_first == report.needs_first

    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    assert (taken.name, taken.type) == ("image", "tensor(uint8)")
    pixels = np.asarray(Image.open(folder / "across/000.png")).transpose(2, 0, 1)[None]
    label, _ = session.run(None, {"image": pixels})
    answers = tmp_path / "answers.csv"
    drain(prediction.predict(out, folder / "across/000.png", answers))
    assert pl.read_csv(answers)["prediction"].to_list() == label.tolist()


def test_folders_single_pictures_and_tables_of_paths_are_predicted_alike(
    trained: tuple[Path, Project], exported: ExportReport, folder: Path, tmp_path: Path
) -> None:
    path, _ = trained
    few = tmp_path / "few"
    few.mkdir()
    for name in ("across/000.png", "upright/000.png"):
        shutil.copy(folder / name, few / name.replace("/", "_"))
    (few / "broken.png").write_text("no picture")
    table = tmp_path / "table.csv"
    table.write_text("note,photo\nx,few/upright_000.png\ny,few/gone.png\nz,few/across_000.png\n")
    out = tmp_path / "out.csv"

    def asked(model: Path, data: Path) -> tuple[pl.DataFrame, dict[str, int]]:
        report = drain(prediction.predict(model, data, out))
        return pl.read_csv(out), dict(report.unscored)

    whole, unscored = asked(path, few)
    across, broken, upright = whole["probability_across"].to_list()
    assert broken is None
    assert unscored == {"the picture is no picture": 1}
    alone, _ = asked(path, few / "across_000.png")
    assert alone["probability_across"].item() == pytest.approx(across, abs=1e-6)
    for model in (path, exported.path):
        listed, unscored = asked(model, table)
        assert listed["note"].to_list() == ["x", "y", "z"]
        found = listed["probability_across"].to_list()
        assert found[1] is None
        assert [found[0], found[2]] == pytest.approx([upright, across], abs=1e-5)
        assert sum(unscored.values()) == 1


def test_a_folder_with_classes_is_evaluated(trained: tuple[Path, Project], folder: Path) -> None:
    path, project = trained
    tested = drain(run.evaluate(path, project, None, "test", intervals=False))
    everything = drain(run.evaluate(path, project, None, folder, intervals=False))
    assert len(everything.predictions.rows) == 60
    assert tested.score("accuracy") > 0.7
