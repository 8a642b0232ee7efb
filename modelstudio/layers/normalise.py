"""Layers that keep values in a steady range."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import REMOVE, Mismatch, Repair
from modelstudio.network.shapes import Builder, Value

Eps = Annotated[
    float, Field(gt=0, le=1, description="Added to the variance against division by 0.")
]
ChannelAffine = Annotated[bool, Field(description="Learn a scale and a shift for each channel.")]
Axis = Literal["channels", "last"]


class _BatchNorm(Layer, abstract=True, category="Normalise"):
    """What normalisations over the batch share."""

    keywords = ("normalisation", "normalise", "batch normalisation", "bn", "standardise")

    momentum: float = Field(0.1, gt=0, le=1, description="Weight of a new batch in the averages.")
    eps: Eps = 1e-5
    affine: ChannelAffine = True

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            f"torch.nn.{self.type_name}",
            x,
            num_features=x.size(1, "the number of channels"),
            **self.as_values(),
        )

    def summary(self) -> str:
        return "BatchNorm"


class BatchNorm1d(_BatchNorm):
    """Shift and scale each number of a row, or each channel of a signal, over the batch."""

    stem = "bn"
    inputs = (Port("x", rank=(2, 3), order="channels"),)


class BatchNorm2d(_BatchNorm):
    """Shift and scale each map over the batch."""

    stem = "bn"
    inputs = (Port("x", rank=4),)


class BatchNorm3d(_BatchNorm):
    """Shift and scale each volume over the batch."""

    stem = "bn"
    inputs = (Port("x", rank=5),)


class LayerNorm(Layer, category="Normalise"):
    """Shift and scale each sample over its last dimension."""

    stem = "ln"
    keywords = ("normalisation", "normalise", "layer normalisation", "ln")

    eps: Eps = 1e-5
    affine: bool = Field(True, description="Learn a scale and a shift for each number.")
    bias: bool = Field(True, description="Learn the shift too, not the scale alone.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.LayerNorm",
            x,
            normalized_shape=(x.size(-1, "the last dimension"),),
            eps=self.eps,
            elementwise_affine=self.affine,
            bias=self.bias,
        )

    def summary(self) -> str:
        return "LayerNorm"


class RMSNorm(Layer, category="Normalise"):
    """Divide each sample by the root mean square of its last dimension."""

    stem = "rms"
    keywords = ("normalisation", "normalise", "root mean square", "llama")

    eps: float = Field(
        1e-6, gt=0, le=1, description="Added to the mean square against division by 0."
    )
    affine: bool = Field(True, description="Learn a scale for each number.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.RMSNorm",
            x,
            normalized_shape=(x.size(-1, "the last dimension"),),
            eps=self.eps,
            elementwise_affine=self.affine,
        )

    def summary(self) -> str:
        return "RMSNorm"


class GroupNorm(Layer, category="Normalise"):
    """Shift and scale each sample over groups of its channels."""

    stem = "gn"
    keywords = ("normalisation", "normalise", "group normalisation", "gn")
    inputs = (Port("x", rank=(3, 4, 5), order="channels"),)

    groups: int = Field(8, ge=1, le=65_536, description="Number of groups; divides the channels.")
    eps: Eps = 1e-5
    affine: ChannelAffine = True

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


class _InstanceNorm(Layer, abstract=True, category="Normalise"):
    """What normalisations of each channel of each sample share."""

    keywords = ("normalisation", "normalise", "instance normalisation", "style transfer")

    eps: Eps = 1e-5
    affine: ChannelAffine = False

    def lower(self, b: Builder, x: Value) -> Value:
        if all(size == 1 for size in x.shape[2:]):
            raise Mismatch("needs more than one number in each channel", 0, REMOVE)
        return b.module(
            f"torch.nn.{self.type_name}",
            x,
            num_features=x.size(1, "the number of channels"),
            **self.as_values(),
        )

    def summary(self) -> str:
        return "InstanceNorm"


class InstanceNorm1d(_InstanceNorm):
    """Shift and scale each channel of each signal."""

    stem = "inorm"
    inputs = (Port("x", rank=3, order="channels"),)


class InstanceNorm2d(_InstanceNorm):
    """Shift and scale each map of each sample; used where style is transferred."""

    stem = "inorm"
    inputs = (Port("x", rank=4),)


class InstanceNorm3d(_InstanceNorm):
    """Shift and scale each volume of each sample."""

    stem = "inorm"
    inputs = (Port("x", rank=5),)


class LocalResponseNorm(Layer, category="Normalise"):
    """Damp each number by its neighbours in other channels, as AlexNet does."""

    stem = "lrn"
    keywords = ("normalisation", "normalise", "lrn", "alexnet")
    inputs = (Port("x", rank=(3, 4, 5), order="channels"),)

    window: int = Field(5, ge=1, le=1024, description="Channels that count as neighbours.")
    alpha: float = Field(1e-4, ge=0, le=100, description="Weight of the neighbours.")
    beta: float = Field(0.75, ge=0, le=100, description="Power that they are raised to.")
    k: float = Field(1.0, gt=0, le=100, description="Added against division by 0.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.LocalResponseNorm",
            x,
            size=self.window,
            alpha=self.alpha,
            beta=self.beta,
            k=self.k,
        )

    def summary(self) -> str:
        return f"LRN · {self.window}"


class L2Normalise(Layer, category="Normalise"):
    """Divide numbers by their length as a vector, so that it becomes 1."""

    stem = "l2"
    keywords = ("normalisation", "normalise", "l2 norm", "unit length", "euclidean")
    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    axis: Axis = Field("last", description="The dimension that holds the vectors.")
    eps: float = Field(1e-12, gt=0, le=1, description="Least length to divide by.")

    def lower(self, b: Builder, x: Value) -> Value:
        dim = 1 if self.axis == "channels" else -1
        return b.function("torch.nn.functional.normalize", x, dim=dim, eps=self.eps)

    def summary(self) -> str:
        return "Length 1"


class ScaleShift(Layer, category="Normalise", label="Scale and shift"):
    """Multiply and shift each channel by learned numbers."""

    stem = "scale"
    keywords = ("affine", "learned scale", "gain", "bias", "film")
    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    axis: Axis = Field("channels", description="The dimension with numbers of its own.")
    scale: float = Field(
        1.0, ge=-1e6, le=1e6, title="First scale", description="Factor before training."
    )
    shift: bool = Field(True, description="Learn what to add, too.")

    def lower(self, b: Builder, x: Value) -> Value:
        axis = 1 if self.axis == "channels" else x.rank - 1
        wide = x.size(axis, "the number of channels")
        shape: tuple[Any, ...] = (wide,) + (1,) * (x.rank - 1 - axis)
        return b.module(
            "modelstudio.engine.modules.ScaleShift",
            x,
            shape=shape,
            scale=self.scale,
            shift=self.shift,
        )
