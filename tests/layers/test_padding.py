"""A batch padded at the right gives, for each sample, what that sample gives alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from networks import add, chain, given
from onnxruntime import InferenceSession
from torch import nn

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.engine.export.tracing import trace
from modelstudio.layers import (
    GRU,
    LSTM,
    RNN,
    Concatenate,
    Embedding,
    EmbeddingBag,
    Input,
    Linear,
    Output,
    Parameter,
    Reduce,
    Select,
    SelfAttention,
    TransformerDecoder,
    TransformerEncoder,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph
from modelstudio.network.layer import Layer

Run = Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor]]
"""Takes steps and ids; gives what each layer gives."""

RECURRENT = [
    kind.build(hidden_size=5, layers=layers, bidirectional=both, output=output)
    for layers, both, output, kind in product(
        (1, 2), (False, True), ("sequence", "last"), (RNN, LSTM, GRU)
    )
]
PAIRS = [
    RNN(hidden_size=5),
    RNN(hidden_size=5, layers=2, bidirectional=True, output="last"),
    LSTM(hidden_size=5, output="last"),
    LSTM(hidden_size=5, layers=2, bidirectional=True),
    GRU(hidden_size=5, bidirectional=True),
    GRU(hidden_size=5, layers=2, output="last"),
]
"""Every two settings together: an ONNX file takes its time."""

LAYERS = [
    *RECURRENT,
    *(Reduce(operation=name) for name in ("mean", "max", "min", "sum")),
    Select(index=-1),
]
IDS = given("ids", "T", vocabulary=9)
FIELDS = (given("x", "T", 12), IDS)
LENGTHS = (7, 3, 1, 6)


def beside(layers: Sequence[Layer]) -> Graph:
    """Return a network with a branch a layer, all given the same steps and ids."""
    graph, _ = add(Graph(), Input(field="x"), name="steps")
    graph, _ = add(graph, Input(field="ids"), name="ids")
    for number, layer in enumerate(layers):
        graph, block = add(graph, layer, "steps", "ids", name=f"block{number}")
        graph, _ = add(graph, Output(target=f"out{number}"), block, name=f"out{number}")
    return graph


def trained(graph: Graph) -> nn.Module:
    torch.manual_seed(0)
    return compile_network(graph, FIELDS).module.eval()


def printed(graph: Graph) -> nn.Module:
    names: dict[str, Any] = {}
    exec(compile(python_code(graph, FIELDS), "generated", "exec"), names)
    module = names["Network"]()
    assert isinstance(module, nn.Module)
    return module.eval()


def written(graph: Graph) -> Run:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=2)
    examples = (torch.randn(3, 4, 12), torch.ones(3, 4, dtype=torch.int64))
    file = trace(trained(graph), examples, [{0: batch, 1: length}] * 2)
    session = InferenceSession(file.SerializeToString())
    inputs = [entry.name for entry in session.get_inputs()]

    def run(x: torch.Tensor, ids: torch.Tensor) -> list[torch.Tensor]:
        feeds = dict(zip(inputs, (x.numpy(), ids.numpy()), strict=True))
        return [torch.from_numpy(found) for found in session.run(None, feeds)]

    return run


WAYS: dict[Callable[[Graph], Run], list[Layer]] = {trained: LAYERS, printed: LAYERS, written: PAIRS}


@cache
def together_and_alone(
    way: Callable[[Graph], Run],
) -> tuple[Sequence[torch.Tensor], list[Sequence[torch.Tensor]]]:
    """Return what the layers give for a padded batch, and for each sample alone.

    The padding holds numbers, as an embedding gives them, that must not matter.
    """
    run = way(beside(WAYS[way]))
    torch.manual_seed(1)
    x, ids = torch.randn(len(LENGTHS), max(LENGTHS), 12), torch.randint(1, 9, (4, max(LENGTHS)))
    ids = ids * (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None])
    with torch.no_grad():
        alone = [run(x[n : n + 1, :s], ids[n : n + 1, :s]) for n, s in enumerate(LENGTHS)]
        return run(x, ids), alone


def named(layer: Layer) -> str:
    """Tell a case apart by what was set."""
    return "-".join([layer.type_name, *map(str, layer.as_values().values())])


@pytest.mark.parametrize(
    ("way", "number"),
    [
        pytest.param(way, number, id=f"{way.__name__}-{named(layer)}")
        for way, layers in WAYS.items()
        for number, layer in enumerate(layers)
    ],
)
def test_padding_does_not_matter(way: Callable[[Graph], Run], number: int) -> None:
    together, alone = together_and_alone(way)
    for row, size in enumerate(LENGTHS):
        got, expected = together[number][row], alone[row][number][0]
        if expected.ndim == 2:
            assert not got[size:].any()
            got = got[:size]
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


# A text classifier, wired block by block


def classifier(reader: Layer) -> Graph:
    """Return one that reads the words of a text, its ids not yet wired to the reader."""
    return chain(Input(field="ids"), Embedding(embedding_dim=6), reader, Linear(out_features=2))


def heeded(graph: Graph) -> Graph:
    """Return the graph with the fix of its only notice."""
    (notice,) = analyse(graph, [IDS]).problems
    assert notice.severity == "notice"
    return notice.fixes[0].apply(graph)


def test_a_text_classifier_does_not_read_padding() -> None:
    reader = LSTM(hidden_size=8, bidirectional=True, output="last")
    drawn = chain(Output(), graph=classifier(reader), after="fc1")
    (notice,) = analyse(drawn, [IDS]).problems
    assert notice.message == "lstm1 reads the padding of short rows, too. Wire the ids to it."
    graph = heeded(drawn)
    assert Edge("input1", "y", "lstm1", "ids") in graph.edges
    assert analyse(graph, [IDS]).problems == ()

    torch.manual_seed(0)
    module = compile_network(graph, [IDS]).module
    ids = torch.randint(1, 9, (64, 12)) * (torch.arange(12) < torch.randint(1, 13, (64, 1)))
    ends = ids.gather(1, (ids != 0).sum(1, keepdim=True) - 1)[:, 0]
    wanted = (ends > 4).long()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.03)
    for _ in range(25):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(ids), wanted).backward()
        optimizer.step()
    assert (module(ids).argmax(1) == wanted).all()

    file = trace(module, [ids[:3]], [{0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}])
    session = InferenceSession(file.SerializeToString())
    (name,) = (entry.name for entry in session.get_inputs())
    with torch.no_grad():
        said = module.eval()(ids)
    for row in (ids, nn.functional.pad(ids, (0, 5))):
        (got,) = session.run(None, {name: row.numpy()})
        torch.testing.assert_close(torch.from_numpy(got), said, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "mended"),
    [
        (Select(index=-1), None),
        (Reduce(), None),
        (GRU(output="last"), None),
        (SelfAttention(), None),
        (TransformerEncoder(heads=2), None),
        (GRU(dropout=0.5), GRU(dropout=0.5, layers=2)),
    ],
    ids=str,
)
def test_what_reads_padding_offers_to_leave_it_out(layer: Layer, mended: Layer | None) -> None:
    """What is wired to a sequence that was made of ids; settings without effect likewise."""
    graph = chain(Input(field="ids"), Embedding(embedding_dim=6), layer)
    block = next(reversed(graph.nodes))
    fixed = heeded(chain(Output(), graph=graph, after=block))
    assert analyse(fixed, [IDS]).problems == ()
    assert fixed.nodes[block].layer == (mended or layer)


def test_the_ids_of_a_memory_are_those_it_was_made_of() -> None:
    graph = chain(Input(field="ids"), Embedding(embedding_dim=6))
    graph, own = add(graph, Input(field="ids"), name="answer")
    graph, steps = add(graph, Embedding(embedding_dim=6), own)
    graph, block = add(graph, TransformerDecoder(heads=2), steps, "embed1")
    fixed = heeded(chain(Output(), graph=graph, after=block))
    assert Edge("input1", "y", block, "ids") in fixed.edges


def test_steps_without_ids_have_no_padding_to_leave_out() -> None:
    graph = chain(Input(field="x"), GRU(output="last", bidirectional=True), Output())
    assert analyse(graph, FIELDS).problems == ()


def test_a_bag_of_words_offers_to_leave_padding_out() -> None:
    graph = heeded(chain(Input(field="ids"), EmbeddingBag(embedding_dim=6), Output()))
    assert graph.nodes["bag1"].layer == EmbeddingBag(embedding_dim=6, padding_id=0)
    assert analyse(graph, [IDS]).problems == ()


# A class token before a text


def with_token(layer: Layer, *, before: bool = True) -> Graph:
    """Return a network that puts a learned vector to a text and answers with what it gathers."""
    graph = chain(Input(field="ids"), Embedding(embedding_dim=6))
    graph, token = add(graph, Parameter(shape=(1, 6), std=1.0), name="token")
    parts = [token, "embed1"] if before else ["embed1", token]
    graph, joined = add(graph, Concatenate(), *parts, name="joined")
    graph, block = add(graph, layer, joined, name="block")
    graph = graph.connect(Edge("input1", "y", block, "ids"))
    return chain(Select(), Output(), graph=graph, after=block)


def test_a_class_token_gathers_a_text_without_its_padding() -> None:
    graph = with_token(TransformerEncoder(heads=2))
    analysis = analyse(graph, [IDS])
    assert analysis.problems == ()
    assert analysis.nodes["block"].outputs == (("B", "1+T", 6),)
    torch.manual_seed(0)
    module = compile_network(graph, [IDS]).module.eval()
    torch.manual_seed(0)
    ids = torch.randint(1, 9, (3, 7))
    padded = nn.functional.pad(ids, (0, 4))
    with torch.no_grad():
        alone = module(ids)
        torch.testing.assert_close(module(padded), alone, rtol=0, atol=1e-5)
    sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", min=2)}
    session = InferenceSession(trace(module, [ids], [sizes]).SerializeToString())
    (got,) = session.run(None, {session.get_inputs()[0].name: padded.numpy()})
    torch.testing.assert_close(torch.from_numpy(got), alone, rtol=0, atol=1e-5)


def test_a_token_behind_a_text_does_not_fit_its_ids() -> None:
    """Its ids would stand one step off."""
    (problem,) = analyse(with_token(SelfAttention(), before=False), [IDS]).errors
    assert problem.message.startswith("block needs one id for each step, but joined gives T+1 rows")


def test_two_texts_of_any_length_are_not_joined() -> None:
    graph, _ = add(chain(Input(field="x")), Input(field="x"), name="again")
    graph, both = add(graph, Concatenate(), "input1", "again")
    (problem,) = analyse(chain(Output(), graph=graph, after=both), FIELDS).errors
    assert "the joined dimension to be a fixed number in all but one" in problem.message


@pytest.mark.parametrize(("layer", "noticed"), [(SelfAttention(), 1), (Reduce(), 0)], ids=str)
def test_only_what_sees_a_token_beside_the_ids_offers_to_wire_them(
    layer: Layer, noticed: int
) -> None:
    graph = with_token(layer).disconnect(Edge("input1", "y", "block", "ids"))
    assert len(analyse(graph, [IDS]).problems) == noticed
