"""Whether a cell of the target holds several labels, and what stands between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from modelstudio.data.guess import Guess
from modelstudio.data.sources.values import as_text
from modelstudio.data.target import MOST_LABELS, labels_of
from modelstudio.recipe.columns import Column

SEPARATORS: Final = ("|", ";", ",", "/")

SAMPLE: Final = 20_000

SEVERAL: Final = 0.05
"""Share of the cells, at least, that hold more than one label."""

FEWEST_EACH: Final = 5
"""Rows of a label, in the mean; and how many times there are more cells of all kinds than labels,
where the same ones always stand together."""

LONGEST: Final = 30
"""Characters of a label, in the mean; what is longer is a sentence with a comma in it."""


def separator_of(cells: pl.Series) -> str | None:
    """Return what parts the labels of a column; None where a cell is one class.

    Labels recur by themselves and in ever other company: there are fewer of them than of cells
    that differ.
    """
    known = cells.drop_nulls()
    sample = known.head(SAMPLE)
    for separator in SEPARATORS:
        several = sample.str.contains(separator, literal=True)
        if not len(sample) or several.mean() < SEVERAL:  # type: ignore[operator]
            continue
        labels = labels_of(sample, separator).explode().drop_nulls()
        names = labels.unique()
        lengths = names.str.len_chars().mean()
        if (
            2 < len(names) <= MOST_LABELS
            and len(labels) >= FEWEST_EACH * len(names)
            and isinstance(lengths, float)
            and lengths <= LONGEST
            and len(names) < min(known.n_unique(), SAMPLE)
        ):
            return separator
    return None


def adapt(frame: pl.DataFrame, guessed: Guess) -> Guess:
    """Take the target for labels where its cells hold several."""
    target = next((column for column in guessed.columns if column.role == "target"), None)
    if target is None or target.kind not in ("category", "text"):
        return guessed
    separator = separator_of(as_text(frame.get_column(target.name)))
    if separator is None:
        return guessed
    columns = tuple(
        Column(name=target.name, kind="category", role="target") if column is target else column
        for column in guessed.columns
    )
    note = (
        f"A cell of {target.name} holds several labels with {separator!r} between them; each is "
        "told by itself. A row with an empty cell is left out."
    )
    return replace(
        guessed,
        columns=columns,
        label_separator=separator,
        split={**guessed.split, "stratify": False},
        notes=(*guessed.notes, note),
    )
