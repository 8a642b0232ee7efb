"""A small sheet over the page that a click elsewhere or Escape puts away."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QLayout, QSizePolicy, QWidget

from modelstudio.ui.pages import Page
from modelstudio.ui.widgets import label, toned

_MARGIN = 8

Part = TypeVar("Part", bound=QWidget)


class Sheet(QFrame):
    """Lies inside the page that its opener is on, so that it needs no window of its own.

    Tab stays inside; what hides the page puts the sheet away.
    """

    def __init__(self, opener: QWidget, name: str, width: int):
        parent = _page_of(opener)
        super().__init__(parent, objectName=name)
        toned(self, "popup")
        self.setFixedWidth(width)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._area = parent
        self._before: QWidget | None = None
        self._edge = (0, False)
        self.hide()

    def open_at(self, corner: QPoint, *, above: bool = False) -> None:
        """Show it inside the page with its upper left corner, or its lower, at a screen point."""
        area = self._area
        at = area.mapFromGlobal(corner)
        self._edge = (at.y(), above)
        self.move(max(_MARGIN, min(at.x(), area.width() - self.width() - _MARGIN)), at.y())
        self.fit()
        self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        self.setFocus()

    def fit(self) -> None:
        """Make it as high as what it holds; the edge at its opener stays where there is room."""
        for part in self.findChildren(QWidget):
            part.ensurePolished()
        if self.hasHeightForWidth():
            self.ensurePolished()
            self.setFixedHeight(self.heightForWidth(self.width()))
        edge, above = self._edge
        lowest = self._area.height() - self.height() - _MARGIN
        top = edge - self.height() if above else edge
        self.move(self.x(), max(_MARGIN, min(top, lowest)))

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self.fit()
        return done

    def dismiss(self) -> None:
        """Put it away and give the keyboard back."""
        self.close()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        outside = isinstance(watched, QWidget) and not self._holds(watched)
        if event.type() == QEvent.Type.MouseButtonPress and outside:
            self.close()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        start = QApplication.focusWidget() or self
        reasons = Qt.FocusReason
        at = _neighbour(start, forward)
        while at is not None and at is not start:
            stops = bool(at.focusPolicy() & Qt.FocusPolicy.TabFocus) and at.focusProxy() is None
            if stops and at.isVisible() and at.isEnabled() and self._holds(at):
                at.setFocus(reasons.TabFocusReason if forward else reasons.BacktabFocusReason)
                return True
            at = _neighbour(at, forward)
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if (app := QApplication.instance()) is not None:
            app.installEventFilter(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.hide()  # or it would come back together with its page
        if (app := QApplication.instance()) is not None:
            app.removeEventFilter(self)

    def _holds(self, widget: QWidget | None) -> bool:
        """Return True for its own parts, the list of a combo box among them."""
        while widget is not None and widget is not self:
            widget = widget.parentWidget()
        return widget is self


def _page_of(widget: QWidget) -> QWidget:
    """Return the page that a widget is on, or its window."""
    at: QWidget | None = widget
    while at is not None and not isinstance(at, Page):
        at = at.parentWidget()
    return at or widget.window()


def empty(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def wrapped(text: str, type: str = "label", role: str = "secondary") -> QLabel:
    """Return a label as high as its lines; it learns that it wraps when the text is set."""
    made = label("", type, role, wrap=True)
    made.setText(text)
    return made


def wide(widget: Part) -> Part:
    """Let a widget take the room that is left in its row, and return it."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
    return widget


def _neighbour(widget: QWidget, forward: bool) -> QWidget | None:
    return widget.nextInFocusChain() if forward else widget.previousInFocusChain()
