"""Edits of a network: pure functions, no window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import modelstudio.layers  # noqa: F401  fills the registry
from modelstudio.errors import StudioError
from modelstudio.network.graph import Edge, Graph, Note
from modelstudio.network.layer import Layer, Port
from modelstudio.ui.pages.network import edits
from modelstudio.ui.pages.network.catalogue import by_category, matching, offers
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, PITCH
from modelstudio.ui.pages.network.units import memory_text, share_text, short_count


def layer(kind: str, **fields: object) -> Layer:
    found = Layer.find(kind)
    assert found is not None
    return found(**fields)


def chain(*kinds: str) -> Graph:
    """Return blocks in a row, each PITCH below the last, with ids n1, n2 and so on."""
    graph = Graph()
    for kind in kinds:
        after = list(graph.nodes)[-1] if graph.nodes else None
        if after is None:
            graph = graph.add(edits.new_node(graph, layer(kind), (0.0, 0.0)))
        else:
            graph, _ = edits.add_after(graph, layer(kind), after)
    return graph


def no_overlap(graph: Graph) -> bool:
    places = [node.position for node in graph.nodes.values()]
    return not any(
        abs(a - c) < BLOCK_WIDTH and abs(b - d) < BLOCK_HEIGHT
        for i, (a, b) in enumerate(places)
        for c, d in places[i + 1 :]
    )


def test_a_block_added_behind_another_takes_over_its_wires() -> None:
    graph = chain("ReLU", "ReLU")
    first, second = graph.nodes
    graph, added = edits.add_after(graph, layer("GELU"), first)
    assert [edge.target for edge in graph.outgoing[first]] == [added.id]
    assert [edge.source for edge in graph.incoming[second]] == [added.id]
    assert graph.nodes[second].position == (0.0, 2 * PITCH)
    assert no_overlap(graph)


@given(st.lists(st.tuples(st.sampled_from(["ReLU", "GELU", "Add"]), st.integers(0, 9)), max_size=8))
def test_added_blocks_never_cover_others(steps: list[tuple[str, int]]) -> None:
    graph = chain("ReLU")
    for kind, number in steps:
        keys = list(graph.nodes)
        graph, _ = edits.add_after(graph, layer(kind), keys[number % len(keys)])
        assert no_overlap(graph)


def test_an_end_is_added_beside_and_wired_where_it_can_be() -> None:
    graph, out = edits.add_after(chain("ReLU", "ReLU"), layer("Output"), "n1")
    assert [edge.source for edge in graph.incoming[out.id]] == ["n1"]
    assert len(graph.outgoing["n1"]) == 2
    graph, into = edits.add_after(graph, layer("Input"), "n1")
    assert not graph.outgoing[into.id]
    assert no_overlap(graph)


def test_a_fragment_is_pasted_under_new_names_with_its_wires() -> None:
    graph = chain("ReLU", "GELU", "ReLU").with_notes([Note("x", "why", (5.0, 5.0))])
    part = edits.to_fragment(graph, {"n1", "n2", "x"})
    pasted, new = edits.paste(graph, part, (10.0, 20.0))
    names = {pasted.nodes[key].name for key in new if key in pasted.nodes}
    assert names == {"relu3", "gelu2"}
    inner = [edge for edge in pasted.edges if edge.source in new]
    assert len(inner) == 1
    assert inner[0].target in new
    assert pasted.notes[-1].position == (15.0, 25.0)


def test_what_is_no_fragment_is_refused() -> None:
    with pytest.raises((StudioError, KeyError, TypeError, ValueError)):
        edits.paste(Graph(), {"nodes": [{"id": "a"}]}, (0.0, 0.0))


def test_delete_takes_blocks_and_notes_and_heals_the_chain() -> None:
    graph = chain("ReLU", "ReLU", "ReLU").with_notes([Note("x", "why")])
    smaller = edits.delete(graph, {"n2", "x"})
    assert not smaller.notes
    assert [(e.source, e.target) for e in smaller.edges] == [("n1", "n3")]


def test_places_do_not_change_the_structure() -> None:
    graph = chain("ReLU", "ReLU")
    assert edits.same_structure(graph, graph.move({"n1": (500.0, 0.0)}))
    off = graph.put(replace(graph.nodes["n1"], enabled=False))
    assert not edits.same_structure(graph, off)
    assert not edits.same_structure(graph, graph.disconnect(graph.edges[0]))


def test_a_misfit_says_what_is_taken_and_what_comes() -> None:
    assert edits.misfit(Port("x", rank=4), ("B", 1, 28, 28)) is None
    assert edits.misfit(Port("x"), ("B", 3)) is None
    assert edits.misfit(Port("x", rank=4), None) is None
    assert edits.misfit(Port("x", rank=(2, 3)), ("B", 1, 28, 28)) == (
        "takes a row of numbers or a sequence, but gets 1×28×28"
    )


def test_put_on_needs_a_block_without_wires() -> None:
    graph = chain("ReLU", "ReLU")
    edge = graph.edges[0]
    loose = edits.new_node(graph, layer("GELU"), (300.0, 0.0))
    joined = edits.put_on(graph.add(loose), loose.id, edge)
    assert Edge("n1", edge.source_port, loose.id, "x") in joined.edges
    assert edits.put_on(joined, "n1", joined.edges[-1]) is joined


def test_the_catalogue_finds_layers_by_name_letters_and_purpose() -> None:
    layers = [found for _, members in by_category() for found in members]
    assert matching(layers, "conv2")[0].__name__ == "Conv2d"
    assert "BatchNorm2d" in [found.__name__ for found in matching(layers, "bn2")]
    assert matching(layers, "nothing like this") == []
    assert all(found.category != "Group" for found in layers)


FIRST = {
    "self-attention": "SelfAttention",
    "Self Attention": "SelfAttention",
    "multi-head": "MultiheadAttention",
    "cross attention": "MultiheadAttention",
    "GPT": "TransformerEncoder",
    "SE block": "SqueezeExcitation",
    "learned parameter": "Parameter",
    "padding": "Pad",
    "dense": "Linear",
    "fully connected": "Linear",
    "fully-connected": "Linear",
    "split": "Slice",
    "view": "Reshape",
    "abs": "Math",
    "exp": "Math",
    "transpose": "Permute",
    "mean": "Reduce",
    "max": "Reduce",
    "sum": "Reduce",
    "tied": "Linear",
    "attention": "MultiheadAttention",
    "residual": "ResidualBlock",
    "class token": "Parameter",
    "swish": "SiLU",
    "lm head": "NextTokenHead",
    "bag of words": "EmbeddingBag",
    "leaky-relu": "LeakyReLU",
    "sinusoidal": "PositionalEncoding",
    "global average": "GlobalAvgPool",
    "positional embedding": "PositionalEncoding",
}
"""What people type, and the layer that must come first."""

AMONG = {
    "dilated": "Conv2d",
    "grouped": "Conv2d",
    "atrous convolution": "Conv1d",
    "bidirectional": "LSTM",
    "stacked": "GRU",
    "causal": "MultiheadAttention",
    "mask": "SelfAttention",
    "pre-norm": "TransformerEncoder",
    "prenorm": "TransformerEncoder",
    "normalize": "BatchNorm2d",
    "l2 normalization": "L2Normalise",
    "normalization": "BatchNorm2d",
    "layer normalisation": "LayerNorm",
    "deconv": "ConvTranspose2d",
    "deconvolution": "ConvTranspose1d",
    "skip connection": "Add",
    "batch norm 2d": "BatchNorm2d",
    "separable": "DepthwiseSeparableConv2d",
    "resize": "Upsample",
    "clamp": "Hardtanh",
    "max pool": "MaxPool1d",
}
"""What people type, and a layer that must be among the first four."""


@pytest.mark.parametrize("words", [*FIRST, *AMONG])
def test_layers_are_found_by_the_words_of_the_field(words: str) -> None:
    layers = [found for _, members in by_category() for found in members]
    names = [found.__name__ for found in matching(layers, words)]
    if words in FIRST:
        assert names[0] == FIRST[words]
    else:
        assert AMONG[words] in names[:4], names[:6]


def test_every_keyword_finds_its_layer_and_scattered_letters_do_not_hide_it() -> None:
    layers = [found for _, members in by_category() for found in members]
    for made in layers:
        for word in made.keywords:
            assert made in matching(layers, word), (made, word)
    assert not {"Depthwise conv 1d", "Depthwise conv 2d"} & {
        found.label for word in ("tied", "deconv") for found in matching(layers, word)
    }


def test_fitting_layers_are_offered_first_with_a_reason_for_the_others() -> None:
    found = offers("", ("B", 64))
    unfit = [bool(offer.reason) for offer in found]
    assert unfit == sorted(unfit)
    reasons = {offer.layer.__name__: offer.reason for offer in found}
    assert reasons["Linear"] == ""
    assert "maps" in reasons["Conv2d"]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (18_496, "18.5 k"), (3_612_672, "3.61 M")]
)
def test_counts_are_short(value: int, text: str) -> None:
    assert short_count(value) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (40, "40 B"),
        (3136, "3.1 KiB"),
        (50_176, "49 KiB"),
        (1_122_000, "1.07 MiB"),
        (932 * 2**20, "932 MiB"),
        (4 * 2**30, "4.00 GiB"),
    ],
)
def test_memory_is_short(size: int, text: str) -> None:
    assert memory_text(size) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0004, "< 0.1 %"), (0.034, "3.4 %"), (0.0996, "10 %"), (1, "100 %")],
)
def test_shares_are_short(share: float, text: str) -> None:
    assert share_text(share) == text
