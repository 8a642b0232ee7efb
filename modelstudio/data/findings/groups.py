"""Rows of one patient, customer or machine that stand in several parts of the split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from modelstudio.data.findings.finding import Finding, SetSplit, Severity, first_rows
from modelstudio.data.guess import ID_NAME
from modelstudio.data.parts import TRAIN, PartsOfRows
from modelstudio.data.profile import ColumnProfile
from modelstudio.project.model import SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.wording import counted

FEWEST_GROUPS, MOST_EACH = 20, 50
"""Different values of a column of groups, and rows of each in the mean."""

SAMPLE = 50_000
"""Pairs of rows that tell whether a group hangs together."""

BEYOND_CHANCE = 4.0
"""Standard deviations by which rows of a group are more alike than others."""


def group_findings(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    split: SplitConfig,
    parts: PartsOfRows,
) -> Iterator[Finding]:
    """Look for columns such as ids of customers whose rows stand in several parts.

    That does harm where the rows of a customer are alike in some other column; else it is a fact.
    A column that the network is to learn from is meant to be known.
    """
    if split.method != "random":
        return
    for column, facts in zip(columns, profiles, strict=True):
        name, values, groups = column.name, frame.get_column(column.name), facts.distinct
        named = column.kind == "id" or ID_NAME.search(name)
        if column.role == "target" or not named or (column.kind, column.role) == ("id", "feature"):
            continue
        if groups < FEWEST_GROUPS or not 1.5 * groups <= len(values) <= MOST_EACH * groups:
            continue
        codes = parts()
        trained = values.filter(codes == TRAIN).drop_nulls().unique()
        judged = pl.Series(codes > TRAIN)
        across = (values.is_in(trained.implode()) & judged).arg_true()
        if len(across):
            others = [each for each in columns if each.name != name]
            text = f"{counted(len(across), 'row')} share their {name} with rows that train"
            fix = SetSplit((("method", "group"), ("by", name)))
            rows = first_rows(across.head(100))
            severity: Severity = "warning" if _hang_together(frame, values, others) else "fact"
            yield Finding("split_overlap", severity, text, (name,), fix, rows, len(across))


def _hang_together(frame: pl.DataFrame, groups: pl.Series, columns: Sequence[Column]) -> bool:
    """Tell whether rows of a group are alike in some column, beyond chance."""
    order = groups.arg_sort().to_numpy()
    codes = groups.rank("dense").fill_null(0).to_numpy()[order]
    at = np.flatnonzero((codes[1:] == codes[:-1]) & (codes[1:] > 0))
    at = at[:: -(-len(at) // SAMPLE) or 1]
    left, right = order[at], order[at + 1]
    for column in columns:
        values = frame.get_column(column.name)
        if column.kind in ("number", "date"):
            ranks = values.rank().to_numpy().astype(np.float64)
            first, second = ranks[left], ranks[right]
            known = np.isfinite(first) & np.isfinite(second)
            if known.sum() > 2 and first[known].std() and second[known].std():
                alike = float(np.corrcoef(first[known], second[known])[0, 1])
                if alike * math.sqrt(int(known.sum())) > BEYOND_CHANCE:
                    return True
        elif column.kind == "category":
            shares = values.drop_nulls().value_counts(normalize=True).to_series(1).to_numpy()
            equal = float((shares**2).sum())
            same = (values.gather(left) == values.gather(right)).drop_nulls()
            spread = math.sqrt(len(same) * equal * (1 - equal))
            if spread and int(same.sum()) - len(same) * equal > BEYOND_CHANCE * spread:
                return True
    return False
