"""The rows that a model gets wrong, the surest first, as a table model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from modelstudio.engine.results import Predictions
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import number_text
from modelstudio.ui.pages.evaluate.confusion import Cell
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import count_text

Index = QModelIndex | QPersistentModelIndex

LEADING = 4
"""Columns before those of the data."""


class Mistake(NamedTuple):
    """A row that is wrong: where it is, what was true, what was said and how surely.

    ``place`` is its place in the predictions; of values ``sureness`` is how far off it is.
    """

    place: int
    row: int
    true: str
    predicted: str
    sureness: float


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The columns of the data, each in the order of the rows of some predictions.

    ``picture`` is the name of a column with paths of pictures.
    """

    names: tuple[str, ...] = ()
    columns: tuple[Sequence[object], ...] = ()
    picture: str | None = None

    def picture_of(self, place: int) -> str | None:
        """Return the path of the picture of a row."""
        if self.picture is None:
            return None
        path = self.columns[self.names.index(self.picture)][place]
        return None if path is None else str(path)


def decided(predictions: Predictions, threshold: float) -> np.ndarray:
    """Return the class that is said of each row, shape (rows,)."""
    if predictions.kind == "binary":
        return (predictions.scores[:, 1] >= threshold).astype(np.int64)
    return predictions.scores.argmax(axis=1)


def find_mistakes(
    predictions: Predictions, threshold: float, cell: Cell | None = None
) -> list[Mistake]:
    """Return the wrong rows, the surest first; with ``cell`` those of one pair, right or wrong."""
    if predictions.kind == "value":
        return _far_off(predictions)
    said = decided(predictions, threshold)
    if cell is None:
        places = np.flatnonzero((said != predictions.truth) & (predictions.truth >= 0))
    else:
        places = np.flatnonzero((predictions.truth == cell.true) & (said == cell.predicted))
    sureness = predictions.scores[places, said[places]]
    order = np.argsort(-sureness, kind="stable")
    return [
        Mistake(
            int(place),
            int(predictions.rows[place]),
            predictions.classes[predictions.truth[place]],
            predictions.classes[said[place]],
            float(sure),
        )
        for place, sure in zip(places[order], sureness[order], strict=True)
    ]


def _far_off(predictions: Predictions) -> list[Mistake]:
    errors = predictions.scores - predictions.truth
    known = np.flatnonzero(~np.isnan(errors))
    order = known[np.argsort(-np.abs(errors[known]), kind="stable")]
    return [
        Mistake(
            int(place),
            int(predictions.rows[place]),
            number_text(float(predictions.truth[place]), 4),
            number_text(float(predictions.scores[place]), 4),
            float(errors[place]),
        )
        for place in order
    ]


def cell_text(value: object) -> str:
    """Write a value of the data; a missing one is empty."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


class MistakesModel(QAbstractTableModel):
    """Wrong rows, then the columns of the data."""

    def __init__(self) -> None:
        super().__init__()
        self.mistakes: list[Mistake] = []
        self._values = self._doubts = False
        self._source = SourceRows()

    def set_mistakes(self, mistakes: list[Mistake], *, values: bool, doubts: bool = False) -> None:
        """Show other rows; ``values`` says that the target is a number.

        With ``doubts`` it is the label that is probably wrong, not what is said of the row.
        """
        self.beginResetModel()
        self.mistakes, self._values, self._doubts = mistakes, values, doubts
        self.endResetModel()

    def set_source(self, source: SourceRows) -> None:
        """Take over the columns of the data."""
        self.beginResetModel()
        self._source = source
        self.endResetModel()

    def picture_of(self, index: Index) -> str | None:
        """Return the path of the picture of a row of this table."""
        return self._source.picture_of(self.mistakes[index.row()].place)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.mistakes)

    def columnCount(self, parent: Index | None = None) -> int:
        return LEADING + len(self._source.names)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        if section >= LEADING:
            return self._source.names[section - LEADING]
        if self._doubts:
            return (tr("Row"), tr("Label"), tr("Suggested"), tr("Sure"))[section]
        off = tr("Off by") if self._values else tr("Sure")
        return (tr("Row"), tr("True"), tr("Predicted"), off)[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        mistake, column = self.mistakes[index.row()], index.column()
        if role == Qt.ItemDataRole.ForegroundRole:
            doubtful = 1 if self._doubts else 2
            if column == doubtful and mistake.true != mistake.predicted and not self._values:
                return theme().color("warning" if self._doubts else "error")
            return theme().color("text" if column in (1, 2, 3) else "textSecondary")
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if column >= LEADING:
            text = cell_text(self._source.columns[column - LEADING][mistake.place])
            shown = role == Qt.ItemDataRole.DisplayRole
            if shown and self._source.names[column - LEADING] == self._source.picture:
                return "/".join(PurePath(text).parts[-2:])
            return text
        off = mistake.sureness
        sure = f"{off:+,.4g}" if self._values else f"{100 * off:.1f} %"
        return (count_text(mistake.row + 1), mistake.true, mistake.predicted, sure)[column]
