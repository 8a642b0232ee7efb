"""Functions applied to each number; what makes a network more than a weighted sum."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.shapes import Builder, Value


class Activation(Layer, abstract=True, category="Activation"):
    """An activation without settings is lowered to the torch module of its own name."""

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(f"torch.nn.{type(self).__name__}", x)


class ReLU(Activation):
    """Set negative numbers to 0."""


class LeakyReLU(Activation):
    """Make negative numbers small instead of 0."""

    stem = "lrelu"

    negative_slope: float = Field(
        0.01, ge=0, le=1, title="Slope below 0", description="Factor for negative numbers."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.LeakyReLU", x, negative_slope=self.negative_slope)


class GELU(Activation):
    """Weigh each number by the share of a normal distribution below it."""

    approximate: Literal["none", "tanh"] = Field(
        "none", description="Exact, or the quicker formula that some papers use."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.GELU", x, approximate=self.approximate)


class SiLU(Activation):
    """Multiply each number by its own sigmoid; also called Swish."""


class ELU(Activation):
    """Let negative numbers level off smoothly."""

    alpha: float = Field(1.0, gt=0, le=100, description="How far below 0 it goes at most.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.ELU", x, alpha=self.alpha)


class Sigmoid(Activation):
    """Squash each number to between 0 and 1."""

    probability = True


class Tanh(Activation):
    """Squash each number to between -1 and 1."""


class Softmax(Activation):
    """Turn numbers into shares that add up to 1."""

    probability = True
    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    axis: Literal["last", "channels"] = Field(
        "last", description="The dimension whose numbers add up to 1."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.Softmax", x, dim=-1 if self.axis == "last" else 1)
