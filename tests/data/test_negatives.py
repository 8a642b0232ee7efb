from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modelstudio.data.batches import TensorData
from modelstudio.data.fitted import Encoded
from modelstudio.data.negatives import Positives
from modelstudio.data.split import split_rows
from modelstudio.data.target import CHOSEN
from modelstudio.engine import projects
from modelstudio.engine.projects import drain, prepare
from modelstudio.engine.ranking import Ranking
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.steps import DropDuplicates, FilterRows, Index


def choices(rows: int = 2400, seed: int = 0) -> pl.DataFrame:
    """Users from 1 to 120, of whom each likes items of its own half of 80."""
    generator = np.random.default_rng(seed)
    users = generator.integers(1, 121, rows)
    items = generator.integers(0, 40, rows) * 2 + users % 2
    frame = pl.DataFrame({"user_id": users, "item_id": 1000 + items, "when": np.arange(rows)})
    return frame.unique(["user_id", "item_id"], keep="first", maintain_order=True)


def project(frame: pl.DataFrame, folder: Path) -> Project:
    frame.write_csv(folder / "choices.csv")
    data = DataConfig(
        path=str(folder / "choices.csv"),
        columns=(
            Column(name="user_id", kind="id"),
            Column(name="item_id", kind="id", role="target"),
            Column(name="when", kind="number", role="ignored"),
        ),
        recipe=(DropDuplicates(), Index(columns=("user_id", "item_id"))),
        split=SplitConfig(method="last", by="user_id", times="when"),
        negatives=Negatives(),
    )
    return projects.refresh_fields(Project(name="choices", data=data))


def pairs_of(encoded: Encoded) -> set[tuple[int, int]]:
    users, items = (np.asarray(encoded.fields[name]) for name in ("user_id", "item_id"))
    return set(zip(users.tolist(), items.tolist(), strict=True))


def test_every_item_that_was_not_chosen_is_drawn_as_often_and_no_other() -> None:
    users, items = np.array([1, 1, 1, 3, 3]), np.array([2, 5, 2, 1, 6])
    positives = Positives(users, items, catalogue=6)
    lots = np.linspace(0, 1, 6000, endpoint=False)
    for user, free in ((1, [1, 3, 4, 6]), (2, [1, 2, 3, 4, 5, 6]), (3, [2, 3, 4, 5]), (9, [6, 1])):
        drawn = positives.draw(np.full(6000, user), lots)
        found, counts = np.unique(drawn, return_counts=True)
        assert set(free) <= set(found)
        assert len(found) == positives.free(np.array([user]))[0]
        assert np.ptp(counts) <= 1
    beside = positives.draw(np.full(6000, 1), lots, np.full(6000, 4))
    assert set(beside) == {1, 3, 6}
    chosen = positives.draw(np.full(6000, 1), lots, np.full(6000, 5))
    assert set(chosen) == {1, 3, 4, 6}
    full = Positives(np.ones(2, int), np.array([1, 2]), catalogue=2)
    assert full.draw(np.array([1, 2]), np.zeros(2)).tolist() == [0, 1]


def test_the_draw_is_as_a_plain_loop_says() -> None:
    generator = np.random.default_rng(4)
    users, items = generator.integers(0, 30, 400), generator.integers(0, 41, 400)
    positives, known = Positives(users, items, 40), set(zip(users, items, strict=True))
    asked, lots = generator.integers(0, 35, 3000), generator.random(3000)
    own = generator.integers(0, 41, 3000)
    for beside in (None, own):
        drawn = positives.draw(asked, lots, beside)
        for at, (user, lot) in enumerate(zip(asked, lots, strict=True)):
            taken = {0} if beside is None else {0, own[at]}
            free = [i for i in range(1, 41) if (user, i) not in known and i not in taken]
            assert drawn[at] == free[int(lot * len(free))]


def test_the_latest_row_of_each_group_tests_and_the_one_before_validates() -> None:
    by = pl.Series(["a", "b", "a", "c", "a", "b", "b", None, "c", "a"])
    times = pl.Series([5, 1, 9, 1, 7, 3, 2, 8, 2, 1])
    config = SplitConfig(method="last", by="who", times="t")
    parts = split_rows(np.arange(10), config, None, by, times)
    assert parts.test.tolist() == [2, 5]
    assert parts.validation.tolist() == [4, 6]
    assert parts.train.tolist() == [0, 1, 3, 7, 8, 9]  # c has no row to spare
    lots = split_rows(np.arange(10), config.changed(times=None, test=0), None, by)
    assert len(lots.test) == 0
    assert sorted(by[lots.validation].to_list()) == ["a", "b", "c"]
    other = split_rows(np.arange(10), config.changed(times=None, test=0, seed=5), None, by)
    assert other.validation.tolist() != lots.validation.tolist()


def test_what_is_drawn_knows_the_training_part_alone(tmp_path: Path) -> None:
    made = project(choices(), tmp_path)
    prepared = drain(prepare(made, None))
    fitted = prepared.fitted
    ranking = Ranking.of(made.data, fitted, prepared.train)
    assert ranking is not None
    train = set(
        zip(prepared.train.fields["user_id"], prepared.train.fields["item_id"], strict=True)
    )
    data = TensorData.from_encoded(
        ranking.learnable(prepared.train), fitted.fields, negatives=ranking.draw
    )
    import torch

    torch.manual_seed(3)
    order = torch.arange(data.rows)
    batch, again = (next(iter(data.batches(order, 300))) for _ in range(2))
    truth = batch[CHOSEN].numpy()
    pairs = list(zip(batch["user_id"].tolist(), batch["item_id"].tolist(), strict=True))
    assert len(pairs) == 5 * 300
    assert truth.sum() == 300
    assert all((pair in train) == (said > 0) for pair, said in zip(pairs, truth, strict=True))
    assert batch["item_id"].tolist() != again["item_id"].tolist()
    torch.manual_seed(3)
    assert next(iter(data.batches(order, 300)))["item_id"].tolist() == batch["item_id"].tolist()

    among = ranking.judged(prepared.validation)
    width, rows = 100, len(prepared.validation.rows)
    items = np.asarray(among.fields["item_id"]).reshape(width, rows)
    users = np.asarray(among.fields["user_id"]).reshape(width, rows)
    assert items[0].tolist() == prepared.validation.fields["item_id"].tolist()
    assert not (items[1:] == items[0]).any()
    assert not train & set(zip(users[1:].ravel(), items[1:].ravel(), strict=True))
    held = pairs_of(prepared.test)
    assert held & set(zip(users[1:].ravel(), items[1:].ravel(), strict=True))
    assert ranking.rows_for_loss(among) == 5 * rows


def test_what_validation_and_test_say_changes_nothing_that_is_drawn(tmp_path: Path) -> None:
    frame = choices()
    made = project(frame, tmp_path)
    before = drain(prepare(made, None))
    judged = np.concatenate([before.parts.validation, before.parts.test])
    items = frame["item_id"].to_numpy().copy()
    items[judged] = items[judged[::-1]]
    after = drain(prepare(project(frame.with_columns(item_id=pl.Series(items)), tmp_path), None))
    assert before.fitted == after.fitted
    lots, users = np.random.default_rng(0).random(5000), np.arange(5000) % 121
    drawn = [
        Ranking.of(made.data, each.fitted, each.train).positives.draw(users, lots).tolist()  # type: ignore[union-attr]
        for each in (before, after)
    ]
    assert drawn[0] == drawn[1]


def test_anything_beside_the_two_ids_is_refused(tmp_path: Path) -> None:
    made = project(choices(), tmp_path)
    columns = tuple(
        column.model_copy(update={"role": "feature"}) if column.name == "when" else column
        for column in made.data.columns
    )
    with pytest.raises(DataError, match="one column of users and one of items") as caught:
        drain(prepare(made.changed(data=made.data.changed(columns=columns)), None))
    assert "when" in str(caught.value)


def test_users_who_have_everything_are_left_out(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"user_id": [1] * 6 + [2] * 4, "item_id": [*range(6), *range(4)], "when": range(10)}
    )
    made = project(frame, tmp_path)
    made = made.changed(data=made.data.changed(split=SplitConfig(test=0, validation=0)))
    prepared = drain(prepare(made, None))
    ranking = Ranking.of(made.data, prepared.fitted, prepared.train)
    assert ranking is not None
    assert len(ranking.learnable(prepared.train).rows) == 4
    only = prepared.train.take(np.arange(6))
    with pytest.raises(DataError, match="Every user has every item_id"):
        ranking.learnable(only)


def test_purchases_are_guessed(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    frame = choices(3000).with_columns(
        quantity=pl.col("when") % 4, note=pl.lit("x"), order_no=pl.int_range(pl.len())
    )
    frame.rename({"when": "timestamp"}).write_csv(path)
    draft = projects.new_project(path)
    data = draft.project.data
    assert draft.error is None
    assert data.negatives == Negatives()
    roles = {column.name: column.role for column in data.columns}
    assert roles.pop("user_id") == "feature"
    assert roles.pop("item_id") == "target"
    assert set(roles.values()) == {"ignored"}
    assert (data.split.method, data.split.by, data.split.times) == ("last", "user_id", "timestamp")
    assert data.recipe[0] == FilterRows(condition="`quantity` > 0")
    assert [field.kind for field in data.fields] == ["ids", "ids", "ranking"]
    assert any("drawn at random" in note for note in draft.notes)


@pytest.mark.parametrize(
    ("columns", "task", "target"),
    [
        ("user_id,item_id", None, None),
        ("u,i", "recommend", None),
        ("u,i", "recommend", "i"),
        ("u,i", "recommend", "u"),
    ],
)
def test_two_columns_of_ids_alone_are_choices(
    tmp_path: Path, columns: str, task: str | None, target: str | None
) -> None:
    path = tmp_path / "c.csv"
    frame = choices(3000).drop("when")
    frame.columns = columns.split(",")
    frame.write_csv(path)
    data = projects.new_project(path, target=target, task=task).project.data  # type: ignore[arg-type]
    assert data.negatives is not None
    assert data.target is not None
    assert data.target.name == (target or frame.columns[1])


@pytest.mark.parametrize(
    "names", ["height,weight", "user_id,item_id,rating", "user_id,item_id,spend"]
)
def test_tables_with_something_to_predict_are_no_choices(tmp_path: Path, names: str) -> None:
    path = tmp_path / "t.csv"
    generator = np.random.default_rng(1)
    count = names.count(",") + 1
    cells = [generator.integers(60, 200, 3000), generator.integers(40, 130, 3000)]
    cells += [generator.integers(1, 6 if "rating" in names else 4000, 3000)]
    pl.DataFrame(dict(zip(names.split(","), cells[:count], strict=True))).write_csv(path)
    assert projects.new_project(path).project.data.negatives is None
