"""Texts as the Data page shows them: taken apart, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import configure, write

from modelstudio.data.text_view import TextReading, read_text, text_figures
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import LongText
from modelstudio.recipe.steps import CleanText, Passages, Tokenise

ROWS = 40


@pytest.fixture
def notes(tmp_path: Path) -> DataConfig:
    """Texts of three words, but for a row of six; every row has a word of its own."""
    lines = [f"Good day w{at},{'ab'[at % 2]}" for at in range(ROWS)]
    lines[7] = '"Good day: good\nold day, rare",a'
    path = write(tmp_path / "notes.csv", "\n".join(["note,kind", *lines]))
    data = configure(path, "kind")
    columns = tuple(
        Column(name="note", kind="text") if column.name == "note" else column
        for column in data.columns
    )
    return data.changed(columns=columns)


def tokenised(data: DataConfig, **fields: object) -> DataConfig:
    return data.changed(recipe=(Tokenise(**fields),))


def marked(reading: TextReading | None, mark: str) -> list[str]:
    assert reading is not None
    return [piece.text for piece in reading.pieces if piece.mark == mark]


@pytest.mark.parametrize("unit", ["words", "characters", "BPE"])
def test_the_pieces_of_a_text_are_the_text(notes: DataConfig, unit: str) -> None:
    reading = read_text(tokenised(notes, unit=unit, length=4, vocabulary=300), 7)
    assert reading is not None
    assert "".join(piece.text for piece in reading.pieces) == "Good day: good\nold day, rare"
    assert reading.kept == 4 < reading.tokens


def test_unknown_and_cut_words_are_told(notes: DataConfig) -> None:
    reading = read_text(tokenised(notes, length=5), 7)
    assert marked(reading, "known") == ["Good", "day", "good"]
    assert marked(reading, "unknown") == [":", "old"]
    assert "".join(marked(reading, "cut")).split() == ["day,", "rare"]
    assert reading is not None
    assert (reading.tokens, reading.kept, reading.unknown) == (8, 5, 2)


def test_a_text_is_shown_as_the_steps_above_leave_it(notes: DataConfig) -> None:
    data = notes.changed(recipe=(CleanText(punctuation=True), Tokenise()))
    reading = read_text(data, 7)
    assert reading is not None
    assert ":" not in "".join(piece.text for piece in reading.pieces)


def test_lengths_and_vocabulary_are_counted(notes: DataConfig) -> None:
    figures = text_figures(tokenised(notes, length=3))
    assert figures is not None
    assert (figures.texts, figures.median, figures.longest) == (ROWS, 3, 8)
    assert sum(figures.lengths) == ROWS
    assert figures.cut == pytest.approx(1 / ROWS)
    assert figures.vocabulary == 2 + len(("good", "day"))
    assert [word for word, _ in figures.frequent] == ["day", "good"]
    training, others = figures.unknown
    assert training == pytest.approx(1 / 3, abs=0.02)
    assert others == pytest.approx(1 / 3, abs=0.02)


def test_without_a_step_that_makes_tokens_there_is_nothing(notes: DataConfig) -> None:
    assert text_figures(notes.changed(recipe=())) is None
    assert read_text(notes.changed(recipe=()), 0) is None


def test_a_passage_begins_with_the_row_that_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("".join(f"line {at} of many\n" for at in range(60)), encoding="utf-8")
    data = DataConfig(
        path=str(path),
        source=LongText(),
        columns=(Column(name="text", kind="text", role="target"),),
        recipe=(Tokenise(unit="characters", length=None, lower=False), Passages(length=20)),
    )
    data = data.changed(split=data.split.changed(method="time"))
    reading = read_text(data, 5)
    assert "".join(marked(reading, "known")) == "line 5 of many\nline "
    around = "".join(marked(reading, "around"))
    assert "line 4 of many\n" in around
    assert "6 of many\n" in around
    assert reading is not None
    assert reading.passage
    figures = text_figures(data)
    assert figures is not None
    assert figures.passage == 20
