"""Networks that read a sequence (length x width) step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from modelstudio.layers.attention import PaddingId, check_padding, padding_read
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


class _Recurrent(Layer, abstract=True):
    """What recurrent layers share; each is lowered to the torch module of its own name.

    With ``ids`` wired, padding at the right is left out: the last state is that of the last step
    before it, reading backwards begins there, and a sequence has zeros in its place.
    """

    keywords: ClassVar[tuple[str, ...]] = (
        "recurrent",
        "bidirectional",
        "stacked",
        "sequence",
        "last state",
        "hidden state",
        "time series",
    )
    inputs = (Port("x", rank=3, order="steps"), Port("ids", rank=2, dtype="int", optional=True))

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
    padding_id: PaddingId = 0

    def settings(self) -> dict[str, Any]:
        """Return further settings of the torch module."""
        return {}

    def lower(self, b: Builder, x: Value, ids: Value | None = None) -> Value:
        if ids is not None:
            check_padding(x, ids, 1)
            return self._without_padding(b, x, ids)
        if self.output == "sequence":
            return self._read(b, x, pick=(0,))
        if not self.bidirectional:
            return self._read(b, x, pick=(*self.state, -1))
        states = self._read(b, x, pick=self.state)
        ends = [
            b.function("torch.select", states, dim=0, index=index, part=part)
            for index, part in ((-2, "forth"), (-1, "back"))
        ]
        return b.function("torch.cat", ends, dim=1)

    def _read(self, b: Builder, x: Value, *, pick: tuple[int, ...]) -> Value:
        """Read with one module of torch, stacked and in both directions as set."""
        stacked: dict[str, Any] = {"num_layers": self.layers} if self.layers > 1 else {}
        if self.bidirectional:
            stacked["bidirectional"] = True
        if self.dropout and self.layers > 1:
            stacked["dropout"] = self.dropout
        return self._module(b, x, pick=pick, **stacked)

    def _without_padding(self, b: Builder, x: Value, ids: Value) -> Value:
        x = self._both_ways(b, x, ids) if self.bidirectional else self._read(b, x, pick=(0,))
        operation = "last_step" if self.output == "last" else "kept_steps"
        target = f"modelstudio.engine.sequences.{operation}"
        return b.function(target, x, ids, padding_id=self.padding_id)

    def _both_ways(self, b: Builder, x: Value, ids: Value) -> Value:
        """Read with a module for each layer and direction, since only steps are turned around.

        For the last state the backward half stays as it was read, where its end comes last.
        """
        sequences = "modelstudio.engine.sequences"
        order = b.function(
            f"{sequences}.backward_order", ids, padding_id=self.padding_id, part="backward"
        )
        for number in range(1, self.layers + 1):
            parts = (f"{number}", f"back_{number}") if number > 1 else ("", "back")
            forth = self._module(b, x, part=parts[0], pick=(0,))
            turned = b.function(f"{sequences}.in_order", x, order)
            back = self._module(b, turned, part=parts[1], pick=(0,))
            if number < self.layers or self.output == "sequence":
                back = b.function(f"{sequences}.in_order", back, order)
            x = b.function("torch.cat", [forth, back], dim=2)
            if self.dropout and number < self.layers:
                x = b.module("torch.nn.Dropout", x, part="dropout", p=self.dropout)
        return x

    def _module(
        self, b: Builder, x: Value, *, part: str = "", pick: tuple[int, ...], **stacked: Any
    ) -> Value:
        settings = {
            "input_size": x.size(-1, "the width of a step"),
            "hidden_size": self.hidden_size,
            "batch_first": True,
            **stacked,
            **self.settings(),
        }
        return b.module(f"torch.nn.{type(self).__name__}", x, part=part, pick=pick, **settings)

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        if self.dropout and self.layers == 1:
            yield Mismatch(
                "sets nothing to 0: its dropout is between stacked layers, and it has one",
                None,
                Repair("Stack 2 layers", settings=(("layers", 2),)),
                Repair("Set dropout to 0", settings=(("dropout", 0.0),)),
            )
        if self.bidirectional or self.output == "last":
            yield from padding_read(*taken)

    def summary(self) -> str:
        stacked = f" × {self.layers}" if self.layers > 1 else ""
        return f"{self.hidden_size}{stacked}{' ⇄' if self.bidirectional else ''}"


class RNN(_Recurrent, category="Recurrent"):
    """Read a sequence step by step, with a plain state: forgets soon."""

    keywords = ("elman", "vanilla rnn")

    nonlinearity: Literal["tanh", "relu"] = Field(
        "tanh", title="Activation", description="Applied to the state after each step."
    )

    def settings(self) -> dict[str, Any]:
        return {"nonlinearity": "relu"} if self.nonlinearity == "relu" else {}


class LSTM(_Recurrent, category="Recurrent"):
    """Read a sequence step by step, with a memory that gates protect."""

    keywords = ("long short-term memory", "bilstm")
    state = (1, 0)


class GRU(_Recurrent, category="Recurrent"):
    """Read a sequence step by step; like LSTM with fewer weights."""

    keywords = ("gated recurrent unit", "bigru")
