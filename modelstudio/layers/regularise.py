"""Layers that keep a network from learning rows by heart."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.shapes import Builder, Value

Share = Annotated[float, Field(ge=0, lt=1, title="Share")]


class _Dropout(Layer, abstract=True, category="Regularise"):
    """What layers share that set numbers to 0 while training."""

    stem = "drop"

    p: Share = Field(0.2, description="Share of the numbers that is set to 0.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(f"torch.nn.{self.type_name}", x, p=self.p)

    def summary(self) -> str:
        return f"{self.p:g}"


class Dropout(_Dropout):
    """Set some numbers to 0 at random while training."""

    stem = "drop"
    keywords = ("regularisation",)


class _SpatialDropout(_Dropout, abstract=True):
    """What layers share that drop whole channels."""

    p: Share = Field(0.2, description="Share of the channels that is set to 0.")


class Dropout1d(_SpatialDropout):
    """Set whole channels of a signal to 0 at random while training: spatial dropout."""

    stem = "drop"
    inputs = (Port("x", rank=3),)


class Dropout2d(_SpatialDropout):
    """Set whole maps to 0 at random while training: spatial dropout."""

    stem = "drop"
    inputs = (Port("x", rank=4),)


class Dropout3d(_SpatialDropout):
    """Set whole volumes to 0 at random while training: spatial dropout."""

    stem = "drop"
    inputs = (Port("x", rank=5),)


class AlphaDropout(_Dropout):
    """Drop numbers at random so that mean and variance stay; for networks of SELU."""

    stem = "drop"
    keywords = ("selu", "regularisation")

    p: Share = Field(0.2, description="Share of the numbers that is dropped.")


class GaussianNoise(Layer, category="Regularise"):
    """Add random numbers of a normal distribution while training."""

    stem = "noise"
    keywords = ("noise", "random", "jitter")

    std: float = Field(
        0.1, ge=0, le=100, title="Standard deviation", description="Size of the noise."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("modelstudio.engine.modules.GaussianNoise", x, std=self.std)

    def summary(self) -> str:
        return f"σ {self.std:g}"
