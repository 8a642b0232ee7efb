"""The strip of checks: what is worth knowing about the data, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Signal, SignalInstance
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.columns import paint_bars
from modelstudio.ui.pages.data.sheet import Sheet, wrapped
from modelstudio.ui.pages.data.wording import counted, share_text, step_title
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import Flow, TagButton, button, label, toned

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.profile import ColumnProfile

_GAP = 8


class ChecksStrip(QFrame):
    """Findings as tags; those without room are behind the last one."""

    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="data.checks")
        self.setAccessibleName(tr("Checks"))
        toned(self, "panel")
        self.setFixedHeight(36)
        self.tags: list[TagButton] = []
        self._findings: tuple[Finding, ...] = ()
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(16, 0, 12, 0)
        self._layout.setSpacing(_GAP)
        self._layout.addWidget(label(tr("Checks"), "label", "secondary"))
        self._more = TagButton("", "neutral", "more", "data.checks.more")
        self._more.setMenu(QMenu(self._more))
        self._layout.addWidget(self._more)
        self._layout.addStretch(1)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Show these findings, in their order."""
        for tag in self.tags:
            self._layout.removeWidget(tag)
            tag.deleteLater()
        self._findings = tuple(findings)
        self.tags = []
        for at, finding in enumerate(findings):
            sign = "info" if finding.severity == "info" else ""
            kind = "neutral" if finding.severity == "info" else finding.severity
            tag = TagButton(finding.text, kind, sign, f"data.check{at + 1}")
            tag.setToolTip(tr("Show the evidence"))
            tag.clicked.connect(lambda _, finding=finding: self.opened.emit(finding))
            self._layout.insertWidget(at + 1, tag)
            self.tags.append(tag)
        self._fit()

    def tag_of(self, finding: Finding) -> QWidget:
        """Return what shows a finding: its tag, or the last one."""
        tag = self.tags[self._findings.index(finding)]
        return self._more if tag.isHidden() else tag

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide the tags that have no room and offer them in a menu."""
        room = self.width() - 90
        widths = [tag.sizeHint().width() + _GAP for tag in self.tags]
        if sum(widths) > room:
            room -= 48
        hidden = []
        for tag, width, finding in zip(self.tags, widths, self._findings, strict=True):
            room -= width
            tag.setVisible(room >= 0)
            if room < 0:
                hidden.append(finding)
        menu = self._more.menu()
        menu.clear()
        for finding in hidden:
            action = menu.addAction(finding.text)
            action.triggered.connect(lambda _, finding=finding: self.opened.emit(finding))
        self._more.setText(f"+{len(hidden)}")
        self._more.setAccessibleName(tr("{} more checks").format(len(hidden)))
        self._more.setVisible(bool(hidden))


class EvidencePopup(Sheet):
    """Why a finding was made, and the step that would mend it."""

    step_wanted = Signal(object)
    ignore_wanted = Signal(str)
    column_wanted = Signal(str)

    def __init__(self, parent: QWidget):
        super().__init__(parent, "data.evidence", 320)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 12, 16, 12)
        self._layout.setSpacing(8)

    def open_below(
        self,
        widget: QWidget,
        finding: Finding,
        profile: ColumnProfile | None,
        may_ignore: bool,
        handled_by: int | None = None,
    ) -> None:
        """Show a finding under its tag; ``handled_by`` is the step that deals with it already."""
        self._clear()
        self.setAccessibleName(finding.text)
        self._layout.addWidget(wrapped(finding.text, "panelTitle", ""))
        if profile is not None:
            self._layout.addWidget(ProfileView(profile))
        if handled_by is not None:
            words = tr("Step {} of the recipe deals with it.").format(handled_by + 1)
            self._layout.addWidget(wrapped(words, role="success"))
        self._add_buttons(finding, may_ignore, handled_by is not None)
        self.open_at(widget.mapToGlobal(QPoint(0, widget.height() + 6)))

    def _add_buttons(self, finding: Finding, may_ignore: bool, handled: bool) -> None:
        made = []
        if (step := finding.suggested_step) is not None and not handled:
            add = button(
                tr("Add {}").format(step_title(step)),
                "primary",
                name="data.evidence.add",
                small=True,
            )
            add.clicked.connect(lambda: self._leave(self.step_wanted, step))
            made.append(add)
        if (name := finding.column) is not None:
            if may_ignore:
                ignore = button(
                    tr("Ignore column"), "secondary", name="data.evidence.ignore", small=True
                )
                ignore.clicked.connect(lambda: self._leave(self.ignore_wanted, name))
                made.append(ignore)
            show = button(tr("Show column"), "ghost", name="data.evidence.show", small=True)
            show.clicked.connect(lambda: self._leave(self.column_wanted, name))
            made.append(show)
        if made:
            flow = Flow(spacing=8)
            for each in made:
                flow.addWidget(each)
            holder = QWidget()
            holder.setLayout(flow)
            self._layout.addWidget(holder)

    def _leave(self, signal: SignalInstance, value: object) -> None:
        self.close()
        signal.emit(value)

    def _clear(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


class ProfileView(QWidget):
    """A column in numbers: values, empty cells, histogram, quantiles."""

    def __init__(self, profile: ColumnProfile, shape: Sequence[float] = (), tall: int = 64):
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        facts = [counted(profile.distinct, "value"), profile.summary]
        facts.append(
            tr("no empty cells")
            if not profile.missing
            else tr("{} ({})").format(
                counted(profile.missing, "empty cell"),
                share_text(profile.missing_share).replace(" ", "\u00a0"),
            )
        )
        seen = list(dict.fromkeys(facts))
        layout.addWidget(wrapped(" · ".join(seen)))
        layout.addWidget(_Histogram(shape or profile.histogram, tall))
        if profile.quantiles:
            layout.addWidget(wrapped(profile.quantiles, "axis", "tertiary"))


class _Histogram(QWidget):
    def __init__(self, shape: Sequence[float], tall: int):
        super().__init__()
        self._shape = tuple(shape)
        self.setFixedHeight(tall)
        self.setAccessibleName(tr("Histogram"))

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        now = theme()
        box = self.rect().toRectF()
        painter.fillRect(box.adjusted(0, box.height() - 1, 0, 0), now.color("border"))
        paint_bars(painter, box.adjusted(0, 0, 0, -1), self._shape, now.chart("train"))
