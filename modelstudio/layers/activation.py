"""Functions applied to each number; what makes a network more than a weighted sum."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.repairs import linear, pointwise
from modelstudio.network.shapes import Builder, Value


class Activation(Layer, abstract=True, category="Activation"):
    """An activation is lowered to the torch module of its own name, with its own settings."""

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(f"torch.nn.{self.type_name}", x, **self.as_values())


class ReLU(Activation):
    """Set negative numbers to 0."""

    keywords = ("rectifier", "rectified linear")
    never = "negative numbers"


class GELU(Activation):
    """Weigh each number by the share of a normal distribution below it."""

    never = "numbers far below 0"

    approximate: Literal["none", "tanh"] = Field(
        "none", description="Exact, or the quicker formula that some papers use."
    )


class SiLU(Activation):
    """Multiply each number by its own sigmoid; also called Swish."""

    keywords = ("swish",)
    never = "numbers far below 0"


class Sigmoid(Activation):
    """Squash each number to between 0 and 1."""

    keywords = ("logistic", "squash", "gate")
    probability = True


class Tanh(Activation):
    """Squash each number to between -1 and 1."""

    keywords = ("hyperbolic tangent",)
    never = "numbers beyond -1 and 1"


class _Shares(Activation, abstract=True):
    """What layers share that make one dimension add up to 1."""

    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    axis: Literal["last", "channels"] = Field(
        "last", description="The dimension whose numbers add up to 1."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        dim = -1 if self.axis == "last" else 1
        return b.module(f"torch.nn.{self.type_name}", x, dim=dim)


class Softmax(_Shares):
    """Turn numbers into shares that add up to 1."""

    keywords = ("probabilities", "normalised exponential")
    probability = True


class LogSoftmax(_Shares):
    """Give the logarithm of the shares that Softmax gives."""

    keywords = ("log probabilities",)
    probability = True


class LeakyReLU(Activation):
    """Make negative numbers small instead of 0."""

    stem = "lrelu"
    keywords = ("gan", "negative slope")

    negative_slope: float = Field(
        0.01, ge=0, le=1, title="Slope below 0", description="Factor for negative numbers."
    )


class PReLU(Activation):
    """Multiply negative numbers by a learned slope."""

    keywords = ("learned slope", "parametric relu")

    per_channel: bool = Field(
        False, description="Learn a slope for each channel instead of one for all."
    )
    init: float = Field(0.25, ge=0, le=1, title="First slope", description="Slope before training.")

    def lower(self, b: Builder, x: Value) -> Value:
        if self.per_channel and x.rank < 2:
            raise Mismatch("needs channels to learn a slope for each", 0)
        wide = x.size(1, "the number of channels") if self.per_channel else 1
        return b.module("torch.nn.PReLU", x, num_parameters=wide, init=self.init)


class ELU(Activation):
    """Let negative numbers level off smoothly."""

    never = "numbers far below 0"

    alpha: float = Field(1.0, gt=0, le=100, description="How far below 0 it goes at most.")


class SELU(Activation):
    """Level off negative numbers so that deep rows of Linear layers normalise themselves."""

    keywords = ("self-normalising",)
    never = "numbers far below 0"


class CELU(Activation):
    """Let negative numbers level off smoothly, with a slope without a break at 0."""

    never = "numbers far below 0"

    alpha: float = Field(1.0, gt=0, le=100, description="How far below 0 it goes at most.")


class Mish(Activation):
    """Multiply each number by the tanh of its softplus; smooth, and slightly below 0 at times."""

    never = "numbers far below 0"


class ReLU6(Activation):
    """Set negative numbers to 0 and numbers over 6 to 6."""

    keywords = ("mobilenet", "clip")
    never = "negative numbers"


class Hardswish(Activation):
    """Multiply each number by a sigmoid of straight lines; SiLU for small devices."""

    keywords = ("mobilenet",)
    never = "numbers far below 0"


class Softmin(_Shares):
    """Turn numbers into shares that add up to 1, the largest for the smallest number."""


class GLU(Activation):
    """Multiply one half of the numbers by the sigmoid of the other half."""

    keywords = ("gated linear unit", "gate")
    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    axis: Literal["last", "channels"] = Field("last", description="The dimension that is halved.")

    def lower(self, b: Builder, x: Value) -> Value:
        dim = -1 if self.axis == "last" else 1
        wide = x.size(dim, "the dimension it halves")
        if wide % 2:
            even = Repair(
                f"Set {wide + 1} outputs", source=True, settings=(("out_features", wide + 1),)
            )
            row = dim == x.rank - 1 or self.axis == "last"
            grown = linear(wide + 1) if row else pointwise(x.rank - 2, wide + 1)
            raise Mismatch("needs an even number to halve", 0, *([even] if row else []), *grown)
        return b.module("torch.nn.GLU", x, dim=dim)


class Softplus(Activation):
    """Bend smoothly from 0 to a straight line: a ReLU without a corner, always positive."""

    never = "negative numbers"

    beta: float = Field(1.0, gt=0, le=100, description="Sharpness of the bend.")


class Softsign(Activation):
    """Squash each number to between -1 and 1, slower than Tanh."""

    never = "numbers beyond -1 and 1"


class LogSigmoid(Activation):
    """Give the logarithm of the sigmoid."""

    never = "positive numbers"


class Hardsigmoid(Activation):
    """Squash each number to between 0 and 1 by straight lines."""

    never = "negative numbers"


class Hardtanh(Activation):
    """Cut each number off at two limits."""

    keywords = ("clip", "clamp", "clamp values", "limit")

    min_val: float = Field(
        -1.0, ge=-1e6, le=1e6, title="Lower limit", description="Least number that comes out."
    )
    max_val: float = Field(
        1.0, ge=-1e6, le=1e6, title="Upper limit", description="Largest number that comes out."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        if self.min_val >= self.max_val:
            raise Mismatch("needs a lower limit below its upper limit")
        return super().lower(b, x)


class Hardshrink(Activation):
    """Set numbers near 0 to 0 and leave the others."""

    lambd: float = Field(
        0.5, ge=0, le=100, title="Threshold", description="How far from 0 counts as near."
    )


class Softshrink(Activation):
    """Set numbers near 0 to 0 and move the others towards it."""

    lambd: float = Field(
        0.5, ge=0, le=100, title="Threshold", description="How far from 0 counts as near."
    )


class Tanhshrink(Activation):
    """Take the tanh of each number away from it."""


class Threshold(Activation):
    """Replace all numbers up to a threshold by another."""

    threshold: float = Field(
        0.0, ge=-1e6, le=1e6, description="Numbers up to this one are replaced."
    )
    value: float = Field(0.0, ge=-1e6, le=1e6, description="What they are replaced by.")


class Math(Activation):
    """Apply a function of mathematics to each number, such as its root or its logarithm."""

    keywords = (
        "abs",
        "absolute value",
        "exp",
        "exponential",
        "log",
        "logarithm",
        "sqrt",
        "root",
        "square",
        "power",
        "negative",
        "negate",
        "sin",
        "cos",
        "erf",
        "function",
        "elementwise",
    )

    function: Literal[
        "abs", "exp", "log", "sqrt", "square", "reciprocal", "negative", "sin", "cos", "erf"
    ] = Field("abs", description="The function; numbers that it does not take become not a number.")

    def lower(self, b: Builder, x: Value) -> Value:
        return b.function(f"torch.{self.function}", x)

    def summary(self) -> str:
        return self.function
