"""The printed Python: it runs alone, loads the trained weights, and reads like a person's."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
import torch
from networks import add, chain, given, mlp, wanted
from torch import nn

from modelstudio.engine.codegen import PythonBuilder, python_code
from modelstudio.engine.compile import compile_network
from modelstudio.errors import NetworkError
from modelstudio.layers import (
    Add,
    BatchNorm1d,
    Concatenate,
    Conv2d,
    Embedding,
    Flatten,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    Linear,
    MaxPool2d,
    MultiheadAttention,
    Multiply,
    Output,
    ReLU,
    ScaleShift,
    Slice,
    Softmax,
)
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.network.lowering import lower_graph
from modelstudio.recipe.fields import FieldSpec

ROW = given("features", 4)


def loaded(code: str) -> type[nn.Module]:
    space: dict[str, type[nn.Module]] = {}
    exec(compile(code, "network.py", "exec"), space)
    return space["Network"]


def check_same(graph: Graph, *fields: FieldSpec) -> str:
    """Assert that the printed network gives what the compiled one does; return its text."""
    compiled = compile_network(graph, fields, logits=False)
    code = python_code(graph, fields)
    printed = loaded(code)()
    printed.load_state_dict(compiled.module.state_dict())
    by_name = {field.name: field for field in fields}
    values = [
        torch.randint(field.vocabulary, (3, *field.shape))
        if field.vocabulary
        else torch.randn(3, *field.shape)
        for field in (by_name[name] for name in compiled.inputs)
    ]
    ours, theirs = compiled.module.eval()(*values), printed.eval()(*values)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    assert all(torch.equal(a, b) for a, b in pairs)
    imported = {
        node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)
    }
    assert imported <= {"torch"}
    assert max(map(len, code.splitlines())) <= 100
    return code


def test_a_row_of_blocks_reads_like_a_textbook() -> None:
    convolution = Conv2d(out_channels=8, kernel_size=3)
    layers = (convolution, ReLU(), MaxPool2d(), Flatten(), Linear(out_features=3))
    graph = mlp(*layers, field="image")
    code = check_same(graph, given("image", 1, 8, 8), wanted("digit", 3))
    assert (
        code
        == '''import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Takes image: B×1×8×8, where B is the batch.

    The weights of a run, a file of safetensors, have the same names:
    network.load_state_dict(safetensors.torch.load_file(path)).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(128, 3)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv1(image)
        x = self.relu1(x)
        x = self.pool1(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc1(x)
        return x
'''
    )


def test_several_inputs_branches_and_outputs() -> None:
    graph = chain(Input(field="words"), Embedding(embedding_dim=2), Flatten())
    graph = chain(Input(), Linear(out_features=6), ReLU(), graph=graph)
    graph, total = add(graph, Add(), "flat1", "relu1", "fc1")
    graph, product = add(graph, Multiply(), "relu1", total)
    graph, joined = add(graph, Concatenate(), total, product, "fc1")
    for target, wide in (("price", 1), ("species", 3)):
        graph, head = add(graph, Linear(out_features=wide), joined, name=f"to_{target}")
        graph, _ = add(graph, Output(target=target), head)
    fields = [given("words", 3, vocabulary=9), ROW, wanted("price"), wanted("species", 3)]
    code = check_same(graph, *fields)
    assert "def forward(self, words: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:" in code
    assert "torch.cat([" in code


def grouped(*layers: Layer, repeat: int = 1, ports: int = 1) -> Group:
    """Return a row of layers with a skip around it; further ports only pass through."""
    inside = chain(GroupInput(), *layers)
    inside, total = add(inside, Add(), list(inside.nodes)[-1], "groupinput1")
    inside, _ = add(inside, GroupOutput(), total)
    for _ in range(1, ports):
        inside = chain(GroupInput(), GroupOutput(), graph=inside)
    return Group(graph=inside, repeat=repeat)


def named(graph: Graph, **names: str) -> Graph:
    """Rename blocks."""
    for key, name in names.items():
        graph = graph.put(replace(graph.nodes[key], name=name))
    return graph


def test_a_repeated_group_is_a_class_run_in_a_row() -> None:
    graph = mlp(grouped(Linear(out_features=4), ReLU(), repeat=3), Linear(out_features=1))
    code = check_same(named(graph, group1="block"), ROW, wanted("price"))
    assert code.count("nn.Linear(4, 4)") == 1
    assert "class Block(nn.Module):" in code
    assert "self.block = nn.Sequential(*(Block() for _ in range(3)))" in code
    assert "x = self.block(features)" in code


def test_repeats_that_need_more_than_one_value_are_a_loop() -> None:
    layer = grouped(Linear(out_features=4), repeat=3, ports=2)
    graph, block = add(chain(Input(), Linear(out_features=4)), layer, "fc1", "input1", name="layer")
    graph = chain(Output(), graph=graph, after=block)
    code = check_same(graph, ROW)
    assert "self.layer = nn.Sequential(*(Layer() for _ in range(3)))" in code

    inside = layer.graph.connect(Edge("groupinput2", "y", "add1", "x"))
    graph = graph.put(replace(graph.nodes["layer"], layer=Group(graph=inside, repeat=3)))
    code = check_same(graph, ROW)
    assert "self.layer = nn.ModuleList(Layer() for _ in range(3))" in code
    assert "        for layer in self.layer:\n            x = layer(x, features)\n" in code


def test_a_group_may_give_more_values_than_it_takes() -> None:
    inside = chain(GroupInput(), Linear(out_features=4), GroupOutput())
    inside = chain(ReLU(), GroupOutput(), graph=inside, after="fc1")
    graph, block = add(chain(Input()), Group(graph=inside), "input1")
    for port, target in (("groupoutput1", "first"), ("groupoutput2", "second")):
        graph, end = add(graph, Output(target=target))
        graph = graph.connect(Edge(block, port, end, "x"))
    assert "group1_groupoutput1, group1_groupoutput2 = self.group1(features)" in check_same(
        graph, ROW
    )


def test_values_may_change_places_from_repeat_to_repeat() -> None:
    inside = chain(GroupInput(), Linear(out_features=4))
    inside = chain(GroupInput(), GroupOutput(), graph=inside)
    inside, _ = add(inside, GroupOutput(), "fc1")
    graph, block = add(chain(Input(), ReLU()), Group(graph=inside, repeat=2), "relu1", "input1")
    for port, target in (("groupoutput1", "first"), ("groupoutput2", "second")):
        graph, end = add(graph, Output(target=target))
        graph = graph.connect(Edge(block, port, end, "x"))
    code = check_same(graph, ROW)
    assert "return groupoutput1, groupoutput2" in code


def test_equal_groups_share_a_class_and_those_that_differ_in_sizes_give_it_arguments() -> None:
    def tower(wide: int) -> Group:
        return Group(graph=chain(GroupInput(), Linear(out_features=wide), ReLU(), GroupOutput()))

    graph = mlp(*(tower(wide) for wide in (4, 4, 8, 16)), Linear(out_features=1))
    code = check_same(named(graph, group1="user_tower", group2="item_tower"), ROW)
    assert code.count("(nn.Module):") == 3
    assert "self.user_tower = Tower()" in code
    assert "self.item_tower = Tower()" in code
    graph = named(graph, group1="down1", group2="down2", group3="down3", group4="up")
    code = check_same(graph, ROW)
    assert "def __init__(self, out_features: int) -> None:" in code
    assert "self.fc1 = nn.Linear(4, out_features)" in code
    assert "self.down2 = Down(4)" in code
    assert "self.down3 = Down(8)" in code
    assert "self.up = Up()" in code


def test_sizes_are_handed_down_through_groups() -> None:
    def narrowing(wide: int) -> Group:
        inner = grouped(Linear(out_features=wide))
        return Group(graph=chain(GroupInput(), Linear(out_features=wide), inner, GroupOutput()))

    graph = named(mlp(narrowing(8), narrowing(9)), group1="stage1", group2="stage2")
    code = check_same(graph, ROW)
    assert "def __init__(self, in_features: int, out_features: int) -> None:" in code
    assert "self.fc1 = nn.Linear(in_features, out_features)" in code
    assert "self.group1 = Group1(out_features)" in code
    assert "self.fc1 = nn.Linear(in_features, in_features)" in code
    assert "self.stage2 = Stage(8, 9)" in code


def test_many_repeats_of_repeats_are_short_and_fast() -> None:
    inner = grouped(Linear(out_features=4), ReLU(), repeat=64)
    graph = mlp(grouped(inner, repeat=64), Linear(out_features=1))
    code = python_code(graph, [ROW, wanted("price")])
    assert len(code) < 2_000
    assert code.count("range(64)") == 2
    builder = PythonBuilder({"features": ROW})
    lower_graph(graph, builder)
    assert len(builder.scopes) == 3
    check_same(mlp(grouped(grouped(Linear(out_features=4), repeat=2), repeat=3)), ROW)


def test_a_mask_is_defined_once() -> None:
    attention = MultiheadAttention(heads=2, causal=True)
    graph = mlp(grouped(attention, repeat=4), field="steps")
    code = check_same(graph, given("steps", 5, 4))
    assert code.count("def causal_mask") == code.count("causal_mask(groupinput1)") == 1


def test_weights_of_another_group_are_handed_in() -> None:
    inside = chain(GroupInput(), Linear(out_features=4), ReLU(), GroupOutput())
    inside = inside.put(replace(inside.nodes["fc1"], shares="fc1"))
    sharing = Group(graph=inside, repeat=2)
    graph = mlp(Linear(out_features=4), grouped(sharing))
    code = check_same(graph, ROW)
    assert code.count("nn.Linear(") == 1
    assert "def forward(self, groupinput1: Tensor, fc1: nn.Linear) -> Tensor:" in code
    assert "x = self.group1(x, self.fc1)" in code

    owner = Group(graph=chain(GroupInput(), Linear(out_features=4), GroupOutput()), repeat=2)
    graph = mlp(owner, Linear(out_features=4))
    graph = graph.put(replace(graph.nodes["fc1"], shares="group1/fc1"))
    code = check_same(graph, ROW)
    assert "x = self.group1[0].fc1(x)" in code


def test_an_embedding_is_tied_to_the_head_inside_a_group() -> None:
    head = chain(GroupInput(), Linear(out_features=9, bias=False), GroupOutput())
    head = head.put(replace(head.nodes["fc1"], shares="embed1"))
    graph = mlp(Embedding(embedding_dim=4), Group(graph=head), field="words")
    code = check_same(graph, given("words", 3, vocabulary=9))
    assert "nn.functional.linear(groupinput1, embed1.weight)" in code


def test_weights_of_a_group_that_is_switched_off() -> None:
    owner = Group(graph=chain(GroupInput(), Linear(out_features=4), GroupOutput()), repeat=2)
    graph = mlp(owner, Linear(out_features=4))
    graph = graph.put(replace(graph.nodes["group1"], enabled=False))
    code = check_same(graph.put(replace(graph.nodes["fc1"], shares="group1/fc1")), ROW)
    assert "self.group1 = nn.ModuleList([Group1()])" in code


def test_shared_weights_are_made_once() -> None:
    graph = mlp(Linear(out_features=4), ReLU(), Linear(out_features=4))
    graph = graph.put(replace(graph.nodes["fc2"], shares="fc1"))
    code = check_same(graph, ROW)
    assert code.count("nn.Linear") == 1
    assert code.count("self.fc1(") == 2


def test_disabled_blocks_are_not_printed_but_probabilities_are() -> None:
    graph = mlp(Linear(out_features=3), ReLU(), Softmax())
    graph = graph.put(replace(graph.nodes["relu1"], enabled=False))
    code = check_same(graph, ROW, wanted("species", 3))
    assert "relu" not in code.lower()
    assert "return self.softmax1(x)" in code or "x = self.softmax1(x)" in code
    assert "The losses of torch take the values before the last" in " ".join(code.split())


@pytest.mark.parametrize(
    "name",
    ["train", "input", "class", "self", "torch", "nn", "x", "forward", "_parameters", "Tensor",
     "super", "__init__", "features", "ﬁrst"],
)  # fmt: skip
def test_blocks_may_have_any_name(name: str) -> None:
    graph = mlp(ReLU(), Flatten())
    graph = graph.insert(Node("n", name, Linear(out_features=4)), graph.incoming["relu1"][0])
    graph, total = add(graph, Add(), "n", "flat1")
    graph = graph.connect(Edge(total, "y", "output1", "x"))
    check_same(graph, ROW)


@pytest.mark.parametrize(
    "field", ["self", "sepal length (cm)", "2nd", "nn", "class", 'a"b"""', "é"]
)
def test_fields_may_have_any_name(field: str) -> None:
    check_same(mlp(Linear(out_features=2), field=field), given(field, 4))


def test_frozen_blocks_stay_frozen() -> None:
    graph = mlp(BatchNorm1d(), Linear(out_features=1))
    graph = graph.put(replace(graph.nodes["bn1"], frozen=True))
    printed = loaded(check_same(graph, ROW))().train()
    assert not printed.get_submodule("bn1").training
    assert {name for name, w in printed.named_parameters() if w.requires_grad} == {
        "fc1.weight",
        "fc1.bias",
    }


def test_frozen_groups_stay_frozen() -> None:
    layer = grouped(Linear(out_features=4), BatchNorm1d())
    graph = mlp(layer, layer, grouped(layer, repeat=2))
    graph = graph.put(replace(graph.nodes["group1"], frozen=True))
    inside = layer.graph.put(replace(layer.graph.nodes["bn1"], frozen=True))
    graph = graph.put(replace(graph.nodes["group2"], layer=Group(graph=inside)))
    printed = loaded(check_same(graph, ROW))().train()
    trained = compile_network(graph, [ROW]).module
    assert {name: w.requires_grad for name, w in printed.named_parameters()} == {
        name: w.requires_grad for name, w in trained.named_parameters()
    }
    for name in ("group1.bn1", "group2.bn1", "group3.0.group1.bn1"):
        assert printed.get_submodule(name).training == trained.get_submodule(name).training


def test_names_of_groups_may_be_those_of_anything() -> None:
    graph = mlp(*(grouped(Linear(out_features=4)) for _ in range(6)))
    names = ["network", "tensor", "nn", "none", "_", "linear"]
    for number, name in enumerate(names, 1):
        graph = named(graph, **{f"group{number}": name})
    check_same(graph, ROW)


@pytest.mark.parametrize("name", ["sliced", "ScaleShift", "torch"])
def test_a_block_may_be_called_like_what_it_calls(name: str) -> None:
    graph = chain(Input(), Slice(stop=3), Slice(stop=2), ScaleShift(), Output(target="a"))
    graph = named(graph, slice1=name)
    graph = chain(Output(target="b"), graph=graph, after="slice1")
    check_same(graph, ROW)


def test_first_weights_are_drawn_alike() -> None:
    graph = mlp(Linear(out_features=5, weights="kaiming normal"))
    torch.manual_seed(3)
    ours = compile_network(graph, [ROW]).module.state_dict()
    torch.manual_seed(3)
    theirs = loaded(python_code(graph, [ROW]))().state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_class_has_the_name_asked_for() -> None:
    assert "class Flowers(nn.Module):" in python_code(mlp(Linear()), [ROW], "Flowers")


def test_lines_are_short_with_many_values_and_long_names() -> None:
    graph, total = add(chain(Input(), Linear(out_features=4)), Add(), "input1", "fc1")
    ends = [total]
    for number in range(30):
        graph, end = add(graph, ReLU(), ends[-1], name=f"{'long_' * 9}{number}")
        graph, end = add(graph, Add(), end, ends[-1], name=f"sum_{'long_' * 9}{number}")
        ends.append(end)
    for number, end in enumerate(ends):
        graph, _ = add(graph, Output(target=f"t{number}"), end)
    code = check_same(graph, ROW)
    assert "-> tuple[Tensor, ...]:" in code
    assert "        return (\n            add1,\n" in code


def test_a_bad_network_is_not_printed() -> None:
    with pytest.raises(NetworkError, match="Set fc1 to 3"):
        python_code(mlp(Linear(out_features=5)), [ROW, wanted("species", 3)])
