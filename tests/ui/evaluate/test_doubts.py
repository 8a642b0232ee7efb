"""Doubtful labels on the Evaluate page: listed, left out in one click, taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.engine.doubtful_labels import doubtful_labels
from modelstudio.engine.results import Evaluation, Fold
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import LeaveOut
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.evaluate import EvaluatePage
from modelstudio.ui.pages.evaluate.doubts import Mending
from modelstudio.ui.pages.evaluate.mistakes import Mistake, SourceRows
from modelstudio.ui.pages.evaluate.mistakes_panel import LABELS


def doubted(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation that is sure of two rows, 10 and 13, against their labels."""
    given = evaluation.predictions
    scores, truth = given.scores.copy(), given.truth.copy()
    scores[truth == 0], scores[truth == 1] = [0.7, 0.3], [0.3, 0.7]
    scores[[0, 3]], truth[[0, 3]] = [0.02, 0.98], 0
    changed = replace(given, scores=scores, truth=truth)
    return replace(evaluation, predictions=changed, doubts=doubtful_labels(changed))


@pytest.fixture
def asked(page: EvaluatePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> EvaluatePage:
    """Return the page with scores that doubt two labels."""
    from modelstudio.engine import run

    made_up = run.evaluate

    def evaluate(*args: object, **options: object) -> object:
        return doubted((yield from made_up(*args, **options)))

    monkeypatch.setattr("modelstudio.engine.run.evaluate", evaluate)
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        page.shown()
    return page


def test_doubtful_labels_are_left_out_in_one_click(asked: EvaluatePage, window: MainWindow) -> None:
    panel, before = asked.classes.mistakes, window.document.project
    assert panel.leave_all.isHidden()
    assert panel.view.segment(LABELS).text() == "Doubtful labels · 2"
    panel.view.segment(LABELS).click()
    assert [each.row for each in panel.model.mistakes] == [10, 13]
    head = [
        panel.model.headerData(at, panel.table.horizontalHeader().orientation()) for at in (1, 2)
    ]
    assert head == ["Label", "Suggested"]

    panel.leave_one.click()
    steps = [step for step in window.document.project.data.recipe if isinstance(step, LeaveOut)]
    assert [step.rows for step in steps] == ["11"]
    assert not panel.leave_one.isEnabled()
    assert panel.leave_all.text() == "Leave out all 1"
    panel.leave_all.click()
    steps = [step for step in window.document.project.data.recipe if isinstance(step, LeaveOut)]
    assert [step.rows for step in steps] == ["11, 14"]
    assert not panel.leave_all.isEnabled()
    window.document.undo()
    window.document.undo()
    assert window.document.project == before
    assert panel.leave_all.isEnabled()


def test_rows_of_other_data_are_not_left_out(asked: EvaluatePage, window: MainWindow) -> None:
    panel = asked.classes.mistakes
    panel.view.segment(LABELS).click()
    project = window.document.project
    other = project.changed(data=project.data.changed(path="elsewhere.csv"))
    window.document.edit("Open data", other)
    assert not panel.leave_all.isEnabled()
    assert "other data" in panel.leave_all.toolTip()


def test_the_rows_of_all_folds_are_offered_for_a_fold(asked: EvaluatePage) -> None:
    folds = asked.header.part.segment("folds")
    assert folds.isHidden()
    asked.header.runs = tuple(replace(run, fold=Fold("s", 1, 3)) for run in asked.header.runs)
    asked.header.offer_folds()
    assert not folds.isHidden()
    asked.header.part.set_value("folds")
    asked.header.runs = tuple(replace(run, fold=None) for run in asked.header.runs)
    asked.header.offer_folds()
    assert asked.header.part.value == "validation"


def test_a_picture_is_left_out_by_name_or_given_the_suggested_class(tmp_path: Path) -> None:
    columns = (
        Column(name="file", kind="image"),
        Column(name="label", kind="category", role="target"),
    )
    data = DataConfig(path=str(tmp_path), source=ImageFolder(), columns=columns)
    paths = [str(tmp_path / "cat" / "a.png"), str(tmp_path / "dog" / "b.png")]
    source = SourceRows(("file",), (paths,), "file")
    first, second = Mistake(0, 70, "cat", "dog", 0.9), Mistake(1, 80, "dog", "cat", 0.9)
    mending = Mending(data, None, source)
    assert mending.may_reclass
    gone = mending.without([first])
    assert gone.source == ImageFolder(left_out=("cat/a.png",))
    assert Mending(gone, None, source).left_out([first, second]) == {70}
    moved = mending.reclassed(second)
    assert moved.source == ImageFolder(classes={"dog/b.png": "cat"})
    assert Mending(moved, None, source).left_out([first, second]) == {80}
