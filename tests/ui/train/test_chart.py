from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.ui.pages.train.chart import Best, CurveChart, Trace
from modelstudio.ui.pages.train.series import Curve
from modelstudio.ui.theme import theme


@pytest.fixture
def chart(qtbot: QtBot) -> CurveChart:
    chart = CurveChart("train.loss")
    qtbot.addWidget(chart)
    chart.resize(600, 300)
    chart.show()
    curve = Curve()
    curve.extend([float(e) for e in range(1, 21)], [1 / e for e in range(1, 21)])
    chart.draw(
        [Trace("main", "Run 1 train", curve, theme().chart("train"))], (0.0, 20.0), Best(20, 0.05)
    )
    qtbot.waitUntil(lambda: chart.getViewBox().width() > 100)
    return chart


def place(chart: CurveChart, epoch: float) -> QPoint:
    view = chart.getViewBox()
    low, high = view.viewRange()[1]
    return chart.mapFromScene(view.mapViewToScene(QPointF(epoch, (low + high) / 2)))


def drag(widget: QWidget, points: list[QPoint]) -> None:
    """Send the mouse events of a drag with the left button."""
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * (len(points) - 1)]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, point in zip(
        [*kinds, QEvent.Type.MouseButtonRelease], [*points, points[-1]], strict=True
    ):
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        where = QPointF(point), QPointF(widget.mapToGlobal(point))
        event = QMouseEvent(kind, *where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(widget, event)


def test_the_pointer_moves_the_crosshair_to_the_nearest_epoch(
    chart: CurveChart, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(chart.pointed) as told:
        QTest.mouseMove(chart.viewport(), place(chart, 7.2))
    assert told.args == [7]
    assert chart.tip.isVisible()


@pytest.mark.parametrize("epoch", [1, 10, 20])
def test_the_tooltip_stays_inside_the_plot(chart: CurveChart, epoch: int) -> None:
    chart.show_tip(epoch)
    plot = chart.getViewBox().sceneBoundingRect()
    assert plot.left() <= chart.tip.x()
    assert chart.tip.x() + chart.tip.width() <= plot.right() + 1


def test_a_drag_asks_for_a_range_of_epochs(chart: CurveChart, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chart.ranged) as told:
        drag(chart.viewport(), [place(chart, epoch) for epoch in (5, 6, 8, 10)])
    assert told.args[0] == pytest.approx((5, 10), abs=0.3)


def test_the_view_covers_what_is_drawn(chart: CurveChart) -> None:
    (left, right), (low, high) = chart.getViewBox().viewRange()
    assert left <= 0
    assert right >= 20
    assert low < 0.05
    assert high > 1


def test_a_logarithmic_axis_shows_logarithms(chart: CurveChart) -> None:
    chart.set_log(True)
    curve = Curve()
    curve.extend([1.0, 2.0], [1.0, 0.01])
    chart.draw([Trace("main", "t", curve, theme().chart("train"))], (0.0, 2.0))
    low, high = chart.getViewBox().viewRange()[1]
    assert low == pytest.approx(-2, abs=0.2)
    assert high == pytest.approx(0, abs=0.2)


def test_a_curve_that_is_gone_is_taken_away(chart: CurveChart) -> None:
    before = len(chart.plotItem.listDataItems()) + len(chart._items)
    chart.draw([], (0.0, 20.0))
    assert len(chart._items) == 0 < before


def test_what_is_drawn_of_many_points_is_bounded(chart: CurveChart) -> None:
    curve = Curve(0.5)
    x = np.linspace(0, 20, 100_000)
    curve.extend(list(x), list(np.sin(x)))
    chart.draw([Trace("main", "t", curve, theme().chart("train"))], (0.0, 20.0))
    drawn = [len(item.getData()[0]) for item in chart._items.values()]
    assert len(drawn) == 2
    assert max(drawn) <= 2 * chart.getViewBox().width() + 2
