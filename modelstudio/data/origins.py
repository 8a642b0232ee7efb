"""Which column of the table each column of the encoded rows was made of."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from modelstudio.data.fitted import FittedRecipe
from modelstudio.recipe.steps import (
    Bin,
    DateParts,
    HashEncode,
    MissingIndicator,
    OneHot,
    Rename,
)

_ONE_BY_ONE = (Bin, DateParts, HashEncode, MissingIndicator, OneHot, Rename)
"""Steps that make new columns of one column each; their states are by column."""


def origins(fitted: FittedRecipe, frame: pl.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """Return by field of numbers or ids the raw column that each of its columns was made of.

    A column that is made of several, as a formula does, counts as one of its own.

    Parameters
    ----------
    frame
        Raw rows; one is enough.
    """
    rows = frame.head(1).select(column.name for column in fitted.columns)
    made = {name: name for name in rows.columns}
    for each in fitted.steps:
        if each.step.stage != "fitted":
            continue
        after = each.apply(rows)
        if isinstance(each.step, _ONE_BY_ONE) and after.columns != rows.columns:
            for name in each.state.keys() & set(rows.columns):
                alone = each.model_copy(update={"state": {name: each.state[name]}})
                new = set(alone.apply(rows).columns) - set(rows.columns)
                made |= dict.fromkeys(new, made.get(name, name))
        rows = after
    return {
        field.spec.name: tuple(made.get(name, name) for name in field.columns)
        for field in fitted.inputs
        if field.spec.kind in ("features", "ids")
    }
