"""The printed Python: it runs alone, loads the trained weights, and reads like a person's."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
import torch
from networks import add, chain, given, mlp, wanted
from torch import nn

from modelstudio.engine.codegen import python_code
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
    Multiply,
    Output,
    ReLU,
    Softmax,
)
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.recipe.fields import FieldSpec

ROW = given("features", 4)


def loaded(code: str) -> type[nn.Module]:
    space: dict[str, type[nn.Module]] = {}
    exec(compile(code, "network.py", "exec"), space)
    return space["Network"]


def check_same(graph: Graph, *fields: FieldSpec) -> str:
    """Assert that the printed network gives what the compiled one does; return its text."""
    compiled = compile_network(graph, fields)
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
    assert max(map(len, code.splitlines())) <= 120
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
    """Takes image: B×1×8×8, where B is the batch."""

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


def test_groups_repeat_with_weights_of_their_own() -> None:
    inside = chain(GroupInput(), Linear(out_features=4), ReLU(), GroupOutput())
    inside, total = add(inside, Add(), "relu1", "groupinput1")
    inside = inside.connect(Edge(total, "y", "groupoutput1", "x"))
    graph = mlp(Group(graph=inside, repeat=3), Linear(out_features=1))
    code = check_same(graph, ROW, wanted("price"))
    assert code.count("nn.Linear(4, 4)") == 3


def test_shared_weights_are_made_once() -> None:
    graph = mlp(Linear(out_features=4), ReLU(), Linear(out_features=4))
    graph = graph.put(replace(graph.nodes["fc2"], shares="fc1"))
    code = check_same(graph, ROW)
    assert code.count("nn.Linear") == 1
    assert code.count("self.fc1(") == 2


def test_disabled_blocks_and_probabilities_are_not_printed() -> None:
    graph = mlp(Linear(out_features=3), ReLU(), Softmax())
    graph = graph.put(replace(graph.nodes["relu1"], enabled=False))
    code = check_same(graph, ROW, wanted("species", 3))
    assert "relu" not in code.lower()
    assert "softmax" not in code.lower()


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


def test_first_weights_are_drawn_alike() -> None:
    graph = mlp(Linear(out_features=5, weights="kaiming normal"))
    torch.manual_seed(3)
    ours = compile_network(graph, [ROW]).module.state_dict()
    torch.manual_seed(3)
    theirs = loaded(python_code(graph, [ROW]))().state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_class_has_the_name_asked_for() -> None:
    assert "class Flowers(nn.Module):" in python_code(mlp(Linear()), [ROW], "Flowers")


def test_a_bad_network_is_not_printed() -> None:
    with pytest.raises(NetworkError, match="Set fc1 to 3"):
        python_code(mlp(Linear(out_features=5)), [ROW, wanted("species", 3)])
