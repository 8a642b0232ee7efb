"""Large tables encoded slice by slice, so that little is held.

What comes out is what encoding the whole table gives, save that the numbers for the network are
kept as it takes them, in single precision, and in a file where they are many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep, Groups
from modelstudio.data.fitting import Fitting, StepEffect, active, effect_of
from modelstudio.data.gathered import Gathered
from modelstudio.data.inputs import Array, files_of
from modelstudio.data.parts import TRAIN, Parts
from modelstudio.data.sources import mapped
from modelstudio.data.steps import IMPLEMENTATIONS, series
from modelstudio.data.steps.learning import Change
from modelstudio.data.steps.rolling import Rolling
from modelstudio.data.steps.texts import Joining
from modelstudio.data.stored import Stored
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import Tokenise, Windows

LARGE = 5_000_000
"""Cells of features from which a table is treated so."""

LARGE_TEXT = 32 << 20
"""Bytes of text to be taken apart from which it is."""

CELLS = 1_000_000
"""Encoded cells of a slice."""

_IDS = 8
"""Bytes that a byte of text may become."""


def is_large(data: DataConfig, clean: pl.DataFrame) -> bool:
    """Tell whether a table is to be fitted and encoded piece by piece."""
    names = [column.name for column in data.features]
    cells = clean.height * len(names)
    taken_apart = any(isinstance(step, Tokenise) for _, step in active(data.recipe))
    size = text_bytes(clean, names) if taken_apart else 0
    return cells > LARGE or size > LARGE_TEXT or mapped.is_large(8 * cells + _IDS * size)


def text_bytes(frame: pl.DataFrame, names: Sequence[str]) -> int:
    """Return about how many bytes the texts of some columns take."""
    return int(frame.select(names).select(pl.col(pl.String)).estimated_size())


class Sliced(NamedTuple):
    """The samples of each part, and what each step did to all rows, by its place in the recipe."""

    train: Encoded
    validation: Encoded
    test: Encoded
    effects: dict[int, StepEffect]


def encode_slices(
    data: DataConfig, fitted: FittedRecipe, clean: pl.DataFrame, parts: Parts, fitting: Fitting
) -> Generator[tuple[str, int, int], None, Sliced]:
    """Encode all rows in order, telling how far it is."""
    steps = [at for at, step in active(data.recipe) if step.stage == "fitted"]
    part, groups = parts.codes(clean.height), fitted.groups(clean, parts)
    ways = [_Way(fitted, fitting.touched, fitting.changes if not code else ()) for code in range(3)]
    series_way = _Way(fitted) if _windows(fitted) else None
    sizes = (len(parts.train), len(parts.validation), len(parts.test))
    files = _files(fitted, clean)
    making = [_Making(fitted, size, files) for size in sizes]
    together = _Making(fitted, clean.height)
    for each in spill.portions(clean.select(_names(fitted)), _rows(fitted)):
        yield "Encoding", each.start, clean.height
        some = clean[each]
        for code, (way, into) in enumerate(zip(ways, making, strict=True), TRAIN):
            places = np.flatnonzero(part[each] == code)
            own = some[places]
            if own.height or not each.start:
                encoded = way.follow(own, None if groups is None else groups[each][places])
                if series_way is None:
                    into.add(own, encoded)
        if series_way is not None:
            together.add(some, series_way.follow(some, None if groups is None else groups[each]))
    effects = {
        at: _in_order(_sum([way.effects[place] for way in ways]), fitting.touched[place])
        for place, at in enumerate(steps)
    }
    if series_way is None:
        train, validation, test = (each.made() for each in making)
    else:
        ordered = together.ordered(clean)
        train, validation, test = (
            series.windows_of(ordered, _numbers(clean, rows), training=not code)
            for code, rows in enumerate((parts.train, parts.validation, parts.test))
        )
    return Sliced(train, validation.with_known_truth(), test, effects)


def encode_rows(
    fitted: FittedRecipe,
    around: pl.DataFrame,
    rows: NDArray[np.int64] | None = None,
    parts: Parts | None = None,
) -> Encoded | None:
    """Encode some rows of a table larger than memory, or all; None of one that may be held.

    Parameters
    ----------
    around
        All rows in order, where a sample may reach into others.
    rows
        Their places, ascending.
    parts
        As for `FittedRecipe.transform`.
    """
    names, width = _names(fitted), sum(len(field.columns) for field in fitted.inputs)
    if not mapped.is_large(4 * width * around.height + _IDS * text_bytes(around, names)):
        return None
    windows = _windows(fitted)
    way, groups = _Way(fitted), fitted.groups(around, parts)
    making = _Making(fitted, around.height if rows is None else len(rows), _files(fitted, around))
    for each in spill.portions(around.select(names), _rows(fitted)):
        some, own = around[each], None if groups is None else groups[each]
        if rows is not None and not windows:
            first, last = np.searchsorted(rows, (each.start, each.stop))
            places = rows[first:last] - each.start
            some, own = some[places], None if own is None else own[places]
        if some.height or not each.start:
            making.add(some, way.follow(some, own))
    if not windows:
        return making.made()
    wanted = spill.row_numbers(around) if rows is None else _numbers(around, rows)
    return series.windows_of(making.ordered(around), wanted)


def _names(fitted: FittedRecipe) -> list[str]:
    return [column.name for column in fitted.columns]


def _windows(fitted: FittedRecipe) -> bool:
    return any(isinstance(each.step, Windows) for each in fitted.steps)


def _rows(fitted: FittedRecipe) -> int:
    """Return how many rows are encoded at once, at most."""
    width = max(1, sum(len(field.columns) for field in fitted.inputs))
    return max(1, CELLS // width)


def _numbers(frame: pl.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return spill.taken(spill.row_numbers(frame), rows)


class _Way:
    """Takes the rows of a part through the steps as they come.

    Parameters
    ----------
    touched
        The columns that each step may change; with them what it does is noted in ``effects``.
    changes
        What takes rows that train through each step.
    """

    def __init__(
        self,
        fitted: FittedRecipe,
        touched: Sequence[tuple[str, ...]] = (),
        changes: Sequence[Change] = (),
    ) -> None:
        self._steps = [each for each in fitted.steps if each.step.stage == "fitted"]
        self._names, self._touched, self._changes = _names(fitted), touched, changes
        self._following, self._learning = _following(self._steps), _following(self._steps)
        self._done = 0
        self.effects = [StepEffect() for _ in touched]

    def follow(self, rows: pl.DataFrame, groups: Groups | None) -> pl.DataFrame:
        """Return rows as the steps leave them, given which may see each other."""
        encoded = learnt = rows.select(self._names)
        which = slice(self._done, self._done + rows.height)
        self._done = which.stop
        for at, step in enumerate(self._steps):
            before = encoded
            if at in self._following and groups is not None:
                encoded = self._following[at].follow(encoded, groups)
            else:
                encoded = step.apply(encoded)
            if self._changes:
                if at in self._learning and groups is not None:
                    learnt = self._learning[at].follow(learnt, groups)
                else:
                    learnt = self._changes[at](learnt, which)
            if self._touched:
                effect = effect_of(before, encoded, self._touched[at])
                self.effects[at] = _sum([self.effects[at], effect])
        return learnt if self._changes else encoded


def _following(steps: Sequence[FittedStep]) -> dict[int, Rolling]:
    """Return what takes rows through each step that looks at the rows before."""
    made = ((at, IMPLEMENTATIONS[type(each.step)].follow, each) for at, each in enumerate(steps))
    return {at: follow(each.state) for at, follow, each in made if follow is not None}


def _sum(effects: Sequence[StepEffect]) -> StepEffect:
    changed: Counter[str] = Counter()
    for each in effects:
        changed.update(dict(each.changed))
    return StepEffect(
        cells=sum(each.cells for each in effects),
        columns=effects[-1].columns,
        changed=tuple(changed.items()),
    )


def _in_order(effect: StepEffect, touched: Sequence[str]) -> StepEffect:
    """Name the changed columns in order, those that are new at last."""
    known = [name for name, _ in effect.changed if name in touched]
    names = [*sorted(known, key=touched.index), *(dict(effect.changed).keys() - set(touched))]
    return replace(effect, changed=tuple((name, dict(effect.changed)[name]) for name in names))


class _Files(NamedTuple):
    """The pictures or sounds of all rows: decoded ones, and what is wrong with others by place."""

    numbers: NDArray[np.int64]
    fields: dict[str, tuple[Stored, dict[int, str]]]


def _files(fitted: FittedRecipe, clean: pl.DataFrame) -> _Files | None:
    """Return the decoded files of rows; None where there are none."""
    fields = {
        field.spec.name: files_of(field, clean.get_column(field.columns[0]), fitted.steps)
        for field in fitted.inputs
        if field.is_files
    }
    return _Files(spill.row_numbers(clean), fields) if fields else None


class _Making:
    """Samples made of the encoded rows of a part as they come.

    Parameters
    ----------
    rows
        How many are expected.
    """

    def __init__(self, fitted: FittedRecipe, rows: int, files: _Files | None = None) -> None:
        others = tuple(field for field in fitted.inputs if not field.is_files)
        self._fitted = fitted.model_copy(update={"inputs": others})
        self._files = files
        self._gathered = Gathered(rows)
        self._arranging = [each for each in fitted.steps if each.step.stage == "samples"]
        self._joining: Joining | None = None
        if fitted.target.kind == "tokens":
            self._joining = Joining(self._arranging[0].state, spooled=True)

    def add(self, rows: pl.DataFrame, encoded: pl.DataFrame) -> None:
        """Take some more rows, and what the steps made of them."""
        if self._joining is not None:
            self._joining.add(encoded, spill.row_numbers(rows))
        else:
            self._gathered.add(self._with_files(self._fitted.samples(rows, encoded)))

    def _with_files(self, samples: Encoded) -> Encoded:
        """Add the decoded files; rows whose files cannot be used are left out."""
        if self._files is None:
            return samples
        places = np.searchsorted(self._files.numbers, samples.rows)
        unscored, keep = Counter(samples.unscored), np.ones(len(places), bool)
        found: dict[str, Array] = {}
        for name, (stored, faults) in self._files.fields.items():
            found[name] = stored[places]
            for at in np.flatnonzero(keep):
                if (fault := faults.get(int(places[at]))) is not None:
                    unscored[fault] += 1
                    keep[at] = False
        fields = {**samples.fields, **found}
        return replace(samples, fields=fields, unscored=dict(unscored)).take(keep)

    def made(self) -> Encoded:
        """Return all samples."""
        if self._joining is not None:
            return self._fitted.passages(self._joining)
        return self._gathered.joined()

    def ordered(self, frame: pl.DataFrame) -> series.Ordered:
        """Put the samples, which are rows of a frame, in order of time."""
        return series.put_in_order(self._arranging[0].state, self._gathered.joined(), frame)
