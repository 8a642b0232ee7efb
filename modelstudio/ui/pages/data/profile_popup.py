"""A column in numbers, and what the recipe makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.checks import Histogram, ProfileView
from modelstudio.ui.pages.data.relation_view import RelationView
from modelstudio.ui.pages.data.sheet import Sheet, wrapped
from modelstudio.ui.pages.data.wording import share_text
from modelstudio.ui.theme import theme
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
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
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
            parts += [label(tr("Most frequent"), "section"), Frequent(view)]
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


class Frequent(QWidget):
    """The most frequent values with their shares."""

    def __init__(self, view: ColumnView):
        super().__init__(objectName="data.profile.frequent")
        self._frequent = view.frequent
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Most frequent"))
        self.setAccessibleDescription(
            ", ".join(f"{value} {share_text(share)}" for value, share in view.frequent)
        )

    def sizeHint(self) -> QSize:
        return QSize(200, theme().grown(18) * len(self._frequent))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, now, tall = QPainter(self), theme(), theme().grown(18)
        painter.setFont(now.font("axis"))
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        name_wide, end_wide = self.width() // 2, theme().grown(52)
        room = self.width() - name_wide - end_wide
        for at, (value, share) in enumerate(self._frequent):
            top = at * tall
            painter.setPen(now.color("text"))
            short = metrics.elidedText(value, Qt.TextElideMode.ElideRight, name_wide - 8)
            painter.drawText(QRect(0, top, name_wide, tall), middle, short)
            bar = QRect(name_wide, top + tall // 2 - 3, max(1, round(room * share)), 6)
            painter.fillRect(bar, now.chart("train"))
            painter.setPen(now.color("textSecondary"))
            box = QRect(self.width() - end_wide, top, end_wide, tall)
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, share_text(share))
