"""Texts as the network gets them: one of them in its tokens, and how long and how rich all are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import polars as pl

from modelstudio.data import spill
from modelstudio.data.fitted import FittedStep, row_numbers
from modelstudio.data.fitting import active
from modelstudio.data.preview import Stage, stage_of
from modelstudio.data.steps import texts
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import Passages, Tokenise

SAMPLE = 20_000
"""Texts looked at, spread over the table; fewer where they are long."""

_BYTES = 8 << 20
"""Bytes of text looked at, about."""

BINS = 40
"""Bars of a histogram of lengths."""

FREQUENT = 24
"""Tokens that are named, the most frequent first."""

LONGEST = 12_000
"""Characters of a text that are shown."""

_AROUND = 400
"""Characters shown before and after a passage."""

Mark = Literal["between", "known", "unknown", "cut", "around"]


class Piece(NamedTuple):
    """A piece of a text: a token that is kept, and whether the vocabulary has it, or what is not.

    ``between`` are gaps of no token, ``cut`` is what comes after the chosen length, ``around`` what
    is not part of a passage.
    """

    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class TextReading:
    """One text in its pieces.

    Parameters
    ----------
    tokens, kept, unknown
        How many there are, how many of them reach the network, and how many of those are unknown.
    row
        Its number in the source, ``part`` as in `PreviewTable`.
    passage
        True for a part of a long text.
    more
        Characters that are not shown.
    """

    unit: str
    pieces: tuple[Piece, ...]
    tokens: int
    kept: int
    unknown: int
    row: int
    part: str
    passage: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True)
class TextFigures:
    """What the texts of a table hold.

    Parameters
    ----------
    texts, of
        How many were looked at, of how many there are.
    lengths
        Texts by their number of tokens, in bins of ``step`` from 0; the last bin holds the rest.
    length
        Tokens that are kept of a text; None for all.
    cut
        Share of the texts that are longer than that.
    vocabulary
        Ids there are, those of padding and of the unknown included.
    different
        Different tokens of the training texts looked at, whether or not they have an id.
    unknown
        Share of the kept tokens that have no id, in the training rows and in the others; None where
        there are no such rows.
    frequent
        Tokens of the training rows and how often they occur.
    """

    unit: str
    texts: int
    of: int
    lengths: tuple[int, ...]
    step: int
    median: int
    longest: int
    total: int
    length: int | None
    cut: float
    vocabulary: int
    different: int | None
    unknown: tuple[float | None, float | None]
    frequent: tuple[tuple[str, int], ...]
    passage: int | None = None


def text_figures(data: DataConfig, base: Path | None = None) -> TextFigures | None:
    """Count the tokens of the texts as the recipe takes them; None without a step that does.

    Raises
    ------
    DataError
        When the table cannot be read or a step cannot be fitted.
    """
    if (found := _tokenising(data, base)) is None:
        return None
    stage, step = found
    state, uncut = step.state, {**step.state, "length": None}
    size = sum(
        int(stage.rows[name][each].str.len_bytes().sum())
        for name in state["columns"]
        for each in spill.slices(stage.rows.height)
    )
    every = max(1, -(-stage.rows.height // SAMPLE), -(-size // _BYTES))
    rows = stage.rows.gather_every(every)
    ids = _ids(uncut, _before(stage, rows))
    sizes = ids.list.len().to_numpy()
    kept = ids if state["length"] is None else ids.list.head(state["length"])
    trains = pl.Series([part in ("", "train") for part in stage.part_of(rows)], dtype=pl.Boolean)
    usual, width = _bins(sizes)
    passages = _passages(data)
    training = ids.filter(trains).explode().drop_nulls()
    return TextFigures(
        state["unit"],
        rows.height,
        stage.rows.height,
        tuple(np.bincount(np.minimum(sizes // width, usual - 1), minlength=usual).tolist()),
        width,
        int(np.median(sizes)) if len(sizes) else 0,
        int(sizes.max(initial=0)),
        int(sizes.sum()) * every,
        state["length"],
        float((sizes > state["length"]).mean()) if state["length"] is not None else 0.0,
        next(iter(texts.token_sizes(state).values())),
        _different(state, _before(stage, rows.filter(trains))),
        (_unknown(kept.filter(trains)), _unknown(kept.filter(~trains))),
        _frequent(state, training),
        passages.length if passages is not None else None,
    )


def read_text(
    data: DataConfig, row: int | None = None, base: Path | None = None
) -> TextReading | None:
    """Take the text of a row of the source apart; None without a step that does, or such a row.

    Without a row it is the first. Of a long text it is the passage that begins with the row, and
    something around it.

    Raises
    ------
    DataError
        When the table cannot be read or a step cannot be fitted.
    """
    if (found := _tokenising(data, base)) is None:
        return None
    stage, step = found
    numbers = row_numbers(stage.rows)
    at = int(np.searchsorted(numbers, row)) if row is not None else 0
    if at >= len(numbers) or row not in (None, int(numbers[at])):
        return None
    if (passages := _passages(data)) is not None:
        return _passage(stage, step.state, at, passages)
    own = stage.rows[at : at + 1]
    whole = texts.joined(_before(stage, own), step.state["columns"])[0]
    pieces = texts.taken_apart(step.state, whole[:LONGEST])
    marked = tuple(_marked(pieces, step.state["length"], "cut"))
    return _reading(step.state, pieces, marked, stage, own, more=max(0, len(whole) - LONGEST))


def _tokenising(data: DataConfig, base: Path | None) -> tuple[Stage, FittedStep] | None:
    """Return the rows, and the step that makes ids of their texts as it was fitted."""
    places = [index for index, step in active(data.recipe) if isinstance(step, Tokenise)]
    if data.path is None or not places:
        return None
    stage = stage_of(data, places[0] + 1, base)
    step = stage.steps[-1]
    return (stage, step) if step.state else None


def _passages(data: DataConfig) -> Passages | None:
    return next((step for _, step in active(data.recipe) if isinstance(step, Passages)), None)


def _before(stage: Stage, rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows as the last step of a stage finds them."""
    for fitted in stage.steps[:-1]:
        rows = fitted.apply(rows)
    return rows


def _ids(state: dict[str, Any], rows: pl.DataFrame) -> pl.Series:
    return texts.apply_tokens(state, rows).get_column(state["name"])


def _bins(sizes: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Return how many bins there are and how wide they are; few long texts do not widen them."""
    far = int(np.quantile(sizes, 0.98)) if len(sizes) else 0
    width = max(1, -(-(far + 1) // BINS))
    return max(1, far // width + 1), width


def _different(state: dict[str, Any], rows: pl.DataFrame) -> int | None:
    """Count the different tokens of texts; byte pairs have no others than those learnt."""
    if state["unit"] == "BPE":
        return None
    return texts.count_tokens(state, rows).height


def _unknown(ids: pl.Series) -> float | None:
    flat = ids.explode().drop_nulls()
    return cast(float, (flat == texts.UNKNOWN).mean()) if len(flat) else None


def _frequent(state: dict[str, Any], flat: pl.Series) -> tuple[tuple[str, int], ...]:
    known = flat.filter(flat > texts.UNKNOWN)
    counts = known.alias("id").value_counts(name="count")
    ordered = counts.sort("count", "id", descending=[True, False])
    names = texts.spelt(state)
    named = ((names[at], count) for at, count in ordered.iter_rows())
    if state["unit"] == "words":
        named = ((word, count) for word, count in named if any(map(str.isalnum, word)))
    return tuple(islice(named, FREQUENT))


def _passage(stage: Stage, state: dict[str, Any], at: int, passages: Passages) -> TextReading:
    """Take apart what follows a row, as far as a passage goes, and show some of what is around."""
    lines = texts.joined(_before(stage, stage.rows[max(0, at - 20) : at + 1]), state["columns"])
    before = "".join(lines[:-1])[-_AROUND:]
    following = [lines[-1]]
    needed, size, end = 12 * passages.length + _AROUND, len(lines[-1]), at + 1
    while size < needed and end < stage.rows.height:
        more = texts.joined(_before(stage, stage.rows[end : end + 50]), state["columns"])
        following += more.to_list()
        size, end = size + int(more.str.len_chars().sum()), end + 50
    pieces = texts.taken_apart(state, "".join(following)[:needed])
    marked = list(_marked(pieces, passages.length, "around"))
    surplus = sum(len(text) for text, mark in marked if mark == "around") - _AROUND
    while surplus > 0:
        surplus -= len(marked.pop().text)
    opening = [Piece(before, "around")] if before else []
    own = stage.rows[at : at + 1]
    return _reading(state, pieces, (*opening, *marked), stage, own, passage=True)


def _marked(pieces: list[tuple[str, int]], length: int | None, beyond: Mark) -> Iterator[Piece]:
    """Yield pieces with what becomes of them; only the first tokens are kept."""
    held = 0
    for text, number in pieces:
        held += number > 0
        mark: Mark = "between" if not number else "known" if number > texts.UNKNOWN else "unknown"
        yield Piece(text, beyond if length is not None and held > length else mark)


def _reading(
    state: dict[str, Any],
    pieces: list[tuple[str, int]],
    marked: tuple[Piece, ...],
    stage: Stage,
    own: pl.DataFrame,
    *,
    passage: bool = False,
    more: int = 0,
) -> TextReading:
    marks = [piece.mark for piece in marked]
    unknown = marks.count("unknown")
    tokens = sum(number > 0 for _, number in pieces)
    kept = marks.count("known") + unknown
    row, part = int(row_numbers(own)[0]), stage.part_of(own)[0]
    return TextReading(state["unit"], marked, tokens, kept, unknown, row, part, passage, more)
