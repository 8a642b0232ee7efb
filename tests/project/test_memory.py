"""The memory of a training step is the sum of what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from networks import given, mlp, wanted

from modelstudio.layers import Linear, ReLU
from modelstudio.network.check import analyse
from modelstudio.project.memory import training_memory
from modelstudio.project.training import SGD, Adagrad, Adam, AdamW, Optimizer

FIELDS = (given("features", 4), wanted("y", classes=3))
PARAMETERS = (4 * 8 + 8) + (8 * 3 + 3)


@pytest.mark.parametrize(
    ("optimizer", "states"),
    [(SGD(momentum=0.9), 1), (SGD(momentum=0.0), 0), (Adam(), 2), (AdamW(), 2), (Adagrad(), 1)],
)
def test_parts_of_the_memory(optimizer: Optimizer, states: int) -> None:
    graph = mlp(Linear(out_features=8), ReLU(), Linear(out_features=3))
    found = training_memory(graph, analyse(graph, FIELDS), optimizer, batch=10)
    assert found.parameters == found.gradients == 4 * PARAMETERS
    assert found.optimizer == states * 4 * PARAMETERS
    assert found.activations == 10 * 4 * (4 + 8 + 8 + 3)
    parts = (found.parameters, found.gradients, found.optimizer, found.activations)
    assert found.total == sum(parts)


def test_frozen_blocks_have_no_gradients() -> None:
    graph = mlp(Linear(out_features=8), ReLU(), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["fc1"], frozen=True))
    found = training_memory(graph, analyse(graph, FIELDS), Adam(), batch=1)
    assert found.gradients == 4 * (8 * 3 + 3)
    assert found.parameters == 4 * PARAMETERS
