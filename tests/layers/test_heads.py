"""Heads are as wide as the target needs, whatever the target is changed to."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from networks import chain, given, mlp, wanted

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.engine.losses import build_loss
from modelstudio.layers import (
    ClassificationHead,
    Custom,
    Embedding,
    Group,
    GroupInput,
    GroupOutput,
    Linear,
    MultiLabelHead,
    NextTokenHead,
    RegressionHead,
)
from modelstudio.layers.heads import Head
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

LABELS = FieldSpec(name="tags", role="target", kind="labels", shape=(), classes=tuple("abcd"))
TOKENS = FieldSpec(name="next", role="target", kind="tokens", shape=("T",), vocabulary=11)
HEADS = (ClassificationHead, RegressionHead, MultiLabelHead)


def width(layer: Layer, target: FieldSpec) -> int:
    """Return how many numbers a network with a head gives, and check that nothing is wrong."""
    fields = [given("features", 6), target]
    compiled = compile_network(mlp(layer), fields)
    return int(compiled.module(torch.randn(3, 6)).shape[1])


@pytest.mark.parametrize("head", HEADS)
def test_another_target_never_breaks_the_network(head: type[Head]) -> None:
    layer = head(dropout=0.5)
    found = [width(layer, target) for target in (wanted(), wanted(classes=2), wanted(classes=7))]
    assert found == [1, 1, 7]
    assert width(layer, LABELS) == 4


def test_a_head_for_another_kind_is_told_with_the_right_one() -> None:
    fields = [given("features", 6), wanted(classes=3)]
    graph = mlp(RegressionHead())
    (notice,) = analyse(graph, fields).problems
    assert notice.severity == "notice"
    mended = notice.fixes[0].apply(graph)
    assert type(mended.nodes["head1"].layer) is ClassificationHead
    assert not analyse(mended, fields).problems
    assert not analyse(mlp(ClassificationHead()), fields).problems


def test_a_head_inside_a_group_follows_the_target() -> None:
    inner = chain(GroupInput(), ClassificationHead(), GroupOutput())
    graph = mlp(Group(graph=inner))
    for classes in (3, 9):
        fields = [given("features", 6), wanted(classes=classes)]
        (shape,) = analyse(graph, fields).nodes["group1"].outputs
        assert shape == ("B", classes)


def test_what_is_missing_is_said() -> None:
    (error,) = analyse(mlp(ClassificationHead()), [given("features", 6)]).errors
    assert "no" in error.message
    assert "Data page" in error.message
    both = [given("features", 6), wanted("a"), wanted("b", 3)]
    errors = analyse(mlp(ClassificationHead()), both).errors
    assert "does not say which target it follows: a, b" in errors[0].message
    errors = analyse(mlp(ClassificationHead(target="c")), both).errors
    assert "follows 'c', which is not a target" in errors[0].message


def test_the_next_token_head_has_the_vocabulary() -> None:
    ids = given("tokens", "T", vocabulary=11)
    graph = mlp(Embedding(embedding_dim=5), NextTokenHead(), field="tokens")
    module = compile_network(graph, [ids, TOKENS]).module
    logits = module(torch.randint(11, (2, 4)))
    assert logits.shape == (2, 4, 11)
    loss = build_loss(None, TOKENS)
    target = torch.tensor([[3, 4, 0, 0], [5, 6, 7, 0]])
    told = target != 0
    expected = torch.nn.functional.cross_entropy(logits[told], target[told])
    torch.testing.assert_close(loss(logits, target), expected)
    tied = Graph.from_dict(graph.to_dict())
    head = next(node for node in tied.nodes.values() if isinstance(node.layer, NextTokenHead))
    shared = replace(head, shares="embed1", layer=NextTokenHead(bias=False))
    compiled = compile_network(tied.put(shared), [ids, TOKENS])
    assert compiled.analysis.parameters == 11 * 5
    assert compiled.module(torch.randint(11, (2, 4))).shape == (2, 4, 11)
    assert "nn.Linear(5, 11)" in python_code(graph, [ids, TOKENS])
    (error,) = analyse(
        mlp(Embedding(), Linear(out_features=11), field="tokens"), [ids, wanted()]
    ).errors
    assert "needs one number" in error.message


def test_several_labels_are_trained_each_as_yes_or_no() -> None:
    output, target = torch.randn(5, 4), (torch.rand(5, 4) > 0.5).float()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(output, target)
    torch.testing.assert_close(build_loss(None, LABELS)(output, target), expected)


def test_a_head_behind_a_python_block() -> None:
    assert width(ClassificationHead(), wanted(classes=5)) == 5
    fields = [given("features", 6), wanted(classes=5)]
    assert compile_network(mlp(Custom(), ClassificationHead()), fields).module(
        torch.randn(2, 6)
    ).shape == (2, 5)
