"""A Data page on a small table; what the engine says of it is scripted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.data.findings.finding import Finding
from modelstudio.data.fitting import StepEffect
from modelstudio.data.profile import ColumnProfile
from modelstudio.engine import projects, run
from modelstudio.engine.events import Progress
from modelstudio.engine.results import DataReport, Draft, PartInfo
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import ClipOutliers, DropDuplicates, FillMissing, OneHot, Step
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage

COLUMNS = (
    Column(name="age", kind="number"),
    Column(name="fare", kind="number"),
    Column(name="port", kind="category"),
    Column(name="note", kind="text", role="ignored"),
    Column(name="survived", kind="category", role="target"),
)
FIELDS = (
    FieldSpec(name="features", role="input", kind="features", shape=(5,)),
    FieldSpec(name="survived", role="target", kind="binary", shape=(), classes=("no", "yes")),
)
ROWS = 1000


@dataclass
class ScriptedEngine:
    """Answers in place of `engine.run`; ``hold`` keeps descriptions waiting until it is set."""

    findings: tuple[Finding, ...] = ()
    error: Exception | None = None
    hold: threading.Event | None = None
    described: list[Project] = field(default_factory=list)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    fingerprint: str = "f1"

    rows = ROWS

    @staticmethod
    def finding(
        text: str, severity: Any = "warning", column: str | None = None, step: Any = None
    ) -> Finding:
        return Finding("missing", severity, text, (column,) if column else (), step)

    def opening(self, project: Project, path: Path) -> Iterator[Any]:
        yield Progress("Reading the data", 0, None)
        if self.error:
            raise self.error
        data = project.data.changed(path=str(path), columns=COLUMNS, recipe=(DropDuplicates(),))
        return Draft(project.changed(data=data), ("survived is taken for the target.",))

    def with_target(self, project: Project, target: str, base: Path | None = None) -> Draft:
        return Draft(self.with_fitting_head(project, base), ())

    def with_fitting_head(self, project: Project, base: Path | None = None) -> Project:
        return project

    def describe_data(self, project: Project, base: Path | None = None) -> Iterator[Any]:
        yield Progress("Reading the data", 0, None)
        hold, self.hold = self.hold, None
        if hold is not None:
            hold.wait(10)
        self.described.append(project)
        if self.error:
            raise self.error
        return self.report(project)

    def report(self, project: Project) -> DataReport:
        profiles = tuple(profile(column.name, column.kind) for column in project.data.columns)
        effects = tuple(effect(step) for step in project.data.recipe)
        test = round(ROWS * project.data.split.test)
        parts = (
            PartInfo("train", ROWS - 150 - test, {"no": ROWS - 150 - test - 200, "yes": 200}),
            PartInfo("validation", 150, {"no": 100, "yes": 50}),
            PartInfo("test", test, {"no": test // 2, "yes": test - test // 2}),
        )
        return DataReport(ROWS, profiles, self.findings, effects, parts, FIELDS, self.fingerprint)

    def preview_data(
        self,
        project: Project,
        base: Path | None = None,
        upto: int | None = None,
        offset: int = 0,
        limit: int = 200,
        sort: tuple[str, bool] | None = None,
    ) -> Any:
        self.asked.append((upto, offset, limit, sort))
        if self.error:
            raise self.error
        return table(upto, offset, min(limit, ROWS - offset))


def profile(name: str, kind: str) -> ColumnProfile:
    missing = {"age": 177, "note": 770}.get(name, 0)
    summary = "0 – 80" if kind == "number" else "3 values"
    return ColumnProfile(name, kind, missing, missing / ROWS, 3, summary, (0.3, 1.0, 0.7))


def effect(step: Step) -> StepEffect:
    if isinstance(step, FillMissing):
        return StepEffect(cells=177, changed=(("age", 177),))
    return StepEffect(columns=2 if isinstance(step, OneHot) else 0)


def table(upto: int | None, offset: int, limit: int) -> Any:
    rows = range(offset, offset + limit)
    cells = []
    for column in COLUMNS:
        before: list[Any] = [f"{column.name} {row}" for row in rows]
        if column.kind == "number":
            before = [None if row % 10 == 5 else float(row) for row in rows]
        filled = column.name == "age" and upto != 0
        after = [28.0 if filled and value is None else value for value in before]
        changed = [old is not new for old, new in zip(before, after, strict=True)]
        cells.append(SimpleNamespace(before=before, after=after, changed=changed))
    return SimpleNamespace(
        columns=tuple(column.name for column in COLUMNS),
        total=ROWS,
        offset=offset,
        rows=list(rows),
        parts=["train"] * limit,
        cells=cells,
    )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    """Put a script in the place of the engine."""
    scripted = ScriptedEngine()
    for name in ("opening", "with_target", "with_fitting_head"):
        monkeypatch.setattr(projects, name, getattr(scripted, name))
    for name in ("describe_data", "preview_data"):
        monkeypatch.setattr(run, name, getattr(scripted, name))
    return scripted


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project on a file that exists; the scripted engine never reads it."""
    path = tmp_path / "titanic.csv"
    path.write_text("age,fare\n", encoding="utf-8")
    recipe = (DropDuplicates(), FillMissing(), ClipOutliers(columns=("fare",)), OneHot())
    return Project(data=DataConfig(path=str(path), columns=COLUMNS, recipe=recipe))


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[DataPage], None]:
    """Return a function that waits until a page knows all it asked for."""

    def wait(page: DataPage) -> None:
        qtbot.waitUntil(
            lambda: not (page.feed.busy or page.jobs.running or page.preview.model.waiting)
        )

    return wait


@pytest.fixture
def page(
    engine: ScriptedEngine,
    window: MainWindow,
    project: Project,
    settle: Callable[[DataPage], None],
) -> DataPage:
    """Return the Data page of the project, described."""
    window.document.new(project)
    window.go("data")
    page = window.page("data")
    assert isinstance(page, DataPage)
    settle(page)
    return page
