"""Thousands of random edits: graph, scene, selection and undo stay in step."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from modelstudio.network.check import analyse_within
from modelstudio.network.graph import Edge, Graph
from modelstudio.network.group import Group
from modelstudio.network.grouping import collapse
from modelstudio.network.layer import Layer
from modelstudio.network.levels import level, with_level
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.edits import add_after, new_node

KINDS = ["Input", "Linear", "Conv2d", "ReLU", "Add", "Concatenate", "Flatten", "Dropout", "Output"]
FIELDS = (
    FieldSpec(name="features", role="input", kind="features", shape=(16,)),
    FieldSpec(name="label", role="target", kind="classes", shape=(), classes=tuple("abcdefghij")),
)
PLACES = st.tuples(st.integers(-4, 12), st.integers(-4, 12)).map(
    lambda spot: (spot[0] * 96.0, spot[1] * 48.0)
)
CHOICE = st.integers(0, 10**6)


class Editing(RuleBasedStateMachine):
    """One window's worth of editor and canvas; each run begins with another document."""

    window: ClassVar[tuple[Document, Editor, Canvas]]
    seen: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.document, self.editor, self.canvas = self.window
        self.refusals: list[str] = []
        QGuiApplication.clipboard().clear()
        self.document.new(Project(network=self.begin(), data=DataConfig(fields=FIELDS)))
        self.first = self.document.project
        self.editor.refused.connect(self.refusals.append)

    def begin(self) -> Graph:
        """Return a chain with a group in it."""
        graph = Graph().add(new_node(Graph(), find("Input"), (0.0, 0.0)))
        for number, kind in enumerate(("Flatten", "Linear", "ReLU", "Linear", "Output"), 1):
            graph, _ = add_after(graph, find(kind), f"n{number}")
        return collapse(graph, {"n3", "n4"}, "stage1")[0]

    def teardown(self) -> None:
        self.redo(1000)
        last = self.document.project
        self.undo(1000)
        self.in_step()
        assert self.document.project == self.first
        self.redo(1000)
        self.in_step()
        assert self.document.project == last
        self.editor.refused.disconnect(self.refusals.append)

    # Choosing

    def node(self, choice: int) -> str:
        keys = list(self.editor.graph.nodes)
        return keys[choice % len(keys)]

    def edge(self, choice: int) -> Edge:
        return self.editor.graph.edges[choice % len(self.editor.graph.edges)]

    def has_blocks(self) -> bool:
        return bool(self.editor.graph.nodes)

    def has_wires(self) -> bool:
        return bool(self.editor.graph.edges)

    # Verbs

    @rule(kind=st.sampled_from(KINDS), place=PLACES)
    def add(self, kind: str, place: tuple[float, float]) -> None:
        self.editor.add(type(find(kind)), place)

    @rule(kind=st.sampled_from(KINDS), place=PLACES)
    def add_behind(self, kind: str, place: tuple[float, float]) -> None:
        self.editor.add_after_selection(type(find(kind)), place)

    @precondition(has_wires)
    @rule(kind=st.sampled_from(KINDS), place=PLACES, choice=CHOICE)
    def insert(self, kind: str, place: tuple[float, float], choice: int) -> None:
        self.editor.add(type(find(kind)), place, self.edge(choice))

    @precondition(has_blocks)
    @rule(choice=CHOICE, extend=st.booleans())
    def select(self, choice: int, extend: bool) -> None:
        chosen = {self.node(choice)}
        self.editor.select(self.editor.selection | chosen if extend else chosen)

    @precondition(has_blocks)
    @rule(first=CHOICE, number=st.integers(1, 4))
    def select_several(self, first: int, number: int) -> None:
        keys = list(self.editor.graph.nodes)
        at = first % len(keys)
        self.editor.select([*keys[at : at + number], *(n.id for n in self.editor.graph.notes[:1])])

    @precondition(has_wires)
    @rule(choice=CHOICE)
    def select_wire(self, choice: int) -> None:
        self.editor.select(edge=self.edge(choice))

    @rule()
    def select_all(self) -> None:
        self.editor.select_all()

    @precondition(has_blocks)
    @rule(start=CHOICE, end=CHOICE, port=CHOICE)
    def connect(self, start: int, end: int, port: int) -> None:
        a, b = self.node(start), self.node(end)
        outputs = self.editor.graph.nodes[a].layer.output_ports()
        inputs = self.editor.graph.nodes[b].layer.input_ports()
        if outputs and inputs:
            edge = Edge(a, outputs[port % len(outputs)].name, b, inputs[port % len(inputs)].name)
            self.editor.wire(edge)

    @precondition(has_wires)
    @rule(choice=CHOICE)
    def disconnect(self, choice: int) -> None:
        self.editor.unwire(self.edge(choice))

    @rule()
    def delete(self) -> None:
        self.editor.delete()

    @rule(dx=st.integers(-3, 3), dy=st.integers(-3, 3))
    def nudge(self, dx: int, dy: int) -> None:
        self.editor.nudge(dx, dy)

    @precondition(has_blocks)
    @rule(choice=CHOICE, place=PLACES, wire=st.none() | CHOICE)
    def move(self, choice: int, place: tuple[float, float], wire: int | None) -> None:
        onto = self.edge(wire) if wire is not None and self.editor.graph.edges else None
        self.editor.move({self.node(choice): place}, onto)

    @precondition(has_blocks)
    @rule(choice=CHOICE, name=st.sampled_from(["alpha", "beta", "gamma", "input", "1", "", "für"]))
    def rename(self, choice: int, name: str) -> None:
        self.editor.rename(self.node(choice), name)

    @rule()
    def toggle(self) -> None:
        self.editor.toggle()

    @rule()
    def freeze(self) -> None:
        self.editor.toggle_frozen()

    @rule(size=st.sampled_from([1, 10, 16, 0, 10**9]))
    def set_field(self, size: int) -> None:
        node = self.editor.single
        if node is not None and "out_features" in type(node.layer).model_fields:
            self.editor.set_field("out_features", size)

    @rule(repeat=st.integers(0, 4))
    def set_repeat(self, repeat: int) -> None:
        node = self.editor.single
        if node is not None and isinstance(node.layer, Group):
            self.editor.set_field("repeat", repeat)

    @precondition(has_blocks)
    @rule(choice=CHOICE, owner=CHOICE)
    def share(self, choice: int, owner: int) -> None:
        node = self.editor.graph.nodes[self.node(choice)]
        address = "/".join((*self.editor.path, self.node(owner)))
        graph = self.editor.graph.put(replace(node, shares=address))
        self.editor.apply("share", graph)

    @rule()
    def duplicate(self) -> None:
        if len(self.editor.root.nodes) < 40:
            self.editor.duplicate()

    @rule()
    def copy(self) -> None:
        self.editor.copy()

    @rule()
    def cut(self) -> None:
        self.editor.cut()

    @rule(place=st.none() | PLACES)
    def paste(self, place: tuple[float, float] | None) -> None:
        if len(self.editor.root.nodes) < 40:
            self.editor.paste(place)

    @precondition(has_blocks)
    @rule(first=CHOICE, number=st.integers(1, 3))
    def group(self, first: int, number: int) -> None:
        if len(self.editor.path) < 4:
            order = self.editor.graph.order
            at = first % len(order)
            self.editor.select(order[at : at + number])
            self.editor.group()

    @rule()
    def group_selected(self) -> None:
        if len(self.editor.path) < 4:
            self.editor.group()

    @rule()
    def ungroup(self) -> None:
        self.editor.ungroup()

    @precondition(lambda self: any(self.editor.graph.of_type(Group)))
    @rule(choice=CHOICE)
    def enter(self, choice: int) -> None:
        groups = list(self.editor.graph.of_type(Group))
        assert self.editor.enter(groups[choice % len(groups)].id)

    @rule(levels=st.integers(0, 3))
    def leave(self, levels: int) -> None:
        for _ in range(levels):
            self.editor.leave()

    @rule()
    def tidy(self) -> None:
        self.editor.tidy()

    @rule(place=PLACES)
    def add_note(self, place: tuple[float, float]) -> None:
        self.editor.add_note(place)

    @precondition(lambda self: bool(self.editor.graph.notes))
    @rule(text=st.text(max_size=8))
    def change_note(self, text: str) -> None:
        note = self.editor.graph.notes[0]
        self.editor.change_note(replace(note, text=text), "Edit note")

    @precondition(lambda self: bool(self.editor.analysis.problems))
    @rule(choice=CHOICE)
    def fix(self, choice: int) -> None:
        problems = self.editor.analysis.problems
        problem = problems[choice % len(problems)]
        if problem.fixes:
            self.editor.fix(problem, problem.fixes[choice % len(problem.fixes)])

    @rule(times=st.integers(1, 4))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.document.undo()

    @rule(times=st.integers(1, 4))
    def redo(self, times: int) -> None:
        for _ in range(times):
            self.document.redo()

    # What must always hold

    @invariant()
    def in_step(self) -> None:
        editor, scene = self.editor, self.canvas.network_scene
        self.seen["steps"] += 1
        self.seen["inside of groups"] += bool(editor.path)
        self.seen["with groups"] += any(editor.root.of_type(Group))
        assert editor.root is self.document.project.network
        assert level(editor.root, editor.path) is editor.graph
        sound(editor.root)
        assert set(scene.blocks) == set(editor.graph.nodes)
        for key, item in scene.blocks.items():
            assert item.node is editor.graph.nodes[key]
            assert (item.x(), item.y()) == item.node.position
        assert set(scene.wires) == set(editor.graph.edges)
        assert all(len(wire.course) > 1 for wire in scene.wires.values())
        assert set(scene.notes) == {note.id for note in editor.graph.notes}
        assert editor.selection <= {*editor.graph.nodes, *scene.notes}
        assert editor.edge is None or editor.edge in editor.graph.edges
        assert all(len(text) > 9 for text in self.refusals), self.refusals

    @invariant()
    def known_as_it_is(self) -> None:
        """What was not analysed again would come out the same."""
        editor = self.editor
        whole, inner = analyse_within(editor.root, editor.path, FIELDS)
        assert told(editor.whole) == told(whole)
        assert told(editor.analysis) == told(inner)
        again = with_level(editor.root, editor.path, editor.graph)
        assert again is editor.root or again == editor.root


def told(analysis: Any) -> Any:
    said = [(problem.node, problem.message) for problem in analysis.problems]
    return analysis.nodes, said, analysis.parameters


def sound(graph: Graph) -> None:
    """Assert that a graph is one that the page itself may make."""
    assert len(graph.order) == len(graph.nodes)
    names = [node.name for node in graph.nodes.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert len(set(graph.edges)) == len(graph.edges)
    ids = [*graph.nodes, *(note.id for note in graph.notes)]
    assert len(set(ids)) == len(ids)
    for key, node in graph.nodes.items():
        assert node.id == key
        into = {port.name: port for port in node.layer.input_ports()}
        taken = [edge.target_port for edge in graph.incoming[key]]
        assert all(port in into for port in taken)
        assert all(into[port].variadic or taken.count(port) == 1 for port in taken)
        out = {port.name for port in node.layer.output_ports()}
        assert all(edge.source_port in out for edge in graph.outgoing[key])
        if isinstance(node.layer, Group):
            sound(node.layer.graph)
    assert Graph.from_dict(graph.to_dict()) == graph


def find(kind: str) -> Layer:
    found = Layer.find(kind)
    assert found is not None
    return found()


@pytest.mark.timeout(120)
def test_random_edits_keep_everything_in_step(qtbot: QtBot) -> None:
    document = Document()
    editor = Editor(document)
    canvas = Canvas(editor)
    qtbot.addWidget(canvas)
    Editing.window = (document, editor, canvas)
    Editing.seen = Counter()
    run_state_machine_as_test(
        Editing,
        settings=settings(
            max_examples=100,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    del Editing.window
    assert Editing.seen["steps"] > 5000
    assert Editing.seen["inside of groups"] > 100
    assert Editing.seen["with groups"] > 300
