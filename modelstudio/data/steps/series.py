"""Windows of a series. State: the settings, and how many classes the target has, 0 for a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from modelstudio.data import sorting, spill
from modelstudio.data.codes import natural_codes
from modelstudio.data.steps.learning import Target
from modelstudio.data.stored import Spool, Stored, in_memory
from modelstudio.recipe.steps.series import Windows

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded

Ints = NDArray[np.int64]

WINDOW = "window"
"""Name of the field of windows."""


def fit_windows(
    step: Windows, frame: pl.DataFrame, columns: Sequence[str], target: Target
) -> dict[str, Any]:
    """Keep the settings; of the data only the number of classes is learnt."""
    classes = 0
    if target is not None and target.dtype.kind == "i" and len(target):
        classes = int(target.max()) + 1
    return {**step.as_values(), "classes": classes}


def window_field(fields: Mapping[str, Any]) -> str:
    """Return the name of the field of windows, which has underscores at its end if one is taken."""
    return next(name for name in fields if name.rstrip("_") == WINDOW)


def apply_windows(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Leave the rows as they are."""
    return frame


def settings(state: Mapping[str, Any]) -> Windows:
    """Return the step behind a state."""
    return Windows(**{name: value for name, value in state.items() if name != "classes"})


def past_width(step: Windows, classes: int) -> int:
    """Return how many numbers a row of a window holds of the target: 1 or one a class."""
    return 0 if step.past == "without the target" else max(1, classes)


@dataclass(frozen=True, slots=True)
class Ordered:
    """The rows of a table in order of series and time.

    Parameters
    ----------
    samples
        The rows that lack nothing, in order of the table.
    order, breaks
        As `in_order` returns them.
    at
        Place among the samples of each row in order; -1 for one that lacks something.
    numbers
        Number in the source of each row in order.
    windows
        Every window; shape (rows - length + 1, length, width).
    """

    step: Windows
    samples: Encoded
    order: Ints
    breaks: Ints
    at: Ints
    numbers: Ints
    windows: NDArray[Any]


def arrange_windows(
    state: Mapping[str, Any],
    samples: Encoded,
    frame: pl.DataFrame,
    wanted: Ints | None,
    training: bool = False,
) -> Encoded:
    """Cut windows of rows, each with the target that lies ``horizon`` rows after its end.

    Parameters
    ----------
    samples
        The rows of ``frame`` that lack nothing.
    wanted
        As for `windows_of`.
    """
    return windows_of(put_in_order(state, samples, frame), wanted, training)


def put_in_order(state: Mapping[str, Any], samples: Encoded, frame: pl.DataFrame) -> Ordered:
    """Put rows in order of series and time, with their numbers side by side.

    Parameters
    ----------
    samples
        The rows of ``frame`` that lack nothing.
    """
    classes, step = state["classes"], settings(state)
    order, breaks = in_order(step, frame)
    numbers = spill.row_numbers(frame)
    held = spill.filled(frame.height, np.int64, lambda each: np.full(each.stop - each.start, -1))
    for each in spill.pieces(len(samples.rows), 8):
        usable = np.arange(each.start, each.stop)
        if step.past == "with the target":
            truth = samples.truth[each]
            usable = usable[truth >= 0 if classes else ~np.isnan(truth)]
        held[np.searchsorted(numbers, samples.rows[usable])] = usable
    at = spill.taken(held, order)
    table = _table(step, samples, at, classes)
    windows = np.empty((0, step.length, table.shape[1]))
    if len(table) >= step.length:
        windows = sliding_window_view(table, step.length, axis=0, writeable=True)
        windows = windows.transpose(0, 2, 1)
    return Ordered(step, samples, order, breaks, at, spill.taken(numbers, order), windows)


def windows_of(ordered: Ordered, wanted: Ints | None, training: bool = False) -> Encoded:
    """Return windows as samples.

    Parameters
    ----------
    wanted
        Numbers of the rows whose targets are wanted, ascending; windows may reach back beyond them,
        and the number of a sample is that of its target's row. None takes every window, also those
        whose target is still to come, and the number is that of a window's last row.
    training
        Whether the windows train: then they hold no row but those wanted, and the stride thins
        them.
    """
    step, samples, numbers = ordered.step, ordered.samples, ordered.numbers
    length, rows = step.length, len(numbers)
    at, breaks = ordered.at, ordered.breaks
    if training and wanted is not None:
        at = spill.filled(
            rows,
            np.int64,
            lambda each: np.where(spill.is_among(wanted, numbers[each]), ordered.at[each], -1),
        )

    def known(ends: Ints) -> NDArray[np.bool_]:
        """Tell of windows by their ends whether their targets are in the same series, and known."""
        told = np.minimum(ends + step.horizon, rows - 1)
        there = (ends + step.horizon < rows) & (breaks[told] == breaks[ends])
        known: NDArray[np.bool_] = there & (at[told] >= 0)
        return known

    def chosen(starts: slice) -> NDArray[np.bool_]:
        """Tell which windows are whole and wanted, by their first rows."""
        last = starts.stop + length - 1
        lacking = np.cumsum(at[starts.start : last] < 0)
        before = np.concatenate([[0], lacking[:-length]])
        whole = lacking[length - 1 :] == before
        ends = np.arange(starts.start + length - 1, last)
        whole &= breaks[ends] == breaks[starts]
        if wanted is not None:
            told = numbers[np.minimum(ends + step.horizon, rows - 1)]
            whole &= known(ends) & spill.is_among(wanted, told)
        return np.asarray(whole)

    begins = spill.where(max(0, rows - length + 1), chosen)
    if training:
        begins = begins[:: step.stride]

    def taken(values: NDArray[Any], unknown: float) -> NDArray[Any]:
        """Return the targets of the windows, with NaN or -1 for those that are still to come."""

        def some(each: slice) -> NDArray[Any]:
            ends = begins[each] + length - 1
            there = known(ends)
            found = values[np.where(there, at[np.minimum(ends + step.horizon, rows - 1)], 0)]
            return np.where(there, found, unknown)

        return spill.filled(len(begins), values.dtype, some)

    ahead = step.horizon if wanted is not None else 0
    newest = spill.filled(len(begins), np.int64, lambda each: at[begins[each] + length - 1])
    named = window_field(samples.fields)
    fields: dict[str, Any] = {
        name: values[newest] if isinstance(values, Stored) else spill.taken(values, newest)
        for name, values in samples.fields.items()
        if name != named
    }
    fields[named] = Stored(ordered.windows, begins)
    unscored = {}
    if wanted is None and (lost := rows - len(begins)):
        unscored[f"there are not {length} whole rows to look back on"] = lost
    return replace(
        samples,
        fields=fields,
        truth=taken(samples.truth, _unknown(samples.truth)),
        scaled=taken(samples.scaled, _unknown(samples.scaled)),
        rows=spill.filled(
            len(begins), np.int64, lambda each: numbers[begins[each] + length - 1 + ahead]
        ),
        unscored=unscored,
    )


def _unknown(values: NDArray[Any]) -> float:
    return np.nan if values.dtype.kind == "f" else -1


def in_order(step: Windows, frame: pl.DataFrame) -> tuple[Ints, Ints]:
    """Return the places of the rows in order of series and time, and the number of each's series.

    Rows without a time come first. Where one series stands in its order in the source, rows that
    were taken out between two others part it too.
    """
    keys = frame.select(name for name in (step.series, step.order_by) if name)
    if step.order_by and keys.schema[step.order_by] == pl.String:
        times = natural_codes(keys.get_column(step.order_by))
        keys = keys.with_columns(spill.lent(step.order_by, times))
    order = sorting.sorted_places(keys) if keys.width else sorting.places(frame.height)
    if step.series:
        names = frame.get_column(step.series)
        return order, _counted(
            order, lambda some, before: names[some].ne_missing(names[before]).to_numpy()
        )
    numbers = spill.row_numbers(frame)
    rising = all(
        (np.diff(numbers[order[max(0, each.start - 1) : each.stop]]) > 0).all()
        for each in spill.pieces(len(order), 8)
    )
    far = 1 if rising else np.inf
    return order, _counted(order, lambda some, before: numbers[some] - numbers[before] > far)


def _counted(order: Ints, begins: Callable[[Ints, Ints], NDArray[np.bool_]]) -> Ints:
    """Give numbers to stretches of rows in order.

    Parameters
    ----------
    begins
        Tells whether a stretch begins at rows, given their places and those of the rows before.
    """
    made, count = spill.empty(len(order), np.int64), 0
    for each in spill.pieces(len(order), 8):
        some = order[max(0, each.start - 1) : each.stop]
        new = np.concatenate([np.zeros(int(not each.start), bool), begins(some[1:], some[:-1])])
        made[each] = count + np.cumsum(new)[: each.stop - each.start]
        count = int(made[each.stop - 1]) if each.stop else 0
    return made


def _table(step: Windows, samples: Encoded, at: Ints, classes: int) -> NDArray[Any]:
    """Return the numbers of each row in order; shape (rows, width), 0 where a row lacks some."""
    found: Any = samples.fields[window_field(samples.fields)]
    width = found.shape[1] + past_width(step, classes)

    def some(which: slice) -> NDArray[Any]:
        whole = at[which] >= 0
        chosen = at[which][whole]
        parts = [in_memory(found[chosen])]
        if step.past == "with the target":
            scaled = samples.scaled[chosen]
            if classes:
                parts.append(scaled[:, None] == np.arange(classes))
            else:
                parts.append(np.nan_to_num(scaled.astype(np.float64))[:, None])
        table = np.zeros((len(whole), width), found.dtype)
        table[whole] = np.concatenate(parts, axis=1)
        return table

    pieces = spill.pieces(len(at), found.dtype.itemsize * width)
    if len(pieces) == 1:
        return some(pieces[0])
    spool = Spool((width,), found.dtype)
    for each in pieces:
        spool.write(some(each))
    return spool.array()
