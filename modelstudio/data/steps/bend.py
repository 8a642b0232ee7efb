"""Number columns bent by a curve: logarithms, powers, ranks, bins.

State of a logarithm: its method by column. State of a power: exponent, mean and factor. State of
ranks: ``x`` and ``y`` of the knots, straight lines between them. State of bins: their inner
``edges``, and the ``values`` that bins give or None for their number, or ``one_hot``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.steps.learning import Target, cells, factor_to_one, in_place, known, numbers
from modelstudio.recipe.steps import Bin, Log, Power, QuantileScale, SmoothNoise

Numbers = NDArray[np.float64]

MOST_ROWS = 100_000
"""Training rows that the exponent of a power is learnt from."""

GREATEST_EXPONENT = 5.0


def fit_log(
    step: Log, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the method."""
    return dict.fromkeys(columns, step.method)


def apply_log(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Take logarithms."""
    return _bent(frame, {name: _log(method, frame, name) for name, method in state.items()})


def _bent(frame: pl.DataFrame, values: Mapping[str, Numbers]) -> pl.DataFrame:
    return frame.with_columns(numbers(name, column) for name, column in values.items())


def _log(method: str, frame: pl.DataFrame, name: str) -> Numbers:
    x = cells(frame.get_column(name))
    with np.errstate(all="ignore"):
        match method:
            case "log(x)":
                return np.log(x)
            case "signed":
                return np.sign(x) * np.log(1.0 + np.abs(x))
        return np.log(1.0 + x)


def fit_power(
    step: Power, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the exponent that makes the column most like a bell curve, then mean and factor."""
    state = {}
    for name in columns:
        values = _values(frame, name)
        sample = values[:: -(-len(values) // MOST_ROWS)]
        exponent = _best_exponent(sample) if np.ptp(sample) > 0 else 1.0
        mean, factor = 0.0, 1.0
        if step.standardise:
            bent = spill.made_of(values, partial(yeo_johnson, exponent=exponent))
            mean = float(bent.mean())
            largest = max(abs(float(bent.min())), abs(float(bent.max())))
            factor = factor_to_one(spill.deviation(bent), largest)
        state[name] = [exponent, mean, factor]
    return state


def _values(frame: pl.DataFrame, name: str) -> Numbers:
    return known(frame, name).to_numpy().astype(np.float64, copy=False)


def _best_exponent(values: Numbers) -> float:
    """Return the exponent of greatest likelihood, found by golden section to 4 decimals.

    Where values are so far apart that no other can be worked out, it is 1.
    """
    logs = float(np.sum(np.sign(values) * np.log1p(np.abs(values))))

    def likelihood(exponent: float) -> float:
        with np.errstate(all="ignore"):
            spread = float(yeo_johnson(values, exponent).var())
        if not 0 < spread < np.inf:
            return -np.inf
        return float((exponent - 1) * logs - len(values) / 2 * np.log(spread))

    low, high = -GREATEST_EXPONENT, GREATEST_EXPONENT
    ratio = (5**0.5 - 1) / 2
    inner = [high - ratio * (high - low), low + ratio * (high - low)]
    heights = [likelihood(each) for each in inner]
    while high - low > 1e-5:
        if heights[0] >= heights[1]:
            high, inner[1], heights[1] = inner[1], inner[0], heights[0]
            inner[0] = high - ratio * (high - low)
            heights[0] = likelihood(inner[0])
        else:
            low, inner[0], heights[0] = inner[0], inner[1], heights[1]
            inner[1] = low + ratio * (high - low)
            heights[1] = likelihood(inner[1])
    found = round((low + high) / 2, 4)
    return found if np.isfinite(likelihood(found)) else 1.0


def yeo_johnson(x: Numbers, exponent: float) -> Numbers:
    """Bend numbers; each side of zero by a power of its own."""
    with np.errstate(all="ignore"):
        size = 1.0 + np.abs(x)
        return np.where(x < 0, -_powered(size, 2.0 - exponent), _powered(size, exponent))


def _powered(size: Numbers, exponent: float) -> Numbers:
    return np.log(size) if exponent == 0 else (size**exponent - 1.0) / exponent


def apply_power(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Bend and standardise."""
    return _bent(
        frame,
        {
            name: (yeo_johnson(cells(frame.get_column(name)), exponent) - mean) * factor
            for name, (exponent, mean, factor) in state.items()
        },
    )


def fit_quantile(
    step: QuantileScale, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the values at evenly spaced ranks; of equal values the middle of their ranks counts."""
    state = {}
    for name in columns:
        values = _values(frame, name)
        ranks = np.linspace(0.0, 1.0, step.knots)
        x, place = np.unique(_quantiles(values, ranks), return_inverse=True)
        first = np.searchsorted(place, np.arange(len(x)), side="left")
        last = np.searchsorted(place, np.arange(len(x)), side="right") - 1
        y = (ranks[first] + ranks[last]) / 2
        if step.shape == "normal":
            end = 0.5 / len(values)
            y = np.array([NormalDist().inv_cdf(rank) for rank in y.clip(end, 1 - end)])
        state[name] = {"x": x.tolist(), "y": y.tolist()}
    return state


def lines(x: Sequence[float], y: Sequence[float]) -> tuple[Numbers, Numbers, Numbers]:
    """Return where each straight line between knots begins, its height there and its slope."""
    begin, height = np.array(x[:-1] or x), np.array(y[:-1] or y)
    slope = np.diff(y) / np.diff(x) if len(x) > 1 else np.zeros(1)
    return begin, height, slope


def apply_quantile(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Follow the lines between the knots; beyond them the ends count."""
    bent = {}
    for name, knots in state.items():
        begin, height, slope = lines(knots["x"], knots["y"])
        values = cells(frame.get_column(name)).clip(knots["x"][0], knots["x"][-1])
        at = np.searchsorted(begin[1:], values, side="right").clip(0, len(begin) - 1)
        bent[name] = height[at] + slope[at] * (values - begin[at])
    return _bent(frame, bent)


def fit_bins(
    step: Bin, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the inner edges of the bins."""
    state = {}
    for name in columns:
        values = _values(frame, name)
        if step.method == "quantile":
            edges = _even_bins(values, step.bins)
        else:
            edges = np.linspace(values.min(), values.max(), step.bins + 1)[1:-1]
        edges = edges[edges > values.min()]
        state[name] = {"edges": edges.tolist(), "one_hot": step.encode == "one-hot"}
    return state


def fit_smooth(
    step: SmoothNoise, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the edges of bins of equally many rows, and the middle of each bin."""
    middle = partial(np.median, overwrite_input=True) if step.method == "median" else np.mean
    state = {}
    for name in columns:
        values = _values(frame, name)
        edges = _even_bins(values, step.bins)
        bins = (partial(_in_bin, values, edges, place) for place in range(len(edges) + 1))
        members = (spill.taken(values, spill.where(len(values), bin)) for bin in bins)
        given = [float(middle(each)) for each in members]
        state[name] = {"edges": edges.tolist(), "values": given}
    return state


def _in_bin(values: Numbers, edges: Numbers, bin: int, which: slice) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.searchsorted(edges, values[which], side="right") == bin
    return found


def _quantiles(values: Numbers, ranks: Numbers) -> Numbers:
    found: Numbers = np.quantile(spill.copied(values), ranks, overwrite_input=True)
    return found


def _even_bins(values: Numbers, bins: int) -> Numbers:
    """Return the inner edges of bins that all hold a value.

    An edge lies midway between two values, so that rounding moves no training row to another bin.
    """
    known = spill.unique(values)
    ranks = _quantiles(values, np.linspace(0, 1, bins + 1)[1:-1])
    upper = np.unique(np.searchsorted(known, ranks, side="left"))
    upper = upper[upper > 0]
    below, above = known[upper - 1], known[upper]
    middle = below + (above - below) / 2
    return np.where(middle > below, middle, above)


def apply_bins(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Replace values by the numbers of their bins from 0, by columns of 0 and 1, or by middles."""
    parts = {}
    for name, learnt in state.items():
        values = cells(frame.get_column(name))
        empty = np.isnan(values)
        place = np.searchsorted(learnt["edges"], values, side="right")
        count = len(learnt["edges"]) + 1
        if learnt.get("one_hot"):
            parts[name] = [
                pl.Series(f"{name} bin {at + 1}", ((place == at) & ~empty).astype(np.float64))
                for at in range(count)
            ]
            continue
        given = np.array(learnt.get("values", range(count)), dtype=np.float64)
        filled = given[place.clip(0, count - 1)]
        parts[name] = [numbers(name, np.where(empty, np.nan, filled))]
    return in_place(frame, parts)
