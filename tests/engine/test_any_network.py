"""Whatever is drawn: what the checks let pass is built, printed and run as they said."""

from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from networks import add, chain
from networks import given as field

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network, fake_outcome
from modelstudio.layers import (
    Add,
    BatchNorm1d,
    Concatenate,
    Constant,
    Conv1d,
    DotProduct,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAvgPool,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    Linear,
    MatMul,
    MaxPool1d,
    Multiply,
    Output,
    Parameter,
    Permute,
    PReLU,
    Reduce,
    ReLU,
    RMSNorm,
    ScaleShift,
    Slice,
    Softmax,
    Stack,
    Subtract,
    Unsqueeze,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph

FIELDS = [field("row", 4), field("signal", 4, 6)]
INSIDE = chain(GroupInput(), Linear(out_features=4), ReLU(), GroupOutput())
SHARING = INSIDE.put(replace(INSIDE.nodes["fc1"], shares="b2"))
NESTED = chain(GroupInput(), Group(graph=SHARING, repeat=2), Group(graph=INSIDE), GroupOutput())
TWO = chain(GroupInput(), GroupOutput(), graph=INSIDE)
CROSSED = add(chain(GroupInput(), Linear(out_features=4)), GroupInput())[0]
for _end in ("groupinput2", "fc1"):
    CROSSED = add(CROSSED, GroupOutput(), _end)[0]
LAYERS = st.sampled_from(
    [
        *(Linear(out_features=4), Linear(out_features=6, bias=False), ReLU(), Softmax()),
        *(BatchNorm1d(), Dropout(), Flatten(), Permute(), MaxPool1d(), Conv1d(out_channels=4)),
        *(Add(), Multiply(), Concatenate(), Input(field="row"), Input(field="signal")),
        *(Group(graph=INSIDE, repeat=2), Group(graph=SHARING)),
        *(
            Group(graph=NESTED, repeat=3),
            Group(graph=TWO, repeat=2),
            Group(graph=CROSSED, repeat=3),
        ),
        *(Constant(shape=(4,)), Parameter(shape=(4, 6)), Stack(), Subtract(), DotProduct()),
        *(MatMul(transpose_b=True), GlobalAvgPool(), Reduce(), Unsqueeze(), Slice(start=1)),
        *(ScaleShift(), PReLU(per_channel=True), RMSNorm(), GaussianNoise()),
    ]
)
NAMES = st.sampled_from(["", "", "", "", "train", "group1_0_fc1", "_buffers", "class_"])


@st.composite
def drawings(draw: st.DrawFn) -> Graph:
    """Draw a network of up to 8 blocks, each wired to some before it."""
    graph = chain(Input(field=draw(st.sampled_from(["row", "signal"]))))
    for number in range(draw(st.integers(1, 8))):
        layer = draw(LAYERS)
        ports = layer.input_ports()
        before = st.lists(
            st.sampled_from(list(graph.nodes)[-3:]),
            min_size=min(1, len(ports)),
            max_size=0 if not ports else 3 if ports[0].variadic else len(ports),
            unique=True,
        )
        graph, block = add(graph, layer, *draw(before), name=f"b{number}")
        name = draw(NAMES)
        changed = replace(
            graph.nodes[block],
            name=name if name and graph.named(name) is None else block,
            enabled=draw(st.integers(0, 9)) > 0,
            frozen=draw(st.booleans()),
            shares=draw(st.sampled_from([None] * 6 + ["b0", "b2", "b3/fc1"])),
        )
        graph = graph.put(changed)
    for number, end in enumerate(list(graph.nodes)[-1:] + draw(st.sampled_from([[], ["b0"]]))):
        graph, _ = add(graph, Output(target=f"t{number}"), end, name=f"out{number}")
    return graph


@given(drawings())
@settings(max_examples=250, deadline=None)
def test_what_passes_the_checks_runs_as_they_said(graph: Graph) -> None:
    analysis = analyse(graph, FIELDS, fake_outcome)
    for problem in analysis.problems:
        assert problem.message.endswith(".")
        for fix in problem.fixes:
            assert fix.opens or fix.apply(graph) != graph
    if analysis.errors:
        event("refused")
        return
    event("runs")
    compiled = compile_network(graph, FIELDS, logits=False)
    sizes = {spec.name: spec.shape for spec in FIELDS}
    values = [torch.randn(3, *sizes[name]) for name in compiled.inputs]
    module = compiled.module.eval()
    answers = module(*values)
    answers = answers if isinstance(answers, tuple) else (answers,)
    outputs = [key for key, node in graph.nodes.items() if node.layer.answers]
    said = [analysis.nodes[node].inputs[0] for node in outputs]
    assert [tuple(answer.shape) for answer in answers] == [(3, *shape[1:]) for shape in said]
    assert analysis.parameters == sum(weight.numel() for weight in module.parameters())

    drawn = compiled.module.eval()
    space: dict[str, type[torch.nn.Module]] = {}
    exec(python_code(graph, FIELDS), space)
    printed = space["Network"]()
    printed.load_state_dict(drawn.state_dict())
    ours, theirs = drawn(*values), printed.eval()(*values)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    assert all(torch.equal(a, b) for a, b in pairs)
