"""Whatever a row to predict holds, each step makes numbers of it, or it is left out and counted."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image
from step_cases import KINDS, Case, cases, paint, play

from modelstudio.data import sources
from modelstudio.data.sources import ROW
from modelstudio.data.stored import Stored
from modelstudio.recipe.sources import AudioFolder, ImageFolder, LongText

LONG = "<b>ab &amp; ωψ</b> " * 60_000
"""More than a megabyte of text."""

ODD: dict[str, list[str | None]] = {
    "number": [
        *(None, "", "abc", "1e308", "-1e308", "1e400", "inf", "-inf", "NaN", "1e-320", "-0"),
        *("0x10", "1,5", "٣", "--1", "1e8", "True"),
    ],
    "date": [
        *(None, "", "yesterday", "9999-12-31", "0001-01-01", "2024-02-30", "1e308", "0", "-1"),
        *("2024-01-01T25:00", "31.12.2024"),
    ],
    "text": [None, "", " ", "unseen", "\ufeff", "\U0001f600", "<", "&#x;", "'\"", "nan", LONG],
}

ROWS = 18


def odd_rows() -> pl.DataFrame:
    """Return rows of the columns of `step_cases`, each of odd values; some targets are known."""
    columns = [(name, ODD.get(kind, ODD["text"])) for name, kind in KINDS.items()]
    columns.append(("y", [*"ababab", None, "unseen", "yes"]))
    return pl.DataFrame(
        {
            name: list(islice(cycle(values), at, at + ROWS))
            for at, (name, values) in enumerate(columns)
        }
    )


def odd_pictures(folder: Path) -> None:
    """Write what is hardly a picture, and what is none."""
    paint(folder / "good", 0)
    for name, size in (("dot", (1, 1)), ("line", (1, 3000)), ("wide", (3000, 1))):
        Image.new("RGBA", size).save(folder / f"{name}.png")
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:60])


def odd_sounds(folder: Path) -> None:
    """Write what is hardly a sound, and what is none."""
    play(folder / "good", 0)
    for name, samples in (("none", 0), ("one", 1), ("long", 100_000)):
        soundfile.write(folder / f"{name}.wav", np.zeros(samples), 8000)
    soundfile.write(folder / "nan.wav", np.full(800, np.nan), 8000, subtype="FLOAT")
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("no sound")


def write_odd(case: Case, folder: Path) -> Path:
    """Write something odd of the kind that a case reads."""
    path = folder / f"odd{Path(case.name).suffix}"
    match case.data.source:
        case ImageFolder() | AudioFolder() as source:
            path.mkdir()
            (odd_pictures if isinstance(source, ImageFolder) else odd_sounds)(path)
        case LongText():
            path.write_text("\n".join(str(cell) for cell in ODD["text"]), encoding="utf-8")
        case _:
            odd_rows().write_csv(path)
    return path


@pytest.mark.parametrize("case", list(cases()))
def test_odd_values_are_made_numbers_of_or_counted(case: Case, tmp_path: Path) -> None:
    fitted = case.made(tmp_path, 0).fitted
    path = write_odd(case, tmp_path)
    frame = sources.read_table(path, fitted.config(), target_needed=False, features_only=True)
    frame = frame.with_row_index(ROW)
    assert frame.height >= 5
    assert len(fitted.transform(frame).rows) > 0
    for rows in (frame, frame.head(1), frame.head(0)):
        encoded = fitted.transform(rows)
        for field in fitted.inputs:
            array = encoded.fields[field.spec.name]
            values = array.read() if isinstance(array, Stored) else array
            assert len(values) == len(encoded.rows)
            if field.spec.kind == "ids":
                assert field.spec.vocabulary is not None
                assert values.min(initial=0) >= 0
                assert values.max(initial=0) < field.spec.vocabulary
            elif isinstance(array, Stored):
                shift, factor = (
                    np.array(each).reshape(-1, 1, 1) for each in (array.shift, array.factor)
                )
                assert np.isfinite((values - shift) * factor if array.shift else values).all()
            else:
                assert np.isfinite(values).all()
        if fitted.target.kind != "tokens":
            assert len(encoded.rows) + sum(encoded.unscored.values()) == rows.height
