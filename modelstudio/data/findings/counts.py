"""How often each value of a column is there."""

from __future__ import annotations

from threading import Lock

import polars as pl


class Counts:
    """Counts the values of columns, each once for all who ask."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame, self._held = frame, dict[str, pl.DataFrame]()
        self._one_by_one = Lock()

    def of(self, name: str) -> pl.DataFrame:
        """Return each known ``value`` and its ``rows``, the most frequent first."""
        with self._one_by_one:
            if name not in self._held:
                known = self._frame.get_column(name).drop_nulls().alias("value")
                self._held[name] = known.value_counts(sort=True, name="rows")
            return self._held[name]
