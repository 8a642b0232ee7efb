"""From the columns that a recipe leaves to the fields that a network is given.

Columns of numbers make one field together, a column of whole numbers is a field of ids, one of
lists of them a field of sequences, and one of pictures or sounds a field of arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from modelstudio.data.pictures import decoder_of, stored_files
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps.series import WINDOW, past_width
from modelstudio.data.stored import Stored
from modelstudio.errors import DataError
from modelstudio.recipe.fields import FieldSpec, InputKind
from modelstudio.recipe.steps import Windows

if TYPE_CHECKING:
    from modelstudio.data.fitted import FittedStep

Array = NDArray[Any] | Stored

FEATURES = "features"
"""Name of the field that holds all columns of numbers."""

_FILES = {"image": ("picture", "image"), "spectrogram": ("sound", "audio")}
"""What a file of a field is called, and the kind of its column."""

_NEXT = {
    "category": "Add One-hot, Ordinal or Index to the recipe, or set its role to ignored.",
    "id": "Add Index to the recipe, or set its role to ignored.",
    "date": "Add Date parts to the recipe, or set its role to ignored.",
    "text": "Add Tokenise to the recipe, or set its role to ignored.",
}
"""What makes numbers of a kind of column."""


class InputField(BaseModel):
    """A field and the columns it is made of."""

    model_config = ConfigDict(frozen=True)

    spec: FieldSpec
    columns: tuple[str, ...]

    @property
    def is_files(self) -> bool:
        """Whether it holds what is decoded from files."""
        return self.spec.kind in _FILES


def input_fields(
    frame: pl.DataFrame,
    kinds: Mapping[str, str],
    steps: Sequence[FittedStep],
    taken: Collection[str] = (),
) -> tuple[InputField, ...]:
    """Tell the fields that columns become.

    Parameters
    ----------
    frame
        Rows after every step.
    kinds
        Kind of each column that is not made of numbers yet.
    steps
        The steps that made them; those of ids know their vocabularies.
    taken
        Names that no field may have; one that is taken gets an underscore at its end.

    Raises
    ------
    DataError
        When a column holds something else than a network takes.
    """
    names = set(taken)
    sizes = vocabularies(steps)

    def name_of(wanted: str) -> str:
        while wanted in names:
            wanted += "_"
        names.add(wanted)
        return wanted

    def ids(column: str, shape: tuple[str, ...]) -> InputField:
        spec = FieldSpec(
            name=name_of(column),
            role="input",
            kind="ids",
            shape=shape,
            dtype="int",
            vocabulary=sizes[column],
        )
        return InputField(spec=spec, columns=(column,))

    found: list[InputField] = []
    numbers = tuple(name for name, dtype in frame.schema.items() if dtype == pl.Float64)
    windows = next(
        (
            (fitted.step, fitted.state["classes"])
            for fitted in steps
            if isinstance(fitted.step, Windows)
        ),
        None,
    )
    if windows is not None:
        step, classes = windows
        width = len(numbers) + past_width(step, classes)
        if not width:
            raise DataError(
                "The windows would hold nothing: no column of numbers is left.",
                where=step.label,
                fix="Make a column a feature, or let the windows hold the past of the target.",
            )
        spec = FieldSpec(
            name=name_of(WINDOW), role="input", kind="window", shape=(step.length, width)
        )
        found.append(InputField(spec=spec, columns=numbers))
    elif numbers:
        spec = FieldSpec(
            name=name_of(FEATURES), role="input", kind="features", shape=(len(numbers),)
        )
        found.append(InputField(spec=spec, columns=numbers))
    for column, dtype in frame.schema.items():
        kind = kinds.get(column, "category")
        if dtype == pl.Float64:
            continue
        if dtype == pl.Int64:
            found.append(ids(column, ()))
        elif dtype == pl.List(pl.Int64):
            found.append(ids(column, ("T",)))
        elif kind in ("image", "audio"):
            shape = decoder_of([fitted.step for fitted in steps], column, kind).shape
            field: InputKind = "image" if kind == "image" else "spectrogram"
            spec = FieldSpec(name=name_of(field), role="input", kind=field, shape=shape)
            found.append(InputField(spec=spec, columns=(column,)))
        else:
            raise _no_numbers(column, kind)
    return tuple(found)


def _no_numbers(column: str, kind: str) -> DataError:
    what = {"category": "categories", "text": "text"}.get(kind, f"{kind}s")
    return DataError(
        f"{column} still holds {what}, but the network takes numbers.",
        where=column,
        fix=_NEXT.get(kind, "Set its role to ignored, or its kind to category."),
    )


def vocabularies(steps: Sequence[FittedStep]) -> dict[str, int]:
    """Return how many different ids the columns of ids have, 0 for unknown or padding included."""
    found: dict[str, int] = {}
    for fitted in steps:
        made = IMPLEMENTATIONS.get(type(fitted.step))
        if made is not None and made.vocabularies is not None:
            found.update(made.vocabularies(fitted.state))
    return found


def assemble(
    fields: Sequence[InputField], frame: pl.DataFrame, steps: Sequence[FittedStep], rows: int
) -> tuple[dict[str, Array], NDArray[np.bool_], dict[str, int]]:
    """Make the arrays of encoded rows; a frame without columns has lost their number, ``rows``.

    Returns
    -------
    arrays
        By field: float64 (rows, width), or int64 (rows,) and (rows, longest), 0 at the right; of
        pictures stored uint8 (rows, channels, height, width).
    keep
        Which rows are whole; shape (rows,).
    unscored
        How many are not, by the reason.
    """
    arrays: dict[str, Array] = {}
    unscored: dict[str, int] = {}
    keep = np.ones(rows, dtype=bool)
    for field in fields:
        columns = frame.select(field.columns)
        match field.spec.kind, field.spec.shape:
            case "ids", ():
                arrays[field.spec.name] = columns.to_series().fill_null(0).to_numpy()
            case "ids", _:
                arrays[field.spec.name] = padded(columns.to_series())
            case (("image" | "spectrogram"), _):
                stored, faults = files_of(field, columns.to_series(), steps)
                arrays[field.spec.name] = stored
                for at, reason in faults.items():
                    unscored[reason] = unscored.get(reason, 0) + int(keep[at])
                    keep[at] = False
            case _:
                arrays[field.spec.name] = _numbers(columns, keep, unscored)
    return arrays, keep, unscored


def files_of(
    field: InputField, cells: pl.Series, steps: Sequence[FittedStep]
) -> tuple[Stored, dict[int, str]]:
    """Return what is decoded from the files of some rows, and why others are left out by place."""
    word, kind = _FILES[field.spec.kind]
    stored, faults = stored_files(field.columns[0], cells, steps, kind)
    return stored, {at: f"the {word} {fault}" for at, fault in faults.items()}


def _numbers(
    columns: pl.DataFrame, keep: NDArray[np.bool_], unscored: dict[str, int]
) -> NDArray[np.float64]:
    """Return columns side by side; rows that lack a number are noted in ``keep``."""
    for name, count in zip(columns.columns, columns.null_count().row(0), strict=True):
        if count:
            empty = columns.get_column(name).is_null().to_numpy() & keep
            if empty.any():
                unscored[f"{name} is missing"] = int(empty.sum())
            keep &= ~empty
    if not columns.width:
        return np.zeros((len(keep), 0))
    return np.ascontiguousarray(columns.fill_null(0.0).to_numpy().astype(np.float64, copy=False))


def padded(lists: pl.Series) -> NDArray[np.int64]:
    """Return lists of ids as rows of the longest one's length, with 0 at the right."""
    lengths = lists.list.len().fill_null(0).to_numpy()
    longest = max(1, int(lengths.max(initial=0)))
    table = np.zeros((len(lists), longest), dtype=np.int64)
    table[np.arange(longest) < lengths[:, None]] = lists.explode().drop_nulls().to_numpy()
    return table
