"""Modules of Python files become blocks that say what the modules say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from modelstudio.engine.events import drain
from modelstudio.engine.importing.conclude import Imported
from modelstudio.engine.importing.module_file import load
from modelstudio.engine.importing.module_network import import_module
from modelstudio.errors import ImportFailed, NetworkError
from modelstudio.network.graph import Graph
from modelstudio.network.group import Group

FILE = Path(__file__).with_name("networks_of_others.py")


def brought_in(name: str, *shapes: tuple[int, ...], **arguments: object) -> Imported:
    return drain(import_module(FILE, name, shapes, arguments))


def types(graph: Graph) -> list[str]:
    found = []
    for node in graph.nodes.values():
        inner = node.layer.graph if isinstance(node.layer, Group) else None
        found += types(inner) if inner else [node.layer.type_name]
    return found


KINDS = (
    *("ResNet", "UNet", "TextClassifier", "GruTagger", "Encoder", "VisionTransformer"),
    *("MobileNet", "TwoTowers", "Tabular", "Tied", "Branching"),
    *("SignalCoder", "Volumes", "TwoAnswers", "Formulas"),
    *("Siamese", "TiedByFunction", "LineReader", "LastStep"),
    *("StepsFirst", "Translator", "Sensor", "MaskedWords", "Factors", "Plain"),
    *("ClassToken", "Padded", "Einstein"),
)
SHAPES = {"VisionTransformer": [(3, 32, 32)], "ResNet": [(3, 32, 32)]}


@pytest.mark.parametrize("name", KINDS)
def test_a_module_says_the_same_as_blocks(name: str) -> None:
    imported = brought_in(name, *SHAPES.get(name, ()))
    assert not imported.placeholders, imported.placeholders
    assert imported.problem == ""
    assert imported.difference is not None
    assert imported.difference < 1e-4
    original = load(FILE, name, {})
    assert imported.parameters == sum(weight.numel() for weight in original.parameters())
    assert imported.turned == (name in ("StepsFirst", "Translator", "Sensor"))


def test_a_causal_mask_is_kept() -> None:
    imported = brought_in("Causal")
    assert not imported.placeholders, imported.placeholders
    assert imported.difference is not None
    assert imported.difference < 1e-4


def test_each_answer_is_a_target() -> None:
    fields = brought_in("TwoAnswers").fields
    assert [(f.name, f.kind) for f in fields[1:]] == [("kind", "classes"), ("amount", "value")]


def test_modules_are_groups_with_their_names() -> None:
    graph = brought_in("ResNet").graph
    layer1 = graph.named("layer1")
    assert layer1 is not None
    assert isinstance(layer1.layer, Group)
    second = layer1.layer.graph.named("layer1_1")
    assert second is not None
    assert isinstance(second.layer, Group)
    names = {node.name for node in second.layer.graph.nodes.values()}
    assert {"conv1", "bn1", "downsample", "relu"} <= names
    assert len({node.position for node in graph.nodes.values()}) == len(graph.nodes)


def test_torch_modules_stay_whole() -> None:
    assert "LSTM" in types(brought_in("TextClassifier").graph)
    assert types(brought_in("Encoder").graph).count("TransformerEncoder") == 2


def test_fields_are_what_the_module_takes() -> None:
    towers = brought_in("TwoTowers")
    told = [(f.name, f.role, f.dtype, f.shape, f.vocabulary) for f in towers.fields]
    assert told == [
        ("user", "input", "int", (), 20),
        ("item", "input", "int", (), 30),
        ("facts", "input", "float", (3,), None),
        ("target", "target", "float", (), None),
    ]
    assert brought_in("Tabular", width=9).fields[0].name == "features"
    words = brought_in("TextClassifier").fields
    assert words[0].shape == ("T",)
    assert words[1].kind == "classes"
    assert len(words[1].classes) == 3


def test_shared_weights_stay_shared() -> None:
    graph = brought_in("Tied").graph
    shares = {node.name: node.shares for node in graph.nodes.values() if node.shares}
    owners = {graph.nodes[owner].name for owner in shares.values() if owner}
    assert owners == {"embed", "same"}
    assert len(shares) == 2


def test_a_head_with_a_shift_uses_the_table_of_words() -> None:
    graph = brought_in("MaskedWords").graph
    decoder, embed = graph.named("decoder"), graph.named("embed")
    assert decoder is not None
    assert embed is not None
    assert decoder.shares == embed.id


def test_one_number_a_sample_is_an_answer() -> None:
    assert [field.kind for field in brought_in("Factors").fields[2:]] == ["value"]
    assert [field.kind for field in brought_in("Plain").fields[1:]] == ["binary"]


def test_shapes_can_be_told() -> None:
    assert brought_in("MobileNet", (3, 40, 48)).fields[0].shape == (3, 40, 48)
    with pytest.raises(ImportFailed, match="cannot be found out what shapes"):
        brought_in("MobileNet", (2, 40, 48))


def test_what_has_no_block_stays_as_a_placeholder() -> None:
    imported = brought_in("Spectral")
    assert imported.difference is None
    (lost,) = imported.placeholders
    assert lost.reason.endswith(".")
    assert imported.graph.named(lost.name) is not None
    assert Graph.from_dict(imported.graph.to_dict()) == imported.graph
    assert lost.reason in imported.problem
    assert set(imported.state) == {"fc.weight", "fc.bias"}


@pytest.mark.parametrize("name", ["ResNet", "Tied"])
def test_the_weights_of_what_cannot_run_yet_have_their_names(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So they fit once the placeholders are replaced."""
    whole = brought_in(name).state

    def refuse(*_: object, **__: object) -> None:
        raise NetworkError("A block is missing.")

    monkeypatch.setattr("modelstudio.engine.importing.conclude.compile_network", refuse)
    state = brought_in(name).state
    assert set(state) == {key for key in whole if not key.endswith("num_batches_tracked")}
    for key, value in state.items():
        torch.testing.assert_close(value, whole[key])


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Failing", "cannot be found out what shapes"),
        ("NoModule", r"is not a torch\.nn\.Module"),
        ("BasicBlock", "cannot be made with these arguments"),
    ],
)
def test_bad_modules_are_told(name: str, sentence: str) -> None:
    with pytest.raises(ImportFailed, match=sentence) as caught:
        brought_in(name)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import no_such_module\nclass Net: pass", "stopped while it was loaded in line 1"),
        ("raise SystemExit", "SystemExit"),
        ("from torch import nn\nclass Net(nn.Module):\n  def __init__(self): 1 / 0", "in line 3"),
    ],
)
def test_code_that_fails_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "net.py"
    path.write_text(text)
    with pytest.raises(ImportFailed, match=sentence):
        drain(import_module(path, "Net", (), {}))


def test_what_the_code_prints_is_kept_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "loud.py"
    path.write_text(
        "from torch import nn\nprint('hello')\nclass Net(nn.Linear):\n"
        "  def __init__(self): super().__init__(2, 1)\n"
        "  def forward(self, x): print('x'); return super().forward(x)\n"
    )
    imported = drain(import_module(path, "Net", [(2,)], {}))
    assert imported.difference == 0
    assert capsys.readouterr() == ("", "")
    assert torch.is_tensor(next(iter(imported.state.values())))
