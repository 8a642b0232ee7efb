"""Points of a curve: kept as they come, smoothed over epochs, given out as min/max buckets."""

from __future__ import annotations

import math

import numpy as np

BUCKET = 32
"""Points in a coarse bucket."""

Array = np.ndarray
Line = tuple[Array, Array]


class _Grown:
    """A float array that grows at its end; doubling makes an append cheap."""

    def __init__(self) -> None:
        self._data = np.empty(64)
        self.size = 0

    @property
    def values(self) -> Array:
        return self._data[: self.size]

    def extend(self, values: Array) -> None:
        needed = self.size + len(values)
        if needed > len(self._data):
            data = np.empty(max(needed, 2 * len(self._data)))
            data[: self.size] = self.values
            self._data = data
        self._data[self.size : needed] = values
        self.size = needed


class Points:
    """Points whose x never falls, with the lowest and highest y of each full bucket."""

    def __init__(self) -> None:
        self._x, self._y = _Grown(), _Grown()
        self._low, self._high = _Grown(), _Grown()

    def __len__(self) -> int:
        return self._x.size

    @property
    def x(self) -> Array:
        """All x, shape (points,)."""
        return self._x.values

    @property
    def y(self) -> Array:
        """All y, shape (points,)."""
        return self._y.values

    def extend(self, x: Array, y: Array) -> None:
        """Add points at the end."""
        self._x.extend(x)
        self._y.extend(y)
        start, stop = self._low.size * BUCKET, len(self) // BUCKET * BUCKET
        if stop > start:
            full = self.y[start:stop].reshape(-1, BUCKET)
            self._low.extend(full.min(axis=1))
            self._high.extend(full.max(axis=1))

    def view(self, left: float, right: float, pixels: int) -> Line:
        """Return what is seen between two x, at most two points a pixel."""
        first = max(int(np.searchsorted(self.x, left)) - 1, 0)
        last = min(int(np.searchsorted(self.x, right, side="right")) + 1, len(self))
        pixels = max(pixels, 1)
        if last - first <= 2 * pixels:
            return self.x[first:last], self.y[first:last]
        x, low, high = self.x[first:last], self.y[first:last], self.y[first:last]
        if last - first > 2 * BUCKET * pixels:
            begin, end = first // BUCKET, last // BUCKET
            x = self.x[begin * BUCKET : end * BUCKET : BUCKET]
            low, high = self._low.values[begin:end], self._high.values[begin:end]
        starts = np.linspace(0, len(x), pixels, endpoint=False).astype(int)
        y = np.empty(2 * len(starts))
        y[0::2] = np.minimum.reduceat(low, starts)
        y[1::2] = np.maximum.reduceat(high, starts)
        return np.repeat(x[starts], 2), y

    def at(self, x: float) -> float | None:
        """Return y of the last point up to ``x``, or None before the first."""
        index = int(np.searchsorted(self.x, x + 1e-9, side="right")) - 1
        return float(self.y[index]) if index >= 0 else None


class Curve:
    """Raw points and their exponential moving average; a value that is no number is left out.

    The memory of the average is measured in epochs: a point ``d`` epochs back weighs
    ``amount ** d``, so points of batches and of epochs lag behind alike.
    """

    def __init__(self, amount: float = 0.0) -> None:
        self.raw = Points()
        self.broken: float | None = None
        self._amount = amount
        self._smooth = Points()
        self._forget()

    def __len__(self) -> int:
        return len(self.raw)

    @property
    def smooth(self) -> Points:
        """The averaged points; the raw ones when the amount is 0."""
        return self._smooth if self._amount > 0 else self.raw

    @property
    def last(self) -> float | None:
        """Latest raw value."""
        return float(self.raw.y[-1]) if len(self) else None

    def extend(self, x: list[float], y: list[float]) -> None:
        """Add points at the end."""
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        good = np.isfinite(ys)
        if not good.all() and self.broken is None:
            self.broken = float(xs[~good][0])
        self.raw.extend(xs[good], ys[good])
        self._average(xs[good], ys[good])

    def set_amount(self, amount: float) -> None:
        """Smooth anew: 0 leaves the values as they are, 0.99 has the longest memory."""
        if amount != self._amount:
            self._amount = amount
            self._smooth = Points()
            self._forget()
            self._average(self.raw.x, self.raw.y)

    def _forget(self) -> None:
        self._sum = self._weight = self._x = 0.0

    def _average(self, x: Array, y: Array) -> None:
        if self._amount <= 0 or not len(x):
            return
        rate = -math.log(self._amount)
        smooth = np.empty(len(x))
        start = 0
        while start < len(x):  # in blocks over which the weights stay within the range of a float
            stop = int(np.searchsorted(x, x[start] + 30 / rate, side="right"))
            growth = np.exp(rate * (x[start:stop] - x[start]))
            fade = math.exp(-rate * (x[start] - self._x)) if self._weight else 0.0
            sums = self._sum * fade + np.cumsum(growth * y[start:stop])
            weights = self._weight * fade + np.cumsum(growth)
            smooth[start:stop] = sums / weights
            self._sum, self._weight = sums[-1] / growth[-1], weights[-1] / growth[-1]
            self._x = float(x[stop - 1])
            start = stop
        self._smooth.extend(x, smooth)
