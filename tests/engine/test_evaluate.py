"""From logits to answers in the target's own terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from modelstudio.data.prepare import TargetState
from modelstudio.engine.evaluate import decode


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
