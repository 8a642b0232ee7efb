"""Labels, buttons and boxes that carry the theme's properties."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAction, QRegion, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QSplitterHandle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.theme import icon as themed_icon
from modelstudio.ui.theme import theme

Item = QWidget | QLayout | int | None


def semibold(text: str) -> str:
    """Let ``<b>`` take the boldest weight that the font has; bolder is only smeared."""
    return text.replace("<b>", '<b style="font-weight: 600">')


def label(
    text: str = "", type: str = "base", role: str = "", *, wrap: bool = False, name: str = ""
) -> QLabel:
    """Return a label in a type style and a text role."""
    made = QLabel(semibold(text), objectName=name, wordWrap=wrap)
    made.setProperty("type", type)
    made.setProperty("role", role)
    return made


class ElidedLabel(QLabel):
    """A label that shortens its text instead of asking for room; the tooltip has all of it."""

    def __init__(
        self,
        text: str = "",
        type: str = "base",
        role: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ):
        super().__init__()
        self._mode = mode
        self._full = ""
        self.setProperty("type", type)
        self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.set_full_text(text)

    def full_text(self) -> str:
        """Return the text before shortening."""
        return self._full

    def set_full_text(self, text: str) -> None:
        """Show a text as far as there is room."""
        self._full = text
        self.setAccessibleName(text)
        self._elide()

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self._full) + 2
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(16, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._elide()

    def _elide(self) -> None:
        short = self.fontMetrics().elidedText(self._full, self._mode, max(self.width(), 16))
        if short != self.text():
            self.setText(short)
        self.setToolTip(self._full if short != self._full else "")


_ICON_ROLES = {"primary": "onAccent", "danger": "error", "tinted": "accent", "link": "accent"}


def button(
    text: str,
    kind: str = "secondary",
    icon: str = "",
    tip: str = "",
    name: str = "",
    *,
    small: bool = False,
) -> QPushButton:
    """Return a push button: primary, secondary, ghost, danger, link or tinted."""
    made = QPushButton(text, objectName=name, toolTip=tip, autoDefault=False)
    made.setProperty("kind", kind)
    made.setProperty("small", small)
    made.setAccessibleName(text)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    if kind == "link":
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if icon:
        made.setIcon(themed_icon(icon, _ICON_ROLES.get(kind, "text")))
        made.setIconSize(QSize(22, 16))
    return made


def icon_button(icon: str, tip: str, name: str, *, checkable: bool = False) -> QToolButton:
    """Return a button that is only an icon; ``tip`` is its accessible name."""
    made = QToolButton(objectName=name, toolTip=tip, checkable=checkable, iconSize=QSize(16, 16))
    made.setIcon(themed_icon(icon, "textSecondary", "accent"))
    made.setAccessibleName(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def action_button(action: QAction, *, text: bool = True) -> QToolButton:
    """Return a tool button that follows an action."""
    width = 22 if text else 16
    made = QToolButton(objectName=f"{action.objectName()}.button", iconSize=QSize(width, 16))
    made.setDefaultAction(action)
    made.setProperty("kind", "ghost")
    made.setProperty("wide", text)
    made.setAccessibleName(action.text())
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    style = Qt.ToolButtonStyle
    made.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
    return made


def rule(*, vertical: bool = False) -> QFrame:
    """Return a line of one pixel."""
    line = QFrame()
    line.setProperty("rule", True)
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def row(
    *items: Item, spacing: int = 8, margins: int | tuple[int, int, int, int] = 0, tone: str = ""
) -> QWidget:
    """Return a box with items side by side; an int is a fixed gap, None stretches."""
    return _box(QHBoxLayout(), items, spacing, margins, tone)


def column(
    *items: Item, spacing: int = 8, margins: int | tuple[int, int, int, int] = 0, tone: str = ""
) -> QWidget:
    """Return a box with items below each other; an int is a fixed gap, None stretches."""
    return _box(QVBoxLayout(), items, spacing, margins, tone)


def _box(
    layout: QBoxLayout,
    items: tuple[Item, ...],
    spacing: int,
    margins: int | tuple[int, int, int, int],
    tone: str,
) -> QWidget:
    box = QWidget()
    if tone:
        box.setProperty("tone", tone)
        box.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    layout.setSpacing(spacing)
    layout.setContentsMargins(*((margins,) * 4 if isinstance(margins, int) else margins))
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)
    box.setLayout(layout)
    return box


def toned(widget: QWidget, tone: str) -> QWidget:
    """Give a widget one of the surface tones and return it."""
    widget.setProperty("tone", tone)
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    return widget


class Splitter(QSplitter):
    """A splitter with one-pixel handles; a double click on one goes back to the first sizes."""

    def __init__(self, orientation: Qt.Orientation, sizes: tuple[int, ...] = (), name: str = ""):
        super().__init__(orientation, objectName=name, handleWidth=1, childrenCollapsible=False)
        self.first_sizes = sizes

    def createHandle(self) -> QSplitterHandle:
        return _Handle(self.orientation(), self)


class _Handle(QSplitterHandle):
    """One pixel drawn, seven to take hold of."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        side_by_side = self.orientation() == Qt.Orientation.Horizontal
        margins = QMargins(3, 0, 3, 0) if side_by_side else QMargins(0, 3, 0, 3)
        if self.contentsMargins() != margins:
            self.setContentsMargins(margins)
        self.setAttribute(Qt.WidgetAttribute.WA_MouseNoMask)
        self.setMask(QRegion(self.contentsRect()))

    def mouseDoubleClickEvent(self, event: QEvent) -> None:
        owner = self.splitter()
        if isinstance(owner, Splitter) and owner.first_sizes:
            owner.setSizes(list(owner.first_sizes))


def splitter(
    orientation: Qt.Orientation, *widgets: QWidget, sizes: tuple[int, ...] = (), name: str = ""
) -> Splitter:
    """Return a splitter over ``widgets``; the widest of ``sizes`` takes what is left over."""
    made = Splitter(orientation, sizes, name)
    for widget in widgets:
        made.addWidget(widget)
    if sizes:
        made.setSizes(list(sizes))
        made.setStretchFactor(sizes.index(max(sizes)), 1)
    return made


def scroll(widget: QWidget, name: str = "", tone: str = "") -> QScrollArea:
    """Return a frameless area that scrolls ``widget`` up and down."""
    area = QScrollArea(objectName=name, widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    area.viewport().setAutoFillBackground(False)
    widget.setAutoFillBackground(False)
    if tone:
        toned(area, tone)
    return area


class Flow(QLayout):
    """Lay items out in lines that wrap, as words do."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 6):
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap = spacing
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, rect: QRect, *, move: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        for item in self._items:
            if (widget := item.widget()) is not None and widget.isHidden():
                continue
            hint = item.sizeHint()
            if x > rect.x() and x + hint.width() > rect.right() + 1:
                x, y, line = rect.x(), y + line + self._gap, 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x += hint.width() + self._gap
            line = max(line, hint.height())
        return y + line - rect.y()


def grow(widget: QWidget, set_size: Callable[[int], object], pixels: int) -> None:
    """Keep a size, given for text at 100 %, in step with the text of the widget."""

    def apply() -> None:
        set_size(theme().grown(pixels))

    apply()
    Watcher(widget, {QEvent.Type.StyleChange}, apply)


class Watcher(QObject):
    """Call a function when a widget gets one of some events."""

    def __init__(self, widget: QWidget, kinds: set[QEvent.Type], call: Callable[[], object]):
        super().__init__(widget)
        self._kinds, self._call = kinds, call
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in self._kinds:
            self._call()
        return False
