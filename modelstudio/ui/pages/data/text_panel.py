"""One text as the network reads it, and beside it how long and how rich all of them are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QTextEdit, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.frequent_list import Frequent, FrequentList
from modelstudio.ui.pages.data.sheet import empty, wrapped
from modelstudio.ui.pages.data.wording import share_text
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import count_text, grow, label, rule, scroll, toned

if TYPE_CHECKING:
    from modelstudio.data.text_view import TextFigures, TextReading

UNITS = {
    "words": ("word", "words"),
    "characters": ("character", "characters"),
    "BPE": ("piece", "pieces"),
}
"""What the tokens of a text are called, one and several."""

_NAMED = 12
"""Frequent tokens in the list."""


def _several(unit: str, count: int | None = None) -> str:
    one, many = UNITS[unit]
    return many if count is None else f"{count_text(count)} {one if count == 1 else many}"


def told(reading: TextReading) -> str:
    """Say in a line what becomes of a text: ``205 words, 50 of them kept, 4 of those unknown``."""
    unit = reading.unit
    if reading.passage:
        line = tr("A passage of {} that begins here").format(_several(unit, reading.kept))
    else:
        line = _several(unit, reading.tokens)
        if reading.kept < reading.tokens:
            line += tr(", the first {} reach the network").format(count_text(reading.kept))
    if reading.unknown:
        line += tr(", {} unknown").format(count_text(reading.unknown))
    return line


class TextPanel(QWidget):
    """The text of a row at the left, figures of all texts at the right."""

    def __init__(self) -> None:
        super().__init__(objectName="data.text")
        self.page = TokenPage()
        self.legend = Legend()
        self.figures = FiguresPanel()
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.page, 1)
        left.addWidget(self.legend)
        area = scroll(self.figures, "data.text.figures", "panel")
        grow(area, area.setFixedWidth, 256)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(left, 1)
        layout.addWidget(rule(vertical=True))
        layout.addWidget(area)

    def show_reading(self, reading: TextReading) -> str:
        """Show a text and return a line that says what becomes of it."""
        self.page.set_reading(reading)
        self.legend.set_marks({piece.mark for piece in reading.pieces})
        return told(reading)

    def show_figures(self, figures: TextFigures) -> None:
        """Show what was counted in all texts."""
        self.figures.set_figures(figures)


class TokenPage(QTextEdit):
    """A text to read, its tokens set off from each other."""

    def __init__(self) -> None:
        super().__init__(
            objectName="data.text.page", readOnly=True, frameShape=QFrame.Shape.NoFrame
        )
        self.setAccessibleName(tr("Text in its tokens"))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(16)
        self._reading: TextReading | None = None
        self.setUndoRedoEnabled(False)
        themes().changed.connect(self._fill)

    def set_reading(self, reading: TextReading) -> None:
        """Show another text from its beginning."""
        self._reading = reading
        self._fill()
        self.moveCursor(QTextCursor.MoveOperation.Start)  # Qt scrolls to where the cursor is

    def _fill(self) -> None:
        self.clear()
        if (reading := self._reading) is None:
            return
        looks = {mark: _look(mark, odd=False) for mark in ("between", "unknown", "cut", "around")}
        tokens = [_look("known", odd=False), _look("known", odd=True)]
        whole = reading.unit == "characters"
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        odd = 0
        for piece in reading.pieces:
            look = looks.get(piece.mark, tokens[odd])
            odd = 0 if whole or piece.mark == "between" else 1 - odd
            cursor.insertText(piece.text, look)
        if reading.more:
            words = tr("\n{} more are not shown.").format(_several("characters", reading.more))
            cursor.insertText(words, looks["around"])
        cursor.endEditBlock()


def _look(mark: str, *, odd: bool) -> QTextCharFormat:
    """Return how a piece is written; tokens side by side take turns in two tones."""
    now, look = theme(), QTextCharFormat()
    look.setFont(now.font("base"))
    color = {"cut": "textDisabled", "around": "textTertiary", "unknown": "warning"}.get(
        mark, "text"
    )
    look.setForeground(now.color(color))
    if mark == "known":
        look.setBackground(now.color("selection" if odd else "raised"))
    elif mark == "unknown":
        look.setBackground(now.color("warningTint"))
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        look.setUnderlineColor(now.color("warning"))
    elif mark == "cut":
        look.setFontStrikeOut(True)
    return look


class Legend(QWidget):
    """What the looks of a text mean, of those that occur in it."""

    _WORDS = {
        "known": "Known",
        "unknown": "Unknown",
        "cut": "Left out",
        "around": "Around the passage",
    }

    def __init__(self) -> None:
        super().__init__(objectName="data.text.legend")
        self._marks: tuple[str, ...] = ()
        self.setFixedHeight(theme().grown(28))
        self.setAccessibleName(tr("Legend"))

    def set_marks(self, marks: set[str]) -> None:
        """Explain these marks."""
        self._marks = tuple(mark for mark in self._WORDS if mark in marks)
        self.setAccessibleDescription(", ".join(tr(self._WORDS[mark]) for mark in self._marks))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, now = QPainter(self), theme()
        painter.fillRect(0, 0, self.width(), 1, now.color("border"))
        painter.setFont(now.font("axis"))
        metrics = painter.fontMetrics()
        left, middle = 16, self.height() // 2
        for mark in self._marks:
            words = tr(self._WORDS[mark])
            look = _look(mark, odd=False)
            painter.setPen(look.foreground().color())
            box = QRect(left, middle - 7, metrics.horizontalAdvance("Abc") + 6, 14)
            painter.fillRect(box, look.background())
            font = now.font("axis")
            font.setStrikeOut(mark == "cut")
            painter.setFont(font)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "Abc")
            painter.setFont(now.font("axis"))
            painter.setPen(now.color("textSecondary"))
            left = box.right() + 7
            painter.drawText(left, middle + metrics.ascent() // 2 - 1, words)
            left += metrics.horizontalAdvance(words) + 16


class FiguresPanel(QWidget):
    """Lengths, vocabulary and frequent tokens of all texts."""

    def __init__(self) -> None:
        super().__init__()
        toned(self, "panel")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 10, 16, 12)
        self._layout.setSpacing(6)

    def set_figures(self, figures: TextFigures) -> None:
        """Show these."""
        empty(self._layout)
        for part in (*_length_parts(figures), *_vocabulary_parts(figures)):
            self._layout.addWidget(part)
        self._layout.addStretch(1)


def _length_parts(figures: TextFigures) -> list[QWidget]:
    """Return what is said of lengths; a long text is one."""
    unit = figures.unit
    parts: list[QWidget] = [label(tr("Length"), "section")]
    if figures.passage is not None:
        words = tr("{} in all, in passages of {}.")
        told_ = words.format(_several(unit, figures.total), count_text(figures.passage))
        return [*parts, wrapped(told_)]
    words = tr("Half of the texts have {} or more, the longest {}.")
    parts.append(wrapped(words.format(_several(unit, figures.median), count_text(figures.longest))))
    parts.append(LengthChart(figures))
    if figures.length is not None:
        words = (
            tr("All of every text is kept: none has more than {}.")
            if not figures.cut
            else tr("{share} of the texts have more than {length}; the rest of those is left out.")
        )
        told_ = words.format(
            _several(unit, figures.length),
            share=share_text(figures.cut),
            length=_several(unit, figures.length),
        )
        parts.append(wrapped(told_, "axis"))
    return parts


def _vocabulary_parts(figures: TextFigures) -> list[QWidget]:
    unit = figures.unit
    parts: list[QWidget] = [label(tr("Vocabulary"), "section")]
    known = figures.vocabulary - 2
    if figures.different is None or figures.texts < figures.of:
        parts.append(wrapped(tr("{} have an id.").format(_several(unit, known))))
    else:
        words = tr("{} of {} different {} have an id.")
        given = words.format(count_text(known), count_text(figures.different), _several(unit))
        parts.append(wrapped(given))
    training, others = figures.unknown
    if unit != "BPE" and training is not None:
        words = tr("Unknown: {} of the training text").format(_part(training))
        if others is not None:
            words += tr(", {} of the other rows").format(_part(others))
        parts.append(wrapped(words + ".", "axis"))
    if figures.frequent:
        parts.append(label(tr("Most frequent"), "section"))
        top = figures.frequent[0][1]
        values = [
            Frequent(name.replace(" ", "␣"), count / top, count_text(count))
            for name, count in figures.frequent[:_NAMED]
        ]
        parts.append(FrequentList(values, "data.text.frequent"))
    if figures.texts < figures.of:
        words = tr("Counted in {} of {} texts, spread over the table.")
        counted_ = words.format(count_text(figures.texts), count_text(figures.of))
        parts.append(wrapped(counted_, "axis", "tertiary"))
    return parts


def _part(share: float) -> str:
    return share_text(share) if share else tr("none")


class LengthChart(QWidget):
    """Texts by their length; what lies beyond the chosen length is grey."""

    def __init__(self, figures: TextFigures):
        super().__init__()
        self._figures = figures
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Histogram of lengths"))

    def sizeHint(self) -> QSize:
        return QSize(200, theme().grown(84))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, now, figures = QPainter(self), theme(), self._figures
        painter.setFont(now.font("axis"))
        metrics = painter.fontMetrics()
        floor = self.height() - metrics.height() - 3
        bars, top = figures.lengths, max(figures.lengths)
        end = len(bars) * figures.step
        kept, beyond = now.chart("train"), now.color("borderStrong")
        for at, count in enumerate(bars):
            left, right = (round(place * self.width() / len(bars)) for place in (at, at + 1))
            tall = max(round(count / max(top, 1) * (floor - 12)), 1 if count else 0)
            past = figures.length is not None and at * figures.step >= figures.length
            box = QRect(left, floor - tall, max(right - left - 1, 1), tall)
            painter.fillRect(box, beyond if past else kept)
        painter.fillRect(0, floor, self.width(), 1, now.color("border"))
        self._write(painter, QPoint(0, self.height() - 3), "0", now.color("textTertiary"))
        last = count_text(end) + ("+" if figures.longest >= end else "")
        at_end = QPoint(self.width() - metrics.horizontalAdvance(last), self.height() - 3)
        self._write(painter, at_end, last, now.color("textTertiary"))
        if figures.length is not None and figures.length < end:
            x = round(figures.length / end * self.width())
            painter.fillRect(x, 0, 1, floor, now.color("accent"))
            words = count_text(figures.length)
            wide = metrics.horizontalAdvance(words)
            left = x + 4 if x + 4 + wide < self.width() else x - 4 - wide
            self._write(painter, QPoint(left, metrics.ascent()), words, now.color("accent"))

    @staticmethod
    def _write(painter: QPainter, at: QPoint, text: str, color: QColor) -> None:
        painter.setPen(color)
        painter.drawText(at, text)
