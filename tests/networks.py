"""Small networks for tests."""

from __future__ import annotations

from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec


def numbers(*shape: int, name: str = "features") -> FieldSpec:
    """Give an input field of numbers; ``shape`` is that of one sample."""
    return FieldSpec(name=name, role="input", kind="features", shape=shape)


def ids(*shape: int, vocabulary: int | None, name: str = "ids") -> FieldSpec:
    """Give an input field of ids."""
    return FieldSpec(
        name=name, role="input", kind="ids", shape=shape, dtype="int", vocabulary=vocabulary
    )


def classes(*names: str, name: str = "species") -> FieldSpec:
    """Give a target with these classes."""
    return FieldSpec(name=name, role="target", kind="classes", shape=(), classes=names)


def value(name: str = "price") -> FieldSpec:
    """Give a target that is a number."""
    return FieldSpec(name=name, role="target", kind="value", shape=())


def node(layer: Layer, name: str, **settings: object) -> Node:
    """Give a block whose id is its name."""
    return Node(name, name, layer, **settings)  # type: ignore[arg-type]


def wire(graph: Graph, source: str, target: str) -> Edge:
    """Give the wire between the first ports of two blocks."""
    source_port = graph.nodes[source].layer.output_ports()[0].name
    return Edge(source, source_port, target, graph.nodes[target].layer.input_ports()[0].name)


def chain(*layers: Layer) -> Graph:
    """Wire layers in a row; each block has its free name as id: ``fc1``, ``relu1``."""
    graph, last = Graph(), None
    for layer in layers:
        name = graph.free_name(layer.stem)
        graph = graph.add(node(layer, name))
        if last is not None:
            graph = graph.connect(wire(graph, last, name))
        last = name
    return graph


def extend(graph: Graph, layer: Layer, *sources: str, name: str = "", **settings: object) -> Graph:
    """Add a block with wires from ``sources``."""
    name = name or graph.free_name(layer.stem)
    graph = graph.add(node(layer, name, **settings))
    for source in sources:
        graph = graph.connect(wire(graph, source, name))
    return graph
