"""How the first weights of a layer are drawn."""

from __future__ import annotations

from typing import Literal

from modelstudio.network.shapes import Weights

FirstWeights = Literal[
    "default",
    "kaiming normal",
    "kaiming uniform",
    "xavier normal",
    "xavier uniform",
    "orthogonal",
]
"""Distribution of the first weights; the default is torch's own for the layer."""


def normal(std: float) -> Weights:
    """Return the function that draws the weights around 0."""
    return "torch.nn.init.normal_", (("std", std),)


def drawn(choice: FirstWeights) -> Weights | None:
    """Return the function that draws the weights."""
    if choice == "default":
        return None
    settings = (("nonlinearity", "relu"),) if choice.startswith("kaiming") else ()
    return f"torch.nn.init.{choice.replace(' ', '_')}_", settings
