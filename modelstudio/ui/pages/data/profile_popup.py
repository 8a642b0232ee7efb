"""A column in numbers, and what the recipe makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.checks import Histogram, ProfileView
from modelstudio.ui.pages.data.frequent_list import Frequent, FrequentList
from modelstudio.ui.pages.data.relation_view import RelationView
from modelstudio.ui.pages.data.sheet import Sheet, empty, wrapped
from modelstudio.ui.pages.data.wording import share_text
from modelstudio.ui.widgets import format_number, label
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.column_view import ColumnView
    from modelstudio.data.profile import ColumnProfile
    from modelstudio.data.relations import Relation


class ProfilePopup(Sheet):
    """A column in numbers."""

    def __init__(self, parent: QWidget):
        super().__init__(parent, "data.profile", 320)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 12, 16, 14)
        self._layout.setSpacing(8)
        self._name = ""

    def show_profile(
        self, corner: QPoint, profile: ColumnProfile, relation: Relation | None, target: str
    ) -> None:
        """Show a profile, and how the column goes with the target, with its corner there."""
        empty(self._layout)
        self._name = profile.name
        self.setAccessibleName(tr("Profile of {}").format(profile.name))
        self._layout.addWidget(label(profile.name, "panelTitle"))
        self._layout.addWidget(ProfileView(profile, tall=72))
        if relation is not None and relation.strength is not None:
            self._layout.addWidget(RelationView(relation, target))
        self.open_at(corner)

    def add_view(self, view: ColumnView) -> None:
        """Show frequent values and the column after the recipe, if it is still this one."""
        if not self.isVisible() or view.name != self._name:
            return
        parts: list[QWidget] = []
        if view.frequent:
            values = [Frequent(name, share, share_text(share)) for name, share in view.frequent]
            parts.append(label(tr("Most frequent"), "section"))
            parts.append(FrequentList(values, "data.profile.frequent"))
        if view.after is not None:
            ends = (format_number(float(f"{end:.4g}")) for end in (view.after.low, view.after.high))
            parts += [
                label(tr("After the recipe"), "section"),
                wrapped(" – ".join(ends)),
                Histogram(view.after.heights, 56),
            ]
        elif view.columns:
            words = tr("The recipe puts {} in its place.")
            parts.append(wrapped(words.format(counted(view.columns, "column"))))
        for part in parts:
            self._layout.addWidget(part)
            part.show()
        self.fit()
