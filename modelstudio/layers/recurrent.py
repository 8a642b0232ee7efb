"""Networks that read a sequence (length x width) step by step."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.shapes import Builder, Value


class _Recurrent(Layer, abstract=True):
    """What recurrent layers share; each is lowered to the torch module of its own name."""

    inputs = (Port("x", rank=3),)

    state: ClassVar[tuple[int, ...]] = (1,)
    """Where the last states stand in what the torch module returns."""

    hidden_size: int = Field(
        64, ge=1, le=65_536, title="State size", description="Numbers carried from step to step."
    )
    layers: int = Field(
        1, ge=1, le=64, description="How many are stacked, each reading the one before."
    )
    bidirectional: bool = Field(
        False, description="Read from both ends and put both results side by side."
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of the numbers set to 0 between stacked layers."
    )
    output: Literal["sequence", "last"] = Field(
        "sequence", description="The state after every step, or only the last."
    )

    def settings(self) -> dict[str, Any]:
        """Return further settings of the torch module."""
        return {}

    def lower(self, b: Builder, x: Value) -> Value:
        settings = {
            "input_size": x.size(-1, "the width of a step"),
            "hidden_size": self.hidden_size,
            "batch_first": True,
            **({"num_layers": self.layers} if self.layers > 1 else {}),
            **({"bidirectional": True} if self.bidirectional else {}),
            **({"dropout": self.dropout} if self.dropout and self.layers > 1 else {}),
            **self.settings(),
        }
        target = f"torch.nn.{type(self).__name__}"
        if self.output == "sequence":
            return b.module(target, x, pick=(0,), **settings)
        if not self.bidirectional:
            return b.module(target, x, pick=(*self.state, -1), **settings)
        states = b.module(target, x, pick=self.state, **settings)
        ends = [
            b.function("torch.select", states, dim=0, index=index, part=part)
            for index, part in ((-2, "forth"), (-1, "back"))
        ]
        return b.function("torch.cat", ends, dim=1)

    def summary(self) -> str:
        stacked = f" × {self.layers}" if self.layers > 1 else ""
        return f"{self.hidden_size}{stacked}{' ⇄' if self.bidirectional else ''}"


class RNN(_Recurrent, category="Recurrent"):
    """Read a sequence step by step, with a plain state: forgets soon."""

    nonlinearity: Literal["tanh", "relu"] = Field(
        "tanh", title="Activation", description="Applied to the state after each step."
    )

    def settings(self) -> dict[str, Any]:
        return {"nonlinearity": "relu"} if self.nonlinearity == "relu" else {}


class LSTM(_Recurrent, category="Recurrent"):
    """Read a sequence step by step, with a memory that gates protect."""

    state = (1, 0)


class GRU(_Recurrent, category="Recurrent"):
    """Read a sequence step by step; like LSTM with fewer weights."""
