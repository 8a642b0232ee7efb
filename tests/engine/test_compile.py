"""From a graph to a module that runs: names, weights, groups, what is shared, frozen or off."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from networks import add, chain, given, mlp, wanted
from torch import fx, nn

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import CompiledModel, compile_network, fake_outcome
from modelstudio.errors import NetworkError
from modelstudio.layers import (
    Add,
    BatchNorm1d,
    BatchNorm2d,
    Concatenate,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    LayerNorm,
    Linear,
    MaxPool2d,
    Multiply,
    Output,
    ReLU,
    Softmax,
    Tanh,
)
from modelstudio.network import check
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.rules import RULES
from modelstudio.network.shapes import RESERVED, Value

FEATURES = given("features", 20)
SPECIES = wanted("species", classes=3)
FIELDS = (FEATURES, SPECIES)


def built(graph: Graph, *fields: object) -> CompiledModel:
    torch.manual_seed(0)
    return compile_network(graph, fields or FIELDS)  # type: ignore[arg-type]


def test_modules_have_the_names_of_their_blocks() -> None:
    model = built(mlp(Linear(), ReLU(), Linear(out_features=3)))
    assert list(model.module.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert model.inputs == ("features",)
    assert model.outputs == ("species",)
    assert model.node_modules["fc2"] == ("fc2",)
    assert model.module(torch.zeros(5, 20)).shape == (5, 3)
    assert model.module.training


def test_every_operation_knows_its_block() -> None:
    model = built(mlp(Linear(), Flatten(), Linear(out_features=3)))
    model.module.graph.lint()
    marks = [node.meta["block"] for node in model.module.graph.nodes if node.op != "output"]
    assert marks == ["input1", "fc1", "flat1", "fc2"]


def test_the_seed_decides_the_weights() -> None:
    graph = mlp(Linear(weights="kaiming normal"), Linear(out_features=3))
    first, again = built(graph).module.state_dict(), built(graph).module.state_dict()
    torch.manual_seed(1)
    other = compile_network(graph, FIELDS).module.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_first_weights_are_drawn_as_chosen() -> None:
    model = built(mlp(Linear(out_features=20, weights="orthogonal"), Linear(out_features=3)))
    weight = model.module.get_submodule("fc1").weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(20), rtol=1e-4, atol=1e-5)


def test_an_error_stops_with_its_sentence() -> None:
    with pytest.raises(NetworkError, match="Set fc1 to 3") as error:
        built(mlp(Linear(out_features=10)))
    assert error.value.where == "output1"


def test_probabilities_before_an_output_are_left_out() -> None:
    graph = mlp(Linear(out_features=3), Softmax())
    logits, shares = built(graph), compile_network(graph, FIELDS, logits=False)
    x = torch.randn(4, 20)
    shares.module.load_state_dict(logits.module.state_dict())
    torch.testing.assert_close(logits.module(x).softmax(-1), shares.module(x))


def test_several_inputs_and_outputs() -> None:
    fields = (FEATURES, given("town", vocabulary=9), SPECIES, wanted("price"))
    graph, _ = add(chain(Input()), Input(field="town"))
    graph, _ = add(graph, Embedding(embedding_dim=4), "input2")
    graph, _ = add(graph, Concatenate(), "input1", "embed1")
    graph, _ = add(graph, Linear(), "cat1")
    for size, target in ((1, "price"), (3, "species")):
        graph, head = add(graph, Linear(out_features=size), "fc1")
        graph, _ = add(graph, Output(target=target), head)
    model = built(graph, *fields)
    assert model.inputs == ("features", "town")
    assert model.outputs == ("price", "species")
    price, species = model.module(torch.randn(6, 20), torch.randint(9, (6,)))
    assert (price.shape, species.shape) == ((6, 1), (6, 3))


def test_what_leads_to_no_output_is_not_built() -> None:
    graph, _ = add(mlp(Linear(out_features=3)), Linear(), "input1")
    model = built(graph)
    assert "fc2" not in model.node_modules
    assert model.analysis.parameters == sum(p.numel() for p in model.module.parameters())


def test_a_block_that_is_off_is_not_built() -> None:
    graph = mlp(Linear(out_features=20), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["fc1"], enabled=False))
    assert list(dict(built(graph).module.named_children())) == ["fc2"]


# Groups and shared weights


def residual() -> Graph:
    graph = chain(GroupInput(), Linear(out_features=20), Tanh())
    graph, _ = add(graph, Add(), "groupinput1", "tanh1")
    return chain(GroupOutput(), graph=graph, after="add1")


def test_each_repeat_has_weights_of_its_own() -> None:
    model = built(mlp(Group(graph=residual(), repeat=3), Linear(out_features=3)))
    names = [f"group1.{repeat}.fc1" for repeat in range(3)]
    assert model.node_modules["group1/fc1"] == tuple(names)
    x = y = torch.randn(4, 20)
    for name in names:
        y = y + torch.tanh(model.module.get_submodule(name)(y))
    expected = model.module.get_submodule("fc1")(y)
    torch.testing.assert_close(model.module(x), expected)


def test_shared_weights_are_one_module() -> None:
    graph = mlp(Linear(out_features=20), Tanh(), Linear(out_features=20), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["fc2"], shares="fc1"))
    model = built(graph)
    assert sorted(dict(model.module.named_children())) == ["fc1", "fc3", "tanh1"]
    assert model.node_modules["fc1"] == model.node_modules["fc2"] == ("fc1",)
    assert model.analysis.parameters == sum(p.numel() for p in model.module.parameters())
    fc1, fc3 = model.module.get_submodule("fc1"), model.module.get_submodule("fc3")
    x = torch.randn(4, 20)
    torch.testing.assert_close(model.module(x), fc3(fc1(torch.tanh(fc1(x)))))


def test_a_block_may_share_the_weights_of_a_later_one() -> None:
    graph = mlp(Linear(out_features=20), Linear(out_features=20), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["fc1"], shares="fc2"))
    assert sorted(dict(built(graph).module.named_children())) == ["fc2", "fc3"]


def test_weights_are_shared_within_each_repeat() -> None:
    inner = chain(GroupInput(), Linear(out_features=20), Linear(out_features=20), GroupOutput())
    inner = inner.put(replace(inner.nodes["fc2"], shares="group1/fc1"))
    model = built(mlp(Group(graph=inner, repeat=2), Linear(out_features=3)))
    names = {name.rpartition(".")[0] for name in model.module.state_dict()}
    assert names == {"fc1", "group1.0.fc1", "group1.1.fc1"}
    assert model.analysis.parameters == 2 * 420 + 63


def test_shared_weights_in_many_repeats_are_counted_once() -> None:
    inner = chain(GroupInput(), Linear(out_features=20), Linear(out_features=20), GroupOutput())
    inner = inner.put(replace(inner.nodes["fc2"], shares="fc1"))
    graph = mlp(Linear(out_features=20), Group(graph=inner, repeat=5), Linear(out_features=3))
    model = built(graph)
    assert model.analysis.parameters == 420 + 5 * 420 + 63
    assert model.analysis.parameters == sum(p.numel() for p in model.module.parameters())


def test_blocks_whose_names_look_alike_stay_apart() -> None:
    inner = chain(GroupInput(), Linear(out_features=20), GroupOutput())
    graph = chain(Input(), Group(graph=inner))
    graph, _ = add(graph, Linear(out_features=20), "group1", name="group1_fc1")
    graph = chain(Linear(out_features=3), Output(), graph=graph, after="group1_fc1")
    model = built(graph)
    assert model.analysis.parameters == 420 + 420 + 63
    assert model.analysis.parameters == sum(p.numel() for p in model.module.parameters())


def test_names_that_torch_has_already() -> None:
    taken = {*dir(nn.Module()), *dir(fx.GraphModule(nn.Module(), fx.Graph())), "class", "nn", "x"}
    reserved = sorted(name for name in taken if not name.startswith("_") and name != "T")
    assert set(reserved) - {"class"} <= RESERVED
    graph, last = add(Graph(), Input(), name="input")
    for name in ("train", "forward", "torch", "class_", "x"):
        graph, last = add(graph, Linear(out_features=20), last, name=name)
    graph = chain(Linear(out_features=3), Output(), graph=graph, after=last)
    model = built(graph)
    assert model.module(torch.zeros(2, 20)).shape == (2, 3)
    space: dict[str, type[nn.Module]] = {}
    exec(python_code(graph, FIELDS), space)
    space["Network"]().load_state_dict(model.module.state_dict())


# Frozen


def frozen(*names: str) -> Graph:
    graph = mlp(Linear(), BatchNorm1d(), Dropout(p=0.5), Linear(out_features=3))
    for name in names:
        graph = graph.put(replace(graph.nodes[name], frozen=True))
    return graph


def test_frozen_blocks_do_not_learn() -> None:
    module = built(frozen("fc1", "bn1")).module
    learning = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert learning == {"fc2.weight", "fc2.bias"}
    before = copy.deepcopy(module.get_submodule("bn1").state_dict())
    module.train()(torch.randn(8, 20)).sum().backward()
    after = module.get_submodule("bn1").state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert module.get_submodule("drop1").training


def test_a_copy_stays_frozen() -> None:
    module = copy.deepcopy(built(frozen("bn1")).module)
    assert not module.train().get_submodule("bn1").training
    assert module.get_submodule("fc1").training


def test_a_frozen_group_freezes_what_it_holds() -> None:
    graph = mlp(Group(graph=residual(), repeat=2), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["group1"], frozen=True))
    module = built(graph).module
    learning = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert learning == {"fc1.weight", "fc1.bias"}


# Operations without a rule


def test_torch_itself_tells_the_shape_where_there_is_no_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = (given("features", "T", 20),)
    graph = mlp(Linear(out_features=77), LayerNorm())
    ruled = analyse(graph, fields).nodes
    monkeypatch.delitem(RULES, "torch.nn.LayerNorm")
    monkeypatch.delitem(RULES, "torch.nn.Linear")
    monkeypatch.setattr(check, "_REMEMBERED", {})
    assert analyse(graph, fields).nodes["fc1"].state == "waiting"
    known = analyse(graph, fields, fake_outcome).nodes
    assert known["ln1"].outputs == ruled["ln1"].outputs == (("B", "T", 77),)
    assert known["ln1"].parameters == ruled["ln1"].parameters


def test_what_torch_refuses_is_a_sentence() -> None:
    with pytest.raises(Mismatch, match="cannot take what it is given"):
        fake_outcome("torch.nn.Linear", [Value(("B", 4))], {"in_features": 5, "out_features": 1})


# In general

BLOCKS: list[Layer] = [
    Linear(out_features=8),
    Conv2d(out_channels=4, kernel_size=2),
    MaxPool2d(),
    BatchNorm1d(),
    BatchNorm2d(),
    Flatten(),
    Add(),
    Multiply(),
    Concatenate(),
    Dropout(p=0.3),
    Softmax(),
    LayerNorm(),
    Group(graph=chain(GroupInput(), LayerNorm(), Tanh(), GroupOutput()), repeat=2),
]


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Draw a network of blocks that fit, with branches, groups, and blocks off or frozen."""
    fields = (given("features", 8), given("image", 2, 4, 4))
    graph, first = add(Graph(), Input())
    graph, second = add(graph, Input(field="image"))
    good = [first, second]
    for _ in range(draw(st.integers(1, 8))):
        layer = draw(st.sampled_from(BLOCKS))
        count = draw(st.integers(1, 3)) if layer.input_ports()[0].variadic else 1
        sources = draw(st.lists(st.sampled_from(good), min_size=1, max_size=count, unique=True))
        wider, name = add(graph, layer, *sources)
        wider = wider.put(
            replace(wider.nodes[name], enabled=draw(st.booleans()), frozen=draw(st.booleans()))
        )
        if analyse(wider, fields).nodes[name].state != "error":
            graph = wider
            good.append(name)
    return chain(Output(), graph=graph, after=good[-1])


@drawn(networks())
@settings(max_examples=40)
def test_what_is_drawn_is_what_runs_and_what_is_printed(graph: Graph) -> None:
    fields = (given("features", 8), given("image", 2, 4, 4))
    model = built(graph, *fields)
    sizes = {"features": (5, 8), "image": (5, 2, 4, 4)}
    tensors = [torch.randn(sizes[name]) for name in model.inputs]
    (shape,) = model.analysis.nodes["output1"].inputs
    result = model.module.eval()(*tensors)
    assert tuple(result.shape) == (5, *shape[1:])
    assert model.analysis.parameters == sum(p.numel() for p in model.module.parameters())
    space: dict[str, type[nn.Module]] = {}
    exec(python_code(graph, fields), space)
    printed = space["Network"]()
    printed.load_state_dict(model.module.state_dict())
    torch.testing.assert_close(printed.eval()(*tensors), result, rtol=0, atol=0)
    trained = {name for name, p in printed.named_parameters() if p.requires_grad}
    assert trained == {name for name, p in model.module.named_parameters() if p.requires_grad}
    modes = {name: m.training for name, m in printed.train().named_modules()}
    assert modes == {name: m.training for name, m in model.module.train().named_modules()}
