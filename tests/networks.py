"""Small networks and fields for the tests of network, layers and engine."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.layers import Input, Output
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec


def given(name: str, *shape: int | str, vocabulary: int | None = None) -> FieldSpec:
    """Return an input field; with a vocabulary it holds ids."""
    kind, dtype = ("ids", "int") if vocabulary else ("features", "float")
    return FieldSpec(
        name=name, role="input", kind=kind, shape=shape, dtype=dtype, vocabulary=vocabulary
    )


def wanted(name: str = "y", classes: int = 0) -> FieldSpec:
    """Return a target: a value, or so many classes."""
    if not classes:
        return FieldSpec(name=name, role="target", kind="value", shape=())
    labels = tuple(f"class {number}" for number in range(classes))
    kind = "binary" if classes == 2 else "classes"
    return FieldSpec(name=name, role="target", kind=kind, shape=(), dtype="int", classes=labels)


def add(graph: Graph, layer: Layer, *sources: str, name: str = "") -> tuple[Graph, str]:
    """Add a block, wired to others in port order; return its id, which is its name."""
    name = name or graph.free_name(layer.stem)
    graph = graph.add(Node(name, name, layer, (0.0, 96.0 * len(graph.nodes))))
    ports = layer.input_ports()
    for index, source in enumerate(sources):
        port = ports[min(index, len(ports) - 1)].name
        out = graph.nodes[source].layer.output_ports()[0].name
        graph = graph.connect(Edge(source, out, name, port))
    return graph, name


def chain(*layers: Layer, graph: Graph | None = None, after: str = "") -> Graph:
    """Return blocks in a row; their ids are their names: fc1, relu1."""
    graph, last = graph or Graph(), after
    for layer in layers:
        graph, last = add(graph, layer, *([last] if last else []))
    return graph


def mlp(*layers: Layer, field: str = "features") -> Graph:
    """Return layers in a row between an Input and an Output."""
    return chain(Input(field=field), *layers, Output())


def branches(cases: Sequence[tuple[Layer, Sequence[FieldSpec]]]) -> Graph:
    """Return a network with a branch a layer: fields, ``block0``, and the Output ``out0``."""
    graph = Graph()
    for number, (layer, fields) in enumerate(cases):
        graph, block = add(graph, layer, name=f"block{number}")
        ports = list(layer.input_ports())
        for field in fields:
            graph, source = add(graph, Input(field=field.name), name=f"in_{field.name}")
            fitting = (port for port in ports if port.dtype in (field.dtype, "any"))
            port = next(fitting, ports[0])
            graph = graph.connect(Edge(source, "y", block, port.name))
            if not port.variadic:
                ports.remove(port)
        graph, _ = add(graph, Output(target=f"out{number}"), block, name=f"out{number}")
    return graph
