"""Categories as means of the target.

State by column: its ``categories``, the means of each in the columns it becomes (of a value or two
classes one, else one a class), those of a ``missing`` cell and of an ``unseen`` category, and the
``names`` of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.steps.learning import Change, Target, in_place
from modelstudio.errors import DataError
from modelstudio.recipe.steps import TargetEncode

Numbers = NDArray[np.float64]


def _checked(target: Target, label: str) -> NDArray[Any]:
    if target is None:
        raise DataError(
            f"{label} needs the column to predict, and none is marked as the target.",
            where=label,
            fix="Mark the target on the Data page.",
        )
    return target


def _classes(target: NDArray[Any]) -> int:
    """Return how many classes there are, at least two; 0 of a value."""
    return max(int(target.max(initial=0)) + 1, 2) if target.dtype == np.int64 else 0


def _wanted(target: NDArray[Any], classes: int) -> Numbers:
    """Return what is averaged: values, the chance of the second class, or of every class.

    Shape (rows, columns); NaN where the target is unknown.
    """
    if not classes:
        return np.asarray(target, np.float64)[:, None]
    shares = np.asarray(np.eye(classes)[target])
    shares[target < 0] = np.nan
    return shares[:, 1:] if classes == 2 else shares


def fit_target_mean(
    step: TargetEncode, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the mean of the target in each category.

    Raises
    ------
    DataError
        When there is no target.
    """
    given = _checked(target, step.label)
    classes = _classes(given)
    width = classes if classes > 2 else 1
    state = {}
    for name in columns:
        column = frame.get_column(name)
        categories = spill.counts(column).get_column("value").drop_nulls().sort().to_list()
        sums, counts = _no_sums(len(categories) + 1, width)
        for each in spill.pieces(frame.height, 8 * (width + 2)):
            codes = _codes(column[each], categories)
            _add(sums, counts, codes, _wanted(given[each], classes))
        overall = _overall(sums.sum(axis=0), counts.sum(axis=0))
        means = _drawn(sums, counts, overall, step.smoothing)
        state[name] = {
            "categories": categories,
            "means": means[:-1].tolist(),
            "missing": means[-1].tolist(),
            "unseen": overall.tolist(),
            "names": [name] if width == 1 else [f"{name} class {at + 1}" for at in range(width)],
        }
    return state


def _codes(column: pl.Series, categories: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each category; of a missing cell one more, of an unseen one two more."""
    count = len(categories)
    codes = column.replace_strict(
        categories, list(range(count)), default=count + 1, return_dtype=pl.Int64
    )
    return codes.zip_with(column.is_not_null(), pl.Series([count])).to_numpy()


def _no_sums(size: int, width: int) -> tuple[Numbers, Numbers]:
    return np.zeros((size, width)), np.zeros((size, 1))


def _add(sums: Numbers, counts: Numbers, codes: NDArray[np.int64], wanted: Numbers) -> None:
    """Add what is known to its sum by code, one row after another, and to the counts.

    Parameters
    ----------
    sums, counts
        Shape (codes, columns) and (codes, 1).
    """
    seen = ~np.isnan(wanted).any(axis=1)
    codes, wanted = codes[seen], wanted[seen]
    all_codes = np.concatenate([np.arange(len(sums)), codes])
    for at, column in enumerate(wanted.T):
        sums[:, at] = np.bincount(all_codes, np.concatenate([sums[:, at], column]))
    counts[:, 0] += np.bincount(codes, minlength=len(counts))


def _overall(sums: Numbers, counts: Numbers) -> Numbers:
    return sums / np.maximum(counts, 1.0)


def _drawn(sums: Numbers, counts: Numbers, overall: Numbers, smoothing: float) -> Numbers:
    """Return means drawn to the overall ones, which stand where there is nothing else."""
    weight = counts + smoothing
    means = (sums + smoothing * overall) / np.where(weight > 0, weight, 1.0)
    return np.where(weight > 0, means, overall)


def apply_target_mean(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Replace categories by what was learnt of them."""
    parts = {}
    for name, learnt in state.items():
        codes = _codes(frame.get_column(name), learnt["categories"])
        table = np.array([*learnt["means"], learnt["missing"], learnt["unseen"]])
        parts[name] = _columns(learnt["names"], table[codes])
    return in_place(frame, parts)


def _columns(names: Sequence[str], values: Numbers) -> list[pl.Series]:
    return [pl.Series(new, values[:, at]) for at, new in enumerate(names)]


def learn_target_mean(
    step: TargetEncode,
    state: Mapping[str, Any],
    frame: pl.DataFrame,
    columns: Sequence[str],
    target: Target = None,
) -> Change:
    """Learn the means for the training rows, each without the target of the row's own fold."""
    given = _checked(target, step.label)
    classes = _classes(given)
    folds = _folds(frame.height, step.folds)
    tables: dict[str, Numbers] = {}
    for name, learnt in state.items():
        size, width = len(learnt["categories"]) + 1, len(learnt["names"])
        held = [_no_sums(size, width) for _ in range(step.folds)]
        for each in spill.pieces(frame.height, 8 * (width + 3)):
            codes = _codes(frame.get_column(name)[each], learnt["categories"])
            wanted = _wanted(given[each], classes)
            for at, (sums, counts) in enumerate(held):
                outside = folds[each] != at
                _add(sums, counts, codes[outside], wanted[outside])
        means = []
        for sums, counts in held:
            overall = _overall(sums.sum(axis=0), counts.sum(axis=0))
            means.append(_drawn(sums, counts, overall, step.smoothing))
        tables[name] = np.stack(means)

    def change(some: pl.DataFrame, which: slice) -> pl.DataFrame:
        parts = {}
        for name, learnt in state.items():
            codes = _codes(some.get_column(name), learnt["categories"])
            parts[name] = _columns(learnt["names"], tables[name][folds[which], codes])
        return in_place(some, parts)

    return change


def _folds(rows: int, folds: int) -> NDArray[np.uint8]:
    """Deal rows out to folds at random, as even as can be; shape (rows,)."""
    made = spill.empty(rows, np.uint8)
    for each in spill.slices(rows):
        made[each] = np.arange(each.start, each.stop) % folds
    np.random.default_rng(0).shuffle(np.asarray(made))
    return made
