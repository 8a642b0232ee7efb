"""torch's own modules as blocks of the palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from modelstudio.engine.importing.drawing import Array, Unmapped, palette_layer
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.network.analysis import Shape
from modelstudio.network.layer import Layer

Arguments = list[Any]
Drawer = Callable[[Shaping, Any, Arguments, Mapping[str, Any], Shape], Any]

DRAWERS: dict[type[nn.Module], Drawer] = {}


def draws(*kinds: type[nn.Module]) -> Callable[[Drawer], Drawer]:
    """Register what draws modules of some types."""

    def register(drawer: Drawer) -> Drawer:
        DRAWERS.update(dict.fromkeys(kinds, drawer))
        return drawer

    return register


def arrays(module: nn.Module) -> dict[str, Array]:
    """Return the weights of a module by name, without counters."""
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {
        name: value.detach().cpu().numpy()
        for name, value in state.items()
        if value.is_floating_point()
    }


def alike(module: nn.Module) -> Layer:
    """Return the layer of the module's own name, with those settings that both have.

    Raises
    ------
    Unmapped
        When the palette has none.
    """
    name = type(module).__name__
    kind = Layer.find(name)
    if kind is None:
        raise Unmapped(f"The palette has no {name}.")
    shared = {
        setting: getattr(module, setting)
        for setting in kind.model_fields
        if hasattr(module, setting) and not torch.is_tensor(getattr(module, setting))
    }
    return palette_layer(name, **shared)


@draws(
    *(nn.ReLU, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.Mish, nn.ReLU6),
    *(nn.Hardswish, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Softsign, nn.LogSigmoid),
    *(nn.Hardsigmoid, nn.Hardtanh, nn.Hardshrink, nn.Softshrink, nn.Tanhshrink),
    *(nn.Dropout, nn.AlphaDropout),
)
def _each(s: Shaping, module: nn.Module, args: Arguments, _: Any, shape: Shape) -> Ref:
    if isinstance(module, nn.Dropout | nn.AlphaDropout):
        return s.each(type(module).__name__, args[0], p=min(module.p, 0.999))
    layer = alike(module)
    x: Ref = args[0]
    return Ref(s.drawing.add(layer, x.wire), x.shape, x.order)


@draws(
    *(nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.LocalResponseNorm, nn.PixelShuffle),
    *(nn.PixelUnshuffle, nn.Bilinear, nn.CosineSimilarity),
)
def _alike(s: Shaping, module: nn.Module, args: Arguments, _: Any, shape: Shape) -> Ref:
    return s.layer(alike(module), args, shape, arrays(module))


@draws(nn.PReLU)
def _prelu(s: Shaping, module: nn.PReLU, args: Arguments, _: Any, shape: Shape) -> Ref:
    return s.prelu(args[0], module.weight.detach().numpy(), shape)


@draws(nn.Identity)
def _identity(s: Shaping, module: nn.Module, args: Arguments, _: Any, shape: Shape) -> Any:
    return args[0]


@draws(nn.Linear)
def _linear(s: Shaping, module: nn.Linear, args: Arguments, _: Any, shape: Shape) -> Ref:
    named = arrays(module)
    return s.linear(args[0], named["weight"], named.get("bias"), shape)


@draws(nn.Conv1d, nn.Conv2d, nn.Conv3d)
def _convolution(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    named = arrays(module)
    axes = named["weight"].ndim - 2
    margin = module.padding
    if margin == "valid":
        margin = (0,) * axes
    if margin == "same":
        spans = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
        before, after = [n // 2 for n in spans], [n - n // 2 for n in spans]
    else:
        before = after = list(margin)
    return s.convolution(
        args[0],
        named["weight"],
        named.get("bias"),
        shape,
        stride=module.stride,
        before=before,
        after=after,
        dilation=module.dilation,
        groups=module.groups,
        filling=module.padding_mode,
    )


@draws(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
def _enlarging(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    named = arrays(module)
    return s.transposed_convolution(
        args[0],
        named["weight"],
        named.get("bias"),
        shape,
        stride=module.stride,
        padding=module.padding,
        output_padding=module.output_padding,
        dilation=module.dilation,
        groups=module.groups,
    )


@draws(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
def _batch_norm(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    if not module.track_running_stats or module.momentum is None:
        raise Unmapped("It keeps no running averages as the palette's does.")
    return s.batch_norm(args[0], arrays(module), shape, eps=module.eps, momentum=module.momentum)


@draws(nn.LayerNorm)
def layer_norm(s: Shaping, module: nn.LayerNorm, args: Arguments, _: Any, shape: Shape) -> Ref:
    """Draw a normalisation over the last dimensions."""
    named, axes = arrays(module), len(module.normalized_shape)
    return s.layer_norm(
        args[0], named.get("weight"), named.get("bias"), shape, eps=module.eps, axes=axes
    )


@draws(nn.GroupNorm)
def _group_norm(s: Shaping, module: nn.GroupNorm, args: Arguments, _: Any, shape: Shape) -> Ref:
    named = arrays(module)
    return s.group_norm(
        args[0],
        named.get("weight"),
        named.get("bias"),
        shape,
        eps=module.eps,
        groups=module.num_groups,
    )


@draws(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
def _instance_norm(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    if module.track_running_stats:
        raise Unmapped("It normalises by averages of training.")
    return s.layer(alike(module), args[:1], shape, arrays(module))


@draws(nn.RMSNorm)
def _rms_norm(s: Shaping, module: nn.RMSNorm, args: Arguments, _: Any, shape: Shape) -> Ref:
    if len(module.normalized_shape) != 1:
        raise Unmapped("It normalises several dimensions at once.")
    named = arrays(module)
    eps = module.eps if module.eps is not None else torch.finfo(torch.float32).eps
    layer = palette_layer("RMSNorm", eps=eps, affine="weight" in named)
    return s.layer(layer, args[:1], shape, named)


@draws(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
def _pooling(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    if getattr(module, "return_indices", False):
        raise Unmapped("It also tells where the largest values were.")
    if getattr(module, "divisor_override", None):
        raise Unmapped("It divides by a number of its own.")
    axes = int(type(module).__name__[-2])
    margin = sizes(module.padding, axes)
    return s.pooling(
        type(module).__name__[:3],
        args[0],
        shape,
        kernel=sizes(module.kernel_size, axes),
        stride=sizes(module.stride, axes),
        before=margin,
        after=margin,
        dilation=sizes(getattr(module, "dilation", 1), axes),
        ceil=module.ceil_mode,
        counts_margin=getattr(module, "count_include_pad", True),
    )


def sizes(value: Any, axes: int) -> list[int]:
    """Return one size an axis; a single one stands for all."""
    return [int(size) for size in value] if isinstance(value, tuple | list) else [value] * axes


@draws(
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
)
def _adaptive(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    return adaptive(s, type(module).__name__[8:11], args[0], shape)


def adaptive(s: Shaping, kind: str, x: Ref, shape: Shape) -> Ref:
    """Draw a pooling to a size that the shape tells."""
    wanted = shape[2:]
    if any(isinstance(size, str) for size in (*wanted, *x.seen[2:])):
        if set(wanted) == {1}:
            return s.global_pooling(kind, x, shape)
        raise Unmapped("It pools a free length to a fixed one.")
    if any(int(old) % int(new) for old, new in zip(x.seen[2:], wanted, strict=True)):
        raise Unmapped("Its windows would have different sizes.")
    size: Any = tuple(wanted) if len(wanted) > 1 else wanted[0]
    return s.block(f"Adaptive{kind}Pool{len(wanted)}d", [x], shape, output_size=size)


@draws(nn.Flatten, nn.Unflatten)
def _flatten(s: Shaping, module: nn.Module, args: Arguments, _: Any, shape: Shape) -> Ref:
    return s.reshape(args[0], shape)


@draws(nn.Softmax, nn.LogSoftmax)
def _shares(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    if module.dim is None:
        raise Unmapped("It does not say along which axis.")
    log = isinstance(module, nn.LogSoftmax)
    return s.softmax(args[0], module.dim % len(shape), log=log)


@draws(nn.Embedding)
def _embedding(s: Shaping, module: nn.Embedding, args: Arguments, _: Any, shape: Shape) -> Ref:
    if module.max_norm is not None:
        raise Unmapped("It cuts off the length of its vectors.")
    return s.embedding(args[0], arrays(module)["weight"], shape)


@draws(nn.EmbeddingBag)
def _bag(s: Shaping, module: nn.EmbeddingBag, args: Arguments, _: Any, shape: Shape) -> Ref:
    if len(args) > 1:
        raise Unmapped("It is told where each bag begins.")
    layer = palette_layer(
        "EmbeddingBag",
        embedding_dim=module.embedding_dim,
        num_embeddings=module.num_embeddings,
        mode=module.mode,
        padding_id=module.padding_idx,
    )
    return s.layer(layer, args, shape, arrays(module))


@draws(nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d)
def _upsample(s: Shaping, module: nn.Upsample, args: Arguments, _: Any, shape: Shape) -> Ref:
    return upsample(s, args[0], shape, module.mode, bool(module.align_corners))


def upsample(s: Shaping, x: Ref, shape: Shape, mode: str, corners: bool) -> Ref:
    """Draw a change of size in torch's words."""
    known = {"nearest": "nearest", "bicubic": "cubic"}
    plain = "linear" if mode.endswith("linear") else known.get(mode)
    if plain is None:
        raise Unmapped(f"The palette has no way of enlarging called {mode}.")
    return s.resize(x, shape, plain, corners=corners)


@draws(nn.ZeroPad1d, nn.ZeroPad2d, nn.ConstantPad1d, nn.ConstantPad2d)
@draws(nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReplicationPad1d, nn.ReplicationPad2d)
def _pad(s: Shaping, module: Any, args: Arguments, _: Any, shape: Shape) -> Ref:
    modes = {"Reflection": "reflect", "Replication": "replicate"}
    mode = modes.get(type(module).__name__.partition("Pad")[0], "zeros")
    return padded(s, args[0], module.padding, mode, getattr(module, "value", 0.0))


def padded(s: Shaping, x: Ref, margins: Any, mode: str, value: float) -> Ref:
    """Draw a margin as torch tells it: the last axis first, before and after."""
    rank = len(x.order)
    before, after = [0] * rank, [0] * rank
    pairs = zip(margins[::2], margins[1::2], strict=True)
    for axis, (low, high) in enumerate(pairs, 1):
        before[-axis], after[-axis] = int(low), int(high)
    if min([*before, *after]) < 0:
        return _cut(s, x, before, after)
    return s.margin(x, before, after, mode, float(value or 0.0))


def _cut(s: Shaping, x: Ref, before: list[int], after: list[int]) -> Ref:
    for axis, (low, high) in enumerate(zip(before, after, strict=True)):
        size = x.seen[axis]
        if (low or high) and isinstance(size, int) and low <= 0 and high <= 0:
            x = s.slice(x, axis, -low, size + high, 1, size + low + high)
        elif low or high:
            raise Unmapped("It cuts off at one side and adds at another.")
    return x
