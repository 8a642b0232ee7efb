"""Weighted sums."""

from __future__ import annotations

from pydantic import Field

from modelstudio.layers.weights import FirstWeights, drawn
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


class Linear(Layer, category="Linear"):
    """Combine all numbers of a row into new ones by learned weights."""

    stem = "fc"
    keywords = (
        "dense",
        "fully connected",
        "fc",
        "mlp",
        "perceptron",
        "affine",
        "projection",
        "tied",
        "weight tying",
        "hidden layer",
    )
    inputs = (Port("x", rank=(2, 3)),)
    ties = ("Embedding",)

    out_features: int = Field(
        64, ge=1, le=1_000_000, title="Output size", description="How many numbers come out."
    )
    bias: bool = Field(True, description="Add a learned number to each sum.")
    weights: FirstWeights = Field(
        "default", title="First weights", description="How the weights are drawn before training."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.Linear",
            x,
            weights=drawn(self.weights),
            in_features=x.size(-1, "the length of a row"),
            out_features=self.out_features,
            bias=self.bias,
        )

    def summary(self) -> str:
        return f"Linear · {self.out_features}"


class Bilinear(Layer, category="Linear"):
    """Combine every pair of numbers of two rows by learned weights."""

    keywords = ("pairwise", "interaction")
    inputs = (Port("a", rank=(2, 3)), Port("b", rank=(2, 3)))

    out_features: int = Field(
        64, ge=1, le=1_000_000, title="Output size", description="How many numbers come out."
    )
    bias: bool = Field(True, description="Add a learned number to each sum.")

    def lower(self, b: Builder, x: Value, y: Value) -> Value:
        if x.shape[:-1] != y.shape[:-1]:
            raise Mismatch("needs as many rows in b as in a", 1)
        return b.module(
            "torch.nn.Bilinear",
            x,
            y,
            in1_features=x.size(-1, "the length of a row"),
            in2_features=y.size(-1, "the length of a row"),
            out_features=self.out_features,
            bias=self.bias,
        )

    def summary(self) -> str:
        return f"Bilinear · {self.out_features}"
