"""Networks for text: padding that does not count, scores a token, answers that are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from modelstudio.data.batches import TensorData
from modelstudio.engine import draft, metrics, prediction, projects, run
from modelstudio.engine.compile import compile_network
from modelstudio.engine.control import Control
from modelstudio.engine.events import EpochEnd, RunEnd, drain
from modelstudio.engine.forward import place_sums, validate
from modelstudio.engine.results import Predictions
from modelstudio.engine.task import Task
from modelstudio.errors import DataError
from modelstudio.network import check
from modelstudio.project.files import save_project
from modelstudio.project.model import Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import Passages

TOKENS = FieldSpec(name="tokens", role="input", kind="ids", shape=("T",), dtype="int", vocabulary=9)
NUMBERS = FieldSpec(name="features", role="input", kind="features", shape=(3,))
CLASSES = FieldSpec(
    name="y", role="target", kind="classes", shape=(), dtype="int", classes=("a", "b", "c")
)
NEXT = FieldSpec(name="text", role="target", kind="tokens", shape=("T",), dtype="int", vocabulary=9)
IDS = torch.tensor([[2, 3, 4, 5, 6], [7, 8, 0, 0, 0], [1, 0, 0, 0, 0]])


@pytest.mark.parametrize(
    "fields", [(TOKENS, CLASSES), (NUMBERS, TOKENS, CLASSES), (TOKENS, NEXT)], ids=len
)
def test_drafts_suit_their_fields(fields: tuple[FieldSpec, ...]) -> None:
    graph = draft.network(fields, 1_000)
    assert not check.analyse(graph, fields).problems, "nor a notice of padding that is read"
    assert draft.settings(fields, 1_000).epochs < 20


@pytest.mark.parametrize("target", [CLASSES, NEXT], ids=["whole", "next"])
def test_padding_changes_no_answer(target: FieldSpec) -> None:
    torch.manual_seed(0)
    module = compile_network(draft.network((TOKENS, target), 100), (TOKENS, target)).module.eval()
    with torch.no_grad():
        together = module(IDS)
        for row, length in enumerate((5, 2, 1)):
            alone = module(IDS[row : row + 1, :length])[0]
            held = together[row] if target is CLASSES else together[row, :length]
            torch.testing.assert_close(held, alone, atol=1e-5, rtol=1e-5)


def test_losses_are_means_over_the_places_that_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    compiled = compile_network(draft.network((TOKENS, NEXT), 100), (TOKENS, NEXT))
    following = torch.tensor([[3, 4, 5, 6, 0], [8, 0, 0, 0, 0], [2, 0, 0, 0, 0]])
    data = TensorData({"tokens": IDS, "text": following})
    task = Task(compiled.module, ("tokens",), (("text", nn.functional.cross_entropy),), tokens=True)
    with torch.no_grad():
        logits = compiled.module.eval()(IDS)
        sums = place_sums(task, data)
        monkeypatch.setattr("modelstudio.engine.forward.WORKING_BYTES", 1)
        assert torch.equal(place_sums(task, data), sums), "in pieces of a row as all at once"
    told = following != 0
    expected = nn.functional.cross_entropy(logits[told], following[told])
    loss, scores = validate(task, data)
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert scores["perplexity"] == pytest.approx(math.exp(loss))
    assert scores["accuracy"] == (logits.argmax(-1) == following)[told].float().mean().item()
    assert sums[:, 2].tolist() == [4, 1, 1]


def test_scores_of_tokens_weigh_passages_by_their_length() -> None:
    rows = np.arange(40)
    sums = np.stack([np.where(rows == 0, 50.0, 1.0), np.where(rows == 0, 0.0, 10.0)], axis=1)
    places = np.where(rows == 0, 100, 10)
    scores = {
        score.name: score
        for score in metrics.score(Predictions("tokens", (), places, sums, rows, {}))
    }
    assert scores["loss"].value == pytest.approx(89 / 490)
    assert scores["perplexity"].value == pytest.approx(math.exp(89 / 490))
    assert scores["accuracy"].value == pytest.approx(390 / 490)
    assert (scores["loss"].low or 1) < 89 / 490 < (scores["loss"].high or 0)


def saved(project: Project, path: Path, **training: object) -> Project:
    project = project.changed(training=project.training.changed(seed=1, threads=1, **training))
    save_project(project, path)
    return project


def test_a_long_text_from_file_to_perplexity(tmp_path: Path) -> None:
    text = tmp_path / "t.txt"
    text.write_text("the cat sat on the mat and the dog lay on the rug\n" * 60)
    drafted = projects.new_project(text).project
    recipe = tuple(
        step.changed(length=16) if isinstance(step, Passages) else step
        for step in drafted.data.recipe
    )
    path = tmp_path / "t.mstudio"
    project = saved(
        drafted.changed(data=drafted.data.changed(recipe=recipe)), path, epochs=2, batch_size=8
    )
    events = list(run.train(project, path, Control()))
    first, last = [event for event in events if isinstance(event, EpochEnd)]
    assert last.val_loss is not None
    assert last.val_loss < (first.val_loss or 0) < math.log(20)
    assert isinstance(events[-1], RunEnd)
    evaluation = drain(run.evaluate(path, project, None, "validation"))
    assert evaluation.score("loss") == pytest.approx(last.val_loss, rel=1e-4)
    assert evaluation.score("accuracy") == pytest.approx(last.metrics["accuracy"], abs=1e-4)
    assert evaluation.confusion is None
    other = tmp_path / "other.txt"
    other.write_text("the dog sat on the cat\n" * 5)
    assert drain(run.evaluate(path, project, None, other)).score("perplexity") > 1
    with pytest.raises(DataError, match="tells the next token at every place"):
        drain(prediction.predict(path, other, tmp_path / "out.csv"))
    report = drain(run.describe_data(project, tmp_path))
    assert [part.classes for part in report.parts] == [{}, {}, {}]
    assert not report.findings


def test_a_folder_of_texts_from_file_to_predictions(tmp_path: Path) -> None:
    words = {"good": "fine warm kind", "bad": "cold grey sour"}
    for name, told in words.items():
        (tmp_path / "texts" / name).mkdir(parents=True)
        for at in range(60):
            word = told.split()[at % 3]
            (tmp_path / "texts" / name / f"{at}.txt").write_text(f"It was {word}, number {at}.")
    drafted = projects.new_project(tmp_path / "texts").project
    path = tmp_path / "p.mstudio"
    project = saved(drafted, path, epochs=4, batch_size=8)
    assert isinstance(list(run.train(project, path, Control()))[-1], RunEnd)
    assert drain(run.evaluate(path, project, None, "test")).score("accuracy") == 1.0
    out = tmp_path / "out.csv"
    drain(prediction.predict(path, tmp_path / "texts" / "bad", out))
    assert set(pl.read_csv(out)["prediction"]) == {"bad"}
