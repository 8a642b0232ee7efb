"""The starting network: sized by the table, and good enough to be left as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import given, wanted

from modelstudio.engine import draft, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.draft import pictures, tables
from modelstudio.engine.events import drain
from modelstudio.layers import Concatenate, Dropout, Linear
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.recipe.fields import FieldSpec


def dropout_of(graph: Graph) -> set[float]:
    return {node.layer.p for node in graph.of_type(Dropout) if isinstance(node.layer, Dropout)}


@pytest.mark.parametrize("rows", [40, 500, 5_000, 100_000, 10**7])
@pytest.mark.parametrize("classes", [0, 2, 5])
def test_every_draft_is_a_network_without_problems(rows: int, classes: int) -> None:
    fields = (given("features", 7), given("town", vocabulary=30), wanted(classes=classes))
    network = draft.network(fields, rows)
    assert analyse(network, fields).problems == ()
    settings = tables.settings(rows)
    assert settings.batch_size < rows
    assert settings.patience < settings.epochs


@pytest.mark.parametrize("rows", [150, 900, 15_000, 150_000, 10**6])
def test_a_drafted_batch_size_tells_the_size_of_the_table(rows: int) -> None:
    size = tables.size_for(rows)
    assert tables.size_for(tables.rows_for(size.batch_size)) == size


@pytest.mark.parametrize(("rows", "epochs"), [(20, 200), (300, 40), (3_000, 40), (50_000, 15)])
def test_a_few_pictures_are_trained_for_as_many_steps_as_more(rows: int, epochs: int) -> None:
    settings = pictures.settings(rows)
    assert settings.epochs == epochs
    assert epochs * -(-rows // settings.batch_size) >= pictures.LEAST_STEPS
    assert settings.patience < max(settings.epochs, 16)


def test_few_rows_an_input_take_more_dropout() -> None:
    target = wanted(classes=2)
    assert dropout_of(draft.network((given("features", 10), target), 300)) == {0.3}
    assert dropout_of(draft.network((given("features", 50), target), 300)) == {0.5}
    assert dropout_of(draft.network((given("features", 50), target), 50_000)) == set()


@pytest.mark.parametrize(("rows", "classes", "bypass"), [(300, 0, 1), (300, 2, 0), (5_000, 0, 0)])
def test_small_tables_of_a_value_have_a_way_past_the_hidden_layers(
    rows: int, classes: int, bypass: int
) -> None:
    network = draft.network((given("features", 10), wanted(classes=classes)), rows)
    joints = list(network.of_type(Concatenate))
    assert len(joints) == bypass
    for joint in joints:
        sources = [network.nodes[edge.source].name for edge in network.incoming[joint.id]]
        assert sources == ["input1", "drop2"]
        (after,) = (edge.target for edge in network.edges if edge.source == joint.id)
        assert isinstance(network.nodes[after].layer, Linear)


def test_a_small_curved_table_is_learnt(tmp_path: Path) -> None:
    """Ridge regression reaches an R2 of 0.7 here."""
    rng = np.random.default_rng(0)
    x = rng.random((300, 8))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3]
    table = np.column_stack([x, y + rng.normal(size=300)])
    data = tmp_path / "curve.csv"
    head = ",".join([*(f"x{index}" for index in range(8)), "y"])
    np.savetxt(data, table, delimiter=",", header=head, comments="")
    project = projects.new_project(data, target="y", split_seed=1).project
    path = tmp_path / "curve.mstudio"
    drain(run.train(project, path, Control()))
    evaluation = drain(run.evaluate(path, project, None, intervals=False))
    assert evaluation.score("r2") > 0.8


@pytest.mark.parametrize("kind", ["image", "spectrogram"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (3, 4, 4), (1, 28, 28), (3, 96, 64), (4, 20, 300), (3, 512, 512)]
)
def test_pictures_of_any_size_have_a_draft(kind: str, shape: tuple[int, int, int]) -> None:
    picture = FieldSpec(name="seen", role="input", kind=kind, shape=shape)
    for fields in ((picture, wanted(classes=3)), (picture, given("features", 4), wanted())):
        network = draft.network(fields, 1000)
        assert analyse(network, fields).problems == ()
        assert analyse(network, fields).parameters < 5_000_000
