"""Layers that keep values in a steady range."""

from __future__ import annotations

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


class _BatchNorm(Layer, abstract=True):
    """What normalisations over the batch share."""

    momentum: float = Field(0.1, gt=0, le=1, description="Weight of a new batch in the averages.")
    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance against division by 0.")
    affine: bool = Field(True, description="Learn a scale and a shift for each channel.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            f"torch.nn.{type(self).__name__}",
            x,
            num_features=x.size(1, "the number of channels"),
            eps=self.eps,
            momentum=self.momentum,
            affine=self.affine,
        )

    def summary(self) -> str:
        return "BatchNorm"


class BatchNorm1d(_BatchNorm, category="Normalise"):
    """Shift and scale each number of a row, or each channel of a signal, over the batch."""

    stem = "bn"
    inputs = (Port("x", rank=(2, 3)),)


class BatchNorm2d(_BatchNorm, category="Normalise"):
    """Shift and scale each map over the batch."""

    stem = "bn"
    inputs = (Port("x", rank=4),)


class LayerNorm(Layer, category="Normalise"):
    """Shift and scale each sample over its last dimension."""

    stem = "ln"

    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance against division by 0.")
    affine: bool = Field(True, description="Learn a scale and a shift for each number.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.LayerNorm",
            x,
            normalized_shape=(x.size(-1, "the last dimension"),),
            eps=self.eps,
            elementwise_affine=self.affine,
        )

    def summary(self) -> str:
        return "LayerNorm"


class GroupNorm(Layer, category="Normalise"):
    """Shift and scale each sample over groups of its channels."""

    stem = "gn"
    inputs = (Port("x", rank=(3, 4)),)

    groups: int = Field(8, ge=1, le=65_536, description="Number of groups; divides the channels.")
    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance against division by 0.")
    affine: bool = Field(True, description="Learn a scale and a shift for each channel.")

    def lower(self, b: Builder, x: Value) -> Value:
        channels = x.size(1, "the number of channels")
        if channels % self.groups:
            best = max(n for n in range(1, self.groups + 1) if channels % n == 0)
            raise Mismatch(
                f"needs a number of groups that divides {channels} channels",
                None,
                Repair(f"Set groups to {best}", settings=(("groups", best),)),
            )
        return b.module(
            "torch.nn.GroupNorm",
            x,
            num_groups=self.groups,
            num_channels=channels,
            eps=self.eps,
            affine=self.affine,
        )

    def summary(self) -> str:
        return f"GroupNorm · {self.groups}"
