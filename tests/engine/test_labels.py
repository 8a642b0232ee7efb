"""Targets of several labels: what a cell holds, scores, and the same answers from the file."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from sklearn import metrics as reference

from modelstudio.data.balance import label_weights
from modelstudio.data.guess_labels import separator_of
from modelstudio.data.target import multi_hot
from modelstudio.engine import metrics, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.export.job import export_run
from modelstudio.engine.losses import build_loss
from modelstudio.engine.prediction import predict
from modelstudio.engine.projects import drain, prepare
from modelstudio.engine.results import Predictions
from modelstudio.errors import DataError
from modelstudio.project.files import save_project
from modelstudio.project.model import Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import TargetEncode

TAGS = ("action", "comedy", "drama", "horror")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(900, 3))
    a, b, c = numbers.T
    true = np.stack([a > 0.5, b > 0, a + c > 0.3, c > 1.2], axis=1)
    cells = [" | ".join(t for t, on in zip(TAGS, row, strict=True) if on) for row in true]
    frame = pl.DataFrame({"a": a, "b": b, "c": c, "town": generator.choice(["x", "y"], 900)})
    path = tmp_path_factory.mktemp("labels") / "films.csv"
    frame.with_columns(genres=pl.Series(cells)).write_csv(path)
    return path


@pytest.fixture(scope="module")
def project(table: Path) -> Project:
    made = projects.new_project(table, target="genres").project
    return made.changed(training=made.training.changed(epochs=25, threads=1))


@pytest.fixture(scope="module")
def trained(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "films.mstudio"
    save_project(project, path)
    list(run.train(project, path, Control()))
    return path


def test_labels_are_guessed_and_told_apart(project: Project) -> None:
    assert project.data.label_separator == "|"
    target = next(field for field in project.data.fields if field.role == "target")
    assert (target.kind, target.classes, target.logits) == ("labels", TAGS, 4)
    assert not project.data.split.stratify


def test_rows_without_a_cell_are_told_with_what_to_write(project: Project) -> None:
    (told,) = [
        each for each in drain(run.describe_data(project)).findings if each.kind == "no target"
    ]
    cells = pl.read_csv(str(project.data.path))["genres"]
    assert told.count == cells.str.len_chars().eq(0).sum() > 0
    assert "Write | alone" in told.text
    none = multi_hot(pl.Series(["|", None]), TAGS, "|")
    assert none.tolist() == [[0, 0, 0, 0], [-1, -1, -1, -1]]


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["a|b", "a", "b|c", "c", "a|c"] * 40, "|"),
        (["a; b", "a", "b; c", "c", "a;c"] * 40, ";"),
        (["a", "b", "c"] * 60, None),
        (["Ulm, D", "Bonn, D", "Wien, A"] * 60, None),  # always the same company
        ([f"film no. {i}, part {i % 7}" for i in range(300)], None),
    ],
)
def test_what_parts_labels(cells: list[str], separator: str | None) -> None:
    assert separator_of(pl.Series(cells)) == separator


def test_cells_become_rows_of_0_and_1() -> None:
    cells = pl.Series(["b| a", None, "c||unseen", "unseen", ""])
    assert multi_hot(cells, ("a", "b", "c"), "|").tolist() == [
        [1, 1, 0],
        [-1, -1, -1],
        [0, 0, 1],
        [0, 0, 0],
        [0, 0, 0],
    ]


def test_labels_are_learnt_and_scored(project: Project, trained: Path) -> None:
    found = drain(run.evaluate(trained, project, None, "test"))
    assert found.score("f1") > 0.9
    truth, given = found.predictions.truth, found.predictions.scores >= 0.5
    for name, average in (("f1", "micro"), ("f1_macro", "macro")):
        expected = reference.f1_score(truth, given, average=average)
        assert found.score(name) == pytest.approx(expected)
    assert found.score("subset_accuracy") == pytest.approx((truth == given).all(axis=1).mean())
    assert found.score("label_accuracy") == pytest.approx((truth == given).mean())
    low, high = next((s.low, s.high) for s in found.scores if s.name == "f1_macro")
    assert low is not None
    assert high is not None
    assert low < found.score("f1_macro") < high
    assert [label.name for label in found.labels] == list(TAGS)
    assert found.labels[1].rows == truth[:, 1].sum()
    assert found.labels[1].recall == pytest.approx(reference.recall_score(truth[:, 1], given[:, 1]))
    assert [curve.label for curve in found.roc] == list(TAGS)
    assert found.confusion is None


def test_the_threshold_decides_which_labels_are_told(
    project: Project, trained: Path, tmp_path: Path
) -> None:
    store = run.store(trained, project)
    before = run.set_threshold(trained, project, store.list()[0].id, 0.9)
    report = drain(export_run(store.folder, None, project.data, tmp_path / "m.onnx"))
    assert report.rows_checked == report.rows_agreeing > 100
    told = []
    for model in (trained, tmp_path / "m.onnx"):
        drain(predict(model, Path(str(project.data.path)), tmp_path / "out.csv"))
        told.append(pl.read_csv(tmp_path / "out.csv"))
    run.set_threshold(trained, project, store.list()[0].id, before)
    assert told[0]["prediction"].to_list() == told[1]["prediction"].to_list()
    first = told[0].row(0, named=True)
    sure = [tag for tag in TAGS if first[f"probability_{tag}"] >= 0.9]
    assert (first["prediction"] or "") == "|".join(sure)


def test_rare_labels_weigh_as_much_as_the_rows_without_them() -> None:
    truth = np.array([[1, 1], [0, 1], [0, 1], [0, 1]])
    assert label_weights(truth).tolist() == [3, 1]
    target = FieldSpec(name="t", role="target", kind="labels", shape=(), classes=("a", "b"))
    logits, said = torch.zeros(2, 2), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    plain, weighed = (build_loss(None, target, weights) for weights in ((), (3.0, 1.0)))
    assert plain(logits, said).item() == pytest.approx(np.log(2))
    assert weighed(logits, said).item() == pytest.approx(np.log(2) * 6 / 4)


def test_scores_leave_out_rows_without_a_cell() -> None:
    truth = np.array([[1, 0], [-1, -1], [0, 1]])
    chances = np.array([[0.9, 0.2], [0.9, 0.9], [0.6, 0.7]])
    rows = Predictions("labels", ("a", "b"), truth, chances, np.arange(3), {})
    found = {score.name: score.value for score in metrics.score(rows, intervals=False)}
    assert found["subset_accuracy"] == 0.5
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == 1


def test_what_needs_one_class_a_row_says_so(project: Project) -> None:
    recipe = (TargetEncode(columns=("town",)), *project.data.recipe)
    with pytest.raises(DataError, match="several labels"):
        drain(prepare(project.changed(data=project.data.changed(recipe=recipe)), None))
    split = project.data.split.changed(balance="oversample")
    sampled = project.changed(data=project.data.changed(split=split))
    with pytest.raises(DataError, match="cannot be drawn class by class"):
        list(run.train(sampled, None, Control()))
