"""What is said of a network: the sentence, the block, and an edit that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from networks import add, chain, given, mlp, wanted

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
    Linear,
    MaxPool2d,
    Output,
    ReLU,
    Sigmoid,
    Softmax,
)
from modelstudio.network import check
from modelstudio.network.analysis import Analysis, Problem
from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.network.lowering import lower_node
from modelstudio.network.rules import RULES
from modelstudio.network.shapes import Value
from modelstudio.recipe.fields import FieldSpec

FEATURES = given("features", 20)
IMAGE = given("image", 1, 28, 28)
SPECIES = wanted("species", classes=3)


def the_problem(graph: Graph, *fields: FieldSpec) -> Problem:
    (problem,) = analyse(graph, fields or (FEATURES, SPECIES)).problems
    return problem


def mended(graph: Graph, label: str, *fields: FieldSpec) -> Analysis:
    """Apply the fix of that name and return what is known then."""
    fields = fields or (FEATURES, SPECIES)
    fixes = [fix for problem in analyse(graph, fields).problems for fix in problem.fixes]
    (fix,) = [fix for fix in fixes if fix.label == label]
    return analyse(fix.apply(graph), fields)


def test_a_good_network_has_shapes_costs_and_no_problems() -> None:
    analysis = analyse(mlp(Linear(), ReLU(), Linear(out_features=3)), (FEATURES, SPECIES))
    assert analysis.problems == ()
    info = analysis.nodes["fc1"]
    assert (info.inputs, info.outputs) == ((("B", 20),), (("B", 64),))
    assert (info.parameters, info.macs, info.memory) == (20 * 64 + 64, 20 * 64, 4 * 64)
    assert analysis.parameters == 20 * 64 + 64 + 64 * 3 + 3
    assert {info.state for info in analysis.nodes.values()} == {"ok"}


def test_maps_into_a_linear_block() -> None:
    graph = mlp(
        Conv2d(out_channels=64), MaxPool2d(), MaxPool2d(), Linear(), Linear(), field="image"
    )
    problem = the_problem(graph, IMAGE)
    assert problem.message == (
        "fc1 needs a row of numbers for each sample, but pool2 gives 64 maps of 7 x 7. "
        "Insert Flatten."
    )
    assert (problem.node, problem.severity) == ("fc1", "error")
    assert problem.edge == Edge("pool2", "y", "fc1", "x")
    states = {name: info.state for name, info in analyse(graph, [IMAGE]).nodes.items()}
    assert states["pool2"] == "ok"
    assert states["fc1"] == "error"
    assert states["fc2"] == states["output1"] == "waiting"
    after = mended(graph, "Insert Flatten", IMAGE)
    assert after.problems == ()
    assert after.nodes["fc1"].inputs == (("B", 64 * 7 * 7),)


def test_the_fix_makes_room_and_keeps_everything_else() -> None:
    graph = mlp(Conv2d(), Linear(), field="image")
    fix = the_problem(graph, IMAGE).fixes[0]
    fixed = fix.apply(graph)
    (flat,) = fixed.of_type(Flatten)
    assert flat.position == graph.nodes["fc1"].position
    assert fixed.nodes["fc1"].position[1] > flat.position[1]
    assert fixed.nodes["conv1"] is graph.nodes["conv1"]
    beside = graph.move({"output1": (400.0, 0.0)})
    assert fix.apply(beside).nodes["output1"].position == (400.0, 0.0)
    assert set(graph.nodes) < set(fixed.nodes)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (SPECIES, "output1 needs 3 numbers for the 3 classes of species, but fc1 gives 10."),
        (wanted("sold", classes=2), "output1 needs one number for sold, but fc1 gives 10."),
        (wanted("price"), "output1 needs one number for price, but fc1 gives 10."),
    ],
)
def test_a_head_of_the_wrong_width(target: FieldSpec, sentence: str) -> None:
    graph = mlp(Linear(out_features=10))
    problem = the_problem(graph, FEATURES, target)
    label = f"Set fc1 to {target.logits}"
    assert problem.message == f"{sentence} {label}."
    assert mended(graph, label, FEATURES, target).problems == ()
    second = f"Insert Linear with {target.logits}"
    assert mended(graph, second, FEATURES, target).problems == ()


def test_the_head_is_found_behind_blocks_that_keep_the_width() -> None:
    graph = mlp(Linear(out_features=10), ReLU(), Dropout())
    assert the_problem(graph).message.endswith("but drop1 gives 10. Set fc1 to 3.")
    assert mended(graph, "Set fc1 to 3").problems == ()


@pytest.mark.parametrize("layer", [Softmax(), Sigmoid()])
def test_probabilities_before_an_output_are_a_notice(layer: Layer) -> None:
    graph = mlp(Linear(out_features=3), layer)
    problem = the_problem(graph)
    assert problem.severity == "notice"
    assert problem.node == graph.incoming["output1"][0].source
    assert mended(graph, "Remove it").problems == ()


def test_values_of_unlike_shape_are_both_named() -> None:
    graph = chain(Input(), Linear(), ReLU())
    graph, _ = add(graph, Linear(out_features=32), "input1")
    graph, _ = add(graph, Add(), "relu1", "fc2")
    graph = chain(Linear(out_features=3), Output(), graph=graph, after="add1")
    assert the_problem(graph).message == (
        "add1 needs values of the same shape, but relu1 gives a row of 64 numbers and fc2 gives "
        "a row of 32 numbers. Insert Linear with 64."
    )
    assert mended(graph, "Insert Linear with 64").problems == ()


def test_maps_joined_with_a_row_are_flattened() -> None:
    graph, _ = add(chain(Input()), Input(field="image"))
    graph, _ = add(graph, Concatenate(), "input1", "input2")
    graph = chain(Linear(out_features=3), Output(), graph=graph, after="cat1")
    fields = (FEATURES, IMAGE, SPECIES)
    assert mended(graph, "Insert Flatten", *fields).nodes["cat1"].outputs == (("B", 20 + 28 * 28),)


def test_groups_must_divide_the_channels() -> None:
    graph = chain(Conv2d(out_channels=9, groups=6), graph=chain(Input(field="m")), after="input1")
    graph = chain(Flatten(), Linear(out_features=3), Output(), graph=graph, after="conv1")
    fields = (given("m", 6, 8, 8), SPECIES)
    problem = the_problem(graph, *fields)
    assert problem.message == (
        "conv1 needs groups that divide 6 channels in and 9 out. Set groups to 3."
    )
    assert mended(graph, "Set groups to 3", *fields).problems == ()


def test_numbers_where_ids_are_needed_and_the_other_way_round() -> None:
    said = the_problem(mlp(Embedding(), Flatten(), Linear(out_features=3))).message
    assert said == "embed1 needs ids, but input1 gives a row of 20 numbers. Use Linear."
    ids = given("town", vocabulary=30)
    graph = mlp(Linear(out_features=3), field="town")
    after = mended(graph, "Insert Embedding", ids, SPECIES)
    assert after.problems == ()
    assert after.nodes["fc1"].inputs == (("B", 32),)


def test_the_vocabulary_comes_from_the_data() -> None:
    graph = mlp(Embedding(embedding_dim=4), Linear(out_features=3), field="town")
    analysis = analyse(graph, (given("town", vocabulary=30), SPECIES))
    assert analysis.nodes["embed1"].parameters == 30 * 4
    through = mlp(Flatten(), Embedding(), Flatten(), Linear(out_features=3), field="town")
    assert analyse(through, (given("town", vocabulary=30), SPECIES)).problems == ()
    small = mlp(Embedding(num_embeddings=5), Linear(out_features=3), field="town")
    said = the_problem(small, given("town", vocabulary=30), SPECIES).message
    assert said == "embed1 has room for 5 ids, but the data has 30. Set its vocabulary to 30."


@pytest.mark.parametrize(
    ("shape", "layer", "label", "outcome"),
    [
        ((784,), Conv2d(out_channels=4), "Insert Reshape to 1 x 28 x 28", (4, 28, 28)),
        ((3 * 16,), MaxPool2d(), "Insert Reshape to 3 x 4 x 4", (3, 2, 2)),
        ((8, 10), Conv2d(out_channels=4), "Insert Reshape to 1 x 8 x 10", (4, 8, 10)),
        ((8, 10), MaxPool2d(kernel_size=5), "Use MaxPool1d", (8, 2)),
        ((6, 4, 4), BatchNorm1d(eps=0.5), "Use BatchNorm2d", (6, 4, 4)),
        ((6, 4, 4), BatchNorm1d(), "Insert Flatten", (96,)),
    ],
)
def test_too_few_or_too_many_dimensions(
    shape: tuple[int, ...], layer: Layer, label: str, outcome: tuple[int, ...]
) -> None:
    graph = mlp(layer, Flatten(), Linear(out_features=3))
    block = list(graph.nodes)[1]
    after = mended(graph, label, given("features", *shape), SPECIES)
    assert after.problems == ()
    assert after.nodes[block].outputs == (("B", *outcome),)


def test_another_type_keeps_the_settings_that_both_have() -> None:
    graph = mlp(BatchNorm1d(eps=0.5, affine=False), Flatten(), Linear(out_features=3))
    fix = analyse(graph, (given("features", 6, 4, 4), SPECIES)).problems[0].fixes[0]
    assert fix.apply(graph).nodes["bn1"].layer == BatchNorm2d(eps=0.5, affine=False)


# Structure


def test_an_empty_network() -> None:
    assert (
        analyse(Graph(), (FEATURES, SPECIES))
        .problems[0]
        .message.startswith("The network is empty.")
    )


def test_a_network_without_an_output() -> None:
    graph = chain(Input(), Linear(out_features=3))
    problem = the_problem(graph)
    assert problem.node is None
    assert problem.message == "The network has no Output, so it gives no answer."
    assert mended(graph, "Add Output").problems == ()


def test_a_network_without_an_input() -> None:
    problems = analyse(chain(Linear(), Output()), (FEATURES, SPECIES)).problems
    assert [problem.node for problem in problems] == [None, "fc1"]
    assert problems[1].message.startswith("fc1 has no wire into its input.")


def test_a_block_left_over_warns_and_stops_nothing() -> None:
    good = mlp(Linear(out_features=3))
    graph, _ = add(good, ReLU(), "input1")
    graph, _ = add(graph, Linear())
    analysis = analyse(graph, (FEATURES, SPECIES))
    assert analysis.errors == ()
    assert {problem.node: problem.severity for problem in analysis.problems} == {
        "relu1": "warning",
        "fc2": "warning",
    }
    assert analysis.parameters == analyse(good, (FEATURES, SPECIES)).parameters
    assert "relu1 leads nowhere" in analysis.problems[1].message


def test_a_field_that_the_data_does_not_have() -> None:
    graph = mlp(Linear(out_features=3), field="pixels")
    problem = the_problem(graph)
    assert problem.message == (
        "input1 asks for the field 'pixels', but the data offers features. Read features."
    )
    assert mended(graph, "Read features").problems == ()
    assert "has no data yet" in the_problem(graph, SPECIES).message


def test_targets_are_answered_once() -> None:
    graph = mlp(Linear(out_features=3))
    graph, second = add(graph, Output(), "fc1")
    problem = the_problem(graph)
    assert problem.node == second
    assert "which another Output does already" in problem.message
    fields = (FEATURES, SPECIES, wanted("island", classes=3))
    assert len(analyse(graph, fields).errors) == 2, "with two targets each must be named"
    named = graph.put(replace(graph.nodes["output1"], layer=Output(target="species")))
    assert mended(named, "Answer for island", *fields).problems == ()
    lost = graph.put(replace(graph.nodes["output1"], layer=Output(target="colour")))
    assert "'colour', which is not a target" in analyse(lost, fields).errors[0].message


def test_an_unknown_layer_is_named() -> None:
    graph = mlp(Linear(out_features=3), Layer.from_dict({"type": "Mamba3"}))
    problem = the_problem(graph)
    assert "is of the type Mamba3, which this version does not know" in problem.message
    assert mended(graph, problem.fixes[0].label).problems == ()


def test_a_loop() -> None:
    graph = mlp(ReLU(), Linear(out_features=3))
    looped = Graph(graph.nodes, (*graph.edges[1:], Edge("fc1", "y", "relu1", "x")))
    analysis = analyse(looped, (FEATURES, SPECIES))
    assert "form a loop" in analysis.errors[0].message
    assert analysis.errors[0].node in ("relu1", "fc1")
    assert {info.state for info in analysis.nodes.values()} == {"waiting"}


@pytest.mark.parametrize(
    ("edge", "sentence"),
    [
        (
            Edge("input1", "y", "fc1", "left"),
            "has a wire into 'left', which is not one of its inputs",
        ),
        (Edge("input1", "z", "fc1", "x"), "is wired to the output 'z' of input1"),
        (Edge("relu1", "y", "fc1", "x"), "has 2 wires into its input, which takes one"),
    ],
)
def test_wires_that_only_a_file_can_hold(edge: Edge, sentence: str) -> None:
    graph, _ = add(mlp(Linear(out_features=3)), ReLU(), "input1")
    broken = Graph(graph.nodes, (*graph.edges, edge))
    problem = analyse(broken, (FEATURES, SPECIES)).errors[0]
    assert sentence in problem.message
    assert problem.edge == edge
    assert problem.fixes[0].apply(broken).edges == graph.edges


def test_names_that_only_a_file_can_hold() -> None:
    graph = mlp(Linear(out_features=3))
    twice = {**graph.nodes, "fc1": replace(graph.nodes["fc1"], name="input1")}
    assert the_problem(Graph(twice, graph.edges)).message.startswith("'input1' is the name of two")
    odd = {**graph.nodes, "fc1": replace(graph.nodes["fc1"], name="my block")}
    problem = the_problem(Graph(odd, graph.edges))
    assert problem.severity == "warning"
    assert problem.fixes[0].apply(Graph(odd, graph.edges)).nodes["fc1"].name == "my_block1"


# Off, shared, grouped


def test_a_block_that_is_off_lets_values_pass() -> None:
    graph = mlp(Linear(out_features=7), Linear(out_features=3))
    graph = graph.put(replace(graph.nodes["fc1"], enabled=False))
    analysis = analyse(graph, (FEATURES, SPECIES))
    assert analysis.problems == ()
    assert analysis.nodes["fc1"].state == "off"
    assert analysis.nodes["fc1"].outputs == (("B", 20),)
    assert analysis.parameters == 20 * 3 + 3


def shared(owner: str, out_features: int = 20) -> Graph:
    graph = mlp(Linear(out_features=20), Linear(out_features=out_features), Linear(out_features=3))
    return graph.put(replace(graph.nodes["fc2"], shares=owner))


def test_shared_weights_are_counted_once() -> None:
    analysis = analyse(shared("fc1"), (FEATURES, SPECIES))
    assert analysis.problems == ()
    assert analysis.nodes["fc2"].parameters == 0
    assert analysis.nodes["fc2"].macs == 400
    assert analysis.parameters == 420 + 63


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        (shared("fc1", 9), "fc2 shares weights with a block of another size"),
        (shared("gone"), "fc2 shares the weights of a block that no longer exists"),
        (shared("input1"), "fc2 shares weights with input1, which is of another type"),
        (shared("fc2"), "fc2 shares weights with fc2, which itself uses those of another"),
    ],
)
def test_weights_that_cannot_be_shared(graph: Graph, sentence: str) -> None:
    problem = analyse(graph, (FEATURES, SPECIES)).errors[0]
    assert sentence in problem.message
    assert problem.node == "fc2"
    assert mended(graph, "Give it weights of its own").errors == ()


def residual(*inside: Layer, repeat: int = 1) -> Group:
    return Group(graph=chain(GroupInput(), *inside, GroupOutput()), repeat=repeat)


def test_each_repeat_of_a_group_counts() -> None:
    graph = mlp(residual(Linear(out_features=20), ReLU(), repeat=4), Linear(out_features=3))
    analysis = analyse(graph, (FEATURES, SPECIES))
    assert analysis.problems == ()
    assert analysis.nodes["group1"].parameters == 4 * 420
    assert analysis.nodes["group1"].macs == 4 * 400


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        (residual(Linear(out_features=8), repeat=2), "group1 can be repeated only when"),
        (residual(Conv2d()), "group1 does not fit inside: conv1 needs maps"),
    ],
)
def test_groups_that_do_not_fit(group: Group, sentence: str) -> None:
    graph = mlp(group, Linear(out_features=3))
    assert the_problem(graph).message.startswith(sentence)


def test_group_ends_belong_inside_groups_and_outputs_do_not() -> None:
    inside = mlp(Linear(out_features=3), Group(graph=chain(GroupInput(), GroupOutput())))
    assert not analyse(inside, (FEATURES, SPECIES)).problems
    graph = mlp(Linear(out_features=3))
    graph, _ = add(graph, GroupOutput(), "fc1")
    assert "belongs inside a group" in analyse(graph, (FEATURES, SPECIES)).problems[0].message
    inner, _ = add(chain(GroupInput(), GroupOutput()), Output(), "groupinput1")
    graph = mlp(Group(graph=inner), Linear(out_features=3))
    assert "belongs outside of a group" in the_problem(graph).message


# In general

WILD = [
    *(layer() for layer in Layer.members()),
    Layer.from_dict({"type": "Mamba3"}),
    residual(Linear()),
    Conv2d(groups=5),
    Output(target="nobody"),
]


@st.composite
def wild_graphs(draw: st.DrawFn) -> Graph:
    """Draw anything a file may hold, sense or not."""
    count = draw(st.integers(0, 6))
    ids = [f"n{number}" for number in range(count)]
    nodes = {
        node_id: Node(
            node_id,
            draw(st.sampled_from(["a", "b", "class", "no name"])),
            draw(st.sampled_from(WILD)),
            shares=draw(st.sampled_from([None, None, None, *ids, "n0/n1"])),
            enabled=draw(st.booleans()),
        )
        for node_id in ids
    }
    end = st.sampled_from(ids) if ids else st.nothing()
    ports = st.sampled_from(["x", "y", "ids", "z"])
    edges = draw(st.lists(st.builds(Edge, end, ports, end, ports), max_size=8)) if ids else []
    return Graph(nodes, tuple(edges))


@drawn(wild_graphs(), st.sampled_from([(), (FEATURES, SPECIES), (IMAGE, given("i", vocabulary=9))]))
def test_whatever_a_file_holds_there_is_an_answer(
    graph: Graph, fields: tuple[FieldSpec, ...]
) -> None:
    analysis = analyse(graph, fields)
    assert set(analysis.nodes) == set(graph.nodes)
    for problem in analysis.problems:
        assert problem.message.endswith(".")
        assert problem.node is None or problem.node in graph.nodes
    wrong = {name for name, info in analysis.nodes.items() if info.state == "error"}
    assert wrong <= {problem.node for problem in analysis.errors}


def test_an_operation_without_a_rule_waits_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "torch.nn.Tanh")
    graph = mlp(Layer.from_dict({"type": "Tanh"}), Linear(out_features=3))
    analysis = analyse(graph, (given("features", 21), SPECIES))
    assert analysis.problems == ()
    assert analysis.nodes["tanh1"].state == analysis.nodes["fc1"].state == "waiting"


def test_only_what_changed_is_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    widths = [Linear(out_features=size) for size in range(101, 151)]
    graph = mlp(*widths, Linear(out_features=3))
    fields = (given("features", 23), SPECIES)
    analyse(graph, fields)
    lowered: list[str] = []

    def counted(node: Node, *rest: Any) -> Sequence[Value]:
        lowered.append(node.name)
        return lower_node(node, *rest)

    monkeypatch.setattr(check, "lower_node", counted)
    node = replace(graph.nodes["fc20"], layer=Linear(out_features=77))
    changed = graph.put(node)
    analysis = analyse(changed, fields)
    assert lowered == ["input1", "fc20", "fc21", "output1"], "the ends are never remembered"
    assert analysis.nodes["fc21"].inputs == (("B", 77),)
