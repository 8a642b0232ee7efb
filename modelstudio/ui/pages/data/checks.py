"""The strip of checks: what is worth knowing about the data, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data import edits
from modelstudio.ui.pages.data.columns import paint_bars
from modelstudio.ui.pages.data.sheet import Sheet, empty, wrapped
from modelstudio.ui.pages.data.wording import fix_title, share_text
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import Flow, TagButton, button, label, toned
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.profile import ColumnProfile

_GAP = 8


class ChecksStrip(QFrame):
    """Findings as tags; those without room are behind the last one."""

    opened = Signal(object)
    again_wanted = Signal()

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
        self._title = label(tr("Checks"), "label", "secondary")
        self._layout.addWidget(self._title)
        self._more = TagButton("", "neutral", "more", "data.checks.more")
        self._more.setMenu(QMenu(self._more))
        self._layout.addWidget(self._more)
        self._told = label("", "label", "tertiary", name="data.checks.told")
        self.again = button(tr("Read again"), "link", name="data.checks.again", small=True)
        self.again.clicked.connect(self.again_wanted)
        for part in (self._told, self.again):
            part.hide()
            self._layout.addWidget(part)
        self._layout.addStretch(1)

    def tell(self, words: str, *, again: bool = False) -> None:
        """Say why there are no findings; ``again`` offers to look for them."""
        self.set_findings(())
        self._told.setText(words)
        self._told.setVisible(bool(words))
        self.again.setVisible(again)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Show these findings, in their order."""
        self._told.hide()
        self.again.hide()
        for tag in self.tags:
            self._layout.removeWidget(tag)
            tag.deleteLater()
        self._findings = tuple(findings)
        self.tags = []
        for at, finding in enumerate(findings):
            sign = "info" if finding.severity in ("info", "fact") else ""
            kind = "neutral" if finding.severity in ("info", "fact") else finding.severity
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

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.height())  # tags without room are behind the last one

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide the tags that have no room and offer them in a menu."""
        sides = self._layout.contentsMargins()
        room = self.width() - sides.left() - sides.right() - self._title.sizeHint().width()
        widths = [tag.sizeHint().width() + _GAP for tag in self.tags]
        if sum(widths) > room:
            self._more.setText(f"+{len(self.tags)}")
            room -= self._more.sizeHint().width() + _GAP
        menu = self._more.menu()
        menu.clear()
        for tag, width, finding in zip(self.tags, widths, self._findings, strict=True):
            fits = width <= room
            tag.setVisible(fits)
            if fits:
                room -= width
            else:
                action = menu.addAction(tag.icon(), finding.text)
                action.triggered.connect(lambda _, finding=finding: self.opened.emit(finding))
        hidden = len(menu.actions())
        self._more.setText(f"+{hidden}")
        self._more.setAccessibleName(tr("{} more checks").format(hidden))
        self._more.setVisible(bool(hidden))


class EvidencePopup(Sheet):
    """Why a finding was made, the rows that show it, and what would mend it."""

    fix_wanted = Signal(object)
    ignore_wanted = Signal(str)
    row_wanted = Signal(int, str)
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
        settled: str = "",
    ) -> None:
        """Show a finding under its tag; ``settled`` says what deals with it already."""
        empty(self._layout)
        self.setAccessibleName(finding.text)
        self._layout.addWidget(wrapped(finding.text, "panelTitle", ""))
        if profile is not None:
            if len(finding.columns) > 1:
                self._layout.addWidget(wrapped(profile.name, "section", ""))
            self._layout.addWidget(ProfileView(profile))
        if finding.rows:
            self._layout.addWidget(self._make_rows(finding))
        if settled:
            self._layout.addWidget(wrapped(settled, role="success"))
        self._add_buttons(finding, may_ignore, bool(settled))
        self.open_at(widget.mapToGlobal(QPoint(0, widget.height() + 6)))

    def _make_rows(self, finding: Finding) -> QLabel:
        """Name some of the rows; a click on one shows it, and the next can be clicked after it."""
        rows = wrapped(_rows_text(finding), "axis", "tertiary")
        flags = Qt.TextInteractionFlag
        rows.setTextInteractionFlags(flags.LinksAccessibleByMouse | flags.LinksAccessibleByKeyboard)
        rows.setObjectName("data.evidence.rows")
        rows.linkActivated.connect(lambda at: self.row_wanted.emit(int(at), finding.column or ""))
        return rows

    def _add_buttons(self, finding: Finding, may_ignore: bool, handled: bool) -> None:
        made = []

        def offer(
            words: str, name: str, kind: str, signal: SignalInstance, *values: object
        ) -> None:
            each = button(words, kind, name=f"data.evidence.{name}", small=True)
            each.clicked.connect(lambda: self._leave(signal, *values))
            made.append(each)

        fix = finding.fix
        drops = fix is not None and edits.drops(fix, finding.column)
        if fix is not None and not handled and not (drops and may_ignore):
            offer(fix_title(fix), "add", "primary", self.fix_wanted, fix)
        if (name := finding.column) is not None and may_ignore:
            kind = "primary" if drops else "secondary"
            words = tr("Ignore {}").format(name) if len(finding.columns) > 1 else ""
            offer(words or tr("Ignore column"), "ignore", kind, self.ignore_wanted, name)
        if finding.rows:
            row = finding.rows[0]
            words = tr("Show row {}").format(f"{row + 1:,}")
            offer(words, "row", "ghost", self.row_wanted, row, name or "")
        elif name is not None:
            offer(tr("Show column"), "show", "ghost", self.column_wanted, name)
        if made:
            flow = Flow(spacing=8)
            for each in made:
                flow.addWidget(each)
            holder = QWidget()
            holder.setLayout(flow)
            self._layout.addWidget(holder)

    def _leave(self, signal: SignalInstance, *values: object) -> None:
        self.close()
        signal.emit(*values)


def _rows_text(finding: Finding) -> str:
    """Name some of the rows, counted as the table counts them."""
    shown = ", ".join(f'<a href="{row}">{row + 1:,}</a>' for row in finding.rows[:6])
    more = finding.count - min(6, len(finding.rows))
    words = tr("Row {}") if finding.count == 1 else tr("Rows {}")
    return words.format(shown) + (tr(" and {} more").format(f"{more:,}") if more > 0 else "")


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
        layout.addWidget(Histogram(shape or profile.histogram, tall))
        if profile.quantiles:
            layout.addWidget(wrapped(profile.quantiles, "axis", "tertiary"))


class Histogram(QWidget):
    """Bars of the heights given, the highest as high as the widget."""

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
