"""Python blocks: read without being run, run only when trusted, faults told with their line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given as given_
from hypothesis import strategies as st
from networks import add, branches, chain, given, mlp, wanted

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network, fake_outcome
from modelstudio.engine.custom import BlockFault
from modelstudio.errors import NetworkError
from modelstudio.layers import Custom, Group, GroupInput, GroupOutput, Input, Linear, Output
from modelstudio.layers.custom import TEMPLATE, read_source
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.trust import forget, trust

FIELDS = [given("features", 6), wanted("y", 3)]

MARK = """\
from pathlib import Path
from torch import nn
Path({path!r}).touch()
class Mark(nn.Module):
    def forward(self, x):
        return 2 * x
"""

BODY = """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, size=4, rate=0.5, name="a", on=True, how=None):
        super().__init__()
        self.size, self.rate = size, rate

    def forward(self, x):
        {body}
"""


def block(body: str) -> Custom:
    return Custom(source=BODY.format(body=body))


def problem(layer: Custom) -> str:
    """Return what is said of a trusted block, worked out on tensors without data."""
    trust(layer.source)
    errors = analyse(mlp(layer, Linear(out_features=3)), FIELDS, fake_outcome).errors
    return errors[0].message if errors else ""


def test_ports_and_settings_are_read_off_the_text() -> None:
    source = BODY.replace("self, x)", "self, query, key, mask=None)").format(body="return query")
    known = read_source(source)
    assert known.name == "Block"
    assert [port.name for port in known.ports] == ["query", "key", "mask"]
    assert [port.optional for port in known.ports] == [False, False, True]
    assert known.settings == (("size", 4), ("rate", 0.5), ("name", "a"), ("on", True))
    (many,) = read_source(BODY.replace("self, x)", "self, *xs)").format(body="return 1")).ports
    assert many.variadic


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class A(\n", "mistake in line 1"),
        ("x = 1\ndef f(:\n", "mistake in line 2"),
        ("return 1\n", "mistake in line 1"),
        ("x = 1\n", "needs a class of torch.nn.Module with a method forward"),
        ("\0", "null bytes"),
        ("(" * 5000, "has "),
        ("#" * 300_000, "characters"),
        ("class A:\n def forward(self): ...\n", "line 2 without an input"),
        ("class A:\n def forward(self, x, **k): ...\n", "by keyword"),
        ("class A:\n def forward(self, x, a=1, b=2): ...\n", "2 inputs that may be left open"),
        ("class A:\n def forward(self, x, *xs): ...\n", "both named inputs and"),
        (
            "class A:\n def __init__(self, n): ...\n def forward(self, x): ...\n",
            "needs a default for n",
        ),
    ],
)
def test_what_cannot_be_a_block_is_said(source: str, said: str) -> None:
    layer = Custom(source=source)
    assert layer.input_ports()
    (error,) = analyse(mlp(layer), FIELDS).errors
    assert said in error.message
    assert error.message.startswith("block1 ")


def test_nothing_runs_before_it_is_trusted(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    layer = Custom(source=MARK.format(path=str(mark)))
    graph = mlp(layer, Linear(out_features=3))
    analysis = analyse(Graph.from_dict(graph.to_dict()), FIELDS, fake_outcome)
    (error,) = analysis.errors
    assert error.untrusted == layer.source
    assert "not trusted" in error.message
    assert not error.fixes
    assert analysis.nodes["block1"].state == "waiting"
    with pytest.raises(NetworkError, match="not trusted"):
        compile_network(graph, FIELDS)
    with pytest.raises(NetworkError, match="not trusted"):
        python_code(graph, FIELDS)
    with pytest.raises(NetworkError, match="trust"):
        fake_outcome(
            "modelstudio.engine.custom.python_block", [], {"source": layer.source, "settings": {}}
        )
    assert not mark.exists()

    trust(layer.source)
    x = torch.randn(5, 6)
    module = compile_network(graph, FIELDS).module
    torch.testing.assert_close(module(x), module.fc1(2 * x))
    assert mark.exists()

    changed = layer.changed(source=layer.source.replace("2 * x", "3 * x"))
    assert analyse(mlp(changed), FIELDS).errors[0].untrusted == changed.source
    forget(layer.source)
    with pytest.raises(NetworkError, match="not trusted"):
        compile_network(graph, FIELDS)


def test_an_untrusted_block_in_a_group_or_switched_off() -> None:
    inner = chain(GroupInput(), block("return x"), GroupOutput())
    graph = mlp(Group(graph=inner), Linear(out_features=3))
    (error,) = analyse(graph, FIELDS).errors
    assert (error.node, error.untrusted) == ("group1", BODY.format(body="return x"))
    off = mlp(block("return x"), Linear(out_features=3)).to_dict()
    off["nodes"][1]["enabled"] = False
    assert not analyse(Graph.from_dict(off), FIELDS).errors


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return x / 0 if x is None else 1 / 0", "raises ZeroDivisionError in line 11: division"),
        ("return x @ torch.zeros(5, 5)", "raises RuntimeError in line 11"),
        ("return x if x.sum() > 0 else -x", "goes by the values of a tensor in line 11"),
        ("return x[x > 0]", "goes by the values of a tensor in line 11"),
        ("return x, x", "must return one tensor, not a tuple"),
        ("return x.sum()", "must keep the batch"),
        ("raise SystemExit(3)", "raises SystemExit in line 11: 3"),
    ],
)
def test_an_exception_inside_is_told_with_its_line(body: str, said: str) -> None:
    assert said in problem(block(body))


def test_what_it_prints_is_kept_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert problem(block("print('seen', x.shape[1]); return x")) == ""
    assert capsys.readouterr() == ("", "seen 6\n")


def test_a_fault_of_the_text_itself_is_told() -> None:
    source = "import nothing_of_that_name\n" + block("return x").source
    assert "raises ModuleNotFoundError in line 1" in problem(Custom(source=source))
    plain = "class A:\n def forward(self, x): return x\n"
    assert "is not a torch.nn.Module" in problem(Custom(source=plain))


def test_an_exception_while_it_runs_is_a_sentence() -> None:
    layer = block("return x if x.shape[0] == 1009 else x.nothing")
    trust(layer.source)
    module = compile_network(mlp(layer, Linear(out_features=3)), FIELDS).module
    with pytest.raises(BlockFault, match=r"Block raises AttributeError in line 11: .*nothing"):
        module(torch.randn(2, 6))


def test_settings_and_sizes_reach_the_class() -> None:
    layer = Custom().with_value("sharpness", 2.0)
    assert layer.settings == (("sharpness", 2.0),)
    assert layer.with_value("sharpness", 1.0).settings == ()
    compiled = compile_network(mlp(layer, Linear(out_features=3)), FIELDS)
    assert compiled.module.block1.gate.in_features == 6
    assert compiled.module.block1.sharpness == 2
    assert compiled.analysis.parameters == 6 * 6 + 6 + 6 * 3 + 3
    assert compiled.analysis.nodes["block1"].macs == 6 * 6
    assert Layer.from_dict(layer.to_dict()) == layer
    odd = Custom(settings=(("sharpness", "very"), ("gone", 1)))
    assert odd.values() == {"sharpness": 1.0}


def test_generated_code_holds_the_source_and_gives_the_same_numbers() -> None:
    second = block("return x * self.rate")
    source = "from __future__ import annotations\n" + second.source
    trust(source)
    second = Custom(source=source, settings=(("rate", 0.25),))
    graph = mlp(Custom(), second, Custom(), Linear(out_features=3))
    torch.manual_seed(0)
    module = compile_network(graph, FIELDS).module.eval()
    code = python_code(graph, FIELDS)
    assert code.count("class Gate(nn.Module):") == 1
    names: dict[str, type[torch.nn.Module]] = {}
    exec(compile(code, "generated", "exec"), names)
    printed = names["Network"]().eval()
    printed.load_state_dict(module.state_dict())
    x = torch.randn(4, 6)
    torch.testing.assert_close(printed(x), module(x), rtol=0, atol=0)


def test_two_definitions_of_a_name_cannot_be_one_file() -> None:
    other = TEMPLATE.replace("learned share", "share")
    trust(other)
    graph = mlp(Custom(), Custom(source=other), Linear(out_features=3))
    compile_network(graph, FIELDS)
    with pytest.raises(NetworkError, match="more than one Python definition of Gate"):
        python_code(graph, FIELDS)


def test_two_inputs_and_shared_weights() -> None:
    layer = Custom(source=BODY.replace("self, x)", "self, x, y=None)").format(body="return x + 1"))
    trust(layer.source)
    compile_network(branches([(layer, [given("a", 3)])]), [given("a", 3)])
    both = [given("a", 3), given("b", 3)]
    compile_network(branches([(layer, both)]), both)
    graph, first = add(Graph(), Input(field="a"))
    graph, one = add(graph, Custom(), first)
    graph, two = add(graph, Custom(), one)
    graph, _ = add(graph, Output(), two)
    raw = graph.to_dict()
    raw["nodes"][2]["shares"] = one
    compiled = compile_network(Graph.from_dict(raw), [given("a", 3)])
    assert compiled.analysis.parameters == 12


PIECES = st.sampled_from(
    [*TEMPLATE.splitlines(keepends=True), "class A:\n", " def forward(self, *, y): 0\n", "(" * 300]
)


@given_(st.one_of(st.text(), st.lists(PIECES, max_size=9).map("".join)))
def test_any_text_is_read_without_a_fall(text: str) -> None:
    layer = Custom(source=text)
    known = read_source(text)
    assert layer.input_ports()
    assert len({port.name for port in layer.input_ports()}) == len(layer.input_ports())
    analysis = analyse(mlp(layer), FIELDS)
    if text != TEMPLATE:
        assert known.fault or analysis.errors[0].untrusted == text
    assert layer.values().keys() == dict(known.settings).keys()
