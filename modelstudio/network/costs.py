"""What each block costs of the whole: parameters, multiply-accumulates, memory of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Literal, NamedTuple, get_args

from modelstudio.network.analysis import Analysis, NodeInfo

Metric = Literal["parameters", "macs", "memory"]

METRICS: tuple[Metric, ...] = get_args(Metric)


class Share(NamedTuple):
    """What part of a cost a block has, from 0 to 1.

    Parameters
    ----------
    whole
        Of the sum over all blocks.
    strength
        Square root of the part of the greatest block, so that small ones can be told apart.
    """

    whole: float
    strength: float


def cost(info: NodeInfo, metric: Metric) -> int:
    """Return a cost of one block; one without a shape costs nothing yet."""
    return int(getattr(info, metric))


def shares(analysis: Analysis, metric: Metric) -> Mapping[str, Share]:
    """Return the share of every block."""
    costs = {node_id: cost(info, metric) for node_id, info in analysis.nodes.items()}
    total, most = sum(costs.values()) or 1, max(costs.values(), default=0) or 1
    return {key: Share(value / total, sqrt(value / most)) for key, value in costs.items()}
