"""Starting networks and training settings for each kind of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modelstudio.engine.draft import pictures, ratings, series, tables, texts
from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import Concatenate, Dropout, Linear, Output
from modelstudio.network.graph import Graph
from modelstudio.network.layout import arrange
from modelstudio.project.model import TrainConfig
from modelstudio.recipe.fields import FieldSpec

rows_for = tables.rows_for

BRANCHES = {
    "image": pictures.branch,
    "spectrogram": pictures.branch,
    "window": series.branch,
    "text": texts.branch,
}
"""What leads from a field of a kind to one row of numbers; the others go in as they are."""


def network(fields: Sequence[FieldSpec], rows: int) -> Graph:
    """Return a sensible network from the fields to the target; empty without either.

    A table gets a multilayer perceptron; other data a branch for each field and one layer behind
    them all.
    """
    inputs = [field for field in fields if field.role == "input"]
    target = next((field for field in fields if field.role == "target"), None)
    if texts.tells_next(fields):
        return texts.network(inputs[0]) if inputs else Graph()
    if ratings.chosen(fields):
        return ratings.chooser(fields)
    if target is None or not any(_branch_of(field) in BRANCHES for field in inputs):
        rated = target is not None and ratings.rated(inputs)
        return ratings.network(fields) if rated else tables.network(fields, rows)
    chain = Chain()
    ends = [BRANCHES.get(_branch_of(field), Chain.start)(chain, field) for field in inputs]
    if len(ends) > 1:
        chain.add("cat", Concatenate(), ends)
    seen = any(field.kind == "image" for field in inputs)
    chain.add("drop", Dropout(p=pictures.DROPOUT if seen else 0.3))
    chain.add("fc", Linear(out_features=target.logits or 1))
    chain.add("out", Output())
    return chain.graph.move(arrange(chain.graph))


def _branch_of(field: FieldSpec) -> str:
    return "text" if texts.is_text(field) else field.kind


def settings(
    fields: Sequence[FieldSpec], rows: int, config: TrainConfig | None = None
) -> TrainConfig:
    """Return training settings for a number of training rows; seed and device are kept."""
    if any(field.kind in ("image", "spectrogram") for field in fields):
        return pictures.settings(rows, config)
    if any(field.kind == "window" for field in fields):
        return series.settings(rows, config)
    if any(map(texts.is_text, fields)):
        return texts.settings(fields, rows, config)
    if ratings.rated(fields) or ratings.chosen(fields):
        return ratings.settings(rows, config)
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
