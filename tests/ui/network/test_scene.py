"""The scene stays in step with the graph, and touches only what changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelstudio.errors import NetworkError
from modelstudio.network.graph import Edge, Graph, Note
from modelstudio.network.layer import Layer
from modelstudio.ui.pages.network import NetworkPage, edits
from modelstudio.ui.pages.network.routing import segments
from modelstudio.ui.pages.network.scene import NetworkScene


def assert_in_step(scene: NetworkScene, graph: Graph) -> None:
    assert scene.blocks.keys() == graph.nodes.keys()
    assert scene.wires.keys() == set(graph.edges)
    assert scene.notes.keys() == {note.id for note in graph.notes}
    for key, node in graph.nodes.items():
        item = scene.blocks[key]
        assert item.node is node
        assert (item.x(), item.y()) == node.position
    for edge, wire in scene.wires.items():
        source, target = scene.blocks[edge.source], scene.blocks[edge.target]
        starts = {(p.x(), p.y()) for _, p in source.output_points()}
        assert wire.course[0] in starts
        x, y = wire.course[-1]
        box = target.box
        assert box.left <= x <= box.right
        assert box.top <= y <= box.bottom
    assert len(scene.items()) == len(graph.nodes) + len(graph.edges) + len(graph.notes)


def test_the_output_says_what_it_answers_for(page: NetworkPage) -> None:
    document = page.document
    output = page.canvas.network_scene.blocks["e"]
    assert output.summary == "10 classes"
    data = document.project.data
    image, label = data.fields
    number = label.model_copy(update={"kind": "value", "classes": (), "name": "price"})
    document.edit("Set target", document.project.changed(data=data.changed(fields=(image, number))))
    assert output.summary == "price"


def random_edit(graph: Graph, dice: random.Random) -> Graph:
    keys = list(graph.nodes)
    layers = [Layer.find(name) for name in ("Linear", "ReLU", "Add", "Flatten", "Conv2d")]
    layer = dice.choice([found for found in layers if found is not None])
    match dice.randrange(8):
        case 0 | 1:
            place = edits.snapped(dice.uniform(-500, 500), dice.uniform(-500, 500))
            return graph.add(edits.new_node(graph, layer(), place))
        case 2 if keys:
            return graph.remove([dice.choice(keys)], heal=True)
        case 3 if keys:
            place = edits.snapped(dice.uniform(-500, 500), dice.uniform(-500, 500))
            return graph.move({dice.choice(keys): place})
        case 4 | 5 if len(keys) > 1:
            source, target = dice.sample(keys, 2)
            into = graph.nodes[target].layer.input_ports()
            out = graph.nodes[source].layer.output_ports()
            if into and out:
                try:
                    return graph.connect(Edge(source, out[0].name, target, into[0].name))
                except NetworkError:
                    return graph
        case 6 if keys:
            node = graph.nodes[dice.choice(keys)]
            return graph.put(replace(node, enabled=not node.enabled))
        case 7:
            note = Note(graph.free_id(), "note", (dice.uniform(0, 99), 0.0))
            return graph.with_notes((*graph.notes, note)[-3:])
    return graph


@pytest.mark.parametrize("seed", range(4))
def test_in_step_after_random_edits_undo_and_redo(page: NetworkPage, seed: int) -> None:
    dice = random.Random(seed)
    scene = page.canvas.network_scene
    for _ in range(60):
        step = dice.random()
        if step < 0.15:
            page.document.undo()
        elif step < 0.25:
            page.document.redo()
        else:
            page.editor.apply("Edit", random_edit(page.editor.graph, dice))
        assert_in_step(scene, page.document.project.network)


def test_an_edit_touches_only_what_changed(
    page: NetworkPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = page.canvas.network_scene
    touched: list[str] = []
    kind = type(scene.blocks["a"])
    update = kind.update
    monkeypatch.setattr(
        kind, "update", lambda self, *rest: (touched.append(self.node.id), update(self, *rest))[1]
    )
    items = dict(scene.blocks)
    page.editor.select(["c"])
    touched.clear()
    page.editor.toggle()
    assert set(touched) == {"c"}
    assert dict(scene.blocks) == items, "items are kept, not made anew"


def test_moving_does_not_analyse_again(page: NetworkPage) -> None:
    known = page.editor.analysis
    page.editor.move({"b": (160.0, 96.0)})
    assert page.editor.analysis is known
    page.editor.select(["b"])
    page.editor.set_field("out_channels", 8)
    assert page.editor.analysis is not known


def test_wires_go_around_blocks(open_page: Callable[[Graph], NetworkPage]) -> None:
    graph = Graph()
    relu, add = Layer.find("ReLU"), Layer.find("Add")
    assert relu is not None
    assert add is not None
    for key, layer, y in (("a", relu, 0), ("b", relu, 96), ("c", add, 192)):
        node = replace(edits.new_node(graph, layer(), (0.0, float(y))), id=key)
        graph = graph.add(node)
    into = graph.nodes["c"].layer.input_ports()[0].name
    graph = graph.connect(Edge("a", "y", "b", "x")).connect(Edge("b", "y", "c", into))
    skip = Edge("a", "y", "c", into)
    page = open_page(graph.connect(skip))
    scene: Any = page.canvas.network_scene
    course = scene.wires[skip].course
    box = scene.blocks["b"].box
    assert not any(box.crossed_by(part) for part in segments(course))
