"""The list of what can be exported, and the exports made lately."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QGridLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.export.records import ExportRecord
from modelstudio.ui.pages.layouts import clear
from modelstudio.ui.theme import paint_icon, theme
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    PanelHeader,
    button,
    label,
    rule,
    toned,
)

TARGETS = (
    ("onnx", "weights", tr("ONNX model"), tr("For other programs, recipe included")),
    ("python", "code", tr("Python code"), tr("The network as plain PyTorch")),
)


class TargetCard(QAbstractButton):
    """One kind of export: icon, title, line below, and its state as a tag."""

    def __init__(self, key: str, drawing: str, title: str, detail: str):
        super().__init__(objectName=f"export.target.{key}", checkable=True, autoExclusive=True)
        self.key = key
        self._drawing, self._title, self._detail = drawing, title, detail
        self._tag = ("", "neutral")
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_state(self, word: str, kind: str) -> None:
        """Show a state: Checked, Outdated, Failed, Running."""
        self._tag = (word, kind)
        self.setAccessibleDescription(word)
        self.update()

    @property
    def state(self) -> str:
        """The word on the tag."""
        return self._tag[0]

    def sizeHint(self) -> QSize:
        return QSize(240, theme().grown(64))

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked() or self.underMouse():
            painter.fillRect(self.rect(), now.color("selection" if self.isChecked() else "hover"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, now.color("border"))
        role = "accent" if self.isChecked() else "textSecondary"
        paint_icon(painter, QRectF(16, (self.height() - 18) / 2, 18, 18), self._drawing, role)
        right = self.width() - 16.0
        word, kind = self._tag
        if word:
            painter.setFont(now.font("label"))
            width = QFontMetricsF(painter.font()).horizontalAdvance(word) + 12
            tall = now.grown(20)
            place = QRectF(right - width, (self.height() - tall) / 2, width, tall)
            painter.setPen(Qt.PenStyle.NoPen)
            grounds = {"neutral": "raised", "accent": "accentTint"}
            painter.setBrush(now.color(grounds.get(kind, f"{kind}Tint")))
            painter.drawRoundedRect(place, 4, 4)
            painter.setPen(now.color("textSecondary" if kind == "neutral" else kind))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, word)
            right = place.left() - 8
        for font, ink, top, text in (
            ("panelTitle", "text", now.grown(13), self._title),
            ("label", "textSecondary", now.grown(33), self._detail),
        ):
            painter.setFont(now.font(font))
            painter.setPen(now.color(ink))
            room = QRectF(48, top, right - 48, now.grown(18))
            short = QFontMetricsF(painter.font()).elidedText(
                text, Qt.TextElideMode.ElideRight, room.width()
            )
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, short)
        if self.hasFocus():
            painter.setPen(now.color("focusRing"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -2))


class TargetsPanel(QWidget):
    """Targets above, the model that is exported below, recent exports at the foot."""

    target_chosen = Signal(str)
    run_chosen = Signal()
    recent_opened = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="export.targets")
        toned(self, "panel")
        self.setMinimumWidth(232)
        self._group = QButtonGroup(self)
        self.cards = {entry[0]: TargetCard(*entry) for entry in TARGETS}
        self.run_choice = ComboBox("export.run_choice", tr("Model to export"))
        self.run_choice.activated.connect(lambda _: self.run_chosen.emit())
        self._facts = QGridLayout()
        self._facts.setVerticalSpacing(8)
        self._facts.setColumnStretch(0, 1)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        self._recent_title = label(tr("Recent exports"), "section", "secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(PanelHeader(tr("Targets"), name="export.targets.header"))
        layout.addWidget(rule())
        for card in self.cards.values():
            self._group.addButton(card)
            card.clicked.connect(lambda _=False, key=card.key: self.target_chosen.emit(key))
            layout.addWidget(card)
        self.cards["onnx"].setChecked(True)
        model = QWidget()
        inner = QVBoxLayout(model)
        inner.setContentsMargins(16, 16, 16, 16)
        inner.setSpacing(10)
        inner.addWidget(label(tr("Model to export"), "section", "secondary"))
        inner.addWidget(self.run_choice)
        inner.addLayout(self._facts)
        layout.addWidget(model)
        layout.addStretch(1)
        self._foot = QWidget()
        foot = QVBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 12)
        foot.setSpacing(8)
        foot.addWidget(rule())
        self._recent_title.setContentsMargins(16, 8, 16, 0)
        foot.addWidget(self._recent_title)
        self._recent.setContentsMargins(8, 0, 16, 0)
        foot.addLayout(self._recent)
        layout.addWidget(self._foot)
        self.show_recent(())

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show names and values of the chosen model."""
        clear(self._facts)
        for line, (name, value) in enumerate(facts):
            self._facts.addWidget(label(name, "label", "secondary"), line, 0)
            self._facts.addWidget(label(value, "section"), line, 1, Qt.AlignmentFlag.AlignRight)

    def show_recent(self, records: Sequence[ExportRecord]) -> None:
        """List exports, newest first."""
        clear(self._recent)
        self._foot.setVisible(bool(records))
        for record in records[:5]:
            path = Path(record.path)
            opened = button(path.name, "ghost", "file", tr("Show in folder"), small=True)
            opened.setToolTip(record.path)
            opened.clicked.connect(lambda _=False, path=record.path: self.recent_opened.emit(path))
            opened.setEnabled(record.exists)
            when = ElidedLabel(_when(record.at), "label", "tertiary")
            when.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            line = QWidget()
            grid = QGridLayout(line)
            grid.setContentsMargins(0, 0, 0, 0)
            grid.addWidget(opened, 0, 0)
            grid.addWidget(when, 0, 1)
            grid.setColumnStretch(1, 1)
            self._recent.addWidget(line)


def _when(at: float) -> str:
    then, now = time.localtime(at), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%d %b", then)
