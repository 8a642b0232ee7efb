from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.engine import metrics
from modelstudio.engine.results import Baseline, Evaluation, Predictions
from modelstudio.ui.pages.evaluate.boards import ClassBoard, ValueBoard
from modelstudio.ui.pages.evaluate.confusion import MOST, Cell, ConfusionMatrix
from modelstudio.ui.pages.evaluate.labels import LabelBoard
from modelstudio.ui.pages.evaluate.mistakes import SourceRows, find_mistakes
from modelstudio.ui.pages.evaluate.ranking import RankingBoard
from modelstudio.ui.pages.evaluate.roc import RocViewer
from modelstudio.ui.pages.evaluate.scores import ScoreStrip
from modelstudio.ui.theme import theme

MakeEvaluation = Callable[..., Evaluation]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def matrix(qtbot: QtBot) -> ConfusionMatrix:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(460, 420)
    matrix.set_counts(np.array([[8, 2, 0], [1, 9, 0], [0, 5, 5]]), ("a", "b", "c"))
    matrix.show()
    return matrix


def middle(matrix: ConfusionMatrix, true: int, predicted: int) -> QPoint:
    return matrix.cell_rect(Cell(true, predicted)).center().toPoint()


def test_a_click_chooses_a_pair_and_a_second_lets_it_go(
    matrix: ConfusionMatrix, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(matrix.chosen) as told:
        QTest.mouseClick(matrix, LEFT, pos=middle(matrix, 2, 1))
    assert told.args == [Cell(2, 1)]
    with qtbot.waitSignal(matrix.chosen) as told:
        QTest.mouseClick(matrix, LEFT, pos=middle(matrix, 2, 1))
    assert told.args == [None]


def test_arrow_keys_move_and_enter_chooses(matrix: ConfusionMatrix, qtbot: QtBot) -> None:
    matrix.setFocus()
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    with qtbot.waitSignal(matrix.chosen) as told:
        QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert told.args == [Cell(1, 1)]
    assert "9 of 10 rows" in matrix.accessibleDescription()


def test_cells_say_counts_or_shares_of_their_row(matrix: ConfusionMatrix) -> None:
    assert matrix.text(Cell(2, 1)) == "5"
    matrix.set_percent(True)
    assert matrix.text(Cell(2, 1)) == "50.0 %"
    assert matrix.text(Cell(0, 0)) == "80.0 %"


def test_a_fuller_cell_is_nearer_the_end_of_the_scale(matrix: ConfusionMatrix) -> None:
    picture = matrix.grab().toImage()
    ratio = picture.devicePixelRatio()

    def corner(true: int, predicted: int) -> QColor:
        at = matrix.cell_rect(Cell(true, predicted)).topLeft() + QPointF(6, 6)
        return picture.pixelColor((at * ratio).toPoint())

    def distance(color: QColor, other: QColor) -> int:
        return sum(abs(a - b) for a, b in zip(color.getRgb(), other.getRgb(), strict=True))

    top = theme().sequential[-1]
    assert distance(corner(1, 1), top) < distance(corner(2, 1), top) < distance(corner(0, 2), top)


def test_of_many_classes_the_most_confused_are_shown(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    counts = np.diag(np.full(30, 10))
    counts[29, 3] = 7
    matrix.set_counts(counts, [f"class {k}" for k in range(30)])
    assert len(matrix._shown) == MOST
    assert {3, 29} <= set(matrix._shown)
    matrix.grab()


@pytest.fixture
def viewer(qtbot: QtBot, make_evaluation: MakeEvaluation) -> RocViewer:
    viewer = RocViewer()
    qtbot.addWidget(viewer)
    viewer.resize(900, 480)
    viewer.show_evaluation(make_evaluation())
    viewer.show()
    qtbot.waitUntil(lambda: viewer.plot.getViewBox().width() > 100)
    return viewer


def at(viewer: RocViewer, fpr: float, tpr: float) -> QPoint:
    view = viewer.plot.getViewBox()
    return viewer.plot.mapFromScene(view.mapViewToScene(QPointF(fpr, tpr)))


def drag(widget: QWidget, points: list[QPoint]) -> None:
    """Send the mouse events of a drag with the left button."""
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * (len(points) - 1)]
    none = Qt.MouseButton.NoButton
    for kind, point in zip(
        [*kinds, QEvent.Type.MouseButtonRelease], [*points, points[-1]], strict=True
    ):
        button = none if kind == QEvent.Type.MouseMove else LEFT
        held = none if kind == QEvent.Type.MouseButtonRelease else LEFT
        where = QPointF(point), QPointF(widget.mapToGlobal(point))
        event = QMouseEvent(kind, *where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)


def test_the_ring_is_dragged_along_the_curve(viewer: RocViewer) -> None:
    ring = viewer.plot.ring
    start = at(viewer, ring.pos().x(), ring.pos().y())
    way = [start, at(viewer, 0.3, 0.7), at(viewer, 0.5, 0.95), at(viewer, 0.62, 1.0)]
    before = viewer.threshold
    drag(viewer.plot.viewport(), way)
    assert viewer.threshold < before
    outcome = viewer.outcome
    assert (ring.pos().x(), ring.pos().y()) == pytest.approx((outcome.fpr, outcome.recall))
    sweep = viewer._sweep
    assert np.min(np.hypot(sweep.fpr - ring.pos().x(), sweep.tpr - ring.pos().y())) < 1e-9
    assert outcome.fpr == pytest.approx(0.62, abs=0.08)


def test_slider_field_and_figures_follow_the_threshold(viewer: RocViewer) -> None:
    viewer.field.setText("0.25")
    viewer.field.editingFinished.emit()
    assert viewer.threshold == 0.25
    assert viewer.slider.value() == 250
    outcome = viewer.outcome
    assert viewer._rates[1].text() == f"{100 * outcome.recall:.1f} %"
    assert [value.text() for value in viewer._counts] == [str(count) for count in outcome[1:]]
    viewer.slider.setValue(700)
    assert viewer.threshold == 0.7
    assert viewer.field.text() == "0.7"
    viewer.field.setText("7")
    viewer.field.editingFinished.emit()
    assert viewer.threshold == 0.7
    assert viewer.field.text() == "0.7"


def test_keys_move_the_threshold_by_a_hundredth(viewer: RocViewer) -> None:
    viewer.plot.setFocus()
    QTest.keyClick(viewer.plot, Qt.Key.Key_Left)
    assert viewer.threshold == 0.51
    QTest.keyClick(viewer.plot, Qt.Key.Key_Right)
    QTest.keyClick(viewer.plot, Qt.Key.Key_Right)
    assert viewer.threshold == 0.49


def test_costs_move_the_diamond_and_the_button_goes_there(viewer: RocViewer) -> None:
    viewer.miss.setValue(15)
    best = viewer._sweep.cheapest(1, 15)
    assert best.threshold < 0.5
    viewer.cheapest.click()
    assert viewer.outcome == best
    assert not viewer.cheapest.isEnabled()


def test_of_several_classes_one_stands_against_the_rest(
    qtbot: QtBot, make_evaluation: MakeEvaluation
) -> None:
    viewer = RocViewer()
    qtbot.addWidget(viewer)
    evaluation = make_evaluation("classes")
    viewer.show_evaluation(evaluation)
    assert viewer.class_choice.count() == 3
    assert viewer.use.isHidden()
    viewer.class_choice.setCurrentIndex(2)
    viewer.class_choice.activated.emit(2)
    positives = int((evaluation.predictions.truth == 2).sum())
    assert viewer.outcome.found + viewer.outcome.missed == positives


def test_beside_the_curves_nothing_is_cut_off(
    viewer: RocViewer, make_evaluation: MakeEvaluation
) -> None:
    """Long names of classes give way, as the column is no wider."""
    three = make_evaluation("classes")
    side = viewer.findChild(QScrollArea, "evaluate.roc.side").widget()

    def width(name: str) -> int:
        curves = tuple(replace(curve, label=name) for curve in three.roc)
        viewer.show_evaluation(replace(three, roc=curves))
        return side.minimumSizeHint().width()

    assert width("Chinstrap of the northern islands") == width("A")


def test_the_board_follows_the_threshold(qtbot: QtBot, make_evaluation: MakeEvaluation) -> None:
    board = ClassBoard()
    qtbot.addWidget(board)
    evaluation = make_evaluation()
    board.show_evaluation(evaluation)
    assert np.array_equal(board.matrix.counts, evaluation.confusion)
    with qtbot.waitSignal(board.moved) as told:
        board.roc.set_threshold(0.9)
    assert told.args[0].threshold == 0.9
    again = make_evaluation(threshold=0.9)
    assert np.array_equal(board.matrix.counts, again.confusion)
    wrong = again.confusion.sum() - np.trace(again.confusion)
    assert board.mistakes.model.rowCount() == wrong
    with qtbot.waitSignal(board.moved) as told:
        board.roc.set_threshold(0.5)
    assert told.args == [None]


def test_a_chosen_cell_filters_the_mistakes(qtbot: QtBot, make_evaluation: MakeEvaluation) -> None:
    board = ClassBoard()
    qtbot.addWidget(board)
    evaluation = make_evaluation("classes")
    board.show_evaluation(evaluation)
    board.matrix.chosen.emit(Cell(0, 2))
    model = board.mistakes.model
    assert model.rowCount() == evaluation.confusion[0, 2] > 0
    assert {(m.true, m.predicted) for m in model.mistakes} == {("a", "c")}
    assert not board.mistakes.filter.isHidden()
    board.mistakes.filter.click()
    assert model.rowCount() == evaluation.confusion.sum() - np.trace(evaluation.confusion)


def test_mistakes_come_surest_first(make_evaluation: MakeEvaluation) -> None:
    for kind in ("binary", "classes"):
        mistakes = find_mistakes(make_evaluation(kind).predictions, 0.5)
        sure = [mistake.sureness for mistake in mistakes]
        assert sure == sorted(sure, reverse=True)
        assert all(mistake.true != mistake.predicted for mistake in mistakes)


def test_values_come_farthest_off_first(qtbot: QtBot, make_evaluation: MakeEvaluation) -> None:
    board = ValueBoard()
    qtbot.addWidget(board)
    evaluation = make_evaluation("value")
    board.show_evaluation(evaluation)
    off = [abs(mistake.sureness) for mistake in board.mistakes.model.mistakes]
    assert off == sorted(off, reverse=True)
    heights = board.residuals._bars.opts["height"]
    assert heights.sum() == len(evaluation.predictions.truth)


def test_columns_of_the_data_stand_beside_the_mistakes(
    qtbot: QtBot, make_evaluation: MakeEvaluation
) -> None:
    board = ClassBoard()
    qtbot.addWidget(board)
    evaluation = make_evaluation()
    board.show_evaluation(evaluation)
    numbers = [float(k) for k in range(len(evaluation.predictions.truth))]
    board.set_source(SourceRows(("age",), (numbers,)))
    model = board.mistakes.model
    first = model.mistakes[0]
    assert model.headerData(4, Qt.Orientation.Horizontal) == "age"
    assert model.data(model.index(0, 4)) == f"{first.place}"
    assert model.data(model.index(0, 0)) == f"{first.row + 1}"


def test_the_picture_of_a_mistake_is_shown(
    qtbot: QtBot, make_evaluation: MakeEvaluation, tmp_path: Path
) -> None:
    (tmp_path / "cat").mkdir()
    paths = [str(tmp_path / "cat" / f"{row:03}.png") for row in range(300)]
    board = ClassBoard()
    qtbot.addWidget(board)
    board.show_evaluation(make_evaluation())
    panel, model = board.mistakes, board.mistakes.model
    first, second = (model.mistakes[at].place for at in (0, 1))
    picture = QPixmap(30, 20)
    picture.fill(QColor("red"))
    picture.save(paths[first])
    Path(paths[second]).write_text("no picture")
    board.set_source(SourceRows(("file",), (paths,), "file"))
    assert model.data(model.index(0, 4)) == f"cat/{first:03}.png"
    assert model.data(model.index(0, 4), Qt.ItemDataRole.ToolTipRole) == paths[first]
    assert not panel.picture.isHidden()
    assert panel.picture.pixmap().size() == QSize(150, 100)
    panel.table.selectRow(1)
    assert panel.picture.isHidden()


def test_the_curve_of_hits_goes_through_the_hit_rate(qtbot: QtBot) -> None:
    generator = np.random.default_rng(1)
    scores = generator.random((400, 100))
    popular = Predictions("ranking", (), np.ones(400, int), scores, np.arange(400), {})
    better = scores.copy()
    better[:, 0] **= 0.2
    ranked = replace(popular, scores=better)
    base = Baseline("popularity", popular, metrics.score(popular, intervals=False))
    found = Evaluation("r", "test", ranked, metrics.score(ranked, intervals=False), baseline=base)
    found = replace(found, notes=("Ranked among 99.",))
    board, strip = RankingBoard(), ScoreStrip()
    for widget in (board, strip):
        qtbot.addWidget(widget)
        widget.show_evaluation(found)
    lengths, rates = board.plot._curves["model"].getData()
    assert rates[list(lengths).index(10)] == pytest.approx(found.score("hr_at_10"))
    assert (rates > board.plot._curves["popularity"].getData()[1]).all()
    assert board.told.text() == "Ranked among 99."
    title = strip._cells["hr_at_10"][0].text()
    assert title == f"HR@10 · by popularity {base.scores[0].value:.3f}"


def test_each_label_has_its_row_and_its_curve(qtbot: QtBot) -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 2, (200, 3))
    chances = np.clip(0.5 * truth + 0.6 * generator.random((200, 3)), 0, 1)
    told = Predictions("labels", ("a", "b", "c"), truth, chances, np.arange(200), {})
    found = Evaluation(
        "r",
        "test",
        told,
        metrics.score(told, intervals=False),
        roc=metrics.roc_curves(told),
        labels=metrics.each_label(told, 0.5),
    )
    board = LabelBoard()
    qtbot.addWidget(board)
    board.show_evaluation(found)
    shown = [[board.table.item(row, at).text() for at in range(3)] for row in range(3)]
    assert shown[1] == ["b", str(truth[:, 1].sum()), str((chances[:, 1] >= 0.5).sum())]
    board.table.setCurrentCell(2, 0)
    assert board.roc.class_choice.currentText() == "c"
    outcome = board.roc.outcome
    assert outcome is not None
    assert outcome.recall == pytest.approx(found.labels[2].recall)
    assert not board.roc.use.isHidden()
