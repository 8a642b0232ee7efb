"""The templates and the cards that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import grow

_PICTURE = 104
_CARD = 196
_MARGIN = 14
_TAG_PADDING, _TAG_GAP = 12, 8


@dataclass(frozen=True, slots=True)
class Template:
    """A project to start from.

    ``blocks`` are the palette categories of its network, in order, ``"Group"`` for several blocks
    drawn as one. It comes with a ``sample`` of data and a ``target``, or as an ``example``.
    """

    id: str
    title: str
    detail: str
    tag: str
    cost: str
    blocks: tuple[str, ...]
    sample: str = ""
    target: str = ""
    example: str = ""


_DENSE = ("Linear", "Activation", "Regularise")

TEMPLATES = (
    Template(
        "tabular",
        "Tabular classifier",
        "Species of 344 penguins",
        "CSV",
        "seconds on CPU",
        ("Input and output", *_DENSE[:2], *_DENSE[:2], "Linear", "Input and output"),
        "penguins.csv",
        "species",
    ),
    Template(
        "binary",
        "Binary classifier + ROC",
        "Which customers leave",
        "CSV",
        "seconds on CPU",
        ("Input and output", *_DENSE, *_DENSE[:2], "Input and output"),
        "churn.csv",
        "churn",
    ),
    Template(
        "regression",
        "Regression",
        "Price of 53,940 diamonds",
        "CSV",
        "1 min on CPU",
        ("Input and output", *_DENSE[:2], "Normalise", "Linear", "Input and output"),
        "diamonds.csv",
        "price",
    ),
    Template(
        "resnet18",
        "ResNet-18",
        "Residual stages for pictures",
        "Network",
        "11.7 M parameters",
        ("Input and output", "Convolution", "Pooling", "Group", "Pooling", "Linear"),
        example="resnet18",
    ),
    Template(
        "unet",
        "U-Net",
        "A class for every pixel",
        "Network",
        "31 M parameters",
        ("Input and output", "Group", "Convolution", "Group", "Convolution", "Input and output"),
        example="unet",
    ),
    Template(
        "bert",
        "BERT encoder",
        "Reads a text both ways",
        "Network",
        "11.2 M parameters",
        ("Input and output", "Linear", "Normalise", "Group", "Linear", "Input and output"),
        example="bert",
    ),
    Template(
        "gpt",
        "GPT of 6 blocks",
        "Says which token comes next",
        "Network",
        "bring text later",
        ("Input and output", "Linear", "Group", "Normalise", "Linear", "Input and output"),
        example="gpt",
    ),
    Template(
        "two_tower",
        "Two-tower recommender",
        "Users and items in one space",
        "Network",
        "bring ratings later",
        ("Input and output", "Linear", "Activation", "Merge and shape", "Input and output"),
        example="two_tower",
    ),
)


class TemplateCard(QAbstractButton):
    """A template: its network drawn small, what it does, what it costs."""

    def __init__(self, template: Template):
        super().__init__(objectName=f"welcome.template.{template.id}")
        self.template = template
        self.setAccessibleName(tr(template.title))
        self.setAccessibleDescription(tr(template.detail))
        self.setToolTip(tr("Start a project from this template"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        grow(self, lambda words: self.setFixedHeight(_PICTURE + words), _CARD - _PICTURE)

    def sizeHint(self) -> QSize:
        return QSize(224, self.height())

    def words_width(self) -> int:
        """Return the width that shows all words, in pixels."""
        now, template = theme(), self.template
        title = QFontMetrics(now.font("panelTitle")).horizontalAdvance(tr(template.title))
        small = QFontMetrics(now.font("label"))
        detail, tag, cost = (
            small.horizontalAdvance(tr(text))
            for text in (template.detail, template.tag, template.cost)
        )
        words = max(title, detail, tag + _TAG_PADDING + _TAG_GAP + cost)
        return words + 2 * (_MARGIN + 1) + 1

    def paintEvent(self, event: QPaintEvent) -> None:
        now, template = theme(), self.template
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        marked = self.hasFocus() or self.underMouse()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("panel"))
        painter.drawRoundedRect(body, 8, 8)
        painter.save()
        painter.setClipRect(QRectF(body.left(), body.top(), body.width(), _PICTURE))
        painter.setBrush(now.color("canvas"))
        painter.drawRoundedRect(body, 8, 8)
        painter.restore()
        painter.setPen(QPen(now.color("border"), 1))
        painter.drawLine(
            QPointF(body.left(), body.top() + _PICTURE),
            QPointF(body.right(), body.top() + _PICTURE),
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(
            QPen(now.color("accent" if marked else "border"), 2 if self.hasFocus() else 1)
        )
        painter.drawRoundedRect(body, 8, 8)
        _paint_chain(
            painter, QRectF(body.left(), body.top(), body.width(), _PICTURE), template.blocks
        )
        self._paint_words(painter, body)

    def _paint_words(self, painter: QPainter, body: QRectF) -> None:
        now, template = theme(), self.template
        left, top = body.left() + _MARGIN, body.top() + _PICTURE + now.grown(10)
        width = body.width() - 2 * _MARGIN
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for y, height, style, role, text in (
            (0, 20, "panelTitle", "text", tr(template.title)),
            (20, 17, "label", "textSecondary", tr(template.detail)),
        ):
            painter.setFont(now.font(style))
            painter.setPen(now.color(role))
            short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
            place = QRectF(left, top + now.grown(y), width, now.grown(height))
            painter.drawText(place, flags, short)
        painter.setFont(now.font("label"))
        tag_width = painter.fontMetrics().horizontalAdvance(tr(template.tag)) + _TAG_PADDING
        tag = QRectF(left, top + now.grown(47), tag_width, now.grown(20))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(tag, 4, 4)
        painter.setPen(now.color("textSecondary"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, tr(template.tag))
        painter.setPen(now.color("textTertiary"))
        rest = tag.translated(tag.width() + _TAG_GAP, 0)
        rest.setRight(left + width)
        cost = painter.fontMetrics().elidedText(
            tr(template.cost), Qt.TextElideMode.ElideRight, int(rest.width())
        )
        painter.drawText(rest, flags, cost)


def _paint_chain(painter: QPainter, area: QRectF, blocks: Sequence[str]) -> None:
    """Paint blocks in a row, joined by wires; a group looks like a pile."""
    now = theme()
    gap = 8.0
    width = min(34.0, (area.width() - 28 - gap * (len(blocks) - 1)) / len(blocks))
    height = 20.0
    x = area.center().x() - (len(blocks) * (width + gap) - gap) / 2
    y = area.center().y() - height / 2
    for index, category in enumerate(blocks):
        block = QRectF(x + index * (width + gap), y, width, height)
        if index:
            painter.setPen(QPen(now.color("textTertiary"), 1))
            painter.drawLine(
                QPointF(block.left() - gap, y + height / 2), QPointF(block.left(), y + height / 2)
            )
        painter.setPen(QPen(now.color("borderStrong"), 1))
        painter.setBrush(now.color("raised"))
        for behind in (6, 3) if category == "Group" else ():
            painter.drawRoundedRect(block.translated(behind / 2, -behind), 3, 3)
        painter.drawRoundedRect(block, 3, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.category(category))
        painter.drawRoundedRect(QRectF(block.left(), y, 4, height), 2, 2)
        painter.setBrush(now.color("textTertiary"))
        painter.drawRoundedRect(QRectF(block.left() + 10, y + 9, max(width - 17, 3), 2), 1, 1)


class Gallery(QWidget):
    """The cards, at most four side by side, as many as can show all their words."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="welcome.templates")
        self.cards = [TemplateCard(template) for template in TEMPLATES]
        for card in self.cards:
            card.clicked.connect(lambda _=False, card=card: self.chosen.emit(card.template))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme().space("cardGap"))
        self._columns = 0
        self._arrange(4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        least = max(card.words_width() for card in self.cards)
        gap = self._grid.spacing()
        self._arrange(min(max((self.width() + gap) // (least + gap), 1), 4))

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for index, card in enumerate(self.cards):
            self._grid.addWidget(card, index // columns, index % columns)
        for index in range(len(self.cards)):
            self._grid.setColumnStretch(index, int(index < columns))
