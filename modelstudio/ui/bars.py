"""The bars around every page: activity at the left, status at the bottom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QVBoxLayout,
)

from modelstudio.machine import process_bytes, total_bytes
from modelstudio.ui.actions import PAGES, Actions, tooltip, tr
from modelstudio.ui.theme import icon, paint_icon, theme
from modelstudio.ui.widgets import ElidedLabel, IconLabel, button, grow, label, row, rule

BADGES = ("none", "done", "warning", "error", "running")
_MEMORY_MS = 2000
_STAGE, _WORDS = 72, 18
"""Height of a stage, and of its name in it."""


class StageButton(QAbstractButton):
    """One stage of the work, with a badge that says how it stands."""

    badge_clicked = Signal()

    def __init__(self, name: str, text: str, icon_name: str, tip: str):
        super().__init__(objectName=name, text=text, checkable=True, toolTip=tip)
        grow(self, self.setFixedWidth, theme().size("activityBar") - 1)
        grow(self, lambda extra: self.setFixedHeight(_STAGE - _WORDS + extra), _WORDS)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(text)
        self._icon = icon_name
        self._tip = tip
        self.badge = "none"
        self.reason = ""

    def set_badge(self, state: str, reason: str) -> None:
        """Show a state of `BADGES`; the tooltip gives the reason."""
        self.badge, self.reason = state, reason
        self.setToolTip(f"{self._tip}<p>{reason}</p>" if reason else self._tip)
        self.setAccessibleDescription(f"{state}: {reason}" if state != "none" else "")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at_badge = self._badge_place().adjusted(-4, -4, 4, 4).contains(event.position())
        if at_badge and self.badge in ("warning", "error"):
            self.click()
            self.badge_clicked.emit()
            return
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(8, 4, self.width() - 16, self.height() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or (self.underMouse() and self.isEnabled()):
            painter.setBrush(now.color("raised" if self.isChecked() else "hover"))
            painter.drawRoundedRect(body, 6, 6)
        if self.isChecked():
            painter.setBrush(now.color("accent"))
            painter.drawRoundedRect(QRectF(-3, body.top() + 12, 6, body.height() - 24), 3, 3)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("focusRing"), 2))
            painter.drawRoundedRect(body.adjusted(1, 1, -1, -1), 6, 6)
        role = "textTertiary" if self.isEnabled() else "textDisabled"
        role = "text" if self.isChecked() else role
        place = QRectF((self.width() - 20) / 2, body.top() + 12, 20, 20)
        paint_icon(painter, place, self._icon, role)
        painter.setFont(now.font("section" if self.isChecked() else "label"))
        painter.setPen(now.color(role))
        words = QRectF(0, place.bottom() + 3, self.width(), now.grown(_WORDS))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.text())
        if self.isEnabled():
            paint_badge(painter, self._badge_place(), self.badge)

    def _badge_place(self) -> QRectF:
        return QRectF(self.width() / 2 + 8, 11, 14, 14)


def paint_badge(painter: QPainter, place: QRectF, state: str) -> None:
    """Paint a badge: disc with tick, triangle, disc with bar, or ring with arc."""
    now = theme()
    ground = now.color("panel")
    middle = place.center()
    painter.setPen(Qt.PenStyle.NoPen)
    if state == "done":
        painter.setBrush(now.color("success"))
        painter.drawEllipse(middle, 6, 6)
        painter.setPen(QPen(ground, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        tick = [QPointF(-2.6, 0.2), QPointF(-0.8, 2.0), QPointF(2.7, -1.9)]
        painter.drawPolyline(QPolygonF([middle + point for point in tick]))
    elif state == "warning":
        painter.setBrush(now.color("warning"))
        corners = [QPointF(0, -6), QPointF(6.6, 5.5), QPointF(-6.6, 5.5)]
        painter.drawPolygon(QPolygonF([middle + point for point in corners]))
        painter.setPen(QPen(ground, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle + QPointF(0, -1.6), middle + QPointF(0, 1.3))
        painter.drawPoint(middle + QPointF(0, 3.6))
    elif state == "error":
        painter.setBrush(now.color("error"))
        painter.drawEllipse(middle, 6, 6)
        painter.setPen(QPen(ground, 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle + QPointF(0, -3), middle + QPointF(0, 0.6))
        painter.drawPoint(middle + QPointF(0, 3))
    elif state == "running":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = QRectF(middle.x() - 5, middle.y() - 5, 10, 10)
        painter.setPen(QPen(now.color("borderStrong"), 2))
        painter.drawEllipse(ring)
        painter.setPen(QPen(now.color("accent"), 2))
        painter.drawArc(ring, 90 * 16, -130 * 16)


class ActivityBar(QFrame):
    """The five stages and the settings."""

    problem_clicked = Signal(str)

    def __init__(self, actions: Actions):
        super().__init__(objectName="activity")
        grow(self, self.setFixedWidth, theme().size("activityBar"))
        self.setAccessibleName(tr("Stages"))
        self._group = QButtonGroup(self, exclusive=True)
        self.stages: dict[str, StageButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(0)
        for page in PAGES:
            stage = self._add(page, actions)
            self._group.addButton(stage)
            stage.clicked.connect(actions[f"go.{page}"].trigger)
            stage.badge_clicked.connect(lambda page=page: self.problem_clicked.emit(page))
            self.stages[page] = stage
            layout.addWidget(stage)
        self.set_enabled(False)
        layout.addStretch(1)
        settings = self._make("settings", actions["view.settings"], "gear")
        settings.setCheckable(False)
        settings.clicked.connect(actions["view.settings"].trigger)
        layout.addWidget(settings)

    def set_current(self, page: str) -> None:
        """Mark the page in front; another id marks none."""
        self._group.setExclusive(False)
        for name, stage in self.stages.items():
            stage.setChecked(name == page)
        self._group.setExclusive(True)

    def set_enabled(self, enabled: bool) -> None:
        """Allow the stages, once there is a project."""
        for stage in self.stages.values():
            stage.setEnabled(enabled)

    def _add(self, page: str, actions: Actions) -> StageButton:
        return self._make(page, actions[f"go.{page}"], page)

    @staticmethod
    def _make(name: str, action: QAction, icon_name: str) -> StageButton:
        tip = tooltip(action.text(), action.shortcut().toString(), action.statusTip())
        return StageButton(f"activity.{name}", action.text(), icon_name, tip)


class StatusBar(QFrame):
    """Problems, progress of the run, last event, memory."""

    def __init__(self, actions: Actions):
        super().__init__(objectName="status")
        self.setFixedHeight(theme().size("statusBar"))
        self.setAccessibleName(tr("Status"))
        self.problems = button(tr("No problems"), "ghost", "okc", name="status.problems")
        self.problems.setIconSize(QSize(20, 14))
        self.problems.clicked.connect(actions["problems.next"].trigger)
        self._bar = QProgressBar(textVisible=False, maximum=1000, objectName="status.progress")
        self._bar.setAccessibleName(tr("Progress of the run"))
        self._bar.setFixedWidth(120)
        self._progress = label("", "label", name="status.progress_text")
        self._event = ElidedLabel("", "label", "secondary")
        self._event.setObjectName("status.event")
        self._memory = label("", "label", name="status.memory")
        self._lines = [rule(vertical=True) for _ in range(2)]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 1, 16, 0)
        layout.setSpacing(12)
        layout.addWidget(self.problems)
        for line, parts in zip(
            self._lines, ((self._bar, self._progress), (self._event,)), strict=True
        ):
            line.setFixedHeight(16)
            layout.addWidget(line)
            for part in parts:
                layout.addWidget(part, 1 if part is self._event else 0)
        layout.addStretch(0)
        layout.addWidget(row(IconLabel("weights", "textTertiary", 14), self._memory, spacing=6))
        self.clear_progress()
        self.set_event("")
        self.set_problem_counts(0, 0)
        self._total = total_bytes()
        self._clock = QTimer(self, interval=_MEMORY_MS)
        self._clock.timeout.connect(self.show_memory)
        self._clock.start()
        self.show_memory()

    def set_progress(self, fraction: float | None, text: str) -> None:
        """Show how far the run is, from 0 to 1; None while it is not known."""
        self._bar.setMaximum(0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(round(1000 * min(max(fraction, 0.0), 1.0)))
        self._progress.setText(text)
        for part in (self._lines[0], self._bar, self._progress):
            part.show()

    def clear_progress(self) -> None:
        """Take the progress away."""
        for part in (self._lines[0], self._bar, self._progress):
            part.hide()

    def progress_text(self) -> str:
        """Return what stands beside the bar; empty without a run."""
        return "" if self._progress.isHidden() else self._progress.text()

    def set_event(self, text: str) -> None:
        """Say what happened last."""
        self._event.set_full_text(text)
        self._lines[1].setVisible(bool(text))

    def set_problem_counts(self, errors: int, warnings: int) -> None:
        """Count the problems of the project."""

        def count(number: int, one: str, many: str) -> str:
            return (one if number == 1 else many).format(number)

        parts = []
        if errors:
            parts.append(count(errors, tr("{} error"), tr("{} errors")))
        if warnings:
            parts.append(count(warnings, tr("{} warning"), tr("{} warnings")))
        sign = (
            ("err", "error") if errors else ("warn", "warning") if warnings else ("okc", "success")
        )
        text = " · ".join(parts) or tr("No problems")
        self.problems.setIcon(icon(*sign))
        self.problems.setText(text)
        self.problems.setAccessibleName(text)
        self.problems.setToolTip(tr("Go to the next problem (F8)") if parts else "")

    def show_memory(self) -> None:
        """Show the memory of this process, where it can be read."""
        used = process_bytes()
        if used is None or self._total is None:
            self._memory.setText("")
            return
        text = tr("RAM {used:.1f} of {total:.0f} GB")
        self._memory.setText(text.format(used=used / 2**30, total=self._total / 2**30))
