"""How much memory a training takes, estimated from what is known of the network."""

from __future__ import annotations

from dataclasses import dataclass

from modelstudio.network.analysis import Analysis
from modelstudio.network.graph import Graph
from modelstudio.project.training import SGD, Adagrad, Adam, AdamW, Optimizer

BYTES = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Bytes that a step of training holds at once, by what they are for."""

    parameters: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.gradients + self.optimizer + self.activations


def training_memory(
    graph: Graph, analysis: Analysis, optimizer: Optimizer, batch: int
) -> TrainingMemory:
    """Estimate what a step with ``batch`` samples holds.

    The outputs of all blocks are kept for the way back; frozen blocks have no gradients. Buffers of
    single operations are left out.
    """
    frozen = sum(
        info.parameters
        for node_id, info in analysis.nodes.items()
        if node_id in graph.nodes and graph.nodes[node_id].frozen
    )
    trained = max(analysis.parameters - frozen, 0)
    return TrainingMemory(
        parameters=BYTES * analysis.parameters,
        gradients=BYTES * trained,
        optimizer=BYTES * trained * states(optimizer),
        activations=analysis.memory * batch,
    )


def states(optimizer: Optimizer) -> int:
    """Return how many numbers an optimizer keeps for each parameter."""
    match optimizer:
        case SGD():
            return 1 if optimizer.momentum else 0
        case Adam() | AdamW():
            return 2
        case Adagrad():
            return 1
    return 0
