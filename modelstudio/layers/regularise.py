"""Layers that keep a network from learning rows by heart."""

from __future__ import annotations

from pydantic import Field

from modelstudio.network.layer import Layer
from modelstudio.network.shapes import Builder, Value


class Dropout(Layer, category="Regularise"):
    """Set some numbers to 0 at random while training."""

    stem = "drop"

    p: float = Field(
        0.2, ge=0, lt=1, title="Share", description="Share of the numbers that is set to 0."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.Dropout", x, p=self.p)

    def summary(self) -> str:
        return f"{self.p:g}"
