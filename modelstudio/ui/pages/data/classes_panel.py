"""The classes of a folder of pictures: how many each has, relative to the largest."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QBuffer,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QVBoxLayout,
)

from modelstudio.project.model import DataConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.picture_rows import PictureRow
from modelstudio.ui.pages.data.pictures_model import PicturesModel, Which
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.theme import paint_icon, theme, themes
from modelstudio.ui.widgets import (
    IconLabel,
    PanelHeader,
    button,
    count_text,
    grow,
    label,
    row,
    rule,
    toned,
)
from modelstudio.wording import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW = 0.5
"""A class with fewer pictures than this share of the largest is marked."""

_ROOMY = 290
"""Width from which bars are as wide as they like."""

_ROOT = QModelIndex()
ROW, _SHARE = (Qt.ItemDataRole.UserRole + at for at in range(2))


class _Row(NamedTuple):
    which: Which
    name: str
    total: int
    first: str = ""


_WORDS = {"all": "All pictures", "left out": "Left out", "broken": "Cannot be read"}
_ICONS = {"all": "folder", "left out": "trash", "broken": "err"}


class ClassesModel(QAbstractListModel):
    """All pictures, each class in the order of its name, then what is not used."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._rows: list[_Row] = []
        self.mean: NDArray[np.uint8] | None = None

    def set_pictures(self, pictures: PicturesModel, *, classes: bool) -> None:
        """Count anew; what is known of pictures may be no ``classes`` but numbers."""
        rows = self._count(pictures, classes)
        if rows == self._rows:
            return
        if [row[:2] for row in rows] == [row[:2] for row in self._rows]:
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _count(self, pictures: PicturesModel, classes: bool) -> list[_Row]:
        listed = pictures.listed
        if listed is None:
            return []
        first: dict[str, str] = {}
        counts: Counter[str] = Counter(dict.fromkeys(pictures.labels, 0))
        used, broken = pictures.used, pictures.broken
        counts.update(map(pictures.labels.__getitem__, used))
        for at in used:
            if at not in broken and pictures.labels[at] not in first:
                first[pictures.labels[at]] = listed.paths[at]
                if len(first) == len(counts):
                    break
        rows = [_Row("all", "", len(used))]
        rows += [
            _Row("class", name, counts[name], first.get(name, ""))
            for name in (sorted(counts) if classes else ())
            if name
        ]
        if len(used) < len(listed.paths):
            rows.append(_Row("left out", "", len(listed.paths) - len(used)))
        if broken:
            rows.append(_Row("broken", "", len(broken)))
        return rows

    @property
    def classes(self) -> dict[str, int]:
        """Pictures of each class, in the order of their names."""
        return {row.name: row.total for row in self._rows if row.which == "class"}

    @property
    def few(self) -> list[str]:
        """Names of the classes with few pictures."""
        return [name for name, count in self.classes.items() if count < FEW * self._most]

    @property
    def _most(self) -> int:
        return max(self.classes.values(), default=0)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        words = row.name or tr(_WORDS.get(row.which, ""))
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return words
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{words}: {counted(row.total, tr('picture'))}"
            case Qt.ItemDataRole.ToolTipRole:
                told = f"{words}: {counted(row.total, tr('picture'))}"
                if row.which == "all" and self.mean is not None:
                    return f"<p>{told}. {tr('Their mean:')}</p>{_inline(self.mean)}"
                key = index.row() if row.which == "class" else 0
                more = tr("Press {} to move the selected pictures here").format(key)
                return f"{told}\n{more}" if 1 <= key <= 9 else told
            case _ if role == ROW:
                return row
            case _ if role == _SHARE:
                return row.total / max(self._most, 1) if row.which == "class" else None
        return None

    def place_of(self, which: Which, name: str = "") -> int:
        """Return the place of a row; that of all pictures where there is no such one."""
        keys = [row[:2] for row in self._rows]
        return keys.index((which, name)) if (which, name) in keys else 0


def _inline(pixels: NDArray[np.uint8]) -> str:
    """Return pixels, shape (height, width, 3), as a picture inside rich text."""
    height, width, _ = pixels.shape
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    held = QBuffer()
    held.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(held, "PNG")
    written = b64encode(held.data().data()).decode()
    return f'<img src="data:image/png;base64,{written}" width="128" height="128">'


class _ClassDelegate(PictureRow):
    """First picture, name, bar, count."""

    def paint_row(
        self,
        painter: QPainter,
        body: QRect,
        index: QModelIndex | QPersistentModelIndex,
        selected: bool,
    ) -> None:
        now, place = theme(), self.place(body)
        share, entry = index.data(_SHARE), index.data(ROW)
        if entry.first:
            self.thumbnails.paint(painter, place, entry.first)
        elif entry.which in _ICONS:
            role = "error" if entry.which == "broken" else "accent" if selected else "textSecondary"
            middle = QRectF(place.center().x() - 7, place.center().y() - 7, 16, 16)
            paint_icon(painter, middle, _ICONS[entry.which], role)
        painter.setFont(now.font("panelTitle" if entry.which == "all" else "base"))
        metrics, upright = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        low = share is not None and share < FEW
        painter.setPen(now.color("warning" if low else "textSecondary"))
        broad = metrics.horizontalAdvance(count_text(max(entry.total, 9_999)))
        number = QRect(body.right() - 12 - broad, body.top(), broad, body.height())
        painter.drawText(number, Qt.AlignmentFlag.AlignRight | upright, count_text(entry.total))
        end = number.left() - 10
        if share is not None:
            length = 72 if body.width() >= now.grown(_ROOMY) else 40
            end -= length + 10
            bar = QRectF(end + 10, place.center().y() - 2, length, 5)
            painter.setPen(Qt.PenStyle.NoPen)
            for role, width in (
                ("hover", length),
                ("warning" if low else "textTertiary", max(4.0, share * length)),
            ):
                bar.setWidth(width)
                painter.setBrush(now.color(role))
                painter.drawRoundedRect(bar, 2.5, 2.5)
        room = QRect(place.right() + 11, body.top(), end - place.right() - 11, body.height())
        words = metrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, room.width())
        painter.setPen(now.color("text"))
        painter.drawText(room, upright, words)


class ClassesPanel(QFrame):
    """``chosen`` gives what to look at alone, ``balance_wanted`` how rare classes should count."""

    chosen = Signal(str, str)
    balance_wanted = Signal(str)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__(objectName="data.classes")
        self.setAccessibleName(tr("Classes"))
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 264)
        self.header = PanelHeader(tr("Classes"), name="data.classes.header")
        self.model = ClassesModel(self)
        self.list = QListView(objectName="data.classes.list")
        self.list.setAccessibleName(tr("Classes"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_ClassDelegate(thumbnails, self.list))
        thumbnails.ready.connect(lambda _: self.list.viewport().update())
        themes().changed.connect(self.list.viewport().update)
        self.list.selectionModel().currentChanged.connect(self._choose)
        self.advice = ClassAdvice()
        self.advice.balance_wanted.connect(self.balance_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, rule()):
            layout.addWidget(part)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.advice)
        layout.addStretch()

    def set_pictures(self, pictures: PicturesModel, data: DataConfig) -> None:
        """Count anew; what is chosen stays so if it is still there."""
        target = data.target
        now = self.list.currentIndex().data(ROW)
        self.model.set_pictures(pictures, classes=target is None or target.kind == "category")
        classes = self.model.classes
        self.list.setMaximumHeight(self.model.rowCount() * self.list.sizeHintForRow(0))
        self.header.set_detail(count_text(len(classes)))
        self.advice.tell(classes, self.model.few, data.split.balance)
        if now is None or not self.list.currentIndex().isValid():
            self.show_only(now.which if now else "all", now.name if now else "")

    def show_only(self, which: Which, name: str = "") -> None:
        """Choose a row."""
        self.list.setCurrentIndex(self.model.index(self.model.place_of(which, name)))

    def _choose(self, index: QModelIndex) -> None:
        if (row := index.data(ROW)) is not None:
            self.chosen.emit(row.which, row.name)


_BALANCED = {
    "none": "The network may overlook rare classes. Balance the batches or weight the loss.",
    "oversample": "Batches are balanced: rare classes are drawn more often.",
    "undersample": "Batches are balanced: frequent classes are drawn less often.",
    "weights": "The loss is weighted: mistakes on rare classes count more.",
}
"""What is said of rare classes, by how they are balanced."""


class ClassAdvice(QFrame):
    """What to do about a class with few pictures, or about classes that are missing."""

    balance_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.classes.advice")
        self.title = label("", "panelTitle", wrap=True, name="data.classes.advice.title")
        self.text = label("", "label", "secondary", wrap=True)
        self.batches = button(
            tr("Balance batches"),
            "secondary",
            tip=tr("Draw rare classes more often while training"),
            name="data.classes.batches",
            small=True,
        )
        self.loss = button(
            tr("Weight loss"),
            "ghost",
            tip=tr("Let mistakes on rare classes count more while training"),
            name="data.classes.loss",
            small=True,
        )
        self.batches.clicked.connect(lambda: self.balance_wanted.emit("oversample"))
        self.loss.clicked.connect(lambda: self.balance_wanted.emit("weights"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(row(IconLabel("warn", "warning"), wide(self.title), spacing=8))
        layout.addWidget(self.text)
        self._choices = row(self.batches, self.loss, None, spacing=8)
        layout.addWidget(self._choices)
        self.hide()

    def tell(self, classes: Mapping[str, int], few: Sequence[str], balance: str) -> None:
        """Say what is lacking; with classes alike, or balanced already, nothing is."""
        lonely = len(classes) == 1
        self.setVisible(lonely or bool(few))
        self._choices.setVisible(not lonely and balance == "none")
        if lonely:
            self.title.setText(tr("A classifier needs two or more folders"))
            self.text.setText(
                tr("Put the pictures of another class into a folder beside this one.")
            )
        elif few:
            rarest = min(few, key=classes.__getitem__)
            less = round(100 * (1 - classes[rarest] / max(classes.values())))
            words = tr("{} has {} % fewer pictures").format(rarest, less)
            if len(few) > 1:
                words = tr("{} of {} classes have few pictures").format(len(few), len(classes))
            self.title.setText(words)
            self.title.setToolTip(", ".join(few))
            self.text.setText(tr(_BALANCED[balance]))
