"""The parts that pages are put together from."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.theme import icon as themed_icon
from modelstudio.ui.theme import restyle, theme
from modelstudio.ui.widgets.basic import ElidedLabel, button, grow, label, row, toned


class IconLabel(QWidget):
    """An icon by itself, in a colour role."""

    def __init__(self, name: str, role: str = "textSecondary", size: int = 16):
        super().__init__()
        self._size = size
        self.set_icon(name, role)
        self.setFixedSize(size, size)

    def set_icon(self, name: str, role: str = "textSecondary") -> None:
        """Change drawing and colour."""
        self._icon = themed_icon(name, role)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())


class PanelHeader(QFrame):
    """Title of a panel, 40 px: title, quiet detail, and widgets at the right."""

    def __init__(self, title: str, detail: str = "", name: str = ""):
        super().__init__(objectName=name)
        self.setFixedHeight(theme().size("panelHeader"))
        self._title = label(title, "panelTitle")
        self._detail = ElidedLabel(detail, "label", "tertiary")
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(16, 0, 8, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self._title)
        self._layout.addWidget(self._detail, 1)
        self.setAccessibleName(title)

    def set_title(self, text: str) -> None:
        """Change the title."""
        self._title.setText(text)
        self.setAccessibleName(text)

    def set_detail(self, text: str) -> None:
        """Change the quiet text behind the title."""
        self._detail.set_full_text(text)

    def fits(self) -> bool:
        """Tell whether there is room for all of the detail."""
        return self.sizeHint().width() + self._detail.sizeHint().width() <= self.width()

    def add(self, widget: QWidget) -> QWidget:
        """Put a widget at the right end and return it."""
        self._layout.addWidget(widget)
        return widget

    def insert(self, widget: QWidget) -> QWidget:
        """Put a widget between title and detail and return it."""
        self._layout.insertWidget(1, widget)
        return widget


class Section(QWidget):
    """A part that folds; folded, it shows its values in one line."""

    toggled = Signal(bool)

    def __init__(
        self, title: str, content: QWidget | None = None, folded: bool = False, name: str = ""
    ):
        super().__init__(objectName=name)
        self._head = QToolButton(
            text=title, objectName=f"{name}.head", checkable=True, iconSize=QSize(12, 12)
        )
        self._head.setAccessibleName(title)
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._head.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._head.setProperty("section", True)
        self._summary = ElidedLabel("", "label", "tertiary")
        self._summary_text = ""
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(8)
        if content is not None:
            self.body.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(row(self._head, self._summary, spacing=4))
        layout.addWidget(self._content)
        self._head.toggled.connect(self._show)
        self._head.setChecked(not folded)
        self._show(not folded)

    @property
    def folded(self) -> bool:
        """True while only the head is in sight."""
        return not self._head.isChecked()

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold."""
        self._head.setChecked(not folded)

    def set_summary(self, text: str) -> None:
        """Set the line that a folded section shows."""
        self._summary_text = text
        self._summary.set_full_text(text if self.folded else "")

    def _show(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self._summary.set_full_text("" if opened else self._summary_text)
        self._head.setIcon(themed_icon("chev" if opened else "right", "textTertiary"))
        self.toggled.emit(opened)


class EmptyState(QWidget):
    """Icon, title, one sentence, one action."""

    triggered = Signal()

    def __init__(
        self,
        icon: str,
        title: str,
        sentence: str,
        action_text: str = "",
        primary: bool = True,
        name: str = "",
    ):
        super().__init__(objectName=name)
        self._title = label(title, "panelTitle")
        self._sentence = label(sentence, "label", "secondary", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        grow(self._sentence, self._sentence.setMaximumWidth, 300)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        self._buttons.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(1)
        for item in (IconLabel(icon, "textTertiary", 28), self._title):
            layout.addWidget(item, 0, Qt.AlignmentFlag.AlignHCenter)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._sentence, 1000)
        middle.addStretch(1)
        layout.addLayout(middle)
        layout.addSpacing(4)
        layout.addLayout(self._buttons)
        layout.addStretch(1)
        if action_text:
            action = self.add_action(action_text, "primary" if primary else "secondary")
            action.clicked.connect(self.triggered)

    def add_action(self, text: str, kind: str = "ghost") -> QPushButton:
        """Add a button below the sentence and return it."""
        number = self._buttons.count()
        made = button(text, kind, name=f"{self.objectName()}.action{number or ''}")
        self._buttons.addWidget(made)
        return made

    def set_text(self, title: str, sentence: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._sentence.setText(sentence)


class MetricCard(QFrame):
    """One number with its name, and a quiet line below."""

    clicked = Signal()

    def __init__(self, title: str, value: str = "", detail: str = "", name: str = ""):
        super().__init__(objectName=name)
        self._title_text = title
        self._value = label(value, "figure")
        self._detail = ElidedLabel(detail, "label", "tertiary")
        toned(self, "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(2)
        for item in (label(title, "label", "secondary"), self._value, self._detail):
            layout.addWidget(item)
        self.set_value(value, detail)

    def set_value(self, value: str, detail: str = "", kind: str = "") -> None:
        """Show a number; ``kind`` colours it: success, warning, error."""
        self._value.setText(value)
        restyle(self._value, role=kind)
        self._detail.set_full_text(detail)
        self.setAccessibleName(f"{self._title_text} {value} {detail}".strip())

    def value_text(self) -> str:
        """Return the number as shown."""
        return self._value.text()

    def mouseReleaseEvent(self, event: object) -> None:
        self.clicked.emit()


def key_label(text: str) -> QLabel:
    """Return a key as a small outlined cap."""
    made = QLabel(text)
    made.setProperty("key", True)
    return made
