"""What sequence layers promise beyond the contract."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from networks import add, branches, given
from torch import nn

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.layers import (
    GRU,
    LSTM,
    Embedding,
    EmbeddingBag,
    Input,
    Linear,
    MultiheadAttention,
    Output,
    PositionalEncoding,
    SelfAttention,
    TransformerDecoder,
    TransformerEncoder,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.network.shapes import Builder, Value
from modelstudio.recipe.fields import FieldSpec

ROWS = given("x", "T", 12)
IDS = given("ids", "T", vocabulary=9)


def built(layer: Layer, *fields: FieldSpec) -> torch.fx.GraphModule:
    torch.manual_seed(0)
    return compile_network(branches([(layer, fields)]), fields).module.eval()


def refused(layer: Layer, *fields: FieldSpec) -> tuple[str, list[Layer]]:
    """Return the sentence and what the block becomes by each fix."""
    graph = branches([(layer, fields)])
    (problem,) = analyse(graph, fields).errors
    return problem.message, [fix.apply(graph).nodes["block0"].layer for fix in problem.fixes]


# Attention


@pytest.mark.parametrize(("heads", "offered"), [(5, 4), (8, 6), (100, 12)])
@pytest.mark.parametrize("kind", [MultiheadAttention, TransformerEncoder])
def test_heads_that_do_not_divide_the_width_are_mended(
    kind: type[Layer], heads: int, offered: int
) -> None:
    layer = kind.build(heads=heads)
    message, (mended, *_) = refused(layer, ROWS)
    assert message == (
        f"block0 needs a number of heads that divides the width, 12. Set heads to {offered}."
    )
    assert mended == layer.changed(heads=offered)
    assert not analyse(branches([(mended, [ROWS])]), [ROWS]).errors


def test_an_open_port_between_wired_ones_is_left_out() -> None:
    fields = [given("x", 6, 12), given("ids", 6, vocabulary=9)]
    graph = branches([(MultiheadAttention(), fields)])
    assert {edge.target_port for edge in graph.incoming["block0"]} == {"x", "ids"}
    analysis = analyse(graph, fields)
    assert analysis.problems == ()
    assert analysis.nodes["block0"].inputs == (("B", 6, 12), ("B", 6))


def test_ids_of_another_length_are_named() -> None:
    message, _ = refused(MultiheadAttention(), given("x", 6, 12), given("ids", 5, vocabulary=9))
    assert message == (
        "block0 needs one id for each step, but in_x gives 6 rows of 12 and in_ids gives 5 ids"
        " for each sample."
    )


def test_attention_to_a_memory_is_not_causal() -> None:
    message, (mended,) = refused(MultiheadAttention(causal=True), ROWS, given("m", "T", 12))
    assert message.endswith("Make it not causal.")
    assert mended == MultiheadAttention()


@pytest.mark.parametrize(
    "layer",
    [
        SelfAttention(),
        MultiheadAttention(heads=3, causal=True),
        TransformerEncoder(),
        TransformerEncoder(causal=True, norm="after", layers=2),
    ],
    ids=str,
)
def test_padding_changes_nothing(layer: Layer) -> None:
    module = built(layer, ROWS, IDS)
    x, ids = torch.randn(2, 7, 12), torch.randint(1, 9, (2, 7))
    padded = torch.cat([x, torch.randn(2, 3, 12)], 1)
    padding = torch.cat([ids, torch.zeros(2, 3, dtype=torch.int64)], 1)
    with torch.no_grad():
        torch.testing.assert_close(module(padded, padding)[:, :7], module(x, ids))
        assert module(padded, torch.zeros_like(padding)).isfinite().all()


@pytest.mark.parametrize("layer", [SelfAttention(causal=True), TransformerEncoder(causal=True)])
def test_a_causal_layer_does_not_see_later_steps(layer: Layer) -> None:
    module = built(layer, ROWS)
    x = torch.randn(2, 7, 12)
    changed = torch.cat([x[:, :4], torch.randn(2, 3, 12)], 1)
    with torch.no_grad():
        torch.testing.assert_close(module(x)[:, :4], module(changed)[:, :4])


def test_a_decoder_leaves_out_the_padding_of_its_memory() -> None:
    module = built(TransformerDecoder(), ROWS, given("m", "T", 12), IDS)
    x, memory = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    ids = torch.tensor([[1, 2, 3, 4, 0, 0, 0]] * 2)
    changed = torch.cat([memory[:, :4], torch.randn(2, 3, 12)], 1)
    with torch.no_grad():
        torch.testing.assert_close(module(x, memory, ids), module(x, changed, ids))


def test_a_stack_is_as_many_blocks_with_weights_of_their_own() -> None:
    one, three = (
        analyse(branches([(TransformerEncoder(layers=n), [ROWS])]), [ROWS]) for n in (1, 3)
    )
    assert three.parameters == 3 * one.parameters
    assert three.macs == 3 * one.macs


def test_fused_attention_of_torch_gives_the_same_numbers() -> None:
    """In evaluation torch takes another path, which must not matter."""
    module = built(TransformerEncoder(norm="after", activation="relu"), ROWS)
    x = torch.randn(2, 7, 12)
    with torch.no_grad():
        torch.testing.assert_close(module(x), module(x.clone().requires_grad_()))


# Recurrence


@pytest.mark.parametrize("kind", [GRU, LSTM])
@pytest.mark.parametrize("both", [False, True])
def test_the_last_state_is_that_of_the_last_layer(kind: type[Layer], both: bool) -> None:
    module = built(kind.build(hidden_size=5, layers=2, bidirectional=both, output="last"), ROWS)
    x = torch.randn(3, 6, 12)
    whole, _ = module.block0(x)
    forth = whole[:, -1, :5]
    expected = torch.cat([forth, whole[:, 0, 5:]], 1) if both else forth
    torch.testing.assert_close(module(x), expected)


def test_recurrence_is_printed_as_a_person_would() -> None:
    code = python_code(branches([(LSTM(hidden_size=5), [ROWS])]), [ROWS])
    assert "self.block0 = nn.LSTM(input_size=12, hidden_size=5, batch_first=True)" in code
    assert "x = self.block0(x_)[0]" in code


# Vectors and places


def test_a_bag_leaves_out_padding() -> None:
    ids = given("ids", 5, vocabulary=9)
    module = built(EmbeddingBag(embedding_dim=4, padding_id=0), ids)
    table = module.block0.weight
    result = module(torch.tensor([[3, 7, 0, 0, 0], [0, 0, 0, 0, 0]]))
    torch.testing.assert_close(result[0], table[[3, 7]].mean(0))
    assert not result[1].any()


def test_places_are_as_many_as_steps() -> None:
    message, (mended,) = refused(PositionalEncoding(kind="learned", max_length=4), given("x", 6, 8))
    assert (
        message
        == "block0 needs sequences of at most 4 steps, but in_x gives 6 rows of 8. Set 6 places."
    )
    assert mended == PositionalEncoding(kind="learned", max_length=6)


def test_waves_are_those_of_the_first_transformer() -> None:
    module = built(PositionalEncoding(), ROWS)
    waves = module(torch.zeros(1, 4, 12))[0]
    step, pair = 3, 2
    angle = torch.tensor(step / 10_000 ** (2 * pair / 12))
    torch.testing.assert_close(
        waves[step, 2 * pair : 2 * pair + 2], torch.stack([angle.sin(), angle.cos()])
    )


# Weights shared by an embedding and a head


def tied(head: Linear) -> Graph:
    graph, _ = add(Graph(), Input(field="ids"), name="tokens")
    graph, _ = add(graph, Embedding(embedding_dim=6), "tokens", name="embed")
    graph, _ = add(graph, head, "embed", name="head")
    graph, _ = add(graph, Output(), "head", name="out")
    return graph.put(replace(graph.nodes["head"], shares="embed"))


def test_a_head_scores_with_the_vectors_of_an_embedding() -> None:
    graph = tied(Linear(out_features=9, bias=False))
    compiled = compile_network(graph, [IDS])
    assert compiled.analysis.parameters == 9 * 6
    assert compiled.analysis.nodes["head"].parameters == 0
    assert [name for name, _ in compiled.module.named_parameters()] == ["embed.weight"]
    ids = torch.tensor([[1, 8, 0]])
    table = compiled.module.embed.weight
    torch.testing.assert_close(compiled.module(ids), table[ids] @ table.T)
    assert "nn.functional.linear(x, self.embed.weight)" in python_code(graph, [IDS])
    compiled.module(ids).sum().backward()
    assert isinstance(table, nn.Parameter)
    assert table.grad is not None


def test_a_head_that_does_not_fit_its_embedding_is_mended() -> None:
    graph = tied(Linear(out_features=4))
    (problem,) = analyse(graph, [IDS]).errors
    assert problem.message == (
        "head shares a table of 9 vectors, so it needs 9 outputs and no bias."
        " Set 9 outputs without a bias."
    )
    mended = problem.fixes[0].apply(graph)
    assert mended.nodes["head"].layer == Linear(out_features=9, bias=False)
    assert not analyse(mended, [IDS]).errors


def test_rules_need_no_torch_values() -> None:
    """A length may stay a symbol all the way."""
    b = Builder({})
    with b.within(branches([(LSTM(), [ROWS])]).nodes["block0"]):
        assert LSTM(hidden_size=5).lower(b, Value(("B", "T", 12))).shape == ("B", "T", 5)
