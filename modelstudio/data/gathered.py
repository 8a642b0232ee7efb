"""Samples of a part as they come; numbers that are many go to files, and all else with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.fitted import Encoded
from modelstudio.data.inputs import Array
from modelstudio.data.stored import RaggedSpool, Spool, Stored

SPOOLED = 128 << 20
"""Bytes of numbers from which they are kept in a file."""


class Gathered:
    """Samples of a part as they come.

    Parameters
    ----------
    rows
        How many are expected.
    """

    def __init__(self, rows: int) -> None:
        self._pieces: list[Encoded] = []
        self._rows = rows
        self._spools: dict[str, Spool] = {}
        self._ids: dict[str, RaggedSpool] = {}
        self._beside: dict[str, Spool] = {}

    def add(self, samples: Encoded) -> None:
        """Take some more samples."""
        fields = {name: self._kept(name, values) for name, values in samples.fields.items()}
        if self._spools or self._ids:
            kept = {name: getattr(samples, name) for name in _names(samples)}
            kept = {name: _written(self._beside, name, rows) for name, rows in kept.items()}
            samples = replace(samples, **{"scaled": kept["truth"], **kept})
        self._pieces.append(replace(samples, fields=fields))

    def _kept(self, name: str, values: Array) -> Array:
        """Return what of a field is held in memory."""
        if isinstance(values, Stored):
            return values
        if values.dtype == np.int64 and values.ndim > 1:
            self._ids.setdefault(name, RaggedSpool()).write(values)
            return np.empty((0, 0), np.int64)
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        size = self._rows * values.itemsize * int(np.prod(values.shape[1:]))
        if size > SPOOLED or spill.is_spilled(size):
            return _written(self._spools, name, values)
        return values

    def joined(self) -> Encoded:
        """Return all samples."""
        first, unscored = self._pieces[0], Counter[str]()
        for each in self._pieces:
            unscored.update(each.unscored)
        whole = {
            name: self._beside[name].array()
            if name in self._beside
            else np.concatenate([getattr(each, name) for each in self._pieces])
            for name in _names(first)
        }
        whole.setdefault("scaled", whole["truth"])
        fields = {name: self._field(name, values) for name, values in first.fields.items()}
        return replace(first, fields=fields, unscored=dict(unscored), **whole)

    def _field(self, name: str, first: Array) -> Array:
        if name in self._ids:
            return self._ids[name].stored()
        if name in self._spools:
            spool = self._spools[name]
            return spool.array() if len(first.shape) == 1 else spool.stored()
        pieces: list[Any] = [each.fields[name] for each in self._pieces]
        if isinstance(first, Stored):
            return replace(first, index=np.concatenate([each.index for each in pieces]))
        return np.concatenate(pieces)


def _names(samples: Encoded) -> tuple[str, ...]:
    """Return what else is to be kept; classes are not scaled."""
    classes = samples.truth.dtype == samples.scaled.dtype == np.int64
    return ("truth", "rows") if classes else ("truth", "rows", "scaled")


def _written(spools: dict[str, Spool], name: str, rows: NDArray[Any]) -> NDArray[Any]:
    """Write rows to a file of that name; what is left of them has none."""
    if name not in spools:
        spools[name] = Spool(rows.shape[1:], rows.dtype)
    spools[name].write(rows)
    return np.empty((0, *rows.shape[1:]), rows.dtype)
