"""Mistakes that beginners make in a whole network, and what they are told and offered."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from networks import add, chain, given, mlp, wanted

from modelstudio.layers import (
    GRU,
    LSTM,
    Add,
    BatchNorm1d,
    Conv1d,
    Conv2d,
    CosineSimilarity,
    DotProduct,
    Embedding,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Input,
    Linear,
    Maximum,
    MaxPool2d,
    Multiply,
    NextTokenHead,
    Output,
    Parameter,
    Permute,
    PositionalEncoding,
    Reduce,
    ReLU,
    Subtract,
    Tanh,
)
from modelstudio.network.analysis import Problem
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

IMAGE = given("image", 3, 32, 32)
ROW = given("row", 16)
SERIES = given("series", "T", 12)
SIGNAL = given("signal", 4, 100)
TEXT = given("text", "T", vocabulary=50)
IDS = given("ids", 9, vocabulary=50)
CLASSES, VALUE = wanted("y", classes=3), wanted("y")
NEXT = FieldSpec(name="y", role="target", kind="tokens", shape=("T",), dtype="int", vocabulary=50)


def residual(before: Layer, inside: Layer) -> Graph:
    """Return a way past a block of an image network."""
    graph = chain(Input(field="image"), before)
    start = list(graph.nodes)[-1]
    graph = chain(inside, graph=graph, after=start)
    graph, end = add(graph, Add(), start, list(graph.nodes)[-1])
    return chain(GlobalAvgPool(), Linear(out_features=3), Output(), graph=graph, after=end)


@pytest.mark.parametrize(
    ("graph", "fields", "pressed"),
    [
        (
            residual(Conv2d(out_channels=16), Conv2d(out_channels=32, stride=2)),
            (IMAGE, CLASSES),
            ["Insert a 1 x 1 convolution to 32 with stride 2"],
        ),
        (
            mlp(Embedding(), GRU(), Linear(out_features=3), field="text"),
            (TEXT, NEXT),
            ["Set fc1 to 50"],
        ),
        (
            mlp(Embedding(), LSTM(output="last"), NextTokenHead(), field="text"),
            (TEXT, NEXT),
            ["Give the state after every step"],
        ),
        (
            mlp(Embedding(), LSTM(output="last"), field="text"),
            (TEXT, FieldSpec(**{**NEXT.model_dump(), "vocabulary": 60})),
            ["Give the state after every step", "Insert Linear with 60"],
        ),
        (
            mlp(Embedding(), Conv1d(), GlobalMaxPool(), Linear(out_features=3), field="text"),
            (TEXT, CLASSES),
            ["Insert Permute"],
        ),
        (
            mlp(Embedding(), Flatten(), Linear(out_features=3), field="text"),
            (TEXT, CLASSES),
            ["Average over the steps"],
        ),
        (
            mlp(GlobalAvgPool(), Linear(out_features=3), field="series"),
            (SERIES, CLASSES),
            ["Insert Permute"],
        ),
        (
            mlp(BatchNorm1d(), LSTM(output="last"), Linear(out_features=3), field="series"),
            (SERIES, CLASSES),
            ["Insert Permute", "Insert Permute"],
        ),
        (
            mlp(*[MaxPool2d()] * 6, Flatten(), Linear(out_features=3), field="image"),
            (IMAGE, CLASSES),
            ["Remove it"],
        ),
        (chain(Linear(out_features=3), Output()), (ROW, CLASSES), ["Add Input"]),
        (
            chain(Linear(out_features=3), Output(), graph=chain(Input(field="row"))),
            (ROW, CLASSES),
            ["Wire input1"],
        ),
    ],
)
def test_pressing_what_is_offered_first_mends_the_network(
    graph: Graph, fields: Sequence[FieldSpec], pressed: list[str]
) -> None:
    for label in pressed:
        problem = analyse(graph, fields).errors[0]
        assert problem.fixes[0].label == label
        assert problem.message.endswith(f"{label}.")
        graph = problem.fixes[0].apply(graph)
    assert analyse(graph, fields).errors == ()


@pytest.mark.parametrize(
    "layer", [Add(), Subtract(), Multiply(), Maximum(), DotProduct(), CosineSimilarity()], ids=str
)
@pytest.mark.parametrize("turned", [False, True])
def test_sizes_that_are_not_known_are_refused_like_others(layer: Layer, turned: bool) -> None:
    graph = chain(Input(field="series"), graph=chain(Parameter(shape=(9, 12))))
    ends = list(graph.nodes)
    graph, end = add(graph, layer, *(reversed(ends) if turned else ends))
    graph = chain(Reduce(), Output(), graph=graph, after=end)
    problem, *_ = analyse(graph, (SERIES,)).errors
    assert problem.node == end
    assert "9 rows of 12" in problem.message
    assert "T rows of 12" in problem.message
    for fix in problem.fixes:
        assert analyse(fix.apply(graph), (SERIES,)).errors == ()


def notices(graph: Graph, *fields: FieldSpec) -> tuple[Problem, ...]:
    """Return what is told of a network that runs."""
    found = analyse(graph, fields)
    assert found.errors == ()
    return found.problems


@pytest.mark.parametrize(
    ("graph", "fields", "said"),
    [
        (
            mlp(Embedding(), Conv1d(), GlobalMaxPool(), Linear(out_features=1), field="ids"),
            (IDS, VALUE),
            "conv1 takes 9 steps of 32 numbers for channels. Insert Permute.",
        ),
        (
            mlp(
                Conv1d(out_channels=8), LSTM(output="last"), Linear(out_features=1), field="signal"
            ),
            (SIGNAL, VALUE),
            "lstm1 takes 8 channels of 100 numbers for steps. Insert Permute.",
        ),
        (
            mlp(LSTM(output="last"), Linear(out_features=1), field="signal"),
            (SIGNAL, VALUE),
            "lstm1 takes 4 rows of 100 numbers for 4 steps, which may be channels. Insert Permute.",
        ),
        (
            mlp(Linear(out_features=1), ReLU(), field="row"),
            (ROW, VALUE),
            "relu1 never gives negative numbers, but a network answers with numbers on both sides "
            "of 0, scaled back afterwards. Remove it.",
        ),
        (
            mlp(Linear(out_features=3), Tanh(), field="row"),
            (ROW, CLASSES),
            "tanh1 never gives numbers beyond -1 and 1, but the loss needs numbers on both sides "
            "of 0, to tell likely from unlikely. Remove it.",
        ),
        (
            mlp(PositionalEncoding(kind="learned"), Reduce(axis=-1), Reduce(), field="series"),
            (SERIES,),
            "pos1 cannot read sequences of more than 512 steps. Use waves, which have no end.",
        ),
    ],
)
def test_what_trains_on_nonsense_is_told(
    graph: Graph, fields: Sequence[FieldSpec], said: str
) -> None:
    (notice,) = (problem for problem in notices(graph, *fields) if "padding" not in problem.message)
    assert (notice.message, notice.severity) == (said, "notice")
    mended = notice.fixes[0].apply(graph)
    assert all("padding" in problem.message for problem in notices(mended, *fields))


def test_steps_that_were_turned_into_channels_are_none_any_more() -> None:
    layers = (Embedding(), Permute(), Conv1d(), Permute(), LSTM(output="last"))
    graph = mlp(*layers, Linear(out_features=1), field="ids")
    assert notices(graph, IDS, VALUE) == ()
