"""What is too large to be built, told before anything is built."""

from __future__ import annotations

from modelstudio.machine import total_bytes
from modelstudio.network.analysis import Analysis, Problem
from modelstudio.network.graph import Graph
from modelstudio.network.group import PORTS, Group

MOST_BLOCKS = 100_000
"""Blocks that a network may have, each repeat of a group counted."""

BYTES = 4
"""Bytes of a float32."""


def unrolled(graph: Graph) -> dict[str, int]:
    """Return for each block how many it stands for: those inside a group, for each repeat."""
    return {
        key: node.layer.repeat * sum(unrolled(node.layer.graph).values())
        if isinstance(node.layer, Group)
        else int(not isinstance(node.layer, PORTS))
        for key, node in graph.nodes.items()
    }


def too_many(graph: Graph) -> Problem | None:
    """Return the problem of a network with more blocks than can be built."""
    counts = unrolled(graph)
    total = sum(counts.values())
    if total <= MOST_BLOCKS:
        return None
    largest = graph.nodes[max(counts, key=lambda key: counts[key])]
    text = (
        f"The network has {total:,} blocks, each repeat counted, most of them in {largest.name}. "
        f"It may have {MOST_BLOCKS:,}: repeat its groups fewer times."
    )
    return Problem(largest.id, text)


def too_heavy(graph: Graph, analysis: Analysis) -> Problem | None:
    """Return the problem of a network whose weights are more than this computer can hold."""
    needed, memory = BYTES * analysis.parameters, total_bytes()
    if memory is None or needed <= memory:
        return None
    heaviest = graph.nodes[max(analysis.nodes, key=lambda key: analysis.nodes[key].parameters)]
    text = (
        f"The weights take {needed / 2**30:,.0f} GiB of memory, most of it for {heaviest.name}, and"
        f" this computer has {memory / 2**30:,.0f} GiB. Make {heaviest.name} smaller."
    )
    return Problem(heaviest.id, text, "warning")
