"""Roles and a recipe for folders of texts and long texts nobody has described yet."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from modelstudio.data.guess import Guess, guess_kinds, text_note
from modelstudio.data.sources.folders import FILE, LABEL, PART
from modelstudio.data.sources.texts import TEXT
from modelstudio.errors import DataError
from modelstudio.recipe.columns import Column, Kind, Role
from modelstudio.recipe.steps import DropMissingTarget, Passages, Tokenise

LONG: Final = 3_000_000
"""Characters of a long text from which pieces of words are learnt instead of characters."""


def guess_folder(frame: pl.DataFrame, target: str | None = None) -> Guess:
    """Guess roles and recipe of a folder of texts.

    Raises
    ------
    DataError
        When nothing is known of the texts, or ``target`` is no column.
    """
    others = [name for name in frame.columns if name not in (FILE, TEXT, PART)]
    if not others:
        raise DataError(
            "Nothing is known of the texts, so there is nothing to learn.",
            fix="Put them into folders named after their classes.",
        )
    target = target or others[-1]
    if target not in others:
        raise DataError(
            f"The texts have no column {target}.",
            where=target,
            fix=f"Choose one of {', '.join(others[:8])}.",
        )
    kinds: dict[str, Kind] = {**guess_kinds(frame.select(others)), FILE: "id", TEXT: "text"}
    notes = []
    if target == LABEL:
        kinds[LABEL] = "category"
        if frame.get_column(LABEL).n_unique() < 2:
            notes.append("A classifier needs texts in two or more folders.")
    if lost := frame.get_column(TEXT).null_count():
        notes.append(f"{lost:,} {'file holds' if lost == 1 else 'files hold'} no text.")
    columns = []
    for name in frame.columns:
        role: Role = "target" if name == target else "feature" if name == TEXT else "ignored"
        columns.append(Column(name=name, kind=kinds.get(name, "category"), role=role))
    notes.append(text_note([TEXT]))
    split: dict[str, Any] = {}
    if PART in frame.columns:
        split = {"method": "column", "by": PART}
        notes.append("The folders tell which texts train and which test.")
    return Guess(tuple(columns), (DropMissingTarget(), Tokenise()), tuple(notes), split)


def guess_long_text(frame: pl.DataFrame) -> Guess:
    """Choose how a long text is cut into tokens and passages."""
    size = int(frame.get_column(TEXT).str.len_chars().sum())
    tokens = Tokenise(unit="characters", length=None, lower=False)
    what = "characters"
    if size > LONG:
        tokens, what = tokens.changed(unit="BPE", vocabulary=4_000), "pieces of words"
    passages = Passages(length=64)
    notes = (
        f"The network learns to tell the next of the {what} of the text, from passages of "
        f"{passages.length}.",
        "The text is split in its order: the beginning trains, the end tests.",
    )
    column = Column(name=TEXT, kind="text", role="target")
    return Guess((column,), (tokens, passages), notes, {"method": "time"})
