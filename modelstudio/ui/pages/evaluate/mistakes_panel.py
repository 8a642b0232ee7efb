"""The table of mistakes and the answer to the selected one."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QImageReader, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTableView, QVBoxLayout, QWidget

from modelstudio.engine.results import DoubtfulLabels, Evaluation, Predictions
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.answers import AnswerBars
from modelstudio.ui.pages.evaluate.confusion import Cell
from modelstudio.ui.pages.evaluate.doubts import Mending, doubtful_rows
from modelstudio.ui.pages.evaluate.mistakes import (
    Mistake,
    MistakesModel,
    SourceRows,
    find_mistakes,
)
from modelstudio.ui.widgets import (
    PanelHeader,
    SegmentedControl,
    TagButton,
    button,
    count_text,
    label,
    row,
    rule,
    scroll,
    splitter,
    toned,
)

PICTURE = 160
"""Side of the square that the picture of a row is shown in, in pixels."""


MISTAKES, LABELS = "mistakes", "labels"


class MistakesPanel(QWidget):
    """The rows that are called wrongly, or those whose label is probably wrong.

    ``filter_removed`` tells that the rows of one pair are no longer wanted, ``leave_out_asked``
    which rows to do without, and ``class_asked`` which is to have the suggested class.
    """

    filter_removed = Signal()
    leave_out_asked = Signal(list)
    class_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.mistakes")
        self._evaluation: Evaluation | None = None
        self._threshold = 0.5
        self._cell: Cell | None = None
        self._mending: Mending | None = None
        self.model = MistakesModel()
        self.header = PanelHeader(tr("Worst mistakes"), name="evaluate.mistakes.header")
        self.filter = TagButton("", "accent", "x", "evaluate.filter", tr("Show all mistakes"))
        self.filter.clicked.connect(self.filter_removed)
        self.header.add(self.filter)
        self.leave_all = button(
            "", "secondary", "trash", name="evaluate.labels.leave_all", small=True
        )
        self.leave_all.clicked.connect(lambda: self.leave_out_asked.emit(self._remaining()))
        self.header.add(self.leave_all)
        self.view = SegmentedControl(
            [(MISTAKES, tr("Mistakes")), (LABELS, tr("Doubtful labels"))], MISTAKES, "evaluate.view"
        )
        self.view.segment(LABELS).setToolTip(
            tr("Labels that are probably wrong: the network has not trained on these rows")
        )
        self.view.changed.connect(self._choose_view)
        self.header.add(self.view)
        self.table = QTableView(objectName="evaluate.mistakes.table")
        self.table.setAccessibleName(tr("Worst mistakes"))
        self.table.setModel(self.model)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultSectionSize(124)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setMinimumSectionSize(64)
        self.table.selectionModel().currentRowChanged.connect(self._show_answer)
        left = QWidget()
        toned(left, "panel")
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.header, rule(), self.table):
            layout.addWidget(widget)
        self.answer_header = PanelHeader(tr("The answer"), name="evaluate.answer.header")
        self.bars = AnswerBars("evaluate.answer")
        self._hint = label("", "label", "secondary", wrap=True)
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(16, 12, 16, 12)
        self.picture = QLabel(objectName="evaluate.answer.picture")
        self.picture.setAccessibleName(tr("The picture"))
        inner.addWidget(self.picture)
        inner.addWidget(self.bars)
        self.leave_one = button(
            tr("Leave out"), "secondary", "trash", name="evaluate.labels.leave_one", small=True
        )
        self.leave_one.clicked.connect(lambda: self.leave_out_asked.emit([self._selected()]))
        self.take_class = button("", "secondary", "tagi", name="evaluate.labels.class", small=True)
        self.take_class.clicked.connect(lambda: self.class_asked.emit(self._selected()))
        self._mend = row(self.leave_one, self.take_class, None)
        inner.addWidget(self._mend)
        inner.addWidget(self._hint)
        inner.addStretch(1)
        self._right = QWidget()
        toned(self._right, "panel")
        right = QVBoxLayout(self._right)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        for widget in (self.answer_header, rule(), scroll(body)):
            right.addWidget(widget)
        self._right.setMinimumWidth(240)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(
            splitter(
                Qt.Orientation.Horizontal,
                left,
                self._right,
                sizes=(960, 360),
                name="evaluate.mistakes.split",
            )
        )
        self.setMinimumHeight(150)

    def show_evaluation(self, evaluation: Evaluation, threshold: float) -> None:
        """Show the mistakes of an evaluation."""
        self._evaluation, self._threshold, self._cell = evaluation, threshold, None
        self._mending = None
        doubts = evaluation.doubts
        self.view.setVisible(doubts is not None)
        if doubts is None:
            self.view.set_value(MISTAKES)
        else:
            words = tr("Doubtful labels · {}").format(count_text(len(doubts.labels)))
            self.view.segment(LABELS).setText(words)
        self.model.set_source(SourceRows())
        self._right.setVisible(evaluation.predictions.kind != "value")
        self._fill()

    def set_source(self, source: SourceRows) -> None:
        """Add the columns of the data."""
        self.model.set_source(source)
        self._select_first()

    def set_mending(self, mending: Mending | None, why_not: str = "") -> None:
        """Say how rows can be left out of the project, or why they cannot."""
        self._mending = mending
        for part in (self.leave_all, self.leave_one, self.take_class):
            part.setToolTip(why_not)
        self._show_mending()

    @property
    def mending(self) -> Mending | None:
        """How rows can be left out; None where they cannot."""
        return self._mending

    def _choose_view(self) -> None:
        self._cell = None
        self.filter_removed.emit()
        self._fill()

    def _selected(self) -> Mistake | None:
        at = self.table.currentIndex()
        listed = self.model.mistakes
        return listed[at.row()] if at.isValid() and at.row() < len(listed) else None

    def _remaining(self) -> list[Mistake]:
        """Return the rows listed that the project does not leave out already."""
        if self._mending is None:
            return self.model.mistakes
        gone = self._mending.left_out(self.model.mistakes)
        return [each for each in self.model.mistakes if each.row not in gone]

    def _show_mending(self) -> None:
        """Offer what can be done about the labels that are listed and the one that is selected."""
        chosen, left = self._selected(), self._remaining()
        labels = self.view.value == LABELS
        may = self._mending is not None
        self.leave_all.setVisible(labels and bool(self.model.mistakes))
        self.leave_all.setEnabled(may and bool(left))
        words = tr("Leave out all {}").format(count_text(len(left)))
        self.leave_all.setText(words if left else tr("All are left out"))
        self._mend.setVisible(labels and chosen is not None)
        if chosen is None:
            return
        gone = chosen not in left
        self.leave_one.setText(tr("Mended") if gone else tr("Leave out"))
        self.leave_one.setEnabled(may and not gone)
        self.take_class.setVisible(self._mending is not None and self._mending.may_reclass)
        self.take_class.setEnabled(not gone)
        self.take_class.setText(tr("Change to {}").format(chosen.predicted))

    def set_threshold(self, threshold: float) -> None:
        """Look for the mistakes at another threshold."""
        if threshold != self._threshold:
            self._threshold = threshold
            self._fill()

    def set_filter(self, cell: Cell | None) -> None:
        """Show only the rows of one true and predicted class."""
        if cell is not None:
            self.view.set_value(MISTAKES)
        self._cell = cell
        self._fill()

    def _fill(self) -> None:
        assert self._evaluation is not None
        predictions, cell = self._evaluation.predictions, self._cell
        doubts = self._evaluation.doubts
        if doubts is not None and self.view.value == LABELS:
            self._fill_labels(predictions, doubts)
            return
        mistakes = find_mistakes(predictions, self._threshold, cell)
        values = predictions.kind == "value"
        self.model.set_mistakes(mistakes, values=values)
        rows = tr("{} of {}").format(count_text(len(mistakes)), count_text(len(predictions.truth)))
        self.header.set_title(tr("Farthest off") if values else tr("Worst mistakes"))
        self.header.set_detail(rows if values else tr("{}, surest first").format(rows))
        self.filter.setVisible(cell is not None)
        if cell is not None:
            true, said = predictions.classes[cell.true], predictions.classes[cell.predicted]
            self.header.set_title(tr("Rows"))
            words = tr("{} recognised") if cell.true == cell.predicted else tr("{} taken for {}")
            self.filter.set(words.format(true, said), "accent", "x")
        self._select_first()

    def _fill_labels(self, predictions: Predictions, doubts: DoubtfulLabels) -> None:
        self.model.set_mistakes(doubtful_rows(predictions, doubts), values=False, doubts=True)
        self.filter.setVisible(False)
        self.header.set_title(tr("Doubtful labels"))
        rows = tr("{} of {}").format(count_text(len(doubts.labels)), count_text(doubts.looked_at))
        self.header.set_detail(tr("{}, likeliest wrong first").format(rows))
        self._select_first()

    def _select_first(self) -> None:
        if self.model.rowCount():
            self.table.selectRow(0)
        self._show_answer(self.table.currentIndex())

    def _show_answer(self, index: QModelIndex, _before: QModelIndex | None = None) -> None:
        evaluation = self._evaluation
        self._show_mending()
        if evaluation is None or evaluation.predictions.kind == "value":
            return
        if not index.isValid() or index.row() >= len(self.model.mistakes):
            self.answer_header.set_detail("")
            self.picture.hide()
            self.bars.show_answers((), "")
            labels = self.view.value == LABELS
            none = tr("No label looks wrong.") if labels else tr("There are no mistakes here.")
            self._hint.setText(none)
            return
        mistake, predictions = self.model.mistakes[index.row()], evaluation.predictions
        scores = np.asarray(predictions.scores[mistake.place])
        answers = list(zip(predictions.classes, map(float, scores), strict=True))
        binary = predictions.kind == "binary"
        tick = (predictions.classes[1], self._threshold) if binary else None
        self.answer_header.set_detail(tr("row {}").format(count_text(mistake.row + 1)))
        self.bars.show_answers(answers, mistake.predicted, true=mistake.true, tick=tick)
        self._hint.setText("")
        path = self.model.picture_of(index)
        pixmap = QPixmap() if path is None else picture_within(path, PICTURE)
        self.picture.setPixmap(pixmap)
        self.picture.setVisible(not pixmap.isNull())


def picture_within(path: str, side: int) -> QPixmap:
    """Read a picture upright and as large as fits a square; small ones are shown in whole pixels.

    The pixmap is null when Qt cannot read the file.
    """
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    larger = max(size.width(), size.height())
    if larger > side:
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull() or larger > side:
        return QPixmap.fromImage(image)
    return QPixmap.fromImage(image.scaled(image.size() * max(1, side // max(1, larger))))
