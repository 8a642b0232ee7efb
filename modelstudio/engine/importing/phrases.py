"""What foreign operations mean in blocks of the palette: those that hold weights, and windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelstudio.engine.importing.drawing import (
    Array,
    Drawing,
    Unmapped,
    Weights,
    Wire,
    palette_layer,
)
from modelstudio.network.analysis import Shape
from modelstudio.network.layer import Layer

Order = tuple[int, ...]
"""For each axis of a value in the file, the axis on the canvas that it is; -1 is a size of 1 that
the value on the canvas does not have. An axis of the canvas that none of them is has the size 1."""


@dataclass(frozen=True)
class Ref:
    """A value of the file and where it is on the canvas.

    A transposition costs no block until somebody needs the axes in their order.

    Parameters
    ----------
    shape
        As on the canvas, the batch first.
    """

    wire: Wire
    shape: Shape
    order: Order
    dtype: str = "float"

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def seen(self) -> Shape:
        """Shape as the file has it."""
        return tuple(1 if axis < 0 else self.shape[axis] for axis in self.order)

    @property
    def straight(self) -> bool:
        """Whether the axes on the canvas are in the order of the file."""
        return self.order == tuple(range(self.rank))


def straight(shape: Shape) -> Order:
    """Return the order of a value that is on the canvas as in the file."""
    return tuple(range(len(shape)))


class Phrases:
    """Draws operations, told in torch's terms, with blocks.

    Shapes that come out are those which were seen when the foreign network ran, in the order of the
    file.
    """

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing

    def layer(
        self,
        layer: Layer,
        sources: Sequence[Ref | None],
        shape: Shape,
        weights: Weights | None = None,
        dtype: str = "float",
    ) -> Ref:
        """Add a block that takes values as they are in the file and gives one such."""
        faced = [None if source is None else self.facing(source) for source in sources]
        for port, source in zip(layer.input_ports(), faced, strict=False):
            if source is not None and port.ranks and source.rank not in port.ranks:
                dims = " x ".join(map(str, source.shape[1:])) or "one number"
                raise Unmapped(f"{layer.label} does not take values of {dims} a sample.")
        wires = [None if source is None else source.wire for source in faced]
        wire = self.drawing.add(layer, *wires, weights=weights)
        return Ref(wire, shape, straight(shape), dtype)

    def block(
        self,
        kind: str,
        sources: Sequence[Ref | None],
        out: Shape,
        *,
        dtype: str = "float",
        **settings: Any,
    ) -> Ref:
        """Add a block of a type, by the name of the type; ``out`` is the shape that it gives."""
        return self.layer(palette_layer(kind, **settings), sources, out, dtype=dtype)

    def facing(self, x: Ref) -> Ref:
        """Return a value with its axes in the order of the file; blocks are added if needed."""
        if x.straight:
            return x
        stem, self.drawing.stem = self.drawing.stem, ""
        x = self._dropped(x)
        real = tuple(axis for axis in x.order if axis >= 0)
        wire, shape = x.wire, tuple(x.shape[axis] for axis in real)
        if real != tuple(range(len(real))):
            if real[0] != 0:
                raise Unmapped("It takes a value whose first axis is not the batch.")
            wire = self.drawing.add(palette_layer("Permute", order=real[1:]), wire)
        if -1 in x.order:
            if x.order[0] == -1:
                raise Unmapped("It takes a value whose first axis is not the batch.")
            for axis, own in enumerate(x.order):
                if own < 0:
                    wire = self.drawing.add(palette_layer("Unsqueeze", axis=axis), wire)
                    shape = (*shape[:axis], 1, *shape[axis:])
        self.drawing.stem = stem
        return Ref(wire, shape, straight(shape), x.dtype)

    def _dropped(self, x: Ref) -> Ref:
        """Return a value without the axes of size 1 that the file does not have."""
        for own in reversed(range(x.rank)):
            if own not in x.order:
                wire = self.drawing.add(palette_layer("Squeeze", axis=own), x.wire)
                shape = (*x.shape[:own], *x.shape[own + 1 :])
                x = Ref(wire, shape, tuple(a - (a > own) for a in x.order), x.dtype)
        return x

    def each(self, kind: str, x: Ref, **settings: Any) -> Ref:
        """Add a function of each number, which does not mind the order of the axes."""
        return replace(x, wire=self.drawing.add(palette_layer(kind, **settings), x.wire))

    # Weights

    def linear(self, x: Ref, weight: Array, bias: Array | None, shape: Shape) -> Ref:
        """Draw ``x @ weight.T + bias``; weight (out, in)."""
        wide = int(weight.shape[0])
        layer = palette_layer("Linear", out_features=wide, bias=bias is not None)
        weights = _named(weight=weight, bias=bias)
        if _by_rows(x):
            wire = self.drawing.add(layer, x.wire, weights=weights)
            return replace(x, wire=wire, shape=(*x.shape[:-1], wide))
        return self.layer(layer, [x], shape, weights)

    def convolution(
        self,
        x: Ref,
        weight: Array,
        bias: Array | None,
        shape: Shape,
        *,
        stride: Sequence[int],
        before: Sequence[int],
        after: Sequence[int],
        dilation: Sequence[int],
        groups: int,
        filling: str = "zeros",
    ) -> Ref:
        """Draw a convolution; an uneven margin is put on by a block of its own."""
        axes = weight.ndim - 2
        if list(before) != list(after):
            x = self.pad(x, before, after)
            before = after = [0] * axes
        padded = any(before)
        layer = palette_layer(
            f"Conv{axes}d",
            out_channels=int(weight.shape[0]),
            kernel_size=_sides(weight.shape[2:]),
            stride=_sides(stride),
            padding="custom" if padded else "valid",
            margin=_sides(before),
            padding_mode=filling,
            dilation=_sides(dilation),
            groups=groups,
            bias=bias is not None,
        )
        return self.layer(layer, [x], shape, _named(weight=weight, bias=bias))

    def transposed_convolution(
        self,
        x: Ref,
        weight: Array,
        bias: Array | None,
        shape: Shape,
        *,
        stride: Sequence[int],
        padding: Sequence[int],
        output_padding: Sequence[int],
        dilation: Sequence[int],
        groups: int,
    ) -> Ref:
        """Draw a transposed convolution; weight (in, out / groups, ...)."""
        axes = weight.ndim - 2
        settings: dict[str, Any] = {}
        if any(step != 1 for step in dilation):
            settings["dilation"] = _sides(dilation)
        layer = palette_layer(
            f"ConvTranspose{axes}d",
            out_channels=int(weight.shape[1]) * groups,
            kernel_size=_sides(weight.shape[2:]),
            stride=_sides(stride),
            padding=_sides(padding),
            output_padding=_sides(output_padding),
            groups=groups,
            bias=bias is not None,
            **settings,
        )
        return self.layer(layer, [x], shape, _named(weight=weight, bias=bias))

    def batch_norm(
        self, x: Ref, weights: Weights, shape: Shape, *, eps: float, momentum: float
    ) -> Ref:
        """Draw a normalisation by the averages of training."""
        axes = max(1, x.rank - 2)
        layer = palette_layer(
            f"BatchNorm{axes}d", eps=eps, momentum=momentum, affine="weight" in weights
        )
        return self.layer(layer, [x], shape, weights)

    def layer_norm(
        self,
        x: Ref,
        weight: Array | None,
        bias: Array | None,
        shape: Shape,
        *,
        eps: float,
        axes: int,
    ) -> Ref:
        """Draw a normalisation of each sample over its last dimensions."""
        if axes != 1:
            raise Unmapped("It normalises several dimensions at once.")
        if weight is None and bias is not None:
            raise Unmapped("It shifts without a scale.")
        if weight is not None and bias is None:
            bias = np.zeros_like(weight)
        layer = palette_layer("LayerNorm", eps=eps, affine=weight is not None)
        weights = _named(weight=weight, bias=bias)
        if _by_rows(x):
            return replace(x, wire=self.drawing.add(layer, x.wire, weights=weights))
        return self.layer(layer, [x], shape, weights)

    def group_norm(
        self,
        x: Ref,
        weight: Array | None,
        bias: Array | None,
        shape: Shape,
        *,
        eps: float,
        groups: int,
    ) -> Ref:
        """Draw a normalisation of each sample over groups of its channels."""
        layer = palette_layer("GroupNorm", groups=groups, eps=eps, affine=weight is not None)
        return self.layer(layer, [x], shape, _named(weight=weight, bias=bias))

    def embedding(self, ids: Ref, weight: Array, shape: Shape) -> Ref:
        """Draw a table of rows; weight (vocabulary, size)."""
        if ids.dtype != "int":
            raise Unmapped("It looks up rows by numbers that are not ids.")
        rows, size = map(int, weight.shape)
        layer = palette_layer("Embedding", embedding_dim=size, num_embeddings=rows)
        weights = {"weight": weight}
        if ids.straight or -1 in ids.order:
            return self.layer(layer, [ids], shape, weights)
        wire = self.drawing.add(layer, ids.wire, weights=weights)
        return Ref(wire, (*ids.shape, size), (*ids.order, ids.rank))

    # Windows

    def pooling(
        self,
        kind: str,
        x: Ref,
        shape: Shape,
        *,
        kernel: Sequence[int],
        stride: Sequence[int],
        before: Sequence[int],
        after: Sequence[int],
        dilation: Sequence[int] | None = None,
        ceil: bool = False,
        counts_margin: bool = True,
    ) -> Ref:
        """Draw a pooling, ``kind`` being ``"Max"`` or ``"Avg"``."""
        axes = len(kernel)
        settings: dict[str, Any] = {}
        if kind == "Avg":
            settings["count_include_pad"] = counts_margin or not any(before)
        elif dilation and any(step != 1 for step in dilation):
            settings["dilation"] = _sides(dilation)
        sizes = [dim for dim in x.seen[2:] if isinstance(dim, int)]
        reaches = [
            (size + low + high - width) % step == 0
            for size, low, high, width, step in zip(
                sizes, before, after, kernel, stride, strict=False
            )
        ]
        if ceil and (len(sizes) < axes or not all(reaches)):
            if list(before) != list(after):
                raise Unmapped("Its last window reaches beyond an uneven edge (ceil mode).")
            settings["ceil_mode"] = True
        if list(before) != list(after):
            if kind == "Avg" and not counts_margin:
                raise Unmapped("It leaves an uneven margin out of its means.")
            x = self.pad(x, before, after, lowest=kind == "Max")
            before = [0] * axes
        layer = palette_layer(
            f"{kind}Pool{axes}d",
            kernel_size=_sides(kernel),
            stride=_sides(stride),
            padding=_sides(before),
            **settings,
        )
        return self.layer(layer, [x], shape)

    def global_pooling(self, kind: str, x: Ref, shape: Shape) -> Ref:
        """Draw a pooling of each channel to one number, the axes kept."""
        return self.block(f"Global{kind}Pool", [x], shape, keep_dims=True)

    def pad(self, x: Ref, before: Sequence[int], after: Sequence[int], lowest: bool = False) -> Ref:
        """Put a margin around the axes behind the channels."""
        raise NotImplementedError


def _by_rows(x: Ref) -> bool:
    """Tell whether the last axis is the last on the canvas, so that rows are rows there too."""
    return not x.straight and x.order[-1] == x.rank - 1 and x.rank in (2, 3)


def _named(**arrays: Array | None) -> dict[str, Array]:
    return {name: array for name, array in arrays.items() if array is not None}


def _sides(sizes: Sequence[int]) -> Any:
    """Return one size an axis as the settings of windows have them."""
    whole = tuple(int(size) for size in sizes)
    return whole[0] if len(whole) == 1 else whole
