"""Project files: round trip, atomic writing, and what is said of files that cannot be read."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from modelstudio.errors import NetworkError, ProjectError
from modelstudio.network.graph import MOST_NESTED, Edge, Graph, Node, Note
from modelstudio.network.group import Group, GroupInput, GroupOutput
from modelstudio.network.grouping import collapse
from modelstudio.network.layer import UnknownLayer
from modelstudio.project.files import dumps, load_project, loads, save_project
from modelstudio.project.migrations import migrate
from modelstudio.project.model import FORMAT_VERSION, DataConfig, Project, TrainConfig
from modelstudio.project.training import SGD, Cosine
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import FillMissing, OneHot, UnknownStep


def full_project() -> Project:
    """A project that uses every part of the format, groups and shared weights included."""
    from modelstudio.layers import Input, Linear, Output

    inner = (
        Graph()
        .add(Node("a", "x", GroupInput()))
        .add(Node("b", "fc1", Linear(out_features=4)))
        .add(Node("c", "y", GroupOutput()))
        .connect(Edge("a", "y", "b", "x"))
        .connect(Edge("b", "y", "c", "x"))
    )
    graph = (
        Graph()
        .add(Node("n1", "input1", Input(), (16.0, 32.0)))
        .add(Node("n2", "block1", Group(graph=inner, repeat=3), shares=None, frozen=True))
        .add(Node("n3", "fc2", Linear(out_features=1), shares="n2/b", enabled=False))
        .add(Node("n4", "output1", Output()))
        .connect(Edge("n1", "y", "n2", "x"))
        .connect(Edge("n2", "y", "n3", "x"))
        .connect(Edge("n3", "y", "n4", "x"))
        .with_notes([Note("n9", "look here")])
    )
    return Project(
        name="Größe",
        data=DataConfig(
            path="a.csv",
            columns=(Column(name="a", kind="number"), Column(name="b", kind="id", role="ignored")),
            recipe=(FillMissing(method="mean"), OneHot(columns=("a",), enabled=False)),
            fields=(
                FieldSpec(name="t", role="target", kind="classes", shape=(), classes=("x", "y")),
            ),
        ),
        network=graph,
        training=TrainConfig(optimizer=SGD(nesterov=True), schedule=Cosine(), clip_norm=1.5),
    )


def test_round_trip(tmp_path: Path) -> None:
    project = full_project()
    path = tmp_path / "größe.mstudio"
    save_project(project, path)
    again = load_project(path)
    assert again == project
    assert again.network.nodes["n2"].layer.repeat == 3
    assert again.network.nodes["n3"].shares == "n2/b"
    assert isinstance(again.network.nodes, MappingProxyType)


def test_unknown_layer_and_step_are_kept(tmp_path: Path) -> None:
    raw = json.loads(dumps(full_project()))
    layer = {"type": "Hologram", "depth": [1, {"a": 2}]}
    raw["network"]["nodes"][1]["layer"] = layer
    step = {"type": "Transmogrify", "by": 3}
    raw["data"]["recipe"].append(step)
    project = loads(json.dumps(raw))
    assert isinstance(project.network.nodes["n2"].layer, UnknownLayer)
    assert isinstance(project.data.recipe[-1], UnknownStep)
    saved = json.loads(dumps(project))
    assert saved["network"]["nodes"][1]["layer"] == layer
    assert saved["data"]["recipe"][-1] == step
    assert saved["network"]["edges"] == raw["network"]["edges"]


def test_newer_version_is_refused() -> None:
    raw = {**json.loads(dumps(Project())), "format_version": FORMAT_VERSION + 1}
    with pytest.raises(ProjectError, match="newer Model Studio") as caught:
        loads(json.dumps(raw), "a.mstudio")
    assert "Update" in str(caught.value)


def test_old_versions_pass_through_every_migration() -> None:
    steps = {1: lambda raw: {**raw, "a": 1}, 2: lambda raw: {**raw, "b": raw["a"] + 1}}
    assert migrate({"format_version": 1}, steps, current=3) == {"a": 1, "b": 2}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_project_cut_anywhere_is_named_so(share: float) -> None:
    text = dumps(full_project()).rstrip()
    with pytest.raises(ProjectError) as caught:
        loads(text[: int(len(text) * share)], "half.mstudio")
    assert "half.mstudio" in caught.value.message
    assert "not changed" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "[]",
        "3",
        "{}",
        "null",
        '{"format_version": "x", "data": {}}',
        "[" * 100_000,
    ],
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ProjectError):
        loads(text, "other.txt")


def test_a_value_out_of_range_is_named() -> None:
    raw = json.loads(dumps(Project()))
    raw["training"]["epochs"] = 0
    with pytest.raises(ProjectError, match="Epochs must be 1 or more"):
        loads(json.dumps(raw))


def test_missing_file_folder_and_binary(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="does not exist"):
        load_project(tmp_path / "no.mstudio")
    with pytest.raises(ProjectError, match="folder"):
        load_project(tmp_path)
    (tmp_path / "b.mstudio").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(ProjectError, match="not a Model Studio project"):
        load_project(tmp_path / "b.mstudio")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "p.mstudio"
    save_project(Project(name="old"), path)
    before = path.read_bytes()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(ProjectError, match="disk is full"):
        save_project(Project(name="new"), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["p.mstudio"]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="folder does not exist"):
        save_project(Project(), tmp_path / "no" / "p.mstudio")


def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **keywords: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(ProjectError, match="read-only"):
        save_project(Project(), tmp_path / "p.mstudio")


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    """Return what is said of a project file after a change by hand."""
    raw = json.loads(dumps(full_project()))
    change(raw)
    with pytest.raises(ProjectError) as caught:
        loads(json.dumps(raw), "p.mstudio")
    return caught.value.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda net: net.update(edges={"a": 1}), "The wires of the network are not a list."),
        (lambda net: net.update(nodes="abc"), "The blocks of the network are not a list."),
        (lambda net: net["edges"][1].pop(), "Wire 2 of the network cannot be read. It needs four"),
        (lambda net: net["nodes"][2].update(position="here"), "Block 3 of the network (fc2)"),
        (lambda net: net["nodes"][2].update(position=[1e300, 0]), "nowhere on the canvas"),
        (lambda net: net["nodes"][2].pop("layer"), "Block 3 of the network (fc2) has no layer."),
        (lambda net: net["nodes"][2].update(name="a\0"), "Its name is 'a\\x00', which cannot"),
        (
            lambda net: net["nodes"][2]["layer"].update(out_features=-5),
            "Block 3 of the network (fc2) cannot be read. Output size must be 1 or more, not -5.",
        ),
    ],
)
def test_what_is_wrong_with_a_network_is_said_of_its_part(
    change: Callable[[dict[str, Any]], object], said: str
) -> None:
    assert said in damaged(lambda raw: change(raw["network"]))


@pytest.mark.parametrize("shape", [[0], [-1], [2**40], [16.5], [[]], [True], ["X"], "16", None])
def test_a_field_of_no_shape_is_named(shape: object) -> None:
    said = damaged(lambda raw: raw["data"]["fields"][0].update(shape=shape))
    assert "The shape of the field t must be a list of whole numbers from 1" in said


def test_half_a_character_and_endless_digits_are_refused() -> None:
    assert "cut in the middle of a character" in damaged(lambda raw: raw.update(name="\ud800"))
    assert loads(dumps(Project()).replace("Untitled", "\\ud83d\\ude00")).name == "\U0001f600"
    with pytest.raises(ProjectError, match="not a Model Studio project"):
        loads('{"format_version": ' + "9" * 5000 + "}")


def nested(depth: int) -> Graph:
    """Return groups in each other."""
    graph = Graph().add(Node("a", "x", GroupInput())).add(Node("b", "y", GroupOutput()))
    graph = graph.connect(Edge("a", "y", "b", "x"))
    for _ in range(depth):
        graph = Graph().add(Node("g", "group1", Group(graph=graph)))
    return graph


def test_groups_may_lie_in_each_other_so_deep() -> None:
    assert loads(dumps(Project(network=nested(MOST_NESTED)))).network == nested(MOST_NESTED)
    with pytest.raises(NetworkError, match="too deep"):
        collapse(nested(MOST_NESTED), ["g"], "group2")
    text = dumps(Project(network=nested(MOST_NESTED + 1)))
    with pytest.raises(ProjectError, match="The groups of the network lie too deep"):
        loads(text)
