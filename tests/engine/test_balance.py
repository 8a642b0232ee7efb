"""What class balance does to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from modelstudio.engine import projects
from modelstudio.engine.control import Control
from modelstudio.engine.events import RunStarted, drain
from modelstudio.engine.run import evaluate, train
from modelstudio.errors import DataError
from modelstudio.recipe.steps import Standardise


@pytest.mark.parametrize("balance", ["weights", "oversample", "undersample"])
def test_a_rare_class_is_found_more_often(
    tmp_path: Path, balance: Literal["weights", "oversample", "undersample"]
) -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=600)
    rare = generator.random(600) < 0.08 * (1 + np.tanh(2 * x))
    table = tmp_path / "rare.csv"
    rows = "".join(
        f"{value},{'yes' if hit else 'no'}\n" for value, hit in zip(x, rare, strict=True)
    )
    table.write_text(f"x,y\n{rows}")
    project = projects.new_project(table, target="y").project
    training = project.training.changed(epochs=4, threads=1, device="cpu")

    def recall(chosen: str) -> tuple[float, int]:
        split = project.data.split.changed(balance=chosen)
        mine = project.changed(training=training, data=project.data.changed(split=split))
        events = list(train(mine, tmp_path / f"{chosen}.mstudio", Control()))
        begun = next(event for event in events if isinstance(event, RunStarted))
        found = drain(evaluate(tmp_path / f"{chosen}.mstudio", mine, None, "train"))
        return found.score("recall"), begun.batches

    plain, batches = recall("none")
    balanced, others = recall(balance)
    assert balanced > plain + 0.3
    expected = {"weights": others == batches, "oversample": others > batches}
    assert expected.get(balance, others < batches)


@pytest.mark.parametrize("balance", ["none", "weights", "oversample"])
def test_a_class_without_a_complete_row_is_named(
    tmp_path: Path, balance: Literal["none", "weights", "oversample"]
) -> None:
    table = tmp_path / "gaps.csv"
    rows = (f"{at % 7 if at % 4 else ''},{at % 5},{'no' if at % 4 else 'yes'}" for at in range(80))
    table.write_text("\n".join(["x,z,y", *rows]))
    project = projects.new_project(table, target="y").project
    split = project.data.split.changed(balance=balance)
    data = project.data.changed(split=split, recipe=(Standardise(),))
    with pytest.raises(DataError, match=r"No training row with y yes is complete: x is missing\."):
        list(train(project.changed(data=data), tmp_path / "gaps.mstudio", Control()))
