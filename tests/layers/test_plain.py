"""What plain layers do beyond the contract: noise, values from no data, padding, repairs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from layer_cases import Case, all_cases
from networks import add, branches, chain, given, mlp

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.errors import FieldError
from modelstudio.layers import (
    GLU,
    Add,
    AlphaDropout,
    Concatenate,
    Constant,
    Conv2d,
    Conv3d,
    ConvTranspose2d,
    Crop,
    DepthwiseSeparableConv2d,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    GaussianNoise,
    GroupNorm,
    Hardtanh,
    Input,
    InstanceNorm2d,
    MatMul,
    MaxPool3d,
    Multiply,
    Output,
    Pad,
    Parameter,
    PixelShuffle,
    PixelUnshuffle,
    Reduce,
    ScaleShift,
    Select,
    Slice,
    Squeeze,
    Stack,
    Upsample,
)
from modelstudio.network.analysis import Problem
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec


def refusal(layer: Layer, *shapes: tuple[int | str, ...]) -> tuple[Graph, Problem]:
    """Return the network of one layer and the first error of it."""
    fields = [given(f"x{index}", *shape) for index, shape in enumerate(shapes)]
    graph = branches([(layer, fields)])
    return graph, next(p for p in analyse(graph, fields).errors if p.node == "block0")


@pytest.mark.parametrize(
    ("layer", "shapes", "said"),
    [
        (Conv3d(groups=4), ((6, 4, 4, 4),), "groups that divide 6 channels in and 32 out"),
        (ConvTranspose2d(output_padding=2), ((6, 4, 4),), "an output padding smaller than"),
        (MaxPool3d(padding=2), ((6, 4, 4, 4),), "a padding of at most half its window"),
        (GroupNorm(groups=4), ((6, 4, 4, 4),), "a number of groups that divides 6 channels"),
        (InstanceNorm2d(), ((6, 1, 1),), "more than one number in each channel"),
        (GLU(), ((7,),), "an even number to halve"),
        (Hardtanh(min_val=2.0), ((7,),), "a lower limit below its upper limit"),
        (MatMul(), ((3, 4), (3, 5)), "as many rows in b as columns in a, not 3 for 4"),
        (MatMul(), ((2, 3, 4), (3, 4, 5)), "agree in all but their last two dimensions"),
        (Stack(), ((3, 4), (3, 5)), "needs values of the same shape"),
        (Squeeze(), ((3, 1),), "the size 1 in dimension 1"),
        (Reduce(axis=3), ((3, 4),), "has no dimension 3"),
        (Select(index=5), ((3, 4),), "has no place 5 to take"),
        (Select(index=5), (("T", 4),), "to take a place that is not the first or the last"),
        (Slice(start=5), ((3, 4),), "keeps nothing of what it is given"),
        (Slice(start=1), (("T", 4),), "to keep more than the first or the last step"),
        (Crop(left=5, right=5), ((3, 8, 10),), "cuts off all there is"),
        (Crop(top=1), ((3, 8),), "needs maps to act at the top and the bottom"),
        (Pad(left=8, mode="reflect"), ((3, 8),), "a margin too wide"),
        (Upsample(mode="cubic"), ((3, 8),), "needs maps to draw curves between their pixels"),
        (Upsample(size=(4,)), ((3, 8, 8),), "a size of 2 numbers, or none"),
        (PixelShuffle(), ((6, 4, 4),), "a multiple of 4 maps"),
        (PixelUnshuffle(), ((6, 4, 5),), "maps whose sides are multiples of 2"),
    ],
    ids=str,
)
def test_says_what_it_needs(layer: Layer, shapes: tuple[tuple[int, ...], ...], said: str) -> None:
    _, problem = refusal(layer, *shapes)
    assert said in problem.message
    assert problem.message.startswith("block0 ")
    assert problem.message.endswith(".")


@pytest.mark.parametrize(
    ("layer", "shapes", "label"),
    [
        (Conv3d(groups=4), ((6, 4, 4, 4),), "Set groups to 2"),
        (GroupNorm(groups=4), ((6, 4, 4, 4),), "Set groups to 3"),
        (PixelShuffle(), ((6, 4, 4),), "Insert a 1 x 1 convolution to 8"),
        (MatMul(), ((3, 4), (5, 4)), "Transpose the second value"),
        (MatMul(transpose_b=True), ((3, 4), (4, 5)), "Transpose the second value"),
        (Conv2d(), ((3, 4, 4, 4),), "Use Conv3d"),
        (DepthwiseSeparableConv2d(), ((3, 4),), "Use Depthwise conv 1d"),
        (MaxPool3d(), ((3, 4, 4),), "Use MaxPool2d"),
    ],
    ids=str,
)
def test_offers_what_mends_it(
    layer: Layer, shapes: tuple[tuple[int, ...], ...], label: str
) -> None:
    graph, problem = refusal(layer, *shapes)
    fix = next(fix for fix in problem.fixes if fix.label == label)
    fields = [given(f"x{index}", *shape) for index, shape in enumerate(shapes)]
    assert analyse(fix.apply(graph), fields).errors == ()


@pytest.mark.parametrize("given_as", [5, (5,), [5], (5, 5, 5)], ids=str)
def test_one_number_stands_for_all_sides(given_as: object) -> None:
    assert Conv3d.build(kernel_size=given_as).kernel_size == (5, 5, 5)


def test_a_side_that_is_not_given_is_told() -> None:
    with pytest.raises(FieldError, match=r"^Kernel size needs more values than \(5, 5\)\.$"):
        Conv3d.build(kernel_size=(5, 5))


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_the_shape_is_known_without_torch(case: Case) -> None:
    """Every operation has a rule: nothing is left to be asked of torch."""
    fields = case.fields()
    info = analyse(branches([(case.layer, fields)]), fields).nodes["block0"]
    assert info.state == "ok"


# Chance


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dropout1d(p=0.5), (8, 10)),
        (Dropout2d(p=0.5), (8, 4, 5)),
        (Dropout3d(p=0.5), (8, 2, 2, 5)),
        (AlphaDropout(p=0.5), (80,)),
        (GaussianNoise(), (80,)),
    ],
    ids=str,
)
def test_chance_is_for_training_only(layer: Layer, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    field = given("features", *shape)
    module = compile_network(mlp(layer), [field]).module
    x = torch.randn(6, *shape)
    first, second = module.train()(x), module(x)
    assert not torch.equal(first, second)
    assert torch.equal(module.eval()(x), x)
    if len(shape) > 1:
        zero = (first == 0).flatten(2)
        assert torch.equal(zero.all(-1), zero.any(-1))
        assert 0 < float(zero.float().mean()) < 1


def test_noise_has_the_size_that_is_set() -> None:
    torch.manual_seed(0)
    module = compile_network(mlp(GaussianNoise(std=3.0)), [given("features", 4000)]).module
    noise = module.train()(torch.zeros(10, 4000))
    assert float(noise.std()) == pytest.approx(3.0, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0.0, abs=0.05)


# Values from no data


def joined(source: Layer, join: Layer) -> Graph:
    """Return a network that joins the features with a value from no data."""
    graph, features = add(Graph(), Input())
    graph, value = add(graph, source, name="value")
    graph, both = add(graph, join, value, features)
    return chain(Output(), graph=graph, after=both)


def test_a_learned_row_is_put_before_each_sample() -> None:
    graph = joined(Parameter(shape=(1, 3)), Concatenate())
    compiled = compile_network(graph, [given("features", 4, 3)])
    assert compiled.analysis.parameters == 3
    weight = compiled.module.get_parameter("value.weight")
    x = torch.randn(5, 4, 3)
    result = compiled.module(x)
    assert torch.equal(result, torch.cat([weight.expand(5, 1, 3), x], dim=1))
    result[:, 0].sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [[[5.0, 5.0, 5.0]]]


def test_a_constant_is_kept_with_the_weights_and_never_learned() -> None:
    compiled = compile_network(
        joined(Constant(shape=(3,), value=2.5), Multiply()), [given("features", 3)]
    )
    assert compiled.analysis.parameters == 0
    assert list(compiled.module.parameters()) == []
    assert compiled.module.state_dict()["value.value"].tolist() == [[2.5, 2.5, 2.5]]
    assert compiled.module(torch.ones(2, 3)).tolist() == [[2.5] * 3] * 2


def test_an_answer_must_depend_on_the_data() -> None:
    graph = chain(Parameter(shape=(1,)), Output())
    (problem,) = [p for p in analyse(graph, [given("features", 3)]).errors if p.node == "output1"]
    assert problem.message.startswith("output1 needs a value that depends on the data")


def test_a_learned_row_can_be_frozen_and_shared() -> None:
    graph = joined(Parameter(shape=(3,)), Add())
    graph, again = add(graph, Parameter(shape=(3,)), name="again")
    graph, both = add(graph, Multiply(), again, "add1")
    graph = chain(Output(target="second"), graph=graph, after=both)
    graph = graph.put(replace(graph.nodes["again"], shares="value"))
    graph = graph.put(replace(graph.nodes["value"], frozen=True))
    compiled = compile_network(graph, [given("features", 3)])
    assert compiled.analysis.parameters == 3
    (weight,) = compiled.module.parameters()
    assert not weight.requires_grad


# Padding


@pytest.mark.parametrize("operation", ["mean", "max", "min", "sum"])
def test_a_reduction_over_padding_is_that_of_each_sample_alone(operation: str) -> None:
    check_padding(Reduce.build(operation=operation))


def test_the_last_step_is_the_one_before_the_padding() -> None:
    check_padding(Select(index=-1))


def check_padding(layer: Layer) -> None:
    torch.manual_seed(0)
    fields = [given("x", "T", 3), given("ids", "T", vocabulary=9)]
    padded = compile_network(branches([(layer, fields)]), fields).module
    single = compile_network(branches([(layer, fields[:1])]), fields[:1]).module
    ids = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0], [1, 0, 0, 0]])
    x = torch.randn(3, 4, 3)
    result = padded(x, ids)
    for row, length in enumerate((4, 2, 1)):
        torch.testing.assert_close(result[row : row + 1], single(x[row : row + 1, :length]))


# Generated code


def code(*layers: Layer, field: FieldSpec) -> str:
    return python_code(mlp(*layers, field=field.name), [field])


def test_the_code_brings_what_torch_lacks_once() -> None:
    text = code(ScaleShift(), GaussianNoise(), ScaleShift(), field=given("features", 4))
    assert text.count("class ScaleShift(nn.Module):") == 1
    assert text.count("class GaussianNoise(nn.Module):") == 1
    assert "self.scale1 = ScaleShift((4,))" in text
    assert "modelstudio" not in text


def test_the_code_brings_nothing_that_is_not_used() -> None:
    text = code(Conv2d(), field=given("features", 3, 8, 8))
    assert text.count("class ") == 1
    assert "import torch\n" not in text
