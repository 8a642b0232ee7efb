"""Cards of steps below each other, put in order by their grips."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from modelstudio.ui.pages.data.step_card import StepCard
from modelstudio.ui.theme import theme


class StepList(QWidget):
    """The cards below each other, with a line where a dragged one would go."""

    moved = Signal(int, int)

    def __init__(self, may_move: Callable[[int, int], bool], title: str, name: str):
        super().__init__(objectName=name)
        self.setAccessibleName(title)
        self.cards: list[StepCard] = []
        self._may_move = may_move
        self._line = _DropLine(self)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addStretch(1)

    def set_cards(self, cards: list[StepCard]) -> None:
        """Put other cards in the place of those before; the keyboard stays at its place."""
        focus = QApplication.focusWidget()
        held = next((at for at, card in enumerate(self.cards) if _holds(card, focus)), None)
        for card in self.cards:
            self.column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = cards
        for at, card in enumerate(cards):
            self.column.insertWidget(at, card)
            card.show()  # by itself it shows later, and what is hidden takes no focus
            card.has_neighbour = partial(self._has_neighbour, at)
            card.dragged.connect(lambda y, at=at: self._drag(at, y))
            card.dropped.connect(lambda y, at=at: self._drop(at, y))
        if held is not None and cards:
            cards[min(held, len(cards) - 1)].setFocus()

    def _has_neighbour(self, at: int, by: int) -> bool:
        return 0 <= at + by < len(self.cards)

    def _target(self, source: int, y: int) -> int:
        """Return the place that a card dropped at ``y`` would have."""
        gap = sum(y > card.geometry().center().y() for card in self.cards)
        return gap - 1 if gap > source else gap

    def _drag(self, source: int, y: int) -> None:
        target = self._target(source, y)
        self._line.allowed = self._may_move(source, target)
        after = target if target > source else target - 1
        edge = self.cards[after].geometry().bottom() if after >= 0 else 0
        self._line.setGeometry(0, max(edge - 1, 0), self.width(), 3)
        self._line.setVisible(target != source)
        self._line.raise_()
        self._line.update()

    def _drop(self, source: int, y: int) -> None:
        self._line.hide()
        if (target := self._target(source, y)) != source:
            self.moved.emit(source, target)


def _holds(card: QWidget, widget: QWidget | None) -> bool:
    return widget is not None and (card is widget or card.isAncestorOf(widget))


class _DropLine(QWidget):
    """Where the dragged step would go; in the colour of errors when it may not."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.allowed = True
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QEvent) -> None:
        color = theme().color("accent" if self.allowed else "error")
        QPainter(self).fillRect(self.rect(), color)
