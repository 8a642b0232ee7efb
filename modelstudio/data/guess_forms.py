"""How the cells of each column are written, found once, before it is known which rows train.

Each cell is read by itself from then on: neither a row that tests nor a row to predict changes how
the others are understood.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from modelstudio.data.guess_reading import columns_where
from modelstudio.data.sources.dates import NUMBERED, SHORT, order_by_cells, short_order
from modelstudio.data.sources.numbers import unit_of
from modelstudio.data.sources.values import at_midnight
from modelstudio.project.model import Form
from modelstudio.recipe.columns import Kind

_MEASURED = r"^[^A-Za-zµ°]{0,20}[\d.,]\s?[A-Za-zµ°][A-Za-zµ°²³/]{0,8}[23]?\.?$"
_WHOLE = r"^[+-]?\d+\.0+$"
_TRUTHS = ("false", "true")


def forms_of(
    frame: pl.DataFrame, sample: pl.DataFrame, kinds: Mapping[str, Kind]
) -> tuple[Form, ...]:
    """Return how those columns are written that are so in a way of their own.

    Parameters
    ----------
    frame
        The table as `sources.read_plain` gives it.
    sample
        Some of its rows.
    """
    text = sample.select(pl.col(pl.String))
    is_number = pl.all().is_null() | pl.all().cast(pl.Float64, strict=False).is_not_null()
    numeric = columns_where(text.select(is_number.all()))
    classes = text.select(name for name in numeric if kinds[name] == "category")
    whole = columns_where(classes.select(pl.all().str.contains(_WHOLE).any()))
    text = text.drop(numeric)
    measured, numbered, short = (
        set(columns_where(text.select(pl.all().str.contains(pattern).any())))
        for pattern in (_MEASURED, NUMBERED, SHORT)
    )
    is_truth = pl.all().is_null() | pl.all().str.to_lowercase().is_in(_TRUTHS)
    true = set(columns_where(text.select(is_truth.all() & pl.all().is_not_null().any())))
    odd = measured | numbered | short | true
    forms = [
        Form(
            column=name,
            unit=unit_of(text[name]) if name in measured else "",
            dates=order_by_cells(text[name]) if name in numbered else None,
            short=short_order(text[name]) if name in short else None,
            truths=_truths(text[name]) if name in true else None,
        )
        for name in text.columns
        if name in odd
    ]
    forms += [Form(column=name, whole=True) for name in whole]
    moments = frame.select(pl.col(pl.Datetime))
    forms += [Form(column=each.name, days=True) for each in moments if at_midnight(each)]
    return tuple(form for form in forms if form != Form(column=form.column))


def _truths(cells: pl.Series) -> tuple[str, str] | None:
    """Return the words for false and true as a column writes them; None where it has several."""
    words = sorted(cells.drop_nulls().unique().to_list(), key=str.lower)
    told = {word.lower(): word for word in words}
    if len(told) < len(words):
        return None
    styles = (str.lower, str.upper, str.title)
    style = next((change for change in styles if change(words[0]) == words[0]), str.lower)
    false, true = (told.get(word, style(word)) for word in _TRUTHS)
    return false, true
