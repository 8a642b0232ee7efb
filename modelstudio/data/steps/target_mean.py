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

from modelstudio.data.steps.learning import Target, in_place
from modelstudio.errors import DataError
from modelstudio.recipe.steps import TargetEncode

Numbers = NDArray[np.float64]


def _wanted(target: Target, label: str) -> Numbers:
    """Return what is averaged: values, the chance of the second class, or of every class.

    Shape (rows, columns); NaN where the target is unknown.
    """
    if target is None:
        raise DataError(
            f"{label} needs the column to predict, and none is marked as the target.",
            where=label,
            fix="Mark the target on the Data page.",
        )
    if target.dtype != np.int64:
        return target.astype(np.float64)[:, None]
    count = int(target.max(initial=0)) + 1
    shares = np.eye(max(count, 2))[target]
    shares[target < 0] = np.nan
    return shares[:, 1:] if count <= 2 else shares


def fit_target_mean(
    step: TargetEncode, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the mean of the target in each category.

    Raises
    ------
    DataError
        When there is no target.
    """
    wanted = _wanted(target, step.label)
    width = wanted.shape[1]
    state = {}
    for name in columns:
        column = frame.get_column(name)
        categories = column.drop_nulls().unique().sort().to_list()
        sums, counts = _sums(_codes(column, categories), wanted, len(categories) + 1)
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


def _sums(codes: NDArray[np.int64], wanted: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """Return sum and count of what is known, by code; each (codes, columns)."""
    seen = ~np.isnan(wanted).any(axis=1)
    codes, wanted = codes[seen], wanted[seen]
    sums = [np.bincount(codes, column, size) for column in wanted.T]
    counts = np.bincount(codes, minlength=size).astype(np.float64)[:, None]
    return np.stack(sums, axis=1), counts


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
) -> pl.DataFrame:
    """Replace the categories of the training rows by means without the target of their own fold."""
    wanted = _wanted(target, step.label)
    fold = np.random.default_rng(0).permutation(frame.height) % step.folds
    parts = {}
    for name, learnt in state.items():
        size = len(learnt["categories"]) + 1
        codes = _codes(frame.get_column(name), learnt["categories"])
        values = np.empty_like(wanted)
        for at in range(step.folds):
            inside = fold == at
            sums, counts = _sums(codes[~inside], wanted[~inside], size)
            overall = _overall(sums.sum(axis=0), counts.sum(axis=0))
            means = _drawn(sums, counts, overall, step.smoothing)
            values[inside] = means[codes[inside]]
        parts[name] = _columns(learnt["names"], values)
    return in_place(frame, parts)
