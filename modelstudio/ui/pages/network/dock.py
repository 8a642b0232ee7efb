"""The dock below the canvas: summary, code, problems and the inside of a block."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from modelstudio.network.analysis import Problem
from modelstudio.project.memory import training_memory
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.code_card import open_code
from modelstudio.ui.pages.network.code_view import CodeView
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.forecast import Foresight
from modelstudio.ui.pages.network.heat import HeatChoice
from modelstudio.ui.pages.network.inside import InsideView
from modelstudio.ui.pages.network.overlays import FixMenu, sentence
from modelstudio.ui.pages.network.summary import SummaryView
from modelstudio.ui.pages.network.units import memory_text, short_count
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ElidedLabel,
    EmptyState,
    IconLabel,
    SpinBox,
    Tag,
    button,
    count_text,
    icon_button,
    label,
    row,
    scroll,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

_MOST_PROBLEMS = 60
_LEAST_HEAT = 72
"""Width of the choice of heat at its narrowest, in pixels at 100 %."""
_BETWEEN = " · "
TABS = ("summary", "code", "problems", "inside")
_SIGNS = {"error": ("err", "error"), "warning": ("warn", "warning"), "notice": ("info", "accent")}


class Dock(QFrame):
    """Four tabs; at the right of their bar the totals."""

    def __init__(self, editor: Editor, show_block: Callable[[str], None], main: MainWindow):
        super().__init__(objectName="network.dock")
        toned(self, "panel")
        self._editor, self._main = editor, main
        self.summary = SummaryView(editor, show_block)
        self.code = CodeView(editor, main)
        self.problems = ProblemList(editor, show_block)
        self.inside = InsideView(editor, main)
        self.tabs = QTabBar(objectName="network.dock.tabs", drawBase=False, expanding=False)
        self.tabs.setAccessibleName(tr("Summary, code, problems and inside"))
        for text in (tr("Summary"), tr("Code"), tr("Problems"), tr("Inside")):
            self.tabs.addTab(text)
        self._count = Tag("", "error", name="network.dock.count")
        self.tabs.setTabButton(2, QTabBar.ButtonPosition.RightSide, self._count)
        self._totals = _Totals("", "label", "secondary")
        self._totals.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._totals.setObjectName("network.totals")
        self._export = icon_button(
            "down", tr("Export the summary as CSV"), "network.summary.export"
        )
        self.heat = HeatChoice()
        tip = tr("Batch size for which memory is shown")
        self.batch = SpinBox("network.batch", tip, 1, 1_000_000)
        self.batch.setPrefix(tr("Batch "))
        self.batch.setMinimumWidth(theme().grown(116))
        self._trained_with = 0
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self.tabs.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.heat.setMinimumWidth(theme().grown(_LEAST_HEAT))
        head = QWidget()
        head.setFixedHeight(theme().size("tabBar"))
        bar = QHBoxLayout(head)
        bar.setContentsMargins(4, 0, 12, 0)
        bar.setSpacing(8)
        bar.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._bar = bar
        bar.addWidget(self.tabs)
        bar.addWidget(self._totals, 1)
        bar.addWidget(self.batch)
        bar.addWidget(self.heat)
        bar.addWidget(self.code.copy)
        bar.addWidget(self._export)
        self._pages = QStackedWidget()
        for page in (self.summary, self.code, self.problems, self.inside):
            self._pages.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(head)
        box.addWidget(self._pages)
        self.tabs.currentChanged.connect(self._show_tab)
        self._export.clicked.connect(self._export_csv)
        editor.changed.connect(self.refresh)
        self.batch.valueChanged.connect(self._set_batch)
        main.document.changed.connect(self._follow_training)
        main.document.replaced.connect(self._follow_training)
        self._follow_training()
        self.refresh()
        self._show_tab(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_bar()

    def _fit_bar(self) -> None:
        """Leave out what the tabs need the room of: the batch size first, then the heat."""
        for batch, heat in ((True, True), (False, True), (False, False)):
            self.batch.setVisible(batch)
            self.heat.setVisible(heat)
            if self._bar.minimumSize().width() <= self.width():
                return

    def show_tab(self, name: str) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex(TABS.index(name))

    def _show_tab(self, index: int) -> None:
        self._pages.setCurrentIndex(index)
        self.code.copy.setVisible(TABS[index] == "code")
        self._export.setVisible(TABS[index] == "summary")
        self._fit_bar()

    def _follow_training(self) -> None:
        """Take the batch size of the training when that changes, and its optimizer."""
        size = self._main.document.project.training.batch_size
        if size != self._trained_with:
            self._trained_with = size
            self.batch.setValue(size)
        self._show_memory()

    def _set_batch(self, batch: int) -> None:
        self.summary.summary.set_batch(batch)
        self.refresh()

    def _show_memory(self) -> None:
        """Say in the tooltips what a step of training holds in memory, part by part."""
        editor = self._editor
        optimizer = self._main.document.project.training.optimizer
        found = training_memory(editor.graph, editor.analysis, optimizer, self.batch.value())
        lines = [
            (tr("Activations of a batch of {0}").format(self.batch.value()), found.activations),
            (tr("Parameters"), found.parameters),
            (tr("Gradients"), found.gradients),
            (tr("Optimizer ({0})").format(optimizer.label), found.optimizer),
            (tr("Training in total"), found.total),
        ]
        self._totals.detail = "\n".join(f"{name}: {memory_text(size)}" for name, size in lines)
        self._totals.setToolTip(self._totals.full_text())

    def refresh(self) -> None:
        """Show totals and the number of problems."""
        analysis = self._editor.analysis
        sofar = tr(" so far") if analysis.errors else ""
        self._totals.set_full_text(
            tr("{0} parameters{1} · {2} MACs · {3}").format(
                count_text(analysis.parameters),
                sofar,
                short_count(analysis.macs),
                memory_text(analysis.memory * self.batch.value()),
            )
        )
        self._show_memory()
        found = [problem for problem in analysis.problems if problem.severity != "notice"]
        kind = "error" if analysis.errors else "warning"
        self._count.set(str(len(found)), kind)
        self._count.setVisible(bool(found))
        self._count.resize(self._count.sizeHint() if found else QSize(0, 0))
        self.tabs.setTabText(TABS.index("problems"), tr("Problems"))  # makes room for the count
        self._fit_bar()

    def _export_csv(self) -> None:
        name = f"{self._main.document.name} summary.csv"
        path, _ = QFileDialog.getSaveFileName(self, tr("Export the summary"), name, "CSV (*.csv)")
        if path:
            try:
                self.summary.summary.write_csv(Path(path))
            except OSError as error:
                self._main.toasts.show_toast(
                    tr("The summary could not be written"), error.strerror or str(error), "error"
                )
            else:
                self._main.toasts.show_toast(tr("Summary written"), path, "success")


class _Totals(ElidedLabel):
    """The totals in a line, the last left out first; the tooltip adds what training holds."""

    detail = ""

    def setToolTip(self, text: str) -> None:
        """Show a tooltip with the detail below."""
        super().setToolTip("\n".join(part for part in (self.full_text(), self.detail) if part))

    def _elide(self) -> None:
        parts = self.full_text().split(_BETWEEN)
        while parts and self.fontMetrics().horizontalAdvance(_BETWEEN.join(parts)) > self.width():
            parts.pop()
        self.setText(_BETWEEN.join(parts))
        self.setToolTip("")


class ProblemList(QWidget):
    """A row a problem: sentence, block, repair."""

    def __init__(self, editor: Editor, show_block: Callable[[str], None]):
        super().__init__(objectName="network.problems")
        self.setAccessibleName(tr("Problems of the network"))
        self._editor, self._show_block = editor, show_block
        self._known: tuple[Problem, ...] | None = None
        self._foresight: Foresight | None = None
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        inside = QWidget()
        inside.setLayout(self._rows)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(scroll(inside, "network.problems.scroll"))
        editor.changed.connect(self.refresh)

    def foresee(self, foresight: Foresight) -> None:
        """Let what the repairs would do be shown while they are pointed at or have the focus."""
        self._foresight = foresight
        self._known = None
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Show the problems, while somebody looks; what stays the same is not rebuilt."""
        problems = self._editor.analysis.problems
        if problems == self._known or not self.isVisible():
            return
        self._known = problems
        while item := self._rows.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if not problems:
            text = tr("Every block has a shape, and the network can be trained.")
            if not self._editor.graph.nodes:
                text = tr("There is no block yet.")
            self._rows.addWidget(EmptyState("okc", tr("No problems"), text))
        for problem in problems[:_MOST_PROBLEMS]:
            self._rows.addWidget(self._row(problem))
        if (rest := len(problems) - _MOST_PROBLEMS) > 0:
            more = label(tr("and {0} more").format(rest), "label", "tertiary")
            self._rows.addWidget(row(more, margins=(16, 4, 12, 4)))

    def _row(self, problem: Problem) -> QWidget:
        node = self._editor.graph.nodes.get(problem.node or "")
        parts: list[QWidget] = [IconLabel(*_SIGNS[problem.severity])]
        if node is not None:
            go = button(node.name, "link", name=f"network.problem.{node.name}", small=True)
            go.clicked.connect(partial(self._show, node.id))
            parts.append(go)
        text = label(sentence(problem), "label", wrap=True)
        parts.append(text)
        if len(problem.fixes) > 1:
            more = button(tr("More fixes..."), "ghost", small=True)
            more.clicked.connect(partial(self._offer, problem, more))
            parts.append(more)
        if problem.fixes:
            first = problem.fixes[0]
            fix = button(first.label, "secondary", name="network.problem.fix", small=True)
            fix.clicked.connect(partial(self._editor.fix, problem, first))
            if self._foresight is not None:
                self._foresight.watch(fix, lambda: first)
            parts.append(fix)
        if problem.untrusted is not None and node is not None:
            name = "network.problem.trust"
            read = button(tr("Trust and run..."), "secondary", name=name, small=True)
            read.clicked.connect(partial(open_code, self, self._editor, node.id))
            parts.append(read)
        policy = text.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Expanding)
        text.setSizePolicy(policy)
        return row(*parts, spacing=8, margins=(16, 4, 12, 4))

    def _show(self, node_id: str) -> None:
        self._editor.select([node_id])
        self._show_block(node_id)

    def _offer(self, problem: Problem, at: QWidget) -> None:
        menu = FixMenu(problem, problem.fixes[1:], self)
        if self._foresight is not None:
            self._foresight.watch_menu(menu)
        menu.chosen.connect(self._editor.fix)
        menu.popup(at.mapToGlobal(QPoint(0, at.height())))
