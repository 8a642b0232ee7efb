"""Targets of several labels: how each is told, and its curve against the rows without it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from modelstudio.engine.results import Evaluation, LabelScore
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import score_text
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.evaluate.roc import RocViewer
from modelstudio.ui.pages.layouts import stretch
from modelstudio.ui.widgets import PanelHeader, column, count_text, rule, splitter, toned

_HEADS = ("Label", "Rows", "Given", "Precision", "Recall")


class LabelBoard(QWidget):
    """A table of the labels, and the ROC curve of the one that is chosen in it."""

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.labels")
        self.roc = RocViewer()
        self.header = PanelHeader(tr("Labels"), name="evaluate.labels.header")
        self.table = QTableWidget(0, len(_HEADS), objectName="evaluate.labels.table")
        self.table.setAccessibleName(tr("Labels"))
        self.table.setHorizontalHeaderLabels([tr(head) for head in _HEADS])
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.currentCellChanged.connect(lambda at, *_: self._choose(at))
        self.roc.class_choice.activated.connect(lambda at: self.table.setCurrentCell(at, 0))
        left = toned(stretch(column(self.header, rule(), self.table, spacing=0), 2), "panel")
        left.setMinimumWidth(340)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(
            splitter(
                Qt.Orientation.Horizontal,
                left,
                self.roc,
                sizes=(468, 892),
                name="evaluate.labels.charts",
            )
        )

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show how each label is told from the threshold of the run on."""
        self.header.set_detail(tr("given from {:.2f} on").format(evaluation.threshold))
        self.table.setRowCount(len(evaluation.labels))
        for at, label in enumerate(evaluation.labels):
            for place, text in enumerate(_cells(label)):
                item = QTableWidgetItem(text)
                if place:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(at, place, item)
        self.roc.show_evaluation(evaluation)
        self.table.setCurrentCell(self.roc.class_index, 0)

    def set_source(self, source: SourceRows) -> None:
        """Show no rows: each has as many answers as there are labels."""

    def _choose(self, at: int) -> None:
        if at >= 0 and at != self.roc.class_index:
            self.roc.choose(at)


def _cells(label: LabelScore) -> tuple[str, ...]:
    shares = (score_text("precision", label.precision), score_text("recall", label.recall))
    return (label.name, count_text(label.rows), count_text(label.given), *shares)
