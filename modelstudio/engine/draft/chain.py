"""A network drawn block after block."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.layers import Embedding, Input
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec


class Chain:
    """Blocks each fed by the one before unless said otherwise."""

    def __init__(self) -> None:
        self.graph = Graph()
        self._last: Node | None = None

    def start(self, field: FieldSpec) -> Node:
        """Begin with the input of a field; return the block that carries it on."""
        end = self.add("input", Input(field=field.name), [])
        if field.kind == "ids":
            dim = min(50, round(1.6 * (field.vocabulary or 2) ** 0.56))
            end = self.add("embed", Embedding(embedding_dim=dim))
        return end

    def add(
        self,
        stem: str,
        layer: Layer,
        sources: Sequence[Node] | None = None,
        *,
        ids: Node | None = None,
    ) -> Node:
        """Add a block behind the last one, or behind ``sources``; ``ids`` tell it the padding."""
        if sources is None:
            sources = [self._last] if self._last else []
        node = Node(self.graph.free_id(), self.graph.free_name(stem), layer)
        graph = self.graph.add(node)
        for source in sources:
            port_out, port_in = source.layer.output_ports()[0], layer.input_ports()[0]
            graph = graph.connect(Edge(source.id, port_out.name, node.id, port_in.name))
        if ids is not None:
            graph = graph.connect(Edge(ids.id, ids.layer.output_ports()[0].name, node.id, "ids"))
        self.graph, self._last = graph, node
        return node
