"""Pages with a finished run behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from modelstudio.engine import metrics
from modelstudio.engine.events import Progress
from modelstudio.engine.results import Evaluation, Predictions
from modelstudio.engine.runs import RunStore
from modelstudio.project.model import Project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.evaluate import EvaluatePage


def predictions(kind: str = "binary", rows: int = 300) -> Predictions:
    """Return predictions that are right more often than not."""
    generator = np.random.default_rng(5)
    if kind == "value":
        truth = generator.gamma(2, 2000, rows)
        return Predictions(
            "value", (), truth, truth + generator.normal(0, 300, rows), np.arange(rows), {}
        )
    classes = ("no", "yes") if kind == "binary" else ("a", "b", "c")
    truth = generator.integers(0, len(classes), rows)
    logits = generator.normal(size=(rows, len(classes)))
    logits[np.arange(rows), truth] += 1.5
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions(kind, classes, truth, scores, np.arange(rows) + 10, {})


def evaluation_of(
    given: Predictions, threshold: float = 0.5, part: str = "validation"
) -> Evaluation:
    """Return what the engine would say of predictions."""
    value = given.kind == "value"
    return Evaluation(
        "r",
        part,
        given,
        metrics.score(given, threshold, intervals=not value),
        confusion=None if value else metrics.confusion_matrix(given, threshold),
        roc=() if value else metrics.roc_curves(given),
        threshold=threshold,
    )


@pytest.fixture
def make_evaluation() -> Callable[..., Evaluation]:
    """Return a function that makes an evaluation of made-up predictions."""
    return lambda kind="binary", threshold=0.5: evaluation_of(predictions(kind), threshold)


@pytest.fixture
def page(
    window: MainWindow,
    churn: Project,
    add_run: Callable[[RunStore, Project], None],
    monkeypatch: pytest.MonkeyPatch,
) -> EvaluatePage:
    """Return the page over a project with one run; the engine's answer is made up."""

    def evaluate(path: Any, project: Project, run_id: str, part: str, **_: Any) -> Any:
        yield Progress("Scoring", 1, 2)
        threshold = page._store().decision(run_id).threshold
        return replace(evaluation_of(predictions(), threshold, part), run=run_id)

    monkeypatch.setattr("modelstudio.engine.run.evaluate", evaluate)
    window.document.new(churn)
    window.go("evaluate")
    page = window.page("evaluate")
    assert isinstance(page, EvaluatePage)
    add_run(page._store(), churn)
    return page
