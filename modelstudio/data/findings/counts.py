"""How often each value of a column is there."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import polars as pl

from modelstudio.data.profile import ColumnProfile


class Counts:
    """Counts the values of columns, each once for all who ask.

    Parameters
    ----------
    profiles
        Of the columns of just these rows; what they counted is taken over.
    """

    def __init__(self, frame: pl.DataFrame, profiles: Sequence[ColumnProfile] = ()) -> None:
        self._frame = frame
        self._held = {
            facts.name: pl.DataFrame(facts.counts, ("value", "rows"), orient="row")
            for facts in profiles
            if facts.counts
        }
        self._one_by_one = Lock()

    def of(self, name: str) -> pl.DataFrame:
        """Return each known ``value`` and its ``rows``, the most frequent first."""
        with self._one_by_one:
            if name not in self._held:
                known = self._frame.get_column(name).drop_nulls().alias("value")
                self._held[name] = known.value_counts(sort=True, name="rows")
            return self._held[name]
