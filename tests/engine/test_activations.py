"""What blocks of a trained network give for a row, and the weights they learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import add, chain, given, mlp
from tables import people, write

from modelstudio.engine import activations, projects, run
from modelstudio.engine.activations import Rows, Weight, repeats
from modelstudio.engine.compile import compile_network
from modelstudio.engine.control import Control
from modelstudio.engine.drawable import Numbers, of_row, of_weight
from modelstudio.engine.events import drain
from modelstudio.errors import RunError
from modelstudio.layers import (
    Conv1d,
    Embedding,
    Group,
    GroupInput,
    GroupOutput,
    Linear,
    ReLU,
    Sigmoid,
    Tanh,
)
from modelstudio.network.graph import Graph
from modelstudio.project.model import Project


@dataclass(frozen=True)
class Kept:
    """A project with a run behind it."""

    project: Project
    path: Path

    def rows(self) -> Rows:
        return drain(activations.open_rows(self.path, self.project, None))

    def weights(self, *address: str, repeat: int = 0) -> dict[str, Weight]:
        work = activations.weights(self.path, self.project, None, address, repeat)
        return {weight.name: weight for weight in drain(work)}


def network() -> Graph:
    """Return fc1, twice a group of fc1 and tanh1, an idle tanh1, fc2, sigmoid1, and loose."""
    inside = chain(GroupInput(), Linear(out_features=4), Tanh(), GroupOutput())
    twice = Group(graph=inside, repeat=2)
    graph = mlp(Linear(out_features=4), twice, Tanh(), Linear(out_features=1), Sigmoid())
    graph = graph.put(replace(graph.nodes["tanh1"], enabled=False))
    return add(graph, ReLU(), "fc1", name="loose")[0]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    project = projects.new_project(write(folder / "people.csv", people()), target="bought").project
    project = project.changed(
        network=network(), training=project.training.changed(epochs=1, threads=1)
    )
    path = folder / "people.mstudio"
    drain(run.train(project, path, Control()))
    return Kept(project, path)


def test_a_block_gives_what_its_module_makes_of_what_feeds_it(kept: Kept) -> None:
    rows = kept.rows()

    def seen(*address: str, repeat: int = 0) -> torch.Tensor:
        return torch.from_numpy(rows.look(address, 3, repeat).numbers.values)

    module = rows._compiled.module
    called = [module.get_submodule(n.target) for n in module.graph.nodes if n.op == "call_module"]
    first, inner, outer, last = (part for part in called if isinstance(part, torch.nn.Linear))
    with torch.no_grad():
        assert torch.equal(seen("fc1"), first(seen("input1")))
        assert torch.equal(seen("group1", "fc1"), inner(seen("fc1")))
        between = inner(seen("fc1")).tanh()
        assert torch.equal(seen("group1", "fc1", repeat=1), outer(between))
        assert torch.equal(seen("group1", "groupinput1", repeat=1), between)
        assert torch.equal(seen("group1", "groupinput1"), seen("fc1"))
        assert torch.equal(seen("group1"), outer(between).tanh())
        assert torch.equal(seen("tanh1"), seen("group1"))  # it is switched off
        assert torch.equal(seen("fc2"), last(seen("group1")))
        assert torch.equal(seen("sigmoid1"), seen("fc2").sigmoid())  # training leaves it out
        assert torch.equal(seen("output1"), seen("sigmoid1"))


def test_rows_differ_and_tell_their_truth(kept: Kept) -> None:
    rows = kept.rows()
    first, second = rows.look(("fc1",), 0), rows.look(("fc1",), 1)
    assert not np.array_equal(first.numbers.values, second.numbers.values)
    assert first.rows == second.rows > 10
    assert {rows.look(("fc1",), number).truth for number in range(10)} == {"yes", "no"}
    past_the_end = rows.look(("fc1",), 10**6).numbers.values
    assert np.array_equal(past_the_end, rows.look(("fc1",), first.rows - 1).numbers.values)


def test_each_repeat_of_a_group_has_weights_of_its_own(kept: Kept) -> None:
    assert repeats(kept.project.network, ("group1", "fc1")) == 2
    assert repeats(kept.project.network, ("fc1",)) == 1
    first, second = (kept.weights("group1", "fc1", repeat=number) for number in (0, 1))
    assert list(first) == ["weight", "bias"]
    assert first["weight"].numbers.axes == ("outputs", "inputs")
    assert first["weight"].numbers.shape == (4, 4)
    assert not np.array_equal(first["weight"].numbers.values, second["weight"].numbers.values)
    assert first["weight"].histogram.sum() == 16
    assert first["weight"].mean == pytest.approx(first["weight"].numbers.values.mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (("tanh1",), "tanh1 has no weights: there is nothing to learn in Tanh."),
        (("group1",), "group1 is a group."),
        (("later",), "This block was not in the network yet when run 1 was trained."),
        (("fc1", "inside"), "This block was not in the network yet when run 1 was trained."),
    ],
)
def test_why_there_are_no_weights(kept: Kept, address: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(RunError) as caught:
        kept.weights(*address)
    assert caught.value.message.startswith(sentence)


def test_a_block_that_leads_nowhere_gives_nothing(kept: Kept) -> None:
    with pytest.raises(RunError, match="loose leads to no Output, so run 1 has never used it"):
        kept.rows().look(("loose",), 0)


def test_without_a_run_the_way_to_one_is_told(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        drain(activations.open_rows(tmp_path / "fresh.mstudio", kept.project, None))
    assert caught.value.fix == "Train the network first."


def test_steps_run_to_the_right_whichever_way_they_are_stored() -> None:
    tokens = given("tokens", "T", vocabulary=9)
    steps = of_row(np.zeros((5, 3), np.float32), steps_first=True)
    assert (steps.axes, steps.shape, steps.values.shape) == (("features", "steps"), (5, 3), (3, 5))
    compiled = compile_network(mlp(Embedding(), field="tokens"), (tokens,))
    (node,) = (n for n in compiled.module.graph.nodes if n.meta.get("block") == "embed1")
    assert node.meta["order"] == "steps"
    series = given("series", 2, 8)
    compiled = compile_network(mlp(Conv1d(), field="series"), (series,))
    (node,) = (n for n in compiled.module.graph.nodes if n.meta.get("block") == "conv1")
    assert node.meta["order"] == "channels"


def size(numbers: Numbers) -> tuple[int, ...]:
    return numbers.values.shape


def test_what_is_large_is_reduced_and_says_so() -> None:
    maps = of_row(np.arange(100 * 130 * 70, dtype=np.float32).reshape(100, 130, 70), False)
    assert (maps.kind, maps.shape, size(maps)) == ("pictures", (100, 130, 70), (64, 44, 35))
    assert maps.note == "the first 64 of 100 channels, made smaller"
    assert (maps.low, maps.high) == (0, 100 * 130 * 70 - 1)
    assert maps.values[0, 0, 0] == pytest.approx(np.mean([0, 1, 70, 71, 140, 141]))
    row = np.zeros(1030, np.float32)
    row[4], row[1029] = -9, 2
    bars = of_row(row, False)
    assert size(bars) == (344,)
    assert (bars.values[1], bars.values[-1]) == (-9, 2)
    assert bars.note.startswith("each bar stands for 3 numbers")
    solid = of_row(np.zeros((3, 5, 4, 4), np.float32), False)
    assert (size(solid), solid.note) == ((3, 4, 4), "the middle layer of each")


def test_kernels_stand_in_rows_of_their_filter() -> None:
    kernels = np.arange(16 * 20 * 9, dtype=np.float32).reshape(16, 20, 3, 3)
    drawn = of_weight(kernels)
    assert (drawn.columns, size(drawn)) == (8, (64, 3, 3))
    assert np.array_equal(drawn.values[8], kernels[1, 0])
    assert drawn.note == "the first 8 channels of the first 8 filters"
    grey = of_weight(kernels[:, :1])
    assert (grey.columns, size(grey), grey.note) == (0, (16, 3, 3), "")
    assert size(of_weight(np.zeros((600, 2000), np.float32))) == (120, 500)
    assert of_weight(np.array([np.nan, 2], np.float32)).high == 2
