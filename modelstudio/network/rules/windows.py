"""Rules of windows that slide: convolution and pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.rules.registry import Outcome, Settings, count, each, rule


def _slid(
    size: Dim, kernel: int, stride: int, padding: int, dilation: int = 1, rest: bool = False
) -> Dim:
    """Return how many windows there are; with ``rest`` the last may reach beyond the end."""
    if isinstance(size, str):
        if stride == 1 and 2 * padding == dilation * (kernel - 1):
            return size
        raise Mismatch("needs a fixed length here, since it changes it")
    free = size + 2 * padding - dilation * (kernel - 1) - 1
    out = free // stride + 1
    if rest and free % stride and out * stride < size + padding:
        out += 1
    if out < 1 or free < 0:
        span = dilation * (kernel - 1) + 1
        raise Mismatch(f"has a window of {span}, which is larger than the {size} it slides over")
    return out


@rule("torch.nn.Conv1d", "torch.nn.Conv2d", "torch.nn.Conv3d")
def convolution(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Slide filters over the spatial dimensions."""
    (shape,) = shapes
    axes = len(shape) - 2
    kernel = each(settings, "kernel_size", axes, 1)
    stride = each(settings, "stride", axes, 1)
    padding = each(settings, "padding", axes, 0)
    dilation = each(settings, "dilation", axes, 1)
    spatial = tuple(map(_slid, shape[2:], kernel, stride, padding, dilation))
    channels = settings["out_channels"]
    weights = channels * (settings["in_channels"] // settings.get("groups", 1)) * math.prod(kernel)
    bias = channels if settings.get("bias", True) else 0
    return Outcome(
        (shape[0], channels, *spatial), weights + bias, weights * count(spatial), order="channels"
    )


@rule("torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose2d", "torch.nn.ConvTranspose3d")
def transposed(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Spread each value over a window: a convolution backwards."""
    (shape,) = shapes
    axes = len(shape) - 2
    windows = [
        each(settings, name, axes, default)
        for name, default in (
            ("kernel_size", 1),
            ("stride", 1),
            ("padding", 0),
            ("output_padding", 0),
            ("dilation", 1),
        )
    ]
    spatial = tuple(map(_spread, shape[2:], *windows))
    channels = settings["out_channels"]
    weights = channels * (settings["in_channels"] // settings.get("groups", 1))
    weights *= math.prod(windows[0])
    bias = channels if settings.get("bias", True) else 0
    return Outcome(
        (shape[0], channels, *spatial), weights + bias, weights * count(shape[2:]), order="channels"
    )


def _spread(size: Dim, kernel: int, stride: int, padding: int, extra: int, dilation: int) -> Dim:
    span = dilation * (kernel - 1)
    if isinstance(size, str):
        if stride == 1 and 2 * padding == span + extra:
            return size
        raise Mismatch("needs a fixed length here, since it changes it")
    out = (size - 1) * stride - 2 * padding + span + extra + 1
    if out < 1:
        raise Mismatch("has a padding that cuts its whole result away")
    return out


@rule(*(f"torch.nn.{kind}Pool{axes}d" for kind in ("Max", "Avg") for axes in (1, 2, 3)))
def pooling(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Reduce each window to one value."""
    (shape,) = shapes
    axes = len(shape) - 2
    kernel = each(settings, "kernel_size", axes, 1)
    stride = each(settings, "stride", axes, kernel)
    padding = each(settings, "padding", axes, 0)
    dilation = each(settings, "dilation", axes, 1)
    rest = (settings.get("ceil_mode", False),) * axes
    spatial = map(_slid, shape[2:], kernel, stride, padding, dilation, rest)
    return Outcome((*shape[:2], *spatial))


@rule(*(f"torch.nn.Adaptive{kind}Pool{axes}d" for kind in ("Max", "Avg") for axes in (1, 2, 3)))
def adaptive_pooling(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Reduce windows so that what comes out has a given size."""
    return Outcome((*shapes[0][:2], *each(settings, "output_size", len(shapes[0]) - 2, 1)))
