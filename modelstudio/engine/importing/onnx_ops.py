"""ONNX operations with weights or windows in the terms of `Phrases`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from modelstudio.engine.importing.drawing import Array, Drawing, Unmapped
from modelstudio.engine.importing.fusing import FUSED
from modelstudio.engine.importing.onnx_file import Foreign, Op
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.network.analysis import Shape

Handler = Callable[["Sheet", Op], "Ref | Sequence[Ref | None]"]

HANDLERS: dict[str, Handler] = {}


def handles(*kinds: str) -> Callable[[Handler], Handler]:
    """Register what draws operations of some kinds."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


class Window(NamedTuple):
    """How a window moves, one number an axis."""

    stride: list[int]
    before: list[int]
    after: list[int]
    dilation: list[int]


class Sheet:
    """A file that is being drawn: what is known of its values, and where they are."""

    def __init__(self, foreign: Foreign, drawing: Drawing) -> None:
        self.foreign = foreign
        self.drawing = drawing
        self.draw = Shaping(drawing)
        self.refs: dict[str, Ref] = {}

    def x(self, op: Op, index: int = 0) -> Ref:
        """Return a value on the canvas."""
        name = op.sources[index] if index < len(op.sources) else ""
        if name in self.refs:
            return self.refs[name]
        if name in self.foreign.constants:
            raise Unmapped("It works on a constant.")
        raise Unmapped("It takes a value that depends on a free length, or one that was not drawn.")

    def constant(self, op: Op, index: int) -> Array | None:
        """Return a source that does not depend on the data; None when it is left out or does."""
        name = op.sources[index] if index < len(op.sources) else ""
        return self.foreign.constants.get(name)

    def needed(self, op: Op, index: int, what: str) -> Array:
        """Return a source that must not depend on the data."""
        found = self.constant(op, index)
        if found is None:
            raise Unmapped(f"Its {what} are worked out from the data.")
        return found

    def shape(self, op: Op, index: int = 0) -> Shape:
        """Return the shape of a result."""
        found = self.foreign.shapes.get(op.results[index])
        if found is None:
            raise Unmapped("Its shape is not known, since an operation before it could not be run.")
        return found

    def setting(self, op: Op, name: str, index: int, default: Any = None) -> Any:
        """Return what old files have as an attribute and newer ones as a constant source."""
        if name in op.attributes:
            return op.attributes[name]
        given = index < len(op.sources) and op.sources[index]
        if not given:
            return default
        return self.needed(op, index, name).tolist()

    def window(self, op: Op, kernel: Sequence[int], x: Ref) -> Window:
        """Return how a window moves, automatic margins worked out."""
        axes = len(kernel)
        ones = [1] * axes
        stride = list(op.attributes.get("strides", ones))
        dilation = list(op.attributes.get("dilations", ones))
        pads = list(op.attributes.get("pads", [0] * 2 * axes))
        before, after = pads[:axes], pads[axes:]
        auto = op.attributes.get("auto_pad", "NOTSET")
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            for axis, size in enumerate(x.seen[2:]):
                if not isinstance(size, int):
                    raise Unmapped("Its margin depends on a free length.")
                reach = dilation[axis] * (kernel[axis] - 1) + 1
                steps = -(-size // stride[axis])
                total = max(0, (steps - 1) * stride[axis] + reach - size)
                low = total // 2 if auto == "SAME_UPPER" else total - total // 2
                before[axis], after[axis] = low, total - low
        return Window(stride, before, after, dilation)


# Weights


@handles("Conv")
def _conv(s: Sheet, op: Op) -> Ref:
    x, weight = s.x(op), s.needed(op, 1, "filters")
    window = s.window(op, weight.shape[2:], x)
    bias = s.constant(op, 2)
    groups = op.attributes.get("group", 1)
    return s.draw.convolution(x, weight, bias, s.shape(op), **window._asdict(), groups=groups)


@handles("ConvTranspose")
def _conv_transpose(s: Sheet, op: Op) -> Ref:
    x, weight = s.x(op), s.needed(op, 1, "filters")
    axes = weight.ndim - 2
    stride, before, after, dilation = s.window(op, weight.shape[2:], x)
    extra = list(op.attributes.get("output_padding", [0] * axes))
    shape = s.shape(op)
    if "output_shape" in op.attributes or op.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        full = [
            (int(size) - 1) * step + gap * (side - 1) + 1
            for size, step, gap, side in zip(
                x.seen[2:], stride, dilation, weight.shape[2:], strict=True
            )
        ]
        cut = [whole - int(size) for whole, size in zip(full, shape[2:], strict=True)]
        before = [max(0, (total + 1) // 2) for total in cut]
        extra = [2 * low - total for low, total in zip(before, cut, strict=True)]
    elif before != after:
        extra = [more + low - high for more, low, high in zip(extra, before, after, strict=True)]
    if min(extra) < 0:
        raise Unmapped("It cuts off more at one side than at the other.")
    return s.draw.transposed_convolution(
        x,
        weight,
        s.constant(op, 2),
        shape,
        stride=stride,
        padding=before,
        output_padding=extra,
        dilation=dilation,
        groups=op.attributes.get("group", 1),
    )


@handles(FUSED + "Linear")
def _linear(s: Sheet, op: Op) -> Ref:
    weight, bias = s.needed(op, 1, "weights"), s.needed(op, 2, "shifts")
    return s.draw.linear(s.x(op), weight.T, bias.reshape(-1), s.shape(op))


@handles("Gemm")
def _gemm(s: Sheet, op: Op) -> Ref:
    weight = s.needed(op, 1, "weights")
    if op.attributes.get("transA", 0):
        raise Unmapped("It transposes its first value.")
    weight = weight if op.attributes.get("transB", 0) else weight.T
    weight = weight * np.float32(op.attributes.get("alpha", 1.0))
    bias = s.constant(op, 2)
    if len(op.sources) > 2 and op.sources[2] and bias is None:
        raise Unmapped("It adds a value that is worked out from the data.")
    if bias is not None:
        scaled = bias.reshape(-1) * np.float32(op.attributes.get("beta", 1.0))
        bias = np.broadcast_to(scaled, weight.shape[:1]).copy()
    return s.draw.linear(s.x(op), weight, bias, s.shape(op))


@handles("MatMul")
def _matmul(s: Sheet, op: Op) -> Ref:
    left, right = s.constant(op, 0), s.constant(op, 1)
    if right is not None and right.ndim == 2:
        return s.draw.linear(s.x(op), right.T, None, s.shape(op))
    if left is not None or right is not None:
        raise Unmapped("It multiplies by a constant that is not a table.")
    return s.draw.block("MatMul", [s.x(op), s.x(op, 1)], s.shape(op))


@handles("BatchNormalization")
def _batch_norm(s: Sheet, op: Op) -> Ref:
    names = ("weight", "bias", "running_mean", "running_var")
    weights = {name: s.needed(op, index, name) for index, name in enumerate(names, 1)}
    return s.draw.batch_norm(
        s.x(op),
        weights,
        s.shape(op),
        eps=op.attributes.get("epsilon", 1e-5),
        momentum=1 - op.attributes.get("momentum", 0.9),
    )


@handles("LayerNormalization", FUSED + "LayerNorm")
def _layer_norm(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    axes = op.attributes.get("axes")
    if axes is None:
        axis = op.attributes.get("axis", -1)
        axes = list(range(axis % x.rank, x.rank))
    if sorted(axis % x.rank for axis in axes) != list(range(x.rank - len(axes), x.rank)):
        raise Unmapped("It normalises over other dimensions than the last.")
    eps = op.attributes.get("epsilon", 1e-5)
    weight, bias = s.constant(op, 1), s.constant(op, 2)
    return s.draw.layer_norm(x, weight, bias, s.shape(op), eps=eps, axes=len(axes))


@handles("GroupNormalization")
def _group_norm(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    weight, bias = s.needed(op, 1, "scales"), s.needed(op, 2, "shifts")
    channels, groups = int(x.seen[1]), op.attributes["num_groups"]
    if len(weight) == groups != channels:
        weight, bias = (np.repeat(a, channels // groups) for a in (weight, bias))
    eps = op.attributes.get("epsilon", 1e-5)
    return s.draw.group_norm(x, weight, bias, s.shape(op), eps=eps, groups=groups)


@handles("InstanceNormalization")
def _instance_norm(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    weight, bias = s.needed(op, 1, "scales"), s.needed(op, 2, "shifts")
    eps = op.attributes.get("epsilon", 1e-5)
    return s.draw.group_norm(x, weight, bias, s.shape(op), eps=eps, groups=len(weight))


@handles("Gather")
def _gather(s: Sheet, op: Op) -> Ref:
    table, axis = s.constant(op, 0), op.attributes.get("axis", 0)
    if table is not None and table.ndim == 2 and axis == 0:
        return s.draw.embedding(s.x(op, 1), table, s.shape(op))
    index = s.needed(op, 1, "places")
    x = s.x(op)
    axis %= len(x.order)
    if index.ndim == 0:
        return s.draw.pick(x, axis, int(index))
    places = index.reshape(-1).tolist()
    if index.ndim == 1 and places == list(range(places[0], places[0] + len(places))):
        end = places[-1] + 1
        return s.draw.slice(x, axis, places[0], end if end else 2**31, 1, len(places))
    raise Unmapped("It picks places that do not follow each other.")


# Windows


@handles("MaxPool", "AveragePool")
def _pool(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    kernel = op.attributes["kernel_shape"]
    stride, before, after, dilation = s.window(op, kernel, x)
    if op.results[1:] and op.results[1]:
        raise Unmapped("It also tells where the largest values were.")
    return s.draw.pooling(
        "Max" if op.kind == "MaxPool" else "Avg",
        x,
        s.shape(op),
        kernel=kernel,
        stride=stride,
        before=before,
        after=after,
        dilation=dilation,
        ceil=bool(op.attributes.get("ceil_mode", 0)),
        counts_margin=bool(op.attributes.get("count_include_pad", 0)),
    )


@handles("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(s: Sheet, op: Op) -> Ref:
    return s.draw.global_pooling("Avg" if "Average" in op.kind else "Max", s.x(op), s.shape(op))


@handles("Pad")
def _pad(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    pads: list[int] = s.setting(op, "pads", 1) or op.attributes["paddings"]
    value = s.setting(op, "value", 2, 0.0)
    mode = {"constant": "zeros", "edge": "replicate", "wrap": "circular"}.get(
        op.attributes.get("mode", "constant"), op.attributes.get("mode", "")
    )
    axes = s.setting(op, "axes", 3)
    half = len(pads) // 2
    rank = len(x.order)
    before, after = [0] * rank, [0] * rank
    for index, axis in enumerate(axes if axes is not None else range(rank)):
        before[axis], after[axis] = pads[index], pads[half + index]
    fill = float(np.asarray(value).reshape(-1)[0]) if value is not None else 0.0
    return s.draw.margin(x, before, after, mode, fill)


@handles("Resize", "Upsample")
def _resize(s: Sheet, op: Op) -> Ref:
    attributes = op.attributes
    mode = attributes.get("mode", "nearest")
    asymmetric = op.kind == "Upsample" or len(op.sources) == 2
    usual = "asymmetric" if asymmetric else "half_pixel"
    where = attributes.get("coordinate_transformation_mode", usual)
    x, shape = s.x(op), s.shape(op)
    if mode == "nearest":
        whole = all(
            isinstance(a, int) and isinstance(b, int) and b % a == 0
            for a, b in zip(x.seen[1:], shape[1:], strict=True)
        )
        rounding = attributes.get("nearest_mode", "round_prefer_floor")
        plain = where == "asymmetric" and (rounding == "floor" or op.kind == "Upsample")
        centred = where.endswith("half_pixel") and rounding.startswith("round") and whole
        if not plain and not centred:
            raise Unmapped(f"It rounds places in a way of its own ({where}, {rounding}).")
    elif where not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise Unmapped(f"It places the new values in a way of its own ({where}).")
    return s.draw.resize(x, shape, mode, corners=where == "align_corners")


@handles("DepthToSpace")
def _depth_to_space(s: Sheet, op: Op) -> Ref:
    if op.attributes.get("mode", "DCR") != "CRD":
        raise Unmapped("It takes the channels in another order than PixelShuffle does.")
    factor = op.attributes["blocksize"]
    return s.draw.block("PixelShuffle", [s.x(op)], s.shape(op), upscale_factor=factor)
