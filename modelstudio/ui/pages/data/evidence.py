"""Findings brought into sight: as problems of the window, and with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages import PageProblem
from modelstudio.ui.pages.data import edits
from modelstudio.ui.pages.data.checks import EvidencePopup

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Finding
    from modelstudio.project.model import Project
    from modelstudio.recipe.steps import Step
    from modelstudio.ui.pages.data.page import DataPage


class EvidenceDesk(QObject):
    """Show why a finding was made and what mends it, and know what is mended already.

    ``doubts`` are labels that runs on this data found doubtful; ``doubted`` says that they changed.
    """

    doubted = Signal()

    def __init__(self, page: DataPage):
        super().__init__(page)
        self._page = page
        self.popup = EvidencePopup(page)
        self.doubts: tuple[Finding, ...] = ()
        self._runs = LatestJob(page.jobs, self)
        self._runs.finished.connect(self._take_doubts)

    def ask_runs(self, fingerprint: str) -> None:
        """Look up, behind the window, which labels the runs of the project found doubtful."""
        document = self._page.document
        self._runs.start(partial(_known_doubts, document.path, document.project, fingerprint))

    def forget(self) -> None:
        """Tell nothing of labels until it is asked again."""
        self._runs.cancel()
        self.doubts = ()

    def _take_doubts(self, doubts: tuple[Finding, ...]) -> None:
        if doubts != self.doubts:
            self.doubts = doubts
            self.doubted.emit()

    def show(self, finding: Finding) -> None:
        """Show the evidence of a finding below its tag."""
        report = self._page.feed.report
        profiles = report.profiles if report else ()
        profile = next((each for each in profiles if each.name == finding.column), None)
        roles = {column.name: column.role for column in self._page.data.columns}
        self.popup.open_below(
            self._page.preview.checks.tag_of(finding),
            finding,
            profile,
            roles.get(finding.column or "") == "feature",
            self._settled(finding),
        )

    def problems(self, findings: Sequence[Finding]) -> list[PageProblem]:
        """Return what the window counts as problems."""
        return [
            PageProblem(finding.severity, finding.text, partial(self._go_to, finding))
            for finding in findings
            if finding.severity in {"warning", "error"}
        ]

    def open_steps(self, findings: Sequence[Finding]) -> list[Step]:
        """Return the suggested steps that the recipe does not have."""
        steps = [finding.suggested_step for finding in findings if finding.suggested_step]
        return [step for step in steps if edits.handled_by(self._page.data, step) is None]

    def _settled(self, finding: Finding) -> str:
        """Say what deals with a finding already."""
        data, fix, step = self._page.data, finding.fix, finding.suggested_step
        if step is not None and (place := edits.handled_by(data, step)) is not None:
            return tr("Step {} of the recipe deals with it.").format(place + 1)
        if fix is not None and edits.mend(data, fix) == data:
            return tr("That is done already.")
        return ""

    def _go_to(self, finding: Finding) -> None:
        self._page.main.go("data")
        if self._page.pictures_side.shows(finding):
            return
        if finding.column:
            self._page.show_column(finding.column)
        self.show(finding)


def _known_doubts(path: Path | None, project: Project, fingerprint: str) -> tuple[Finding, ...]:
    from modelstudio.engine.kept_doubts import known_doubts
    from modelstudio.engine.run import store

    return known_doubts(store(path, project), project.data, fingerprint)
