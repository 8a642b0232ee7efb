"""Short messages at the bottom right that go by themselves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme, tokens
from modelstudio.ui.widgets.basic import ElidedLabel, Watcher, button, icon_button, label, toned
from modelstudio.ui.widgets.notices import SIGNS
from modelstudio.ui.widgets.panels import IconLabel

_MOST = 3
_WIDTH = 340
_MARGIN = 16


class Toast(QFrame):
    """One message; it waits while the pointer is on it."""

    gone = Signal()

    def __init__(
        self,
        parent: QWidget,
        title: str,
        detail: str,
        kind: str,
        action: str,
        on_action: Callable[[], object] | None,
    ):
        super().__init__(parent, objectName="toast")
        self.setAccessibleName(f"{title}. {detail}" if detail else title)
        toned(self, "popup")
        self._role = SIGNS[kind][1]
        self.title = title
        self._clock = QTimer(self, singleShot=True, interval=tokens()["motion"]["toastVisible"])
        self._clock.timeout.connect(self.dismiss)
        layout = QGridLayout(self)
        layout.setContentsMargins(14, 8, 6, 10)
        layout.setHorizontalSpacing(10)
        layout.setVerticalSpacing(1)
        layout.addWidget(IconLabel(*SIGNS[kind]), 0, 0)
        layout.addWidget(ElidedLabel(title, "panelTitle"), 0, 1)
        layout.setColumnStretch(1, 1)
        if action:
            self.action = button(action, "link", name="toast.action")
            self.action.clicked.connect(self._act)
            self._on_action = on_action
            layout.addWidget(self.action, 0, 2)
        close = icon_button("x", tr("Close"), "toast.close")
        close.clicked.connect(self.dismiss)
        layout.addWidget(close, 0, 3)
        if detail:
            layout.addWidget(label(detail, "label", "secondary", wrap=True), 1, 1, 1, 3)
        self.setFixedWidth(_WIDTH)
        self._clock.start()

    def set_height(self) -> None:
        """Be as high as the text needs at this width."""
        wrapped = self.heightForWidth(_WIDTH)
        self.setFixedHeight(wrapped if wrapped >= 0 else self.sizeHint().height())

    def dismiss(self) -> None:
        """Take the message away."""
        self._clock.stop()
        self.hide()
        self.gone.emit()

    def _act(self) -> None:
        self.dismiss()
        if self._on_action is not None:
            self._on_action()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._clock.stop()

    def leaveEvent(self, event: QEvent) -> None:
        if self.isVisible():
            self._clock.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(self._role))
        painter.setClipRect(0, 0, 3, self.height())
        painter.drawRoundedRect(self.rect(), 8, 8)


class ToastHost(QWidget):
    """Keeps at most three messages at the bottom right of a window."""

    def __init__(self, window: QWidget, bottom: int = 0):
        super().__init__(window)
        self.hide()
        self._window = window
        self._bottom = bottom
        self._toasts: list[Toast] = []
        Watcher(window, {QEvent.Type.Resize}, self._place)

    @property
    def shown(self) -> tuple[Toast, ...]:
        """Messages in sight, oldest first."""
        return tuple(self._toasts)

    def show_toast(
        self,
        title: str,
        detail: str = "",
        kind: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
    ) -> Toast:
        """Show a message for six seconds; a fourth pushes the oldest out."""
        while len(self._toasts) >= _MOST:
            self._toasts[0].dismiss()
        toast = Toast(self._window, title, detail, kind, action, on_action)
        toast.gone.connect(lambda: self._forget(toast))
        self._toasts.append(toast)
        toast.show()
        self._place()
        return toast

    def clear(self) -> None:
        """Take every message away."""
        for toast in self.shown:
            toast.dismiss()

    def _forget(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.deleteLater()
            self._place()

    def _place(self) -> None:
        y = self._window.height() - self._bottom - _MARGIN
        for toast in reversed(self._toasts):
            toast.set_height()
            y -= toast.height()
            toast.move(self._window.width() - toast.width() - _MARGIN, y)
            toast.raise_()
            y -= 8
