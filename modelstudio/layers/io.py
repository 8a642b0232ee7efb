"""Where data enters a network and where its answer leaves."""

from __future__ import annotations

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


class Input(Layer, category="Input and output"):
    """Bring a field of the data into the network."""

    keywords = ("data", "features", "image", "tokens", "source")
    inputs = ()

    field: str = Field("features", description="Field of the data that enters here.")

    def lower(self, b: Builder, *values: Value) -> Value:
        return b.input(self.field)

    def summary(self) -> str:
        return self.field


class Output(Layer, category="Input and output"):
    """Give the answer for a target; the loss compares it with the truth."""

    keywords = ("target", "answer", "label", "loss", "prediction")
    answers = True
    inputs = (Port("x"),)
    outputs = ()

    target: str = Field("", description="Column it answers for; empty takes the only target.")

    def lower(self, b: Builder, x: Value) -> tuple[Value, ...]:
        if x.shape[0] != "B":
            raise Mismatch("needs a value that depends on the data", 0)
        b.output(self.target, x)
        return ()

    def summary(self) -> str:
        return self.target or "target"
