"""Starting networks and training settings for each kind of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modelstudio.engine.draft import tables
from modelstudio.layers import Linear, Output
from modelstudio.network.graph import Graph
from modelstudio.project.model import TrainConfig
from modelstudio.recipe.fields import FieldSpec

rows_for = tables.rows_for


def network(fields: Sequence[FieldSpec], rows: int) -> Graph:
    """Return a sensible network from the fields to the target; empty without either."""
    return tables.network(fields, rows)


def settings(
    fields: Sequence[FieldSpec], rows: int, config: TrainConfig | None = None
) -> TrainConfig:
    """Return training settings for a number of training rows; seed and device are kept."""
    return tables.settings(rows, config)


def with_head(graph: Graph, fields: Sequence[FieldSpec]) -> Graph:
    """Return the network with as many outputs of its last Linear as the target needs."""
    target = next((field for field in fields if field.role == "target"), None)
    if target is None or target.logits is None:
        return graph
    for out in list(graph.of_type(Output)):
        for edge in graph.incoming[out.id]:
            head = graph.nodes[edge.source]
            if isinstance(head.layer, Linear):
                layer = head.layer.changed(out_features=target.logits)
                graph = graph.put(replace(head, layer=layer))
    return graph
