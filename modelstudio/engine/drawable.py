"""Arrays inside of a network, reduced to what can be drawn and looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOST_PICTURES, MOST_SIDE, MOST_BARS = 64, 64, 512
MOST_ROWS, MOST_COLUMNS = 128, 512
_MAPS = ("channels", "rows", "columns")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers to be looked at, reduced to what can be drawn.

    Parameters
    ----------
    kind
        ``bars`` for a row of numbers, ``image`` for a table of them, ``pictures`` for several.
    shape
        Of the whole, before anything was left out.
    values
        Shape (n,), (rows, columns) or (n, height, width).
    axes
        What the axes of ``values`` stand for, in the plural: ``("features", "steps")``.
    low, high
        Of all the numbers that are finite.
    columns
        Pictures that belong side by side, where that means something, else 0.
    note
        What was left out or merged.
    merged
        Whether a number of ``values`` stands for several.
    """

    kind: Literal["bars", "image", "pictures"]
    shape: tuple[int, ...]
    values: Floats
    axes: tuple[str, ...]
    low: float
    high: float
    columns: int = 0
    note: str = ""
    merged: bool = False


def of_row(values: Floats, steps_first: bool) -> Numbers:
    """Reduce what a block gives for one row; ``steps_first`` are steps of features."""
    if values.ndim < 2:
        return _bars(values.reshape(-1), "numbers")
    if values.ndim == 2 and steps_first:
        return _image(values.T, ("features", "steps"), values.shape)
    if values.ndim == 2:
        return _image(values, ("channels", "steps"), values.shape)
    if values.ndim == 3:
        return _pictures(values, _MAPS, values.shape)
    layers = values.reshape(values.shape[0], -1, *values.shape[-2:])
    middle = layers[:, layers.shape[1] // 2]
    return _pictures(middle, _MAPS, values.shape, 0, "the middle layer of each")


def of_weight(values: Floats, rows: str = "outputs") -> Numbers:
    """Reduce weights: kernels become small pictures, a matrix an image, a vector bars.

    ``rows`` are what the rows of a matrix stand for: ``outputs``, or the ``ids`` of an embedding.
    """
    if values.ndim < 2:
        return _bars(values, "numbers")
    if values.ndim == 2:
        columns = "features" if rows == "ids" else "inputs"
        return _image(values, (rows, columns), values.shape)
    if values.ndim == 3:
        return _pictures(values, ("filters", "channels", "steps"), values.shape)
    flat = values[:, :, values.shape[2] // 2] if values.ndim == 5 else values
    filters, channels = flat.shape[:2]
    across = min(channels, 8) if channels > 1 else 0
    note = "the middle layer of each" if values.ndim == 5 else ""
    if across:
        shown = min(filters, MOST_PICTURES // across)
        if (shown, across) != (filters, channels):
            note = _joined(f"the first {across} channels of the first {shown} filters", note)
        flat = flat[:shown, :across]
    pictures = flat.reshape(-1, *flat.shape[2:])
    return _pictures(pictures, ("filters", "rows", "columns"), values.shape, across, note)


def _bars(values: Floats, axis: str) -> Numbers:
    merged = -(-values.size // MOST_BARS)
    note = f"each bar stands for {merged} numbers: the one farthest from 0" if merged > 1 else ""
    small = _farthest(values, 0, MOST_BARS)
    return Numbers("bars", values.shape, small, (axis,), *_range(values), 0, note, merged > 1)


def _image(values: Floats, axes: tuple[str, str], shape: tuple[int, ...]) -> Numbers:
    reduced = _farthest(_farthest(values, 0, MOST_ROWS), 1, MOST_COLUMNS)
    down, across = (
        -(-n // m) for n, m in zip(values.shape, (MOST_ROWS, MOST_COLUMNS), strict=True)
    )
    merged = down * across
    note = f"each point stands for {merged} numbers: the one farthest from 0" if merged > 1 else ""
    return Numbers("image", shape, reduced, axes, *_range(values), 0, note, merged > 1)


def _pictures(
    values: Floats,
    axes: tuple[str, str, str],
    shape: tuple[int, ...],
    columns: int = 0,
    note: str = "",
) -> Numbers:
    shown = values[:MOST_PICTURES]
    if len(shown) < len(values):
        note = _joined(f"the first {len(shown)} of {len(values):,} {axes[0]}", note)
    merged = max(values.shape[1:]) > MOST_SIDE
    note = _joined(note, "made smaller" if merged else "")
    small = _averaged(_averaged(shown, 1, MOST_SIDE), 2, MOST_SIDE)
    return Numbers("pictures", shape, small, axes, *_range(values), columns, note, merged)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _starts(size: int, most: int) -> NDArray[np.int64]:
    """Return where groups of neighbours begin that are ``most`` at the most."""
    return np.arange(0, size, max(-(-size // most), 1))


def _farthest(values: Floats, axis: int, most: int) -> Floats:
    """Keep of each group of neighbours the number that is farthest from 0."""
    starts = _starts(values.shape[axis], most)
    if len(starts) == values.shape[axis]:
        return values
    high: Floats = np.maximum.reduceat(values, starts, axis)
    low: Floats = np.minimum.reduceat(values, starts, axis)
    return np.where(high >= -low, high, low)


def _averaged(values: Floats, axis: int, most: int) -> Floats:
    """Keep the mean of each group of neighbours."""
    size = values.shape[axis]
    starts = _starts(size, most)
    if len(starts) == size:
        return values
    shape = [1] * values.ndim
    shape[axis] = -1
    counts = np.diff(starts, append=size).reshape(shape)
    means: Floats = (np.add.reduceat(values, starts, axis) / counts).astype(np.float32)
    return means


def _range(values: Floats) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
