"""What users choose: trained on negatives, judged by ranks, beside popularity."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from modelstudio.__main__ import main
from modelstudio.engine import metrics, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import BatchEnd, RunEnd, drain
from modelstudio.engine.export.job import export_run
from modelstudio.engine.losses import build_loss
from modelstudio.engine.prediction import predict
from modelstudio.engine.results import Predictions
from modelstudio.project.files import save_project
from modelstudio.project.model import Project
from modelstudio.project.training import BPR, AdamW
from modelstudio.recipe.fields import FieldSpec

EPOCHS = 20


def choices() -> pl.DataFrame:
    """Two crowds of users, each with 40 of 80 items of its own; the small ids are popular."""
    generator = np.random.default_rng(0)
    users = generator.integers(1, 151, 4000)
    items = (40 * generator.random(4000) ** 1.5).astype(int) * 2 + users % 2
    frame = pl.DataFrame({"user_id": users, "item_id": 1000 + items})
    return frame.unique(maintain_order=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    path = tmp_path_factory.mktemp("choices") / "choices.csv"
    choices().write_csv(path)
    made = projects.new_project(path).project
    settings = made.training.changed(epochs=EPOCHS, threads=1, optimizer=AdamW(lr=0.02))
    return made.changed(training=settings)


@pytest.fixture(scope="module")
def trained(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a project with one run."""
    path = tmp_path_factory.mktemp("run") / "choices.mstudio"
    save_project(project, path)
    *_, end = run.train(project, path, Control())
    assert isinstance(end, RunEnd)
    return path


def test_folds_are_judged_one_by_one(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "folds.mstudio"
    save_project(project, path)
    asked = ["cross-validate", str(path), "--folds", "2", "--epochs", "1"]
    assert main(asked) == 1
    assert "The last row of each group makes no folds" in capsys.readouterr().err
    split = project.data.split.changed(method="random")
    save_project(project.changed(data=project.data.changed(split=split)), path)
    assert main(asked) == 0
    assert main(["cross-validate", str(path), "--resume", "1"]) == 0
    first, again = capsys.readouterr().out.split("Scores of 2 of 2 folds")[1:]
    assert "hr_at_10" in first
    assert again.splitlines() == first.splitlines()[: len(again.splitlines())]
    assert main(["labels", str(path)]) == 1
    assert "Folds whose items are ranked are not scored together" in capsys.readouterr().err


def test_ranks_beat_popularity_and_say_what_they_are(project: Project, trained: Path) -> None:
    found = drain(run.evaluate(trained, project, None, "test"))
    base = found.baseline
    assert base is not None
    assert base.name == "popularity"
    by_popularity = {score.name: score.value for score in base.scores}
    assert found.score("hr_at_10") > by_popularity["hr_at_10"] + 0.05
    assert found.score("auc") > by_popularity["auc"] + 0.05
    assert found.confusion is None
    assert found.roc == ()
    assert found.predictions.scores.shape == (150, 100)
    assert "ranked among 99 drawn at random" in found.notes[0]
    again = drain(run.evaluate(trained, project, None, "test"))
    assert (again.predictions.scores == found.predictions.scores).all()


def test_another_table_of_choices_is_judged_too(
    project: Project, trained: Path, tmp_path: Path
) -> None:
    known = choices().head(200)
    known.write_csv(tmp_path / "known.csv")
    found = drain(run.evaluate(trained, project, None, tmp_path / "known.csv"))
    assert len(found.predictions.truth) == 200
    assert any("repeat a training row" in note for note in found.notes)


def test_pairs_are_scored_unknown_ids_too_as_in_the_exported_file(
    project: Project, trained: Path, tmp_path: Path
) -> None:
    rows = pl.DataFrame({"user_id": ["1", "2", "900"], "item_id": ["1001", "1001", "5"]})
    rows.write_csv(tmp_path / "pairs.csv")
    store = run.store(trained, project)
    report = drain(export_run(store.folder, None, project.data, tmp_path / "m.onnx"))
    assert report.rows_checked == report.rows_agreeing == 150
    scores = []
    for model in (trained, tmp_path / "m.onnx"):
        answered = drain(predict(model, tmp_path / "pairs.csv", tmp_path / "out.csv"))
        assert not answered.unscored
        scores.append(pl.read_csv(tmp_path / "out.csv")["score"].to_numpy())
    assert np.allclose(scores[0], scores[1], atol=1e-6)
    assert scores[0][0] > 2 * scores[0][1]  # of user 1's crowd, and not of user 2's
    assert 0 < scores[0][2] < 1


def test_a_user_never_met_is_offered_what_most_choose(trained: Path, tmp_path: Path) -> None:
    counts = choices()["item_id"].value_counts().sort("item_id")
    asked = counts.select(pl.lit(99_999).alias("user_id"), "item_id")
    asked.write_csv(tmp_path / "asked.csv")
    drain(predict(trained, tmp_path / "asked.csv", tmp_path / "out.csv"))
    scores = pl.read_csv(tmp_path / "out.csv")["score"].rank().to_numpy()
    assert np.corrcoef(scores, counts["count"].rank().to_numpy())[0, 1] > 0.3


def test_a_stopped_run_draws_the_same_negatives_when_it_goes_on(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelstudio.engine.train.LOOK", 0.0)
    short = project.changed(training=project.training.changed(epochs=2))
    path = tmp_path / "short.mstudio"
    *_, end = run.train(short, path, Control())
    assert isinstance(end, RunEnd)
    events = run.train(short, path, Control())
    next(event for event in events if isinstance(event, BatchEnd) and event.position > 0.4)
    events.close()
    store = run.store(path, short)
    cut = store.list()[-1]
    assert cut.status == "interrupted"
    list(run.resume(short, path, cut.id, Control()))
    whole, parted = (
        [(each.train_loss, each.val_loss) for each in store.history(run_id)]
        for run_id in (end.run, cut.id)
    )
    assert parted == whole
    assert whole[0] != whole[1]


def test_scores_of_ranks_are_those_of_their_definitions() -> None:
    scores = np.array([[0.9, *[0.1] * 20], [0.5, *[0.6] * 2, *[0.1] * 18], [0.0] * 21])
    ranked = Predictions("ranking", (), np.ones(3, np.int64), scores, np.arange(3), {})
    assert metrics.ranks(scores).tolist() == [1, 3, 11]  # of equal scores the middle place
    found = {score.name: score.value for score in metrics.score(ranked, intervals=False)}
    assert found["hr_at_10"] == pytest.approx(2 / 3)
    assert found["ndcg_at_10"] == pytest.approx((1 + 1 / 2) / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 1 / 11) / 3)
    assert found["auc"] == pytest.approx((1 + 0.9 + 0.5) / 3)
    laid_out = scores.T.ravel()
    epoch = metrics.epoch_scores("ranking", laid_out, np.repeat([1, 0], [3, 60]))
    assert epoch == {name: found[name] for name in ("hr_at_10", "ndcg_at_10")}


def test_bpr_compares_each_positive_with_its_own_negatives() -> None:
    target = FieldSpec(name="chosen", role="target", kind="ranking", shape=())
    output = torch.tensor([[2.0], [0.0], [1.0], [0.0], [-1.0], [3.0]])
    truth = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    gaps = torch.tensor([2.0 - 1.0, 0.0 - 0.0, 2.0 + 1.0, 0.0 - 3.0])
    wanted = -torch.nn.functional.logsigmoid(gaps).mean()
    assert build_loss(BPR(), target)(output, truth) == pytest.approx(wanted.item())


def test_nothing_is_learnt_where_there_is_nothing_to_learn(tmp_path: Path) -> None:
    """Items without any pattern rank by chance: the draw gives nothing away."""
    generator = np.random.default_rng(7)
    frame = pl.DataFrame(
        {"user_id": generator.integers(1, 201, 3000), "item_id": generator.integers(1, 301, 3000)}
    )
    frame.unique(maintain_order=True).write_csv(tmp_path / "n.csv")
    made = projects.new_project(tmp_path / "n.csv", task="recommend").project
    made = made.changed(training=made.training.changed(epochs=4, threads=1))
    list(run.train(made, tmp_path / "n.mstudio", Control()))
    found = drain(run.evaluate(tmp_path / "n.mstudio", made, None, "test"))
    auc = next(score for score in found.scores if score.name == "auc")
    assert auc.low is not None
    assert auc.high is not None
    assert auc.low - 0.03 < 0.5 < auc.high + 0.03


def test_of_very_many_rows_some_are_ranked_and_it_is_said(
    project: Project, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelstudio.engine.ranking.SCORED", 40)
    found = drain(run.evaluate(trained, project, None, "test"))
    assert len(found.predictions.rows) == 40
    assert found.baseline is not None
    assert (found.baseline.predictions.rows == found.predictions.rows).all()
    assert "40 rows were drawn at random to be ranked." in found.notes
