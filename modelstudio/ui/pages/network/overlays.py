"""What lies over the canvas: the sentence at a faulty block, a note's editor, a wire's hint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QRegion,
    QTransform,
)
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from modelstudio.network.analysis import Fix, Problem
from modelstudio.network.graph import Node
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.placing import Tip, leader, place_beside
from modelstudio.ui.theme import restyle, theme
from modelstudio.ui.widgets import button, label, row

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.forecast import Foresight

_ARROW = 8
_HINT_WIDTH = 300
_LONG_WORD = re.compile(r"\S{24}")
_TIMES = re.compile(r"(?<=\d) ([x×]) (?=\d)")
_BUBBLE_WIDTH, _WIDEST_BUBBLE, _NARROW_BUBBLE = 264, 436, 240
_TONES = {
    "error": ("error", "errorTint"),
    "warning": ("warning", "warningTint"),
    "notice": ("accent", "accentTint"),
}
"""Edge and ground of a bubble, by severity."""


def breakable(text: str) -> str:
    """Let very long words, as names can be, go on in the next line, but keep sizes together."""
    return _LONG_WORD.sub("\\g<0>\u200b", _TIMES.sub("\u00a0\\1\u00a0", text))


def sentence(problem: Problem) -> str:
    """Return what is wrong, without the advice that the first repair's button gives as well."""
    advice = f" {problem.fixes[0].label}." if problem.fixes else ""
    return problem.message.removesuffix(advice)


class Bubble(QWidget):
    """The sentence of a problem beside its block, with the button that repairs it."""

    chosen = Signal(object, object)
    code_wanted = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent, objectName="network.bubble")
        self.setAccessibleName(tr("Problem"))
        self._problem: Problem | None = None
        self._tip = Tip("top", 0)
        self._text = label("", "label", wrap=True, name="network.bubble.text")
        self._fix = button("", "primary", name="network.bubble.fix", small=True)
        self._more = button(tr("More fixes..."), "link", name="network.bubble.more", small=True)
        self._buttons = row(self._fix, self._more, None, spacing=8)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(_ARROW + 12, _ARROW + 8, _ARROW + 12, _ARROW + 8)
        self._box.setSpacing(8)
        self._box.addWidget(self._text)
        self._box.addWidget(self._buttons)
        self._outlook = Hint(parent, "network.outlook")
        self.foresight: Foresight | None = None
        self._wide = self._narrow = _BUBBLE_WIDTH
        self.setFixedWidth(_BUBBLE_WIDTH)
        self._fix.clicked.connect(self._take_first)
        self._more.clicked.connect(self._offer_more)
        self.hide()

    @property
    def problem(self) -> Problem | None:
        """The problem shown."""
        return self._problem

    @property
    def tone(self) -> str:
        """Role of the colour of its edge."""
        return _TONES[self._problem.severity if self._problem else "error"][0]

    def show_problem(self, problem: Problem | None) -> None:
        """Show a problem, or none."""
        if problem is self._problem:
            return
        self._problem = problem
        self.show_outlook("")
        if problem is None:
            self.hide()
            return
        labels = [fix.label for fix in problem.fixes]
        if problem.untrusted is not None:
            labels = [tr("Trust and run...")]
        self._text.setText(breakable(sentence(problem)))
        self._buttons.setVisible(bool(labels))
        self._more.setVisible(len(labels) > 1)
        if labels:
            self._fix.setText(labels[0])
            self._fix.setAccessibleName(labels[0])
        wide = self._buttons.sizeHint().width() + 2 * _ARROW + 24 if labels else 0
        self._wide = max(_BUBBLE_WIDTH, min(wide, _WIDEST_BUBBLE))
        self._narrow = max(_NARROW_BUBBLE, min(wide, _WIDEST_BUBBLE))
        self.setFixedWidth(self._wide)
        self.setAccessibleDescription(problem.message)
        self.adjustSize()

    def foresee(self, foresight: Foresight) -> None:
        """Let what its repairs would do be shown while they are pointed at or have the focus."""
        self.foresight = foresight
        foresight.watch(self._fix, self._first)

    def _first(self) -> Fix | None:
        fixes = self._problem.fixes if self._problem is not None else ()
        return fixes[0] if fixes else None

    def show_outlook(self, text: str) -> None:
        """Say beside the bubble what a repair would do, or below it, or nothing."""
        self._fix.setAccessibleDescription(text)
        place, outlook = self.geometry(), self._outlook
        outlook.say(text, place.topRight() - QPoint(8, 10), bad=False)
        if text and outlook.x() < place.right():
            outlook.say(text, place.bottomLeft() - QPoint(8, 16), bad=False)
        if text and outlook.geometry().intersects(place):
            outlook.move(max(place.x() - outlook.width() - 8, 4), outlook.y())

    def point_at(self, block: QRect, area: QRect, others: Sequence[QRect]) -> QLineF | None:
        """Stand near a block where it covers no other; all in the parent's coordinates.

        Returns the line that leads here from the block when it had to stand away from it.
        """
        if self._problem is None or not area.intersects(block):
            self.hide()
            return None
        for width in (self._wide, self._narrow, self._wide):
            self.setFixedSize(width, self._box.totalHeightForWidth(width))
            spot = place_beside(block, self.size(), area, others)
            if spot.tip.side != "none":
                break
        self._tip = spot.tip
        self.setMask(self._body().united(spot.tip.room(self.size(), _ARROW)))
        self.move(spot.corner)
        self.show()
        self.update()
        if spot.tip.side != "none":
            return None
        return leader(block, self._body().boundingRect().translated(spot.corner))

    def _body(self) -> QRegion:
        return QRegion(self.rect().adjusted(_ARROW, _ARROW, -_ARROW, -_ARROW))

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, ground = _TONES[self._problem.severity if self._problem else "error"]
        painter.setPen(QPen(now.color(edge), 1))
        painter.setBrush(now.color(ground))
        inset = _ARROW + 0.5
        body = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(body, 6, 6)
        side, along = self._tip
        if side == "none":
            return
        tip = [QPointF(along + dx, y) for dx, y in ((-7, _ARROW + 1), (0, 1), (7, _ARROW + 1))]
        if side in ("left", "right"):
            painter.setTransform(QTransform(0, 1, 1, 0, 0, 0))  # the diagonal is the mirror
        if side in ("bottom", "right"):
            painter.translate(0, self.height() if side == "bottom" else self.width())
            painter.scale(1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(QPolygonF([*tip, tip[2] + QPointF(0, 1), tip[0] + QPointF(0, 1)]))
        painter.setPen(QPen(now.color(edge), 1))
        painter.drawPolyline(QPolygonF(tip))

    def _take_first(self) -> None:
        if self._problem is None:
            return
        if self._problem.untrusted is not None:
            self.code_wanted.emit(self._problem.node)
        else:
            self.chosen.emit(self._problem, self._problem.fixes[0])

    def _offer_more(self) -> None:
        if self._problem is not None:
            menu = FixMenu(self._problem, self._problem.fixes[1:], self)
            if self.foresight is not None:
                self.foresight.watch_menu(menu)
            menu.chosen.connect(self.chosen)
            menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height())))


class FixMenu(QMenu):
    """The repairs of a problem."""

    chosen = Signal(object, object)

    def __init__(self, problem: Problem, fixes: tuple[Fix, ...], parent: QWidget):
        super().__init__(parent, objectName="network.fixes")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for fix in fixes:
            action = self.addAction(fix.label)
            action.setData(fix)
            action.triggered.connect(partial(self.chosen.emit, problem, fix))


class WireMenu(QMenu):
    """Repairs with which a refused wire would fit; ``chosen`` gives one, or None to wire anyway."""

    chosen = Signal(object)

    def __init__(self, problem: Problem, parent: QWidget):
        super().__init__(parent, objectName="network.wire_menu")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(sentence(problem))
        for fix in problem.fixes:
            self.addAction(tr("{0} and wire").format(fix.label)).triggered.connect(
                partial(self.chosen.emit, fix)
            )
        self.addSeparator()
        self.addAction(tr("Wire anyway")).triggered.connect(partial(self.chosen.emit, None))


class Hint(QLabel):
    """A line beside the pointer while a wire is drawn, or below a name that cannot be."""

    def __init__(self, parent: QWidget, name: str = "network.hint"):
        super().__init__(parent, objectName=name)
        self._over = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setProperty("hint", True)
        self.setProperty("type", "label")
        self.setMargin(6)
        self.hide()

    def say(self, text: str, where: QPoint, *, bad: bool) -> None:
        """Show a text beside a point, or hide."""
        self.setVisible(bool(text))
        if not text:
            return
        long = self.fontMetrics().horizontalAdvance(text) > _HINT_WIDTH
        self.setWordWrap(long)
        self.setMinimumWidth(_HINT_WIDTH if long else 0)
        self.setMaximumWidth(_HINT_WIDTH + 16)
        if breakable(text) != self.text() or self.property("role") != ("error" if bad else ""):
            self.setText(breakable(text))
            restyle(self, role="error" if bad else "")
            self.adjustSize()
        area = self._over.rect()
        x = min(where.x() + 16, area.right() - self.width() - 4)
        self.move(max(x, 4), min(where.y() + 18, area.bottom() - self.height() - 4))
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bad = self.property("role") == "error"
        painter.setPen(QPen(now.color("error" if bad else "borderStrong"), 1))
        painter.setBrush(now.color("errorTint" if bad else "raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.end()
        super().paintEvent(event)


class NoteEditor(QPlainTextEdit):
    """Edits a note where it lies; Esc gives up, leaving it keeps the text.

    ``left`` tells that a note is no longer edited, ``done`` that it has another text.
    """

    done = Signal(str, str)
    left = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent, objectName="network.note_editor", frameShape=QFrame.Shape.NoFrame)
        self._over = parent
        self.setAccessibleName(tr("Text of the note"))
        self.setTabChangesFocus(True)
        self.note_id = ""
        self.hide()

    def begin(self, note_id: str, text: str, area: QRect) -> None:
        """Edit the text of a note shown at ``area``."""
        self.note_id = note_id
        self.setPlainText(text)
        self.setGeometry(area)
        self.selectAll()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._end(keep=False)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self._end(keep=True)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._end(keep=True)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        return super().event(event)

    def _end(self, *, keep: bool) -> None:
        note_id, self.note_id = self.note_id, ""
        if note_id:
            self.hide()
            self.left.emit(note_id)
            self._over.setFocus(Qt.FocusReason.ShortcutFocusReason)
            if keep:
                self.done.emit(note_id, self.toPlainText())


class NameEditor(QLineEdit):
    """Renames a block where it stands; a name that cannot be is said below and not left."""

    def __init__(self, parent: QWidget, editor: Editor):
        super().__init__(parent, objectName="network.name_editor")
        self.setAccessibleName(tr("Name of the block"))
        self._over, self._editor = parent, editor
        self._told = Hint(parent, "network.name_editor.error")
        self._node = ""
        self.textEdited.connect(lambda: self._told.hide())
        editor.changed.connect(self._give_up)
        self.hide()

    def begin(self, node: Node, area: QRect) -> None:
        """Edit the name of a block whose head is shown at ``area``."""
        self._node = node.id
        self.setText(node.name)
        height = self.sizeHint().height()
        width = max(area.width(), 120)
        self.setGeometry(area.left(), area.center().y() - height // 2, width, height)
        self.selectAll()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._node and event.reason() != Qt.FocusReason.PopupFocusReason:
            node_id, name = self._node, self.text()
            self._close()
            self._editor.rename(node_id, name)

    def _take(self) -> None:
        node_id, self._node = self._node, ""
        reason = self._editor.rename(node_id, self.text())
        if reason:
            self._node = node_id
            self._told.say(reason, self.geometry().bottomLeft() - QPoint(16, 12), bad=True)
        else:
            self._close()

    def _give_up(self) -> None:
        if self._node:
            self._close()

    def _close(self) -> None:
        self._node = ""
        self._told.hide()
        if self.isVisible():
            self.hide()
            self._over.setFocus(Qt.FocusReason.ShortcutFocusReason)
