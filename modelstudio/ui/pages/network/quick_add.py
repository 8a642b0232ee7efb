"""Quick add: a list of layers at the pointer; what fits and usually follows comes first."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from modelstudio.network.analysis import Shape, format_shape
from modelstudio.network.layer import Layer
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.catalogue import Offer, offers
from modelstudio.ui.pages.network.fitting import COMMON, leads_to, likelihood, unfit
from modelstudio.ui.pages.network.look import HUES, layer_icon
from modelstudio.ui.pages.network.search import BEGINS, Stock, rank
from modelstudio.ui.theme import paint_icon, theme
from modelstudio.ui.widgets import SearchField, label, toned

Index = QModelIndex | QPersistentModelIndex
_OFFER = Qt.ItemDataRole.UserRole
_USUAL = Qt.ItemDataRole.UserRole + 1


class Place(NamedTuple):
    """Where a block is to go.

    Parameters
    ----------
    shape, ids
        The value that would go in, where it is known, and whether it is ids.
    follows
        The layer whose value that is.
    feeds
        The layer whose input the block is to fill.
    wired
        True at the end of a wire: only what fits is listed until something is typed.
    inside
        True inside of a group, where ports can be added.
    """

    shape: Shape | None = None
    ids: bool | None = None
    follows: Layer | None = None
    feeds: Layer | None = None
    wired: bool = False
    inside: bool = False


def ranked(words: str, place: Place) -> list[Offer]:
    """Return the layers for a place: fitting ones first, and of those what usually comes there.

    What is called so comes before all else, even if it does not fit.
    """
    text = words.strip()
    known = offers(words, place.shape, before=place.feeds is not None, inside=place.inside)
    found = [_judged(offer, place) for offer in known]
    if text:
        return sorted(found, key=lambda offer: (not _called(offer, text), bool(offer.reason)))
    fitting = _by_custom([offer for offer in found if not offer.reason], place)
    return fitting if place.wired else fitting + [offer for offer in found if offer.reason]


def _called(offer: Offer, text: str) -> bool:
    found = rank(offer.layer, text)
    return found is not None and found <= BEGINS


def _by_custom(fitting: list[Offer], place: Place) -> list[Offer]:
    """Bring the most common of each usual category to the front, then the rest of those."""
    ranks = {offer: _rank(offer.layer, place) for offer in fitting}
    usual = sorted(
        (offer for offer in fitting if ranks[offer] is not None),
        key=lambda offer: (ranks[offer], offer.layer.label not in COMMON),
    )
    first = {rank: offer for offer in reversed(usual) if (rank := ranks[offer]) is not None}
    front = [first[number] for number in sorted(first)]
    rest = [offer for offer in usual if offer not in front]
    return front + rest + [offer for offer in fitting if ranks[offer] is None]


def _judged(offer: Offer, place: Place) -> Offer:
    if offer.reason or place.feeds is not None or not offer.layer.inputs:
        return offer
    return offer._replace(reason=unfit(offer.layer.inputs[0], place.shape, place.ids) or "")


def _rank(layer: Stock, place: Place) -> int | None:
    if place.feeds is not None:
        return leads_to(layer, place.feeds)
    return likelihood(layer, place.follows, place.ids)


class QuickAdd(QFrame):
    """A list that opens over the page; ``chosen`` gives the layer."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget):
        super().__init__(parent, objectName="network.quick_add.list")
        self._page = parent
        toned(self, "popup")
        self.setAccessibleName(tr("Add a block"))
        self.search = SearchField(tr("Add a block"), "network.quick_add.search")
        self.list = QListWidget(objectName="network.quick_add.results")
        self.list.setAccessibleName(tr("Layers that can be added"))
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._foot = label("", "label", "tertiary", name="network.quick_add.foot")
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.setSpacing(6)
        for part in (self.search, self.list, self._foot):
            box.addWidget(part)
        self.setFixedSize(320, 360)
        self._place = Place()
        self._before: QWidget | None = None
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list.itemClicked.connect(self._take)
        self.list.currentItemChanged.connect(self._tell)
        self.hide()

    def open_at(self, where: QPoint, place: Place) -> None:
        """Open at a place on the screen, for a place in the network."""
        self._place = place
        self._before = self.window().focusWidget()
        self.search.clear()
        self._fill()
        page = self._page
        corner = page.mapFromGlobal(where)
        x = max(8, min(corner.x(), page.width() - self.width() - 8))
        y = max(8, min(corner.y(), page.height() - self.height() - 8))
        self.move(x, y)
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        self.list.clear()
        words = self.search.text()
        seen: set[int | None] = {None}
        for offer in ranked(words, self._place):
            item = QListWidgetItem(offer.layer.label, self.list)
            item.setData(_OFFER, offer)
            rank = None if words or offer.reason else _rank(offer.layer, self._place)
            item.setData(_USUAL, rank not in seen)
            seen.add(rank)
            reason = f" {offer.layer.label} {offer.reason}." if offer.reason else ""
            item.setToolTip(offer.layer.purpose() + reason)
        self.list.setCurrentRow(0)
        self._foot.setText(self._remark(words))

    def _remark(self, words: str) -> str:
        if not self.list.count():
            return tr("No block has this name. Try another word.")
        if self._place.shape is None:
            return ""
        value = tr("ids") if self._place.ids else format_shape(self._place.shape)
        if self._place.wired and not words:
            return tr("Blocks that fit {0}; type to search all").format(value)
        return tr("Blocks that fit {0} come first").format(value)

    def _tell(self, item: QListWidgetItem | None) -> None:
        """Let a screen reader say what Enter would add; the focus stays in the search line."""
        if item is not None:
            self.search.setAccessibleDescription(f"{item.text()}. {item.toolTip()}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # what the keys do elsewhere must not happen behind the list
            return True
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                row = max(0, min(self.list.currentRow() + step, self.list.count() - 1))
                self.list.setCurrentRow(row)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.list.currentItem())
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._close()
                return True
        return super().eventFilter(watched, event)

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            offer: Offer = item.data(_OFFER)
            self._close()
            self.chosen.emit(offer.layer)

    def _close(self) -> None:
        """Hide, and give the focus back to where it came from."""
        self.hide()
        if self._before is not None and isValid(self._before):
            self._before.setFocus(Qt.FocusReason.ShortcutFocusReason)


class _Delegate(QStyledItemDelegate):
    """Icon and name; at the right the category, or why it does not fit."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, round(28 * theme().scale))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        now, rect = theme(), QRectF(option.rect)
        offer: Offer = index.data(_OFFER)
        picked = bool(option.state & QStyle.StateFlag.State_Selected)
        if picked:
            painter.fillRect(rect, now.color("selection"))
            painter.fillRect(QRectF(rect.left(), rect.top(), 2, rect.height()), now.color("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("hover"))
        unfit = bool(offer.reason)
        hue = now.color("textDisabled") if unfit else now.category(HUES[offer.layer.category])
        box = QRectF(rect.left() + 8, rect.center().y() - 8, 16, 16)
        paint_icon(painter, box, layer_icon(offer.layer), hue)
        painter.setFont(now.font("base"))
        painter.setPen(now.color("textTertiary" if unfit else "text"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect.adjusted(32, 0, 0, 0), middle, index.data())
        used = 40 + painter.fontMetrics().horizontalAdvance(index.data())
        painter.setFont(now.font("blockDetail"))
        painter.setPen(now.color("textTertiary"))
        room = rect.adjusted(used, 0, -8, 0)
        usual = tr("often here") if index.data(_USUAL) else tr(offer.layer.category)
        text = painter.fontMetrics().elidedText(
            offer.reason or usual, Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, text)
