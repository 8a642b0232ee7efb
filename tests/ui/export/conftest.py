"""The Export page over a project with a finished run; the engine's answers are made up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Evaluation, Explanation, ExportReport, Predictions
from modelstudio.engine.runs import RunStore
from modelstudio.project.model import Project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.export import ExportPage


class Engine:
    """Stands in for the engine; a test may change what it says."""

    def __init__(self) -> None:
        self.agreeing = 64
        self.error: Exception | None = None
        self.asked: list[Mapping[str, Any]] = []

    def export_onnx(self, path: Any, project: Project, run_id: str, out: Path, **_: Any) -> Any:
        """Write a file that is no model."""
        yield Progress("Writing", 1, 2)
        if self.error is not None:
            raise self.error
        out.write_bytes(b"x" * 2000)
        return ExportReport(out, 18, 2000, 64, self.agreeing, 2e-7, 1e-4)

    def explain_export(self, path: Any, project: Project, run_id: str, name: str) -> Explanation:
        """Say what a file takes that is made up."""
        return Explanation("2 raw columns", "No, Yes", f"model = {name!r}")

    def try_row(self, onnx_path: Path, values: Mapping[str, Any]) -> dict[str, float]:
        """Say yes the less the longer the tenure."""
        self.asked.append(dict(values))
        yes = 1 / (1 + math.exp(float(values["tenure"] or 0) / 10 - 2))
        return {"No": 1 - yes, "Yes": yes}

    def evaluate(self, *_: Any, **__: Any) -> Any:
        """Give three test rows of the file."""
        yield Progress("Scoring")
        scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        given = Predictions(
            "binary", ("No", "Yes"), np.array([0, 1, 0]), scores, np.array([3, 5, 8]), {}
        )
        return Evaluation("r", "test", given, ())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return the stand-in, in place of the engine."""
    engine = Engine()
    for name in ("export_onnx", "explain_export", "try_row"):
        monkeypatch.setattr(f"modelstudio.engine.exporting.{name}", getattr(engine, name))
    monkeypatch.setattr("modelstudio.engine.run.evaluate", engine.evaluate)
    return engine


@pytest.fixture
def page(
    window: MainWindow,
    churn: Project,
    add_run: Callable[[RunStore, Project], None],
    engine: Engine,
    tmp_path: Path,
) -> ExportPage:
    """Return the page with one finished run, and a path to export to."""
    window.document.new(churn)
    window.go("export")
    page = window.page("export")
    assert isinstance(page, ExportPage)
    add_run(page._store(), churn)
    page.shown()
    page.onnx.path.set_value(str(tmp_path / "model.onnx"))
    return page
