"""What fits where, as plain functions."""

from __future__ import annotations

from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.pages.network.fitting import Values, leads_to, likelihood
from modelstudio.ui.pages.network.quick_add import Place, ranked
from tests.ui.network.conftest import node

TOKENS = FieldSpec(
    name="tokens", role="input", kind="tokens", shape=(12,), dtype="int", vocabulary=40
)


def layer(name: str) -> Layer:
    found = Layer.find(name)
    assert found is not None
    return found()


def test_ids_are_followed_through_what_only_reshapes_them() -> None:
    graph = Graph()
    for made in (
        node("a", "tokens", "Input", 0, field="tokens"),
        node("b", "flat1", "Flatten", 96),
        node("c", "embedding1", "Embedding", 192),
        node("d", "fc1", "Linear", 288),
        node("g", "port1", "GroupInput", 0, x=300),
    ):
        graph = graph.add(made)
    graph = graph.connect(Edge("a", "y", "b", "x")).connect(Edge("b", "y", "c", "ids"))
    values = Values(graph, analyse(graph, (TOKENS,)), (TOKENS,))
    assert values.ids("a") is True
    assert values.ids("b") is True
    assert values.ids("c") is False
    assert values.ids("g") is None, "what enters a group is not known"
    assert values.misfit(Edge("b", "y", "d", "x")) == "takes numbers, but gets ids"
    assert values.misfit(Edge("c", "y", "c", "ids")) == "takes ids, but gets numbers"
    assert values.misfit(Edge("b", "y", "c", "ids")) is None


def test_an_embedding_comes_first_behind_ids() -> None:
    place = Place(("B", "T"), True, layer("Input"))
    assert ranked("", place)[0].layer.label == "Embedding"
    assert likelihood(type(layer("Linear")), layer("Input"), True) is None


def test_what_reads_a_sequence_comes_first_behind_an_embedding() -> None:
    place = Place(("B", "T", 32), False, layer("Embedding"), wired=True)
    names = [offer.layer.label for offer in ranked("", place)]
    assert names[:3] == ["LSTM", "PositionalEncoding", "TransformerEncoder"]
    of_one = [offer.layer.label for offer in ranked("", place._replace(shape=("B", 32)))]
    assert "LSTM" not in of_one
    assert of_one[0] in ("Dropout", "Linear")


def test_what_is_called_so_comes_before_what_fits() -> None:
    typed = [offer.layer.label for offer in ranked("max", Place(("B", 8, 8, 8)))]
    assert typed[0] == "Reduce"
    assert "MaxPool2d" in typed[:3]
    assert ranked("self-attention", Place(("B", 8)))[0].layer.label == "SelfAttention"


def test_sources_are_ranked_by_what_they_lead_to() -> None:
    assert leads_to(type(layer("Conv2d")), layer("BatchNorm2d")) == 0
    assert leads_to(type(layer("Dropout")), layer("Add")) is None
    first = ranked("", Place(feeds=layer("BatchNorm2d"), wired=True))[0].layer
    assert first.category == "Convolution"
    assert all(offer.layer.outputs for offer in ranked("", Place(feeds=layer("Add"), wired=True)))
