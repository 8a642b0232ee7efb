"""Every repair on offer really repairs: the block it is for has a shape afterwards."""

from __future__ import annotations

import pytest
from networks import add, chain, given, wanted

from modelstudio.layers import (
    GLU,
    LSTM,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    Add,
    AvgPool1d,
    BatchNorm1d,
    BatchNorm2d,
    ClassificationHead,
    Concatenate,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    Crop,
    Embedding,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    Input,
    Linear,
    MaxPool1d,
    MaxPool2d,
    MultiheadAttention,
    Multiply,
    Output,
    Pad,
    Permute,
    PixelUnshuffle,
    Reduce,
    Reshape,
    Select,
    Slice,
    Softmax,
    Squeeze,
    Stack,
    TransformerDecoder,
    Upsample,
)
from modelstudio.network.analysis import Fix, Problem
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec


def one_input(layer: Layer, field: FieldSpec) -> Graph:
    """Return a block behind an Input of a field."""
    return chain(Input(field=field.name), layer)


def two_inputs(layer: Layer, first: FieldSpec, second: FieldSpec) -> Graph:
    """Return a block behind two Inputs."""
    graph = Graph()
    for field in (first, second):
        graph, _ = add(graph, Input(field=field.name), name=field.name)
    return add(graph, layer, first.name, second.name)[0]


def a(*shape: int | str) -> FieldSpec:
    return given("a", *shape)


def b(*shape: int | str) -> FieldSpec:
    return given("b", *shape)


ONE: list[tuple[Layer, FieldSpec, list[str]]] = [
    (Conv2d(out_channels=8), a(784), ["Insert Reshape to 1 x 28 x 28"]),
    (Conv2d(out_channels=8), a(8, 10), ["Use Conv1d", "Insert Reshape to 1 x 8 x 10"]),
    (Conv1d(out_channels=8), a(20), ["Insert Reshape to 1 x 20", "Insert Unsqueeze"]),
    (Conv1d(out_channels=8), a(3, 8, 8), ["Use Conv2d", "Insert Reshape to 3 x 64"]),
    (Conv2d(out_channels=8), a(2, 3, 8, 8), ["Use Conv3d", "Insert Reshape to 2 x 3 x 64"]),
    (Conv3d(out_channels=8), a(2, 8, 8), ["Use Conv2d", "Insert Reshape to 1 x 2 x 8 x 8"]),
    (BatchNorm1d(), a(6, 4, 4), ["Use BatchNorm2d", "Insert Flatten", "Insert GlobalAvgPool"]),
    (BatchNorm2d(), a(6, 4), ["Use BatchNorm1d", "Insert Reshape to 1 x 6 x 4"]),
    (MaxPool2d(), a(6, 8), ["Use MaxPool1d"]),
    (Linear(), a(6, 4, 4), ["Insert Flatten", "Insert GlobalAvgPool"]),
    (LSTM(), a(8), ["Insert Reshape to 8 x 1"]),
    (ClassificationHead(), a("T", 8), ["Average over the steps", "Take the last step"]),
    (Embedding(), a(8), ["Use Linear"]),
    (Linear(), given("a", 4, vocabulary=30), ["Insert Embedding"]),
    (MultiheadAttention(heads=8), a("T", 12), ["Set heads to 6"]),
    (Conv2d(out_channels=8, groups=3), a(4, 8, 8), ["Set groups to 2"]),
    (GroupNorm(groups=8), a(12, 4, 4), ["Set groups to 6"]),
    (Conv1d(), a("T", 8), ["Insert Permute"]),
    (BatchNorm1d(), a("T", 8), ["Insert Permute"]),
    (GlobalAvgPool(), a("T", 8), ["Insert Permute"]),
    (LSTM(), a(8, "T"), ["Insert Permute"]),
    (Linear(), a(8, "T"), ["Insert Permute"]),
    (Flatten(), a("T", 8), ["Average over the steps", "Take the last step"]),
    (Flatten(), a(8, "T"), ["Average over the steps", "Take the last step"]),
    (Conv1d(padding="valid"), a(8, "T"), ["Keep the length"]),
    (Conv1d(kernel_size=4, stride=2, dilation=3), a(8, "T"), ["Keep the length"]),
    (ConvTranspose1d(), a(8, "T"), ["Keep the length"]),
    (MaxPool1d(), a(8, "T"), ["Keep the length"]),
    (AvgPool1d(kernel_size=3), a(8, "T"), ["Keep the length"]),
    (AdaptiveMaxPool1d(), a(8, "T"), ["Use GlobalMaxPool"]),
    (Slice(start=2), a("T", 8), ["Keep the last step", "Keep the first step"]),
    (Select(index=3), a("T", 8), ["Take the last step", "Take the first step"]),
    (MaxPool2d(), a(8, 1, 1), ["Remove it"]),
    (MaxPool2d(kernel_size=3), a(8, 2, 1), ["Set its window to 2×1", "Remove it"]),
    (
        Conv2d(kernel_size=5, padding="valid"),
        a(8, 2, 3),
        ["Keep the size", "Set its window to 2×3", "Remove it"],
    ),
    (MaxPool2d(padding=2), a(8, 4, 4), ["Set its padding to 1×1"]),
    (GLU(), a(7), ["Insert Linear with 8"]),
    (GLU(axis="channels"), a(7, 4, 4), ["Insert a 1 x 1 convolution to 8"]),
    (PixelUnshuffle(downscale_factor=5), a(3, 32, 32), ["Set the factor to 4"]),
    (PixelUnshuffle(), a(3, 31, 33), ["Insert Crop to 30 x 32"]),
    (Permute(), a(3, 4, 5), ["Set its order to 2 3 1"]),
    (Permute(), a(3), ["Remove it"]),
    (Squeeze(), a(3, 1, 5), ["Drop dimension 2", "Remove it"]),
    (Slice(start=20), a(8), ["Keep all of it"]),
    (Crop(left=4, right=4), a(3, 8, 8), ["Remove it"]),
    (Pad(left=9, mode="reflect"), a(3, 8), ["Fill it with zeros"]),
    (Reduce(axis=4), a(3, 8), ["Use the last dimension"]),
    (Upsample(size=(4,)), a(3, 8, 8), ["Enlarge by the factor"]),
    (AdaptiveAvgPool2d(output_size=(3, 5)), a(2, 8, 10), ["Set its size to 2×5"]),
]
"""A block, what it is given, and repairs that must be among those on offer."""

TWO: list[tuple[Layer, FieldSpec, FieldSpec, list[str]]] = [
    (Add(), a(8), b(5), ["Insert Linear with 8", "Use Concatenate"]),
    (Add(), a("T", 8), b("T", 5), ["Insert Linear with 8"]),
    (Add(), a(8, 30), b(5, 30), ["Insert a convolution of width 1 to 8", "Use Concatenate"]),
    (Add(), a(8, 6, 6), b(4, 6, 6), ["Insert a 1 x 1 convolution to 8", "Use Concatenate"]),
    (
        Add(),
        a(8, 6, 6),
        b(4, 12, 12),
        ["Insert a 1 x 1 convolution to 8 with stride 2"],
    ),
    (Add(), a(8, 6, 6), b(8, 12, 12), ["Insert MaxPool to 6 x 6"]),
    (Add(), a(8, 6, 6), b(8, 7, 7), ["Insert Upsample to 6 x 6"]),
    (Multiply(), a(8, 6, 6), b(8), ["Insert Reshape to 8 x 1 x 1"]),
    (Multiply(), a(8), b(8, 6, 6), ["Insert GlobalAvgPool"]),
    (Concatenate(), a(8, 12, 12), b(4, 6, 6), ["Insert Upsample to 12 x 12"]),
    (Concatenate(), a(8, 6, 6), b(4, 13, 13), ["Insert Upsample to 6 x 6"]),
    (Concatenate(), a(8), b(4, 6, 6), ["Insert Flatten", "Insert GlobalAvgPool"]),
    (Concatenate(), a(4, 6, 6), b(8), ["Insert Flatten", "Insert GlobalAvgPool"]),
    (Add(), a(16, 32, 32), b(32, 16, 16), ["Insert a 1 x 1 convolution to 32 with stride 2"]),
    (Add(), a(4, 101), b(9, 51), ["Insert a convolution of width 1 to 9 with stride 2"]),
    (Add(), a(4, 6, 6), b(8, 4, 5), ["Insert a 3 x 2 convolution to 8 without padding"]),
    (Add(), a(3, 4, 4, 4), b(8, 4, 4, 4), ["Insert a 1 x 1 x 1 convolution to 8"]),
    (Stack(), a(16), b(8), ["Insert Linear with 16"]),
    (TransformerDecoder(), a("T", 32), b("T", 24), ["Insert Linear with 32"]),
    (MultiheadAttention(), a("T", 32), b(9, 24), ["Insert Linear with 32"]),
]

STILL_WRONG = {
    ("Multiply", "Insert Flatten"),
}
"""Repairs that mend what is wrong, after which something else is: the sizes of the rows."""


@pytest.mark.parametrize(
    ("layer", "first", "second"),
    [
        (Add(), a(3, 8, 8), b(32, 8, 8)),
        (Add(), a("T", 20), b("T", 32)),
        (Multiply(), a(9), b(12)),
    ],
    ids=str,
)
def test_what_is_narrow_grows_before_what_is_wide_shrinks(
    layer: Layer, first: FieldSpec, second: FieldSpec
) -> None:
    problem = problem_of(two_inputs(layer, first, second), first, second)
    after = problem.fixes[0].apply(two_inputs(layer, first, second))
    assert analyse(after, [first, second]).nodes[layer.stem + "1"].outputs[0][1:] == second.shape


def problem_of(graph: Graph, *fields: FieldSpec) -> Problem:
    """Return what is wrong with the last block."""
    last = list(graph.nodes)[-1]
    return next(
        problem
        for problem in analyse(graph, fields).problems
        if problem.node == last and "leads nowhere" not in problem.message
    )


def check_repairs(graph: Graph, fix: Fix, *fields: FieldSpec) -> None:
    last = list(graph.nodes)[-1]
    mended = fix.apply(graph)
    after = analyse(mended, fields)
    left = [problem.message for problem in after.problems if problem.severity == "error"]
    assert left == ["The network has no Output, so it gives no answer."], fix.label
    assert (fix.label == "Remove it") == (last not in after.nodes)
    assert all(info.state == "ok" for info in after.nodes.values())
    assert Graph.from_dict(mended.to_dict()) == mended


@pytest.mark.parametrize(("layer", "field", "expected"), ONE)
def test_what_a_block_refuses_is_mended(
    layer: Layer, field: FieldSpec, expected: list[str]
) -> None:
    target = wanted("y", classes=4)
    graph = one_input(layer, field)
    fixes = problem_of(graph, field, target).fixes
    assert set(expected) <= {fix.label for fix in fixes}
    for fix in fixes:
        check_repairs(graph, fix, field, target)


@pytest.mark.parametrize(("layer", "first", "second", "expected"), TWO)
def test_what_does_not_go_together_is_mended(
    layer: Layer, first: FieldSpec, second: FieldSpec, expected: list[str]
) -> None:
    graph = two_inputs(layer, first, second)
    fixes = problem_of(graph, first, second).fixes
    assert set(expected) <= {fix.label for fix in fixes}
    for fix in fixes:
        if (layer.type_name, fix.label) not in STILL_WRONG:
            check_repairs(graph, fix, first, second)


def test_the_head_is_set_to_the_number_of_classes() -> None:
    fields = (a(12), wanted("y", classes=7))
    graph = chain(Input(field="a"), Linear(out_features=3), Softmax(), Output(target="y"))
    problem = next(p for p in analyse(graph, fields).problems if p.severity == "error")
    assert [fix.label for fix in problem.fixes] == ["Set fc1 to 7", "Insert Linear with 7"]
    for fix in problem.fixes:
        assert not analyse(fix.apply(graph), fields).errors


def test_maps_before_an_output_are_brought_to_its_classes() -> None:
    fields = (a(3, 8, 8), wanted("y", classes=7))
    graph = chain(Input(field="a"), Conv2d(out_channels=5), Output(target="y"))
    problem = next(p for p in analyse(graph, fields).problems if p.severity == "error")
    assert [fix.label for fix in problem.fixes] == ["Insert Flatten", "Insert GlobalAvgPool"]
    for fix in problem.fixes:
        second = next(p for p in analyse(fix.apply(graph), fields).problems if p.fixes)
        mended = second.fixes[0].apply(fix.apply(graph))
        assert not analyse(mended, fields).errors


def test_a_shape_that_cannot_be_made_becomes_a_row() -> None:
    fields = (a(12), wanted("y", classes=7))
    graph = chain(Input(field="a"), Reshape(shape=(5, 5)), Linear(), Output(target="y"))
    problem = next(p for p in analyse(graph, fields).problems if p.node == "reshape1")
    assert problem.fixes
    for fix in problem.fixes:
        after = analyse(fix.apply(graph), fields)
        assert after.nodes["reshape1"].outputs == (("B", 12),)
