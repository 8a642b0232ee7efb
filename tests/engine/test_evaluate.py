"""From logits to answers in the target's own terms."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from modelstudio.data.target import TargetState
from modelstudio.engine.evaluate import (
    TargetKind,
    answer_columns,
    decode,
    unreadable_cells,
)
from modelstudio.engine.results import Predictions, Unreadable
from modelstudio.engine.scoring import nothing_to_score, remarks
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import Column


def test_one_logit_becomes_two_probabilities() -> None:
    target = TargetState(kind="binary", column="y", classes=("no", "yes"))
    scores = decode(torch.tensor([[0.0], [2.0]]), target)
    assert scores.tolist() == [
        [0.5, 0.5],
        [pytest.approx(1 - 1 / (1 + np.exp(-2))), pytest.approx(1 / (1 + np.exp(-2)))],
    ]


def test_logits_of_classes_become_probabilities() -> None:
    target = TargetState(kind="classes", column="y", classes=("a", "b", "c"))
    scores = decode(torch.tensor([[1000.0, 0.0, -1000.0], [1.0, 1.0, 1.0]]), target)
    assert scores[0].tolist() == [1, 0, 0]
    assert scores[1] == pytest.approx([1 / 3] * 3)


def test_values_return_to_their_units() -> None:
    plain = TargetState(kind="value", column="y", mean=100.0, scale=10.0)
    assert decode(torch.tensor([[0.0], [-1.5]]), plain) == pytest.approx([100, 85])
    logged = TargetState(kind="value", column="y", mean=2.0, scale=0.5, log=True)
    assert decode(torch.tensor([[1.0]]), logged) == pytest.approx([np.exp(2.5)])


def test_answers_stand_beside_the_rows_they_belong_to() -> None:
    table = pl.DataFrame({"a": ["1", "", "3"], "prediction": ["x", "y", "z"]})
    scores = np.array([[0.8, 0.2], [0.6, 0.4]])
    answers = Predictions(
        "binary", ("no", "yes"), np.array([-1, -1]), scores, np.array([0, 2]), {"a is missing": 1}
    )
    said = answer_columns(table, answers, threshold=0.3)
    assert said["prediction"].to_list() == ["x", "y", "z"]
    assert said["prediction_"].to_list() == ["no", None, "yes"]
    assert said["probability_yes"].to_list() == [0.2, None, 0.4]


def test_what_the_scores_leave_out_is_said() -> None:
    answers = Predictions(
        "classes",
        ("a", "b"),
        np.array([0, -1]),
        np.full((2, 2), 0.5),
        np.arange(2),
        {"age is missing": 3},
    )
    notes = remarks(answers, data_changed=True)
    assert len(notes) == 3
    assert any("3 rows" in note and "age is missing" in note for note in notes)
    assert any("1 row" in note and "unseen" in note for note in notes)
    assert remarks(answers, data_changed=False) == notes[1:]


@pytest.mark.parametrize(
    ("kind", "truth", "unscored", "sentence"),
    [
        ("binary", [-1, -1], {}, "No row of new.csv has a class that the run has learnt in y"),
        ("value", [np.nan], {}, "No row of new.csv has a number in y"),
        ("value", [], {"a is missing": 3}, "No row of new.csv can be scored: a is missing."),
    ],
)
def test_why_nothing_can_be_scored(
    kind: TargetKind, truth: list[float], unscored: dict[str, int], sentence: str
) -> None:
    rows = np.arange(len(truth))
    answers = Predictions(kind, (), np.array(truth), np.zeros(len(truth)), rows, unscored)
    error = nothing_to_score(answers, "new.csv", "y")
    assert error.message.startswith(sentence)
    assert error.fix


def test_cells_that_number_columns_cannot_take() -> None:
    table = pl.DataFrame(
        {
            "age": ["12", "twelve", "NA", None, "1,200", "inf", "€5"],
            "town": ["Ulm", "?", "x", "y", "z", "a", "b"],
        }
    )
    columns = (
        Column(name="age", kind="number", role="feature"),
        Column(name="town", kind="category", role="feature"),
        Column(name="gone", kind="number", role="feature"),
    )
    assert unreadable_cells(table, columns, CsvOptions()) == (Unreadable("age", 2, "twelve"),)
    assert unreadable_cells(table.head(1), columns, CsvOptions()) == ()
