"""Pictures that show the same, side by side, over the whole window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListView,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.over_window import OverWindow
from modelstudio.ui.pages.data.picture_rows import PictureRow
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ElidedLabel,
    PanelHeader,
    SegmentedControl,
    Tag,
    button,
    grow,
    icon_button,
    label,
    row,
    rule,
)
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.preview import PictureList
    from modelstudio.ui.pages.data.pictures_check import Pair

_LIST = 316
_TWIN = Qt.ItemDataRole.UserRole
_ROOT = QModelIndex()


class Shown(NamedTuple):
    """A picture of a pair."""

    path: str
    name: str
    label: str
    part: str

    @property
    def told(self) -> str:
        """Class and part in a line."""
        return " · ".join(filter(None, (self.label, tr(self.part.capitalize()))))


class Twin(NamedTuple):
    """Two pictures that show the same: the earlier and the later one."""

    first: Shown
    later: Shown
    exact: bool

    @property
    def leaks(self) -> bool:
        """True when they lie in different parts, so that one gives the other away."""
        first, later = self.first.part, self.later.part
        return bool(first and later) and first != later

    @property
    def torn(self) -> bool:
        """True when they are of different classes, one of which must be wrong."""
        return self.first.label != self.later.label


def twins(pairs: Sequence[Pair], listed: PictureList, labels: Sequence[str]) -> list[Twin]:
    """Tell pairs of rows as pictures, leaks first, then exact copies."""

    def shown(row: int) -> Shown:
        return Shown(listed.paths[row], listed.names[row], labels[row], listed.parts[row])

    found = [Twin(shown(pair.first), shown(pair.later), pair.exact) for pair in pairs]
    return sorted(found, key=lambda twin: (not twin.leaks, not twin.exact))


def spare_names(found: Sequence[Twin]) -> list[str]:
    """Return the later pictures of pairs; of two classes nobody knows which one is right."""
    return [twin.later.name for twin in found if not twin.torn]


_SORTS: tuple[tuple[str, str, Callable[[Twin], bool]], ...] = (
    ("all", "All", lambda twin: True),
    ("leaks", "Leaks", lambda twin: twin.leaks),
    ("exact", "Exact", lambda twin: twin.exact),
    ("alike", "Alike", lambda twin: not twin.exact),
)


class CopiesReview(OverWindow):
    """A list of pairs, and the chosen one large; Escape closes it.

    ``removal_wanted`` gives the names of pictures to leave out.
    """

    removal_wanted = Signal(list)

    def __init__(self, window: QWidget):
        super().__init__(window, "data.copies", tr("Copies"))
        self._twins: list[Twin] = []
        self.model = _TwinsModel(self)
        small, large = Thumbnails(self, kept=400), Thumbnails(self, kept=8)
        self.header = PanelHeader(tr("Pictures that show the same"), name="data.copies.header")
        self.sort = SegmentedControl(
            [(key, tr(words)) for key, words, _ in _SORTS], "all", "data.copies.sort"
        )
        self.sort.changed.connect(self._show_sort)
        self.all_later = button("", "primary", name="data.copies.all", small=True)
        self.all_later.clicked.connect(
            lambda: self.removal_wanted.emit(spare_names(self.model.twins))
        )
        close = icon_button("x", tr("Close (Esc)"), "data.copies.close")
        close.clicked.connect(self.close)
        for part in (self.sort, self.all_later, close):
            self.header.add(part)
        self.list = QListView(objectName="data.copies.list", uniformItemSizes=True)
        self.list.setAccessibleName(tr("Pairs"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_TwinDelegate(small, self.list))
        grow(self.list, self.list.setFixedWidth, _LIST)
        self.list.selectionModel().currentChanged.connect(lambda now, _: self._show_twin(now))
        small.ready.connect(lambda _: self.list.viewport().update())
        self.verdict = Tag("", name="data.copies.verdict")
        self.words = label("", "base", "secondary", wrap=True, name="data.copies.words")
        self.sides = (_Side(large, "first"), _Side(large, "later"))
        for side in self.sides:
            side.removal_wanted.connect(lambda name: self.removal_wanted.emit([name]))
        self._lay_out()

    def _lay_out(self) -> None:
        pictures = QWidget()
        beside = QHBoxLayout(pictures)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(24)
        for side in self.sides:
            beside.addWidget(side, 1)
        told = row(self.verdict, wide(self.words), spacing=10)
        right = QWidget()
        below = QVBoxLayout(right)
        below.setContentsMargins(24, 16, 24, 20)
        below.setSpacing(16)
        below.addWidget(told)
        below.addWidget(pictures, 1)
        body = QWidget()
        across = QHBoxLayout(body)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.list)
        across.addWidget(rule(vertical=True))
        across.addWidget(right, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(rule())
        layout.addWidget(body, 1)

    def open(self, found: Sequence[Twin]) -> None:
        """Show pairs, the first of them large."""
        self.sort.set_value("all")
        self.set_twins(found)
        self.list.setCurrentIndex(self.model.index(0))
        self.show_over(self.list)

    def set_twins(self, found: Sequence[Twin]) -> None:
        """Show what is left of the pairs; with none left it closes."""
        self._twins = list(found)
        for key, words, belongs in _SORTS:
            count = sum(map(belongs, found))
            segment = self.sort.segment(key)
            segment.setText(f"{tr(words)} {count}")
            segment.setEnabled(bool(count))
            if key == self.sort.value and not count:
                self.sort.set_value("all")
        self._show_sort()
        if not found:
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() == Qt.Key.Key_Delete:
            self.sides[1].remove.click()
        # other keys mean nothing here, nor in the page below

    def _show_sort(self) -> None:
        belongs = next(each for key, _, each in _SORTS if key == self.sort.value)
        place = max(0, self.list.currentIndex().row())
        self.model.set_twins([twin for twin in self._twins if belongs(twin)])
        count = len(self.model.twins)
        self.header.set_detail(counted(count, tr("pair")))
        spare = len(set(spare_names(self.model.twins)))
        self.all_later.setText(tr("Leave out the {} later ones").format(spare))
        self.all_later.setEnabled(bool(spare))
        self.list.setCurrentIndex(self.model.index(min(place, count - 1)))
        self._show_twin(self.list.currentIndex())

    def _show_twin(self, index: QModelIndex) -> None:
        twin = index.data(_TWIN)
        if twin is None:
            return
        kind = tr("Exact copy") if twin.exact else tr("Alike")
        self.verdict.set(tr("Leak") if twin.leaks else kind, "error" if twin.leaks else "warning")
        same, alike = tr("The files are equal."), tr("They differ in size, light or quality alone.")
        told = [same if twin.exact else alike]
        if twin.leaks:
            words = tr("One is in {} and one in {}: the network would be judged by what it knows.")
            told.append(words.format(tr(twin.first.part), tr(twin.later.part)))
        if twin.torn:
            words = tr("Their classes are {} and {}, one of which is wrong.")
            told.append(words.format(twin.first.label, twin.later.label))
        self.words.setText(" ".join(told))
        for side, shown in zip(self.sides, (twin.first, twin.later), strict=True):
            side.show_picture(shown)


class _TwinsModel(QAbstractListModel):
    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.twins: list[Twin] = []

    def set_twins(self, found: list[Twin]) -> None:
        self.beginResetModel()
        self.twins = found
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.twins)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        twin = self.twins[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return PurePath(twin.later.name).name
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return f"{twin.first.name}\n{twin.later.name}"
            case _ if role == _TWIN:
                return twin
        return None


class _TwinDelegate(PictureRow):
    """Both pictures small, the name of the later one, and what is wrong."""

    side = 44

    def paint_row(
        self,
        painter: QPainter,
        body: QRect,
        index: QModelIndex | QPersistentModelIndex,
        selected: bool,
    ) -> None:
        now, twin = theme(), index.data(_TWIN)
        for at, shown in enumerate((twin.first, twin.later)):
            self.thumbnails.paint(painter, self.place(body, at), shown.path)
        role = "error" if twin.leaks else "warning"
        words = tr("leak") if twin.leaks else tr("exact copy") if twin.exact else tr("alike")
        if twin.torn:
            words = tr("{}, two classes").format(words)
        left, half = self.place(body, 2).left() + 6, body.height() // 2
        line = QRect(left, body.top(), body.right() - left - 12, half - 1)
        lines = ((index.data(), "base", "text"), (words, "label", role))
        aligned = (Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignTop)
        for (text, font, tone), align in zip(lines, aligned, strict=True):
            painter.setFont(now.font(font))
            painter.setPen(now.color(tone))
            text = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideMiddle, line.width()
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | align, text)
            line.translate(0, half + 1)


class _Side(QWidget):
    """One picture of a pair with what is known of it."""

    removal_wanted = Signal(str)

    def __init__(self, thumbnails: Thumbnails, name: str):
        super().__init__()
        self._name = ""
        self.canvas = _Canvas(thumbnails)
        self.title = ElidedLabel("", "panelTitle")
        self.detail = ElidedLabel("", "label", "secondary")
        self.remove = button(
            tr("Leave out this one"), "secondary", "trash", name=f"data.copies.{name}", small=True
        )
        self.remove.clicked.connect(lambda: self.removal_wanted.emit(self._name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.title)
        layout.addWidget(self.detail)
        layout.addWidget(self.remove)

    def show_picture(self, shown: Shown) -> None:
        """Show another picture."""
        self._name = shown.name
        self.canvas.path = shown.path
        self.canvas.update()
        self.title.set_full_text(shown.name)
        self.detail.set_full_text(shown.told)
        self.remove.setAccessibleName(tr("Leave out {}").format(shown.name))


class _Canvas(QWidget):
    def __init__(self, thumbnails: Thumbnails):
        super().__init__()
        self.path = ""
        self._thumbnails = thumbnails
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        thumbnails.ready.connect(lambda _: self.update())

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("window"))
        if self.path:
            self._thumbnails.paint(painter, self.rect(), self.path)
