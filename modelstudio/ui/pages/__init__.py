"""The pages, one for each stage of the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow


@dataclass(frozen=True, slots=True)
class PageProblem:
    """A sentence about something wrong, and the way there; with some, nothing can be trained."""

    kind: Literal["error", "warning"]
    text: str
    go: Callable[[], object]
    stops_training: bool = False


class Page(QWidget):
    """Base of every page: what it may use of the window, by name."""

    page_id: ClassVar[str] = ""

    def __init__(self, main: MainWindow):
        super().__init__(objectName=f"page.{self.page_id}")
        self.setProperty("tone", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.main = main
        self.document = main.document
        self.actions_ = main.actions_
        self.jobs = main.jobs
        self.toasts = main.toasts

    def shown(self) -> None:
        """Do what is due each time the page comes to the front."""

    def help_topic(self) -> tuple[str, str]:
        """Return the page of the guide, and a heading there, about what is in sight."""
        return self.page_id, ""

    def toggle_panel(self, side: str) -> None:
        """Show or hide the left, bottom or right panel."""

    def set_problems(self, problems: Sequence[PageProblem]) -> None:
        """Tell the window what is wrong on this page."""
        self.main.set_problems(self.page_id, problems)

    def set_badge(self, state: str, reason: str = "") -> None:
        """Set the page's badge: none, done, warning, error or running."""
        self.main.set_badge(self.page_id, state, reason)
