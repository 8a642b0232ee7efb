"""Folds and doubtful labels on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from modelstudio.__main__ import main
from modelstudio.engine import kept_doubts
from modelstudio.engine.results import DoubtfulLabel, DoubtfulLabels
from modelstudio.engine.run import store
from modelstudio.project.files import load_project, save_project
from modelstudio.recipe.steps import LeaveOut
from modelstudio.recipe.steps.rows import written_rows


@pytest.fixture
def project(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, 120)
    length = rng.normal(8 * kind, 1.0)
    kind[[7, 60, 90]] = 1 - kind[[7, 60, 90]]
    lines = [f"{a:.3f},{'iris' if k else 'rose'}" for a, k in zip(length, kind, strict=True)]
    data = tmp_path / "flowers.csv"
    data.write_text("\n".join(["length,flower", *lines]) + "\n", encoding="utf-8")
    path = tmp_path / "flowers.mstudio"
    assert main(["new", str(path), "--data", str(data), "--target", "flower"]) == 0
    return path


def test_all_folds_then_the_labels_they_doubt(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    asked = ["cross-validate", str(project), "--folds", "3", "--epochs", "25", "--json"]
    assert main(asked) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["fold"] for event in events if event["event"] == "fold_started"] == [1, 2, 3]
    end = events[-1]
    assert (end["event"], end["status"], end["finished"]) == ("folds_end", "finished", 3)
    scores = end["scores"]["accuracy"]
    assert scores["low"] <= scores["mean"] <= scores["high"]
    assert scores["mean"] == pytest.approx(np.mean(scores["values"]))
    judged = end["all_rows"]["rows"]
    assert 90 <= judged <= 96

    table = tmp_path / "doubts.csv"
    assert main(["labels", str(project), "--out", str(table), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["part"], told["looked_at"]) == ("folds", judged)
    found = {label["row"] for label in told["labels"]}
    assert found
    assert found <= {7, 60, 90}
    (finding,) = told["findings"]
    assert (finding["kind"], finding["count"]) == ("wrong_label", len(found))
    assert finding["fix"]["type"] == "LeaveOut"
    assert len(table.read_text(encoding="utf-8").splitlines()) == len(found) + 1
    assert wrong_labels(project, capsys) == [(len(found), "run 3")]

    assert main(["cross-validate", str(project), "--resume", "2"]) == 0
    said = capsys.readouterr().out
    assert "Scores of 3 of 3 folds" in said
    assert "chose its best epoch on the rows it is judged by" in said


def wrong_labels(project: Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[int, str]]:
    """Return how many labels the findings of a project doubt, and by which run."""
    assert main(["profile", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    told = [finding for finding in found if finding["kind"] == "wrong_label"]
    return [(each["count"], each["message"].split("(")[1].rstrip(")")) for each in told]


def test_labels_that_a_run_doubts_are_found_until_they_are_gone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(project), "--epochs", "1", "--json"]) == 0
    capsys.readouterr()
    assert main(["labels", str(project)]) == 0
    capsys.readouterr()
    plain, rows = load_project(project), [7, 60, 90]
    kept = store(project, plain)
    (run,) = kept.list()
    assert kept_doubts.read(kept, run.id) is not None
    labels = tuple(DoubtfulLabel(row, "iris", "rose", 0.01, 0.99) for row in rows)
    doubts = DoubtfulLabels(("iris", "rose"), 120, (0.9, 0.9), np.eye(2), labels)
    kept_doubts.keep(kept, run.id, doubts)
    assert wrong_labels(project, capsys) == [(len(rows), "run 1")]
    plain = load_project(project)
    steps = (*plain.data.recipe, LeaveOut(rows=written_rows(rows)))
    save_project(plain.changed(data=plain.data.changed(recipe=steps)), project)
    assert wrong_labels(project, capsys) == []
    save_project(plain, project)
    data = project.with_name("flowers.csv")
    data.write_text(data.read_text(encoding="utf-8") + "1.5,rose\n", encoding="utf-8")
    assert wrong_labels(project, capsys) == []


def test_what_cannot_be_asked_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", str(project)]) == 1
    assert "no finished run" in capsys.readouterr().err
    assert main(["cross-validate", str(project), "--resume", "1", "--folds", "3"]) == 2
    assert "give --resume alone" in capsys.readouterr().err
