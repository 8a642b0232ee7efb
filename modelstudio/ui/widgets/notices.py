"""Banners and tags: what a page has to say."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import icon as themed_icon
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets.basic import button, icon_button, label, semibold
from modelstudio.ui.widgets.panels import IconLabel

SIGNS = {
    "info": ("info", "accent"),
    "success": ("okc", "success"),
    "warning": ("warn", "warning"),
    "error": ("err", "error"),
    "trash": ("trash", "accent"),
}
"""Icon and colour role of each kind of message."""


class Banner(QFrame):
    """A sentence across the page, with an action; errors stay, the others can be closed."""

    triggered = Signal()
    closed = Signal()

    def __init__(
        self,
        kind: str,
        text: str,
        action: str = "",
        closable: bool | None = None,
        name: str = "",
    ):
        super().__init__(objectName=name)
        self._sign = IconLabel("info")
        self._text = label("", wrap=True)
        self._action = button(action, "secondary", name=f"{name}.action", small=True)
        self._action.setVisible(bool(action))
        self._action.clicked.connect(self.triggered)
        self._close = icon_button("x", tr("Close"), f"{name}.close")
        self._close.clicked.connect(self.close_banner)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(self._sign)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._action)
        layout.addWidget(self._close)
        self.setMinimumHeight(40)
        self._closable = closable
        self.set_kind(kind)
        self.set_text(text)

    def set_kind(self, kind: str) -> None:
        """Change between info, success, warning and error."""
        self._sign.set_icon(*SIGNS[kind])
        self._close.setVisible(kind != "error" if self._closable is None else self._closable)
        restyle(self, banner=kind)

    def set_text(self, text: str, action: str | None = None) -> None:
        """Say something else; None keeps the action's text."""
        self._text.setText(semibold(text))
        self.setAccessibleName(text)
        if action is not None:
            self._action.setText(action)
            self._action.setVisible(bool(action))

    def text(self) -> str:
        """Return the sentence."""
        return self.accessibleName()

    def close_banner(self) -> None:
        """Hide it, and tell."""
        self.hide()
        self.closed.emit()


class Tag(QLabel):
    """A word on a tinted ground: neutral, accent, success, warning or error."""

    def __init__(self, text: str, kind: str = "neutral", name: str = ""):
        super().__init__(text, objectName=name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setProperty("tag", kind)

    def set(self, text: str, kind: str = "neutral") -> None:
        """Change word and kind."""
        self.setText(text)
        restyle(self, tag=kind)


class TagButton(QPushButton):
    """A tag that can be clicked."""

    def __init__(
        self, text: str, kind: str = "neutral", icon: str = "", name: str = "", tip: str = ""
    ):
        super().__init__(text, objectName=name, toolTip=tip, autoDefault=False)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setIconSize(QSize(18, 14))
        self.set(text, kind, icon)

    def set(self, text: str, kind: str = "neutral", icon: str = "") -> None:
        """Change word, kind and icon."""
        sign, role = SIGNS.get(kind, ("", "textSecondary"))
        self.setText(text)
        self.setAccessibleName(text)
        self.setIcon(themed_icon(icon or sign, role))
        restyle(self, tag=kind)
