"""Steps fitted on the training rows one after another, and what each does to the table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.fitted import FittedStep, Groups, row_groups
from modelstudio.data.parts import Parts
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps.learning import Change, Target
from modelstudio.data.target import TargetState
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe import order
from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps import Formula, SmoothRows, Step, UnknownStep


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step did to the table: rows removed, cells changed, columns added.

    ``changed`` counts the changed cells by column.
    """

    rows: int = 0
    cells: int = 0
    columns: int = 0
    changed: tuple[tuple[str, int], ...] = ()


def active(recipe: Iterable[Step]) -> list[tuple[int, Step]]:
    """Return the steps that are switched on, with their places.

    Raises
    ------
    DataError
        When a step is of a type this version does not know.
    """
    found = []
    for index, step in enumerate(recipe):
        if isinstance(step, UnknownStep):
            raise DataError(
                f"Step {index + 1} of the recipe is of the type {step.type_name}, which this "
                "version does not know.",
                fix="Update Model Studio, or remove the step.",
            )
        if step.enabled:
            found.append((index, step))
    return found


def columns_of(step: Step, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return the columns a step acts on, given the present kind of each feature column.

    Raises
    ------
    DataError
        When the step names a column that is no feature of a fitting kind.
    """
    for name in step.named():
        if name not in kinds:
            raise DataError(
                f"{step.label} names the column {name}, which is no feature at that point.",
                where=step.label,
                fix="Take it out of the step, or make it a feature.",
            )
        if kinds[name] not in step.kinds:
            raise DataError(
                f"{step.label} cannot act on {name}, which is a {kinds[name]}.",
                where=step.label,
                fix=f"It acts on columns of the kind {' or '.join(step.kinds)}.",
            )
    return order.columns_of(step, kinds)


@dataclass
class Learning:
    """Training rows on their way through the steps: each learns from what those before left.

    Parameters
    ----------
    frame
        The features of the rows, which are never those of another part.
    kinds
        Kind of each column that is not made of arrays yet.
    target
        Class codes or values of the rows.
    taken
        Names of the other columns of the table, which no step may give to a new one.
    groups
        Which of the rows may see each other; see `row_groups`.
    """

    frame: pl.DataFrame
    kinds: dict[str, Kind]
    target: Target
    taken: Collection[str] = ()
    groups: Groups | None = None

    @classmethod
    def begin(
        cls,
        data: DataConfig,
        training: pl.DataFrame,
        target: TargetState | None,
        groups: Groups | None,
    ) -> Learning:
        """Begin with the raw training rows, and which of them may see each other."""
        truth = None if target is None else truth_of(target, training.get_column(target.column))
        kinds = {column.name: column.kind for column in data.features}
        taken = {column.name for column in data.columns} - kinds.keys()
        return cls(training.select(list(kinds)), kinds, truth, taken, groups)

    def fit(self, step: Step) -> FittedStep:
        """Let a step learn.

        Raises
        ------
        DataError
            When it cannot act on the columns, or cannot learn from them.
        """
        columns = columns_of(step, self.kinds)
        if step.supervised and self.target is not None and self.target.ndim > 1:
            raise DataError(
                f"{step.label} learns from one class or number a row, and the target has several "
                "labels.",
                where=step.label,
                fix="Take One-hot or Index for these columns.",
            )
        for name in step.adds(columns, self.kinds):
            if name in self.taken:
                raise DataError(
                    f"{step.label} would make a column {name}, but the table has one of that name.",
                    where=step.label,
                    fix="Choose another name, or make that column a feature.",
                )
        state = IMPLEMENTATIONS[type(step)].fit(step, self.frame, columns, self.target)
        return FittedStep(step=step, state=state)

    def change(self, fitted: FittedStep) -> Change:
        """Return what takes training rows, in order, through a step that has learnt."""
        step, implementation = fitted.step, IMPLEMENTATIONS[type(fitted.step)]
        if (groups := self.groups) is not None and implementation.follow is not None:
            following = implementation.follow(fitted.state)
            return lambda some, which: following.follow(some, groups[which])
        if (learn := implementation.learn) is None:
            return lambda some, _: fitted.apply(some)
        columns = columns_of(step, self.kinds)
        made: Change = learn(step, fitted.state, self.frame, columns, self.target)
        return made

    def follow(self, fitted: FittedStep) -> None:
        """Take the rows through a step that has learnt."""
        self.frame = self.change(fitted)(self.frame, slice(0, self.frame.height))
        self.kinds = kinds_left(fitted.step, self.kinds, self.frame.schema)

    def follow_by_slices(
        self, fitted: FittedStep, first: pl.DataFrame, later: Sequence[Step]
    ) -> Change:
        """Take what later steps need through a step, a slice at a time where the rows are many.

        Of other columns the names alone are kept.

        Parameters
        ----------
        first
            Some rows as they are after the step.

        Returns
        -------
        Change
            What the rows are taken through it by.
        """
        step, change, names = fitted.step, self.change(fitted), first.columns
        touched = touched_by(step, self.kinds)
        self.kinds = kinds_left(step, self.kinds, first.schema)
        needed = acted_on(later, self.kinds)
        made = [
            name
            for name in names
            if name in needed and (name in touched or name not in self.frame.columns)
        ]
        changed = self.frame.clear()
        if made:
            changed = spill.by_slices(
                self.frame, lambda some, which: change(some, which).select(made)
            )
        nothing = pl.Series([None], dtype=pl.Null).new_from_index(0, self.frame.height)
        self.frame = pl.DataFrame(
            [
                changed.get_column(name)
                if name in made
                else self.frame.get_column(name)
                if name in needed
                else nothing.alias(name)
                for name in names
            ]
        )
        return change


def truth_of(target: TargetState, column: pl.Series) -> NDArray[Any]:
    """Return the classes or values of rows; of several labels those of the first."""
    first = target.truth(column.head(1))
    if first.ndim > 1:
        return first
    truth = spill.empty(len(column), first.dtype)
    for each in spill.pieces(len(column), 8):
        truth[each] = target.truth(column[each])
    return truth


def acted_on(steps: Sequence[Step], kinds: Mapping[str, Kind]) -> set[str]:
    """Return the columns that steps act on, those in between included."""
    found: set[str] = set()
    for step in steps:
        found.update(order.columns_of(step, kinds))
        kinds = order.kinds_after(step, kinds)
    return found


def reach(steps: Iterable[Step]) -> int:
    """Return how many rows before its own a row hangs on."""
    return sum(step.rows - 1 for step in steps if isinstance(step, SmoothRows))


def kinds_left(
    step: Step, kinds: Mapping[str, Kind], schema: Mapping[str, pl.DataType]
) -> dict[str, Kind]:
    """Return the kinds of columns that are not made of arrays yet, after a step.

    Parameters
    ----------
    schema
        Of the columns that it left.
    """
    return {
        name: "number" if schema[name] == pl.Float64 else kind
        for name, kind in order.kinds_after(step, kinds).items()
        if name in schema and not schema[name].is_integer() and not schema[name].is_nested()
    }


class Fitting(NamedTuple):
    """Steps that have learnt, and what they leave.

    ``encoded`` are all clean rows after every step, ``training`` the training rows as the network
    learns from them, and ``kinds`` the kinds of their columns; ``effects`` tells what a step did,
    by its place in the recipe. Where effects are left open, ``touched`` are the columns that each
    step may change, and ``changes`` what takes the training rows through it.
    """

    steps: tuple[FittedStep, ...]
    encoded: pl.DataFrame
    training: pl.DataFrame
    kinds: dict[str, Kind]
    effects: dict[int, StepEffect]
    touched: tuple[tuple[str, ...], ...] = ()
    changes: tuple[Change, ...] = ()


def fit_steps(
    data: DataConfig, clean: pl.DataFrame, parts: Parts, target: TargetState | None
) -> Fitting:
    """Fit each step on the training rows as the steps before it left them.

    Raises
    ------
    DataError
        When a step cannot be fitted; ``step`` is its place.
    """
    acting = [step for _, step in active(data.recipe)]
    groups = row_groups(acting, clean, parts.codes(clean.height))
    seen = None if groups is None else groups[parts.train]
    learning = Learning.begin(data, clean[parts.train], target, seen)
    everything = clean.select(learning.frame.columns)
    steps: list[FittedStep] = []
    effects: dict[int, StepEffect] = {}
    for index, step in active(data.recipe):
        if step.stage != "fitted":
            continue
        try:
            fitted = learning.fit(step)
        except DataError as error:
            error.step = index
            raise
        before, touched = everything, touched_by(step, learning.kinds)
        everything = fitted.apply(everything, groups)
        learning.follow(fitted)
        effects[index] = effect_of(before, everything, touched)
        steps.append(fitted)
    return Fitting(tuple(steps), everything, learning.frame, learning.kinds, effects)


def touched_by(step: Step, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return the columns that a step may change or write over."""
    columns = order.columns_of(step, kinds)
    added = step.adds(columns, kinds)
    return tuple(added) if isinstance(step, Formula) else columns


def effect_of(before: pl.DataFrame, after: pl.DataFrame, touched: tuple[str, ...]) -> StepEffect:
    """Count the cells that differ; of a column of another type, or one of tokens, all do."""
    changed, held, left = {}, before.schema, after.schema
    for name in touched:
        if name not in held or name not in left:
            continue
        old, new = before.get_column(name), after.get_column(name)
        same = held[name] == left[name]
        if count := int(old.ne_missing(new).sum()) if same else before.height:
            changed[name] = count
    made = (name for name, dtype in left.items() if dtype.is_nested())
    changed.update((name, after.height) for name in made if name not in held)
    return StepEffect(
        cells=sum(changed.values()),
        columns=after.width - before.width,
        changed=tuple(changed.items()),
    )
