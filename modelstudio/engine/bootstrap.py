"""How far scores might be off: rows drawn again with replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.engine.results import Score

Floats = NDArray[np.float64]

SAMPLES: Final = 1000
"""Bootstrap samples behind an interval."""

EXACT: Final = 20_000
"""Rows (times classes) up to which rows are resampled; beyond, draws come from the normal limit."""

Z: Final = 1.96
"""Standard deviations on either side of a normal mean that hold 95 %."""

_CELLS: Final = 2_000_000
"""Numbers held at once while resampling rows."""


def redrawn(count: int, samples: int, generator: np.random.Generator) -> Iterator[Floats]:
    """Yield how often each of so many rows is drawn, some samples at a time; (samples, rows)."""
    piece = max(1, _CELLS // count)
    for begin in range(0, samples, piece):
        size = min(piece, samples - begin)
        picked = generator.integers(0, count, size=(size, count))
        picked += np.arange(size)[:, None] * count
        drawn = np.bincount(picked.ravel(), minlength=size * count)
        yield drawn.reshape(size, count).astype(float)


@dataclass(frozen=True, slots=True)
class Terms:
    """What scores are made of, worked out for some rows at a time.

    Parameters
    ----------
    of
        Returns those of a slice of the rows, shape (its rows, k).
    """

    rows: int
    of: Callable[[slice], Floats]

    def pieces(self) -> Iterator[Floats]:
        """Yield those of all rows."""
        return map(self.of, spill.slices(self.rows))

    def means(self) -> Floats:
        """Return the mean over the rows, shape (k,)."""
        return np.asarray(sum(some.sum(axis=0) for some in self.pieces()) / self.rows)

    def covariance(self, means: Floats) -> Floats:
        """Return how they vary together, shape (k, k)."""
        centred = (some - means for some in self.pieces())
        return np.asarray(sum(some.T @ some for some in centred) / (self.rows - 1))


def resampled_means(values: Floats | Terms, generator: np.random.Generator) -> Floats:
    """Return bootstrap means of columns (rows, k), shape (samples, k).

    Of very many rows the means are drawn from their normal limit: the same within what is shown.
    """
    if isinstance(values, np.ndarray):
        values = Terms(len(values), values.__getitem__)
    count = values.rows
    if count > EXACT:
        means = values.means()
        return generator.multivariate_normal(means, values.covariance(means) / count, size=SAMPLES)
    whole = np.concatenate(list(values.pieces()))
    return np.concatenate([drawn @ whole / count for drawn in redrawn(count, SAMPLES, generator)])


def scored(name: str, value: float, draws: Floats | None, rows: int | None = None) -> Score:
    """Return a score with the interval of its draws.

    All draws of a share of 0 or 1 are alike, which proves no certainty: its interval is Wilson's,
    by the number of ``rows`` it is judged by. Other scores whose draws are alike get none.
    """
    if draws is None or np.isnan(draws).all():
        return Score(name, value)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    if high - low > 1e-9 * max(1.0, abs(value)):
        return Score(name, value, float(low), float(high))
    if not rows or value not in (0.0, 1.0):
        return Score(name, value)
    doubt = Z**2 / (rows + Z**2)
    return Score(name, value, 0.0, doubt) if value == 0 else Score(name, value, 1 - doubt, 1.0)
