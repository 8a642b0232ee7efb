"""Recurrent layers as single ONNX operators, for sequences of any length.

Traced as they are, their loops would be written out step by step, for one length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from onnxscript import opset18 as op
from torch import Tensor, nn

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN_TANH": (0,), "RNN_RELU": (0,)}
"""Order in which ONNX wants the gates that torch keeps, by torch's name of the kind."""

_library = torch.library.Library("modelstudio", "DEF")  # type: ignore[no-untyped-call]
_library.define(  # type: ignore[no-untyped-call]
    "recurrence(Tensor x, Tensor w, Tensor r, Tensor b, str kind) -> (Tensor, Tensor, Tensor)"
)


@torch.library.register_fake("modelstudio::recurrence", lib=_library)  # type: ignore[untyped-decorator]
def _shapes(x: Tensor, w: Tensor, r: Tensor, b: Tensor, kind: str) -> tuple[Tensor, Tensor, Tensor]:
    (length, batch, _), (directions, _, hidden) = x.shape, r.shape
    state = x.new_empty(directions, batch, hidden)
    return x.new_empty(length, directions, batch, hidden), state, state.clone()


def _written(x: Any, w: Any, r: Any, b: Any, kind: str) -> tuple[Any, Any, Any]:
    """Write one layer; ``r`` is (directions, gates x hidden, hidden)."""
    directions, _, hidden = (int(size) for size in r.shape)
    settings = {
        "hidden_size": hidden,
        "direction": "bidirectional" if directions == 2 else "forward",
    }
    if kind == "LSTM":
        y, h, c = op.LSTM(x, w, r, b, **settings)
        return y, h, c
    if kind == "GRU":
        y, h = op.GRU(x, w, r, b, **settings, linear_before_reset=1)
    else:
        function = "Relu" if kind == "RNN_RELU" else "Tanh"
        y, h = op.RNN(x, w, r, b, **settings, activations=[function] * directions)
    return y, h, h


TRANSLATIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.modelstudio.recurrence.default: _written
}
"""For ``custom_translation_table`` of torch's exporter."""


class Recurrence(nn.Module):
    """Stands for a recurrent module of torch while it is exported."""

    def __init__(self, source: nn.RNNBase) -> None:
        super().__init__()
        self.kind = source.mode
        self.layers = source.num_layers
        ends = ("", "_reverse") if source.bidirectional else ("",)
        for layer in range(source.num_layers):
            for name, parts in (("w", ("weight_ih",)), ("r", ("weight_hh",)), ("b", _BIASES)):
                rows = [
                    torch.cat([self._ordered(getattr(source, f"{p}_l{layer}{end}")) for p in parts])
                    for end in ends
                ]
                self.register_buffer(f"{name}{layer}", torch.stack(rows))

    def _ordered(self, weight: Tensor) -> Tensor:
        gates = weight.detach().chunk(len(GATES[self.kind]))
        return torch.cat([gates[place] for place in GATES[self.kind]])

    def forward(self, x: Tensor) -> tuple[Tensor, Any]:
        """Take (batch, length, width); give what the module of torch gives."""
        x = x.transpose(0, 1)
        hidden, cells = [], []
        for layer in range(self.layers):
            w, r, b = (getattr(self, f"{name}{layer}") for name in "wrb")
            y, h, c = torch.ops.modelstudio.recurrence(x, w, r, b, self.kind)
            x = y.transpose(1, 2).flatten(2)
            hidden.append(h)
            cells.append(c)
        state = torch.cat(hidden)
        return x.transpose(0, 1), (state, torch.cat(cells)) if self.kind == "LSTM" else state


_BIASES = ("bias_ih", "bias_hh")


def exportable(module: nn.Module) -> nn.Module:
    """Put stand-ins for the recurrent modules inside; the module itself is changed."""
    for name, inner in list(module.named_modules()):
        if isinstance(inner, nn.RNNBase):
            module.set_submodule(name, Recurrence(inner))
    return module
