"""Windows of a series. State: the settings, and how many classes the target has, 0 for a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from modelstudio.data.sources import ROW
from modelstudio.data.steps.learning import Target
from modelstudio.data.stored import Stored
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
        Numbers of the rows whose targets are wanted; windows may reach back beyond them, and the
        number of a sample is that of its target's row. None takes every window, also those whose
        target is still to come, and the number is that of a window's last row.
    training
        Whether the windows train: then they hold no row but those wanted, and the stride thins
        them.
    """
    classes = state["classes"]
    step = settings(state)
    order, breaks = in_order(step, frame)
    held = np.full(frame.height, -1, dtype=np.int64)
    usable = np.arange(len(samples.rows))
    if step.past == "with the target":
        truth = samples.truth
        usable = usable[truth >= 0 if classes else ~np.isnan(truth)]
    held[_places(frame, samples.rows[usable])] = usable
    at = held[order]
    length, horizon = step.length, step.horizon
    numbers = frame.get_column(ROW).to_numpy() if ROW in frame.columns else np.arange(frame.height)
    if training and wanted is not None:
        at = np.where(np.isin(numbers[order], wanted), at, -1)
    ends = np.arange(length - 1, len(order))
    inside = np.cumsum(at < 0)
    whole = inside[ends] == np.where(ends >= length, inside[ends - length], 0)
    whole &= breaks[ends] == breaks[ends - length + 1]
    told = np.minimum(ends + horizon, len(order) - 1)
    known = (ends + horizon < len(order)) & (breaks[told] == breaks[ends]) & (at[told] >= 0)
    if wanted is None:
        chosen = whole
        rows = numbers[order[ends]]
    else:
        chosen = whole & known & np.isin(numbers[order[told]], wanted)
        rows = numbers[order[told]]
    chosen = np.flatnonzero(chosen)
    if training:
        chosen = chosen[:: step.stride]
    table = _table(step, samples, at, classes)
    windows = np.empty((0, length, table.shape[1]))
    if len(table) >= length:
        windows = sliding_window_view(table, length, axis=0, writeable=True).transpose(0, 2, 1)
    there = known[chosen]
    targets = np.where(there, at[told[chosen]], 0)
    newest = at[ends[chosen]]
    named = window_field(samples.fields)
    fields: dict[str, Any] = {
        name: values[newest] for name, values in samples.fields.items() if name != named
    }
    fields[named] = Stored(windows, ends[chosen] - length + 1)
    unscored = {}
    if wanted is None and (lost := frame.height - len(chosen)):
        unscored[f"there are not {length} whole rows to look back on"] = lost
    return replace(
        samples,
        fields=fields,
        truth=_known(samples.truth[targets], there),
        scaled=_known(samples.scaled[targets], there),
        rows=rows[chosen],
        unscored=unscored,
    )


def in_order(step: Windows, frame: pl.DataFrame) -> tuple[Ints, Ints]:
    """Return the places of the rows in order of series and time, and the number of each's series.

    Rows without a time come first. Where one series stands in its order in the source, rows that
    were taken out between two others part it too.
    """
    order = np.arange(frame.height, dtype=np.int64)
    keys = [name for name in (step.series, step.order_by) if name]
    if keys:
        numbered = frame.select(keys).with_row_index("__place__").sort(keys, maintain_order=True)
        order = numbered.get_column("__place__").to_numpy().astype(np.int64)
        if step.series:
            return order, numbered.get_column(step.series).rle_id().to_numpy().astype(np.int64)
    breaks = np.zeros(len(order), dtype=np.int64)
    if ROW in frame.columns and len(order):
        gaps = np.diff(frame.get_column(ROW).to_numpy().astype(np.int64)[order])
        if (gaps > 0).all():
            breaks[1:] = np.cumsum(gaps > 1)
    return order, breaks


def _places(frame: pl.DataFrame, rows: Ints) -> Ints:
    """Return the places of rows in a frame by their ascending numbers."""
    if ROW not in frame.columns:
        return rows
    return np.searchsorted(frame.get_column(ROW).to_numpy().astype(np.int64), rows)


def _table(step: Windows, samples: Encoded, at: Ints, classes: int) -> NDArray[np.float64]:
    """Return the numbers of each row in order; shape (rows, width), 0 where a row lacks some."""
    found: Any = samples.fields[window_field(samples.fields)]
    whole = at >= 0
    parts = [found[at[whole]]]
    if step.past == "with the target":
        scaled = samples.scaled[at[whole]]
        if classes:
            parts.append((scaled[:, None] == np.arange(classes)).astype(np.float64))
        else:
            parts.append(np.nan_to_num(scaled.astype(np.float64))[:, None])
    held = np.concatenate(parts, axis=1)
    table = np.zeros((len(at), held.shape[1]))
    table[whole] = held
    return table


def _known(values: NDArray[Any], there: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values, with NaN or -1 for those that are still to come."""
    if values.dtype.kind == "f":
        return np.where(there, values, np.nan)
    return np.where(there, values, -1)
