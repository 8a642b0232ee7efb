"""Values that come from no data: fixed numbers and learned ones.

They are the same for every sample; where they meet a value of the data, they are repeated for each.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelstudio.layers.windows import sides
from modelstudio.network.layer import Layer
from modelstudio.network.shapes import Builder, Value

Size = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Constant(Layer, category="Merge and shape"):
    """Give the same number everywhere."""

    stem = "const"
    keywords = ("fixed number", "buffer")
    inputs = ()

    shape: tuple[Size, ...] = Field(
        (1,), min_length=1, max_length=6, description="Sizes without the batch."
    )
    value: float = Field(1.0, ge=-1e6, le=1e6, description="The number.")

    def lower(self, b: Builder, *values: Value) -> Value:
        shape = (1, *self.shape)
        return b.module("modelstudio.engine.modules.Constant", shape=shape, value=self.value)

    def summary(self) -> str:
        return f"{self.value:g} · {sides(self.shape)}"


class Parameter(Layer, category="Merge and shape"):
    """Give learned numbers, such as a class token or the queries of an attention."""

    stem = "param"
    keywords = (
        "learned parameter",
        "learnable",
        "class token",
        "cls token",
        "queries",
        "weight",
        "bias",
    )
    inputs = ()

    shape: tuple[Size, ...] = Field(
        (1,), min_length=1, max_length=6, description="Sizes without the batch."
    )
    std: float = Field(
        0.02,
        ge=0,
        le=100,
        title="Standard deviation",
        description="Spread of the first numbers, around 0.",
    )

    def lower(self, b: Builder, *values: Value) -> Value:
        shape = (1, *self.shape)
        return b.module("modelstudio.engine.modules.Parameter", shape=shape, std=self.std)

    def summary(self) -> str:
        return sides(self.shape)
