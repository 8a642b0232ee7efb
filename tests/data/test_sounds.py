"""Sounds in folders: spectrograms that show the pitch, files of every kind, a run on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile

from modelstudio.data.shaping import Unreadable
from modelstudio.data.sounds import Listening, open_sound, resampled
from modelstudio.engine import prediction, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.engine.export.job import export_run
from modelstudio.engine.profiling import profile_source
from modelstudio.engine.projects import new_project
from modelstudio.engine.run import describe_data
from modelstudio.errors import DataError, FieldError
from modelstudio.project.files import save_project
from modelstudio.recipe.sources import AudioFolder
from modelstudio.recipe.steps import LeaveOut, MelSpectrogram


def tone(pitch: float, rate: int, seconds: float, seed: int = 0) -> np.ndarray:
    time = np.arange(round(rate * seconds)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.01, len(time))
    return 0.5 * np.sin(2 * np.pi * pitch * time) + noise


def write(path: Path, wave: np.ndarray, rate: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate)
    return path


def folders(top: Path, each: int = 16) -> Path:
    for name, pitch in (("low", 300.0), ("high", 1500.0)):
        for number in range(each):
            suffix = "wav" if number % 2 else "flac"
            wave = tone(pitch * (1 + number / 100), 8000, 0.25 + number / 100, number)
            write(top / name / f"{number:02}.{suffix}", wave, 8000)
    return top


def loudest(path: Path, step: MelSpectrogram) -> float:
    """Return the pitch of the loudest band."""
    shown = Listening(step).decode(str(path))[0, :, :5]
    edges = 700 * (
        10 ** (np.linspace(0, 2595 * np.log10(1 + step.rate / 1400), step.bands + 2) / 2595) - 1
    )
    return float(edges[1:-1][shown.mean(axis=1).argmax()])


@pytest.mark.parametrize("pitch", [200.0, 1000.0, 3000.0])
def test_any_rate_and_any_number_of_channels_show_the_same_pitch(
    tmp_path: Path, pitch: float
) -> None:
    step = MelSpectrogram(rate=8000, seconds=0.5)
    for number, rate in enumerate((8000, 11025, 44100)):
        wave = tone(pitch, rate, 0.4)
        both = np.stack([wave, wave], axis=1)
        found = write(tmp_path / f"{number}.wav", both if number else wave, rate)
        assert loudest(found, step) == pytest.approx(pitch, rel=0.08)


def test_a_spectrogram_has_the_shape_that_is_promised(tmp_path: Path) -> None:
    listening = Listening(MelSpectrogram(rate=8000, seconds=0.5, bands=20, window=0.032, hop=0.01))
    assert listening.shape == (1, 20, 47)
    for seconds in (0.1, 0.5, 2.0):
        path = write(tmp_path / "a.wav", tone(500, 8000, seconds), 8000)
        shown = listening.decode(str(path))
        assert shown.shape == listening.shape
        assert shown.dtype == np.float32
        assert (shown[0, :, -1].max() < -14) == (seconds < 0.5)
    with pytest.raises(FieldError, match="must not be longer"):
        MelSpectrogram.build(seconds=0.1, window=0.5)


def test_resampling_keeps_what_can_be_kept() -> None:
    low = tone(100, 8000, 0.5)[:4000]
    there = resampled(low.astype(np.float32), 8000, 12000)
    assert len(there) == 6000
    back = resampled(there, 12000, 8000)
    assert np.abs(back - low).max() < 1e-3
    high = np.sin(2 * np.pi * 3000 * np.arange(4000) / 8000).astype(np.float32)
    assert np.abs(resampled(high, 8000, 4000)).max() < 0.05


def test_what_is_wrong_with_a_sound_is_said(tmp_path: Path) -> None:
    good = write(tmp_path / "good.flac", tone(500, 8000, 0.5), 8000)
    cases = {"text.wav": b"a letter", "empty.wav": b"", "cut.flac": good.read_bytes()[:30]}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Unreadable, match=r"is no sound|is damaged|is empty"):
            open_sound(tmp_path / name, 1.0)
    write(tmp_path / "silent.wav", np.zeros(0), 8000)
    with pytest.raises(Unreadable, match="is empty"):
        open_sound(tmp_path / "silent.wav", 1.0)
    with pytest.raises(Unreadable, match="does not exist"):
        open_sound(tmp_path / "gone.wav", 1.0)


def test_a_folder_of_broken_sounds_is_told(tmp_path: Path) -> None:
    for name in ("a/1.wav", "b/2.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("no sound")
    with pytest.raises(DataError, match="None of the sounds"):
        new_project(tmp_path)


def test_sounds_that_cannot_be_used_are_found_and_left_out(tmp_path: Path) -> None:
    top = folders(tmp_path / "sounds", each=10)
    (top / "high" / "00.flac").write_text("no sound")
    project = new_project(top).project
    for report in (drain(profile_source(top)), drain(describe_data(project, None))):
        found = next(each for each in report.findings if each.kind == "corrupt_file")
        assert found.text == "1 sound cannot be used: 00.flac is no sound that can be read"
        assert (found.rows, found.columns, found.fix) == ((0,), ("file",), LeaveOut(rows="1"))
    mended = project.changed(
        data=project.data.changed(recipe=(LeaveOut(rows="1"), *project.data.recipe))
    )
    assert not any(
        each.kind == "corrupt_file" for each in drain(describe_data(mended, None)).findings
    )


def test_a_folder_of_sounds_is_trained_on_exported_and_asked(tmp_path: Path) -> None:
    folder = folders(tmp_path / "tones", each=12)
    (folder / "low" / "broken.wav").write_text("no sound")
    draft = new_project(folder)
    assert draft.error is None
    assert isinstance(draft.project.data.source, AudioFolder)
    (field, _) = draft.project.data.fields
    assert field.kind == "spectrogram"
    project = draft.project.changed(training=draft.project.training.changed(epochs=1, batch_size=8))
    path = tmp_path / "tones.mstudio"
    save_project(project, path)
    drain(run.train(project, path, Control()))
    out = tmp_path / "tones.onnx"
    report = drain(export_run(run.store(path, project).folder, None, project.data, out))
    assert report.rows_agreeing == report.rows_checked > 3
    assert any("float" in told for told in report.needs_first)
    answers = {}
    for model in (path, out):
        drain(prediction.predict(model, folder, tmp_path / "out.csv"))
        answers[model] = pl.read_csv(tmp_path / "out.csv")
    first, second = (each["probability_low"].to_list() for each in answers.values())
    assert first.count(None) == 1
    assert [one for one in first if one] == pytest.approx([two for two in second if two], abs=1e-5)
