"""What keeps the project from being trained."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modelstudio.ui.actions import tr
from modelstudio.ui.pages import PageProblem

if TYPE_CHECKING:
    from modelstudio.project.model import Project
    from modelstudio.ui.main_window import MainWindow


def training_block(main: MainWindow) -> PageProblem:
    """Return what keeps the project from being trained; its text is empty when nothing does."""

    def on(page_id: str, text: str) -> PageProblem:
        return PageProblem("error", text, partial(main.go, page_id))

    if not main.document.is_open:
        return on("welcome", tr("Open a project first."))
    project = main.document.project
    if not project.data.path:
        return on("data", tr("There is no data yet. Open a table on the Data page."))
    if project.data.target is None:
        return on("data", tr("No column is the target. Choose one on the Data page."))
    from modelstudio.recipe.sources import is_connection

    source = (main.document.path or Path()).parent / project.data.path
    if not is_connection(project.data.path) and not source.exists():
        return on("data", tr("{} is missing. Locate it on the Data page.").format(source.name))
    for problem in main.problems(("data",)):
        if problem.stops_training:
            return problem
    if fault := _network_fault(project):
        return on("network", fault)
    found = (problem for problem in main.problems(("network",)) if problem.kind == "error")
    return next(found, on("network", ""))


def _network_fault(project: Project) -> str:
    """Say why a network cannot be trained, or nothing when it can."""
    if not project.network.nodes:
        return tr("The network is empty. Draw one on the Network page.")
    if not project.data.fields:
        return ""
    from modelstudio.engine.run import analyse

    errors = analyse(project).errors
    if not errors:
        return ""
    if len(errors) == 1:
        return tr("1 problem stops training. {}").format(errors[0].message)
    return tr("{} problems stop training. First: {}").format(len(errors), errors[0].message)
