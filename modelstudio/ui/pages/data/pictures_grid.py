"""Pictures as tiles: filtered by part, class and name; space shows one large."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.pages.data.wording import counted
from modelstudio.ui.theme import paint_icon, theme, themes
from modelstudio.ui.widgets import (
    PanelHeader,
    SearchField,
    SegmentedControl,
    icon_button,
    label,
    rule,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.data.preview import PictureList

SIDES = (48, 72, 112)
"""Sides of a tile's picture, in pixels."""

_GAP = 14
_PARTS = (("", "All"), ("train", "Train"), ("validation", "Validation"), ("test", "Test"))

_PATH = Qt.ItemDataRole.UserRole
_ROOT = QModelIndex()


class PicturesModel(QAbstractListModel):
    """The pictures that pass the filters."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._list: PictureList | None = None
        self._order: list[int] = []
        self._shown: list[int] = []
        self.part = self.label = self.words = ""

    @property
    def listed(self) -> PictureList | None:
        """All pictures, whether they pass the filters or not."""
        return self._list

    def set_list(self, pictures: PictureList) -> None:
        """Show other pictures, those of all classes mixed."""
        self._list = pictures
        place: dict[str, int] = {}
        rank = []
        for told in pictures.labels:
            rank.append(place.get(told, 0))
            place[told] = rank[-1] + 1
        self._order = sorted(range(len(rank)), key=rank.__getitem__)
        self.narrow()

    def narrow(self) -> None:
        """Apply the filters anew."""
        self.beginResetModel()
        self._shown = []
        if self._list is not None:
            words, held = self.words.lower(), self._list
            self._shown = [
                row
                for row in self._order
                if self.part in ("", held.parts[row])
                and self.label in ("", held.labels[row])
                and (not words or words in Path(held.paths[row]).name.lower())
            ]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if self._list is None or not index.isValid():
            return None
        row = self._shown[index.row()]
        path, told = self._list.paths[row], self._list.labels[row]
        part = self._list.parts[row]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return told or Path(path).name
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(filter(None, (path, told, tr(part.capitalize()) if part else "")))
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{Path(path).name}, {told}"
            case _ if role == _PATH:
                return path
        return None


class TileDelegate(QStyledItemDelegate):
    """A picture with its label below; a file that cannot be shown is a red tile."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject):
        super().__init__(parent)
        self.thumbnails = thumbnails
        self.side = SIDES[1]

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(self.side + _GAP, self.side + _GAP + theme().grown(18))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now, path = theme(), index.data(_PATH)
        ratio = painter.device().devicePixelRatio()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = option.rect.left() + (option.rect.width() - self.side) // 2
        square = QRect(left, option.rect.top() + 4, self.side, self.side)
        pixels = round(self.side * ratio)
        broken = self.thumbnails.broken(path, pixels)
        picture = None if broken else self.thumbnails.get(path, pixels)
        painter.setPen(QPen(now.color("error" if broken else "border"), 1))
        painter.setBrush(now.color("errorTint" if broken else "window"))
        painter.drawRoundedRect(QRectF(square).adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4)
        if broken:
            place = QRectF(square.center().x() - 9, square.center().y() - 9, 18, 18)
            paint_icon(painter, place, "err", "error")
        elif picture is not None:
            picture.setDevicePixelRatio(ratio)
            size = picture.deviceIndependentSize().toSize()
            painter.drawPixmap(
                square.center().x() - size.width() // 2,
                square.center().y() - size.height() // 2,
                picture,
            )
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            focused = bool(state & QStyle.StateFlag.State_HasFocus)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("focusRing" if focused else "accent"), 2))
            painter.drawRoundedRect(QRectF(square).adjusted(-2, -2, 2, 2), 5, 5)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("error" if broken else "textSecondary"))
        words = tr("cannot read") if broken else index.data()
        below = QRect(
            option.rect.left() + 2, square.bottom() + 5, option.rect.width() - 4, now.grown(16)
        )
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)
        painter.restore()


class Grid(QListView):
    """Tiles in rows; Ctrl and the wheel change their size, Space shows one large."""

    resized = Signal(int)
    large_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.pictures.grid")
        self.setAccessibleName(tr("Pictures"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(2_000)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.resized.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self.large_wanted.emit(self.currentIndex().data(_PATH))
            return
        super().keyPressEvent(event)


class PicturesPanel(QFrame):
    """The pictures of a folder; ``chosen`` gives the path of the one that is selected."""

    chosen = Signal(str)
    table_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="data.pictures")
        self.setAccessibleName(tr("Pictures"))
        toned(self, "panel")
        self.setMinimumWidth(420)
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._soon.timeout.connect(self._narrow)
        self.header = PanelHeader("", name="data.pictures.header")
        self.part = SegmentedControl(
            [(key, tr(words)) for key, words in _PARTS], "", "data.pictures.part"
        )
        self.part.changed.connect(self._narrow)
        self.search = SearchField(tr("File name"), "data.pictures.search")
        self.search.setMaximumWidth(theme().grown(140))
        self.search.textChanged.connect(lambda _: self._soon.start())
        self.as_table = icon_button("table", tr("Show as a table"), "data.pictures.as_table")
        self.as_table.clicked.connect(self.table_wanted)
        for control in (self.part, self.search, self.as_table):
            self.header.add(control)
        self.thumbnails = Thumbnails(self)
        self.model = PicturesModel(self)
        self.grid = Grid()
        self.tiles = TileDelegate(self.thumbnails, self.grid)
        self.grid.setModel(self.model)
        self.grid.setItemDelegate(self.tiles)
        self.thumbnails.ready.connect(lambda _: self.grid.viewport().update())
        self.grid.verticalScrollBar().valueChanged.connect(self.thumbnails.forget_waiting)
        self.grid.resized.connect(self._resize)
        self.grid.large_wanted.connect(self._show_large)
        self.grid.selectionModel().currentChanged.connect(
            lambda now, _: self.chosen.emit(now.data(_PATH) or "")
        )
        self.nothing = label("", "base", "secondary", wrap=True, name="data.pictures.nothing")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(32)
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, rule(), self.nothing):
            layout.addWidget(part)
        layout.addWidget(self.grid, 1)
        self.large: LargePicture | None = None
        themes().changed.connect(self.grid.viewport().update)

    def set_pictures(self, name: str, pictures: PictureList, shape: str = "") -> None:
        """Show the pictures of a folder; the one in sight stays so if it is still there."""
        self.header.set_title(name)
        told = counted(len(pictures.paths), "picture")
        self.header.set_detail(f"{told} · {shape}" if shape else told)
        if pictures != self.model.listed:
            before = self.grid.currentIndex().data(_PATH)
            self.model.set_list(pictures)
            self._select(before)
            self._tell_nothing()

    def some(self, count: int) -> list[str]:
        """Return some of the pictures in sight."""
        rows = range(min(count, self.model.rowCount()))
        return [self.model.index(at).data(_PATH) for at in rows]

    def set_label(self, name: str) -> None:
        """Show one class only; an empty name shows all."""
        self.model.label = name
        self._narrow()

    def _narrow(self) -> None:
        self.model.part, self.model.words = self.part.value, self.search.text().strip()
        self.thumbnails.forget_waiting()
        self.model.narrow()
        self._tell_nothing()

    def _tell_nothing(self) -> None:
        empty = not self.model.rowCount()
        self.nothing.setText(tr("No picture passes these filters.") if empty else "")
        self.nothing.setVisible(empty)
        self.grid.setVisible(not empty)

    def _select(self, path: str | None) -> None:
        rows = range(self.model.rowCount() if path else 0)
        row = next((at for at in rows if self.model.index(at).data(_PATH) == path), 0)
        self.grid.setCurrentIndex(self.model.index(row))

    def _resize(self, step: int) -> None:
        at = SIDES.index(self.tiles.side)
        self.tiles.side = SIDES[max(0, min(at + step, len(SIDES) - 1))]
        self.thumbnails.forget_waiting()
        self.grid.scheduleDelayedItemsLayout()

    def _show_large(self, path: str) -> None:
        if self.large is None:
            self.large = LargePicture(self.window())
            self.large.stepped.connect(self._step)
        self.large.open(path)

    def _step(self, by: int) -> None:
        row = self.grid.currentIndex().row() + by
        if 0 <= row < self.model.rowCount() and self.large is not None:
            self.grid.setCurrentIndex(self.model.index(row))
            self.large.open(self.grid.currentIndex().data(_PATH))


class LargePicture(QFrame):
    """One picture over the whole window; arrows go on, Escape and Space close it."""

    stepped = Signal(int)

    def __init__(self, window: QWidget):
        super().__init__(window, objectName="data.pictures.large")
        self.setAccessibleName(tr("Large picture"))
        toned(self, "popup")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._thumbnails = Thumbnails(self, kept=8)
        self._thumbnails.ready.connect(lambda _: self.update())
        self._path = ""
        window.installEventFilter(self)
        self.hide()

    def open(self, path: str) -> None:
        """Show a picture."""
        self._path = path
        self._thumbnails.forget_waiting()
        self.setAccessibleDescription(path)
        self._fill()
        self.show()
        self.raise_()
        self.setFocus()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._fill()
        return False

    def _fill(self) -> None:
        self.setGeometry(self.window().rect().adjusted(48, 48, -48, -48))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape | Qt.Key.Key_Space:
                self.hide()
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                self.stepped.emit(1)
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                self.stepped.emit(-1)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QEvent) -> None:
        self.hide()

    def paintEvent(self, event: QEvent) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        painter, now = QPainter(self), theme()
        foot = now.grown(40)
        area = self.rect().adjusted(24, 24, -24, -24 - foot)
        side = min(area.width(), area.height())
        ratio = self.devicePixelRatioF()
        pixels = round(side * ratio)
        picture = self._thumbnails.get(self._path, pixels)
        words = self._path
        if picture is not None:
            picture.setDevicePixelRatio(ratio)
            size = picture.deviceIndependentSize().toSize()
            painter.drawPixmap(
                area.center().x() - size.width() // 2,
                area.center().y() - size.height() // 2,
                picture,
            )
        elif self._thumbnails.broken(self._path, pixels):
            words = tr("{} cannot be read as a picture.").format(self._path)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("textSecondary"))
        line = QRect(24, self.height() - 24 - foot, self.width() - 48, foot)
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, words)
