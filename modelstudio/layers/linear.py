"""Weighted sums and lookup tables."""

from __future__ import annotations

from pydantic import Field

from modelstudio.layers.weights import FirstWeights, drawn
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


class Linear(Layer, category="Linear"):
    """Combine all numbers of a row into new ones by learned weights."""

    stem = "fc"
    inputs = (Port("x", rank=(2, 3)),)

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


class Embedding(Layer, category="Linear"):
    """Turn each id into a learned row of numbers."""

    stem = "embed"
    inputs = (Port("ids", rank=(1, 2, 3), dtype="int"),)

    embedding_dim: int = Field(
        32, ge=1, le=65_536, title="Vector size", description="Numbers for each id."
    )
    num_embeddings: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        title="Vocabulary",
        description="How many different ids there are; empty takes it from the data.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        size = self.num_embeddings or x.vocabulary
        if size is None:
            raise Mismatch("cannot tell how many different ids there are. Set its vocabulary")
        if x.vocabulary is not None and size < x.vocabulary:
            raise Mismatch(f"has room for {size} ids, but the data has {x.vocabulary}")
        return b.module(
            "torch.nn.Embedding", x, num_embeddings=size, embedding_dim=self.embedding_dim
        )

    def summary(self) -> str:
        return f"Embed · {self.embedding_dim}"
