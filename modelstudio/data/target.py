"""The column to predict: its classes or its scale, learnt from training rows, and the way back."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from modelstudio.data import spill
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.sources import LongText
from modelstudio.wording import cut

SKEW = 1.0
"""A positive target with a skewness above this is trained on its logarithm."""

MARGIN = 0.05
"""How far a predicted logarithm may lie beyond those of the training rows, in their range."""

MOST_CLASSES = 10_000

MOST_LABELS = 2_000

CHOSEN = "chosen"
"""Name of the target where items that are chosen are ranked; no column holds it."""


class TargetState(BaseModel):
    """What was learnt of the target.

    A number is trained as ``(log(y) - mean) / scale``, the logarithm only with ``log``. A predicted
    logarithm is held within ``limits``: a little beyond the training rows, since the exponential of
    a guess about a strange row would outweigh all others. Of a long text the target is the next
    token, one of a ``vocabulary`` that the recipe learns. Of items that are chosen (``ranking``)
    each row is a positive, and ``column`` is that of the items. Of ``labels`` several may be true
    of a row; in a cell a ``separator`` stands between them.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    kind: Literal["binary", "classes", "value", "labels", "tokens", "ranking"]
    classes: tuple[str, ...] = ()
    separator: str = ""
    vocabulary: int | None = None
    log: bool = False
    mean: float = 0.0
    scale: float = 1.0
    limits: tuple[float, float] = (-700.0, 700.0)

    @property
    def field(self) -> FieldSpec:
        """The field that the network is trained towards."""
        dtype: Literal["float", "int"] = "int" if self.kind in ("classes", "tokens") else "float"
        return FieldSpec(
            name=CHOSEN if self.kind == "ranking" else self.column,
            role="target",
            kind=self.kind,
            shape=("T",) if self.kind == "tokens" else (),
            dtype=dtype,
            classes=self.classes,
            vocabulary=self.vocabulary,
        )

    def truth(self, column: pl.Series) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return class indices, -1 for an unseen or missing class, or values with NaN for missing.

        Shape (rows,); of labels 0 and 1, or -1 where none is known, shape (rows, labels). The next
        tokens of a long text are not known row by row; an item in a row is one that was chosen, 1.
        """
        if self.kind == "tokens":
            return np.full(len(column), -1, dtype=np.int64)
        if self.kind == "ranking":
            return column.is_not_null().cast(pl.Int64).replace(0, -1).to_numpy()
        if self.kind == "labels":
            return multi_hot(column, self.classes, self.separator)
        if self.kind == "value":
            return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)
        codes = column.replace_strict(
            list(self.classes),
            list(range(len(self.classes))),
            default=-1,
            return_dtype=pl.Int64,
        )
        return codes.fill_null(-1).to_numpy().astype(np.int64)

    def scaled(
        self, truth: NDArray[np.int64] | NDArray[np.float64]
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return what the loss compares with: indices as they are, values scaled."""
        if self.kind == "labels":
            return truth.astype(np.float64)
        if self.kind != "value":
            return truth
        values = truth.astype(np.float64)
        if self.log:
            values = np.log(np.maximum(values, np.finfo(np.float64).tiny))
        return (values - self.mean) / self.scale

    def inverse(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values in the target's own units, worked out in double precision."""
        values = outputs.astype(np.float64) * self.scale + self.mean
        return np.exp(np.clip(values, *self.limits)) if self.log else values


def fit_target(data: DataConfig, column: Column, values: pl.Series) -> TargetState:
    """Learn the target from its training rows.

    Raises
    ------
    DataError
        When all rows have the same value, or there are too many classes.
    """
    if isinstance(data.source, LongText):
        return TargetState(column=column.name, kind="tokens")
    if data.negatives is not None:
        return TargetState(column=column.name, kind="ranking")
    known = values.drop_nulls()
    if not len(known):
        raise DataError(
            f"The target {column.name} is empty in every training row.",
            where=column.name,
            fix="Choose another target on the Data page.",
        )
    if column.kind == "number":
        return _value(data, column, known)
    if column.kind not in ("category", "text", "id"):
        raise DataError(
            f"The target {column.name} is a {column.kind}, which cannot be predicted.",
            where=column.name,
            fix="Set its kind to number or category, or choose another target.",
        )
    if data.label_separator is not None:
        return _labels(column, known, data.label_separator)
    classes = tuple(_ordered(known.unique().to_list()))
    if len(classes) < 2:
        raise DataError(
            f"The target {column.name} has only one class, {cut(classes[0])!r}, so there is "
            "nothing to tell apart.",
            where=column.name,
            fix="Choose another target, or bring rows of other classes.",
        )
    if 2 * len(classes) > len(known) > 4 or len(classes) > MOST_CLASSES:
        raise DataError(
            f"The target {column.name} has {len(classes):,} classes for {len(known):,} training "
            "rows, so there is nothing to learn from.",
            where=column.name,
            fix="Choose another target, or set its kind to number if it is one.",
        )
    kind: Literal["binary", "classes"] = "binary" if len(classes) == 2 else "classes"
    return TargetState(column=column.name, kind=kind, classes=classes)


def labels_of(cells: pl.Series, separator: str) -> pl.Series:
    """Return the labels of each cell as lists, without spaces at their ends and empty ones."""
    each = pl.element().str.strip_chars()
    parted = cells.str.split(separator).to_frame()
    return parted.select(pl.all().list.eval(each.filter(each != ""))).to_series()


def multi_hot(cells: pl.Series, classes: tuple[str, ...], separator: str) -> NDArray[np.int64]:
    """Return 1 where a row has a label, and -1 throughout for a row without a cell.

    Shape (rows, classes); a label that is none of the classes is left out.
    """
    lists = labels_of(cells, separator)
    rows = np.repeat(np.arange(len(lists)), lists.list.len().fill_null(0).to_numpy())
    codes = (
        lists.drop_nulls()
        .explode(empty_as_null=False)
        .replace_strict(list(classes), list(range(len(classes))), default=-1, return_dtype=pl.Int64)
        .to_numpy()
    )
    table = np.zeros((len(lists), len(classes)), dtype=np.int64)
    table[rows[codes >= 0], codes[codes >= 0]] = 1
    table[lists.is_null().to_numpy()] = -1
    return table


def _labels(column: Column, known: pl.Series, separator: str) -> TargetState:
    """Learn which labels there are."""
    found = labels_of(known, separator).explode().drop_nulls()
    classes = tuple(_ordered(found.unique().to_list()))
    if len(classes) < 2:
        raise DataError(
            f"The target {column.name} holds {len(classes) or 'no'} label, so there is nothing to "
            "tell apart.",
            where=column.name,
            fix="Choose another target, or take its cells as classes.",
        )
    if 2 * len(classes) > len(found) > 4 or len(classes) > MOST_LABELS:
        raise DataError(
            f"The target {column.name} has {len(classes):,} labels parted by {separator!r} for "
            f"{len(known):,} training rows, so there is nothing to learn from.",
            where=column.name,
            fix="Choose another separator or target.",
        )
    return TargetState(column=column.name, kind="labels", classes=classes, separator=separator)


def _ordered(classes: list[str]) -> list[str]:
    """Sort classes by name, or by value where all are numbers."""
    try:
        return sorted(classes, key=lambda name: (float(name), name))
    except ValueError:
        return sorted(classes)


def _value(data: DataConfig, column: Column, known: pl.Series) -> TargetState:
    numbers = known.to_numpy().astype(np.float64, copy=False)
    if numbers.min() == numbers.max():
        raise DataError(
            f"The target {column.name} is {numbers[0]:g} in every training row, so there is "
            "nothing to learn.",
            where=column.name,
            fix="Choose another target on the Data page.",
        )
    scaling = data.target_scaling
    positive = bool(numbers.min() > 0)
    if scaling == "log and standardise" and not positive:
        raise DataError(
            f"The target {column.name} has values of 0 or less, which have no logarithm.",
            where=column.name,
            fix="Choose Standardise as the scaling of the target.",
        )
    log = scaling == "log and standardise" or (
        scaling == "auto" and positive and _skewness(numbers) > SKEW
    )
    if scaling == "none":
        return TargetState(column=column.name, kind="value")
    trained = spill.made_of(numbers, np.log) if log else numbers
    state = TargetState(
        column=column.name,
        kind="value",
        log=log,
        mean=float(trained.mean()),
        scale=spill.deviation(trained) or 1.0,
    )
    if not log:
        return state
    low, high = float(trained.min()), float(trained.max())
    reach = MARGIN * (high - low)
    return state.model_copy(update={"limits": (low - reach, high + reach)})


def _skewness(numbers: NDArray[np.float64]) -> float:
    mean, spread = numbers.mean(), spill.deviation(numbers)
    cubes = spill.made_of(numbers, lambda some: (some - mean) ** 3)
    return float(cubes.mean() / spread**3) if spread > 0 else 0.0
