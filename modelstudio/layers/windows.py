"""Types of the fields that layers with sliding windows share, and what they mean to torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from modelstudio.network.mismatch import REMOVE, Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


def _each(axes: int) -> BeforeValidator:
    """Let one number stand for all axes."""

    def repeat(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return (value,) * axes
        alone = isinstance(value, tuple | list) and len(value) == 1
        return (*value,) * axes if alone else value

    return BeforeValidator(repeat)


Length = Annotated[int, Field(ge=1, le=1024)]
"""A window, stride or dilation in samples."""

Pair = Annotated[tuple[Length, Length], _each(2)]
"""Height and width in pixels; one number stands for both."""

Triple = Annotated[tuple[Length, Length, Length], _each(3)]
"""Depth, height and width in voxels; one number stands for all."""

Margin = Annotated[int, Field(ge=0, le=1024)]
MarginPair = Annotated[tuple[Margin, Margin], _each(2)]
"""Rows and columns put around a map; one number stands for both."""

MarginTriple = Annotated[tuple[Margin, Margin, Margin], _each(3)]
"""Voxels put around a volume along each axis; one number stands for all."""

Keep = Literal["same", "valid", "custom"]
"""Keep the size (at stride 1), let it shrink, or put a margin of one's own around it."""

Filling = Literal["zeros", "reflect", "replicate", "circular"]
"""What a margin holds."""


def sizes(value: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return one size an axis."""
    return value if isinstance(value, tuple) else (value,)


def sides(values: Iterable[int]) -> str:
    """Write window sides as a block shows them: ``3×3``."""
    return "×".join(map(str, values))


def odd(kernel: Sequence[int]) -> dict[str, Any]:
    """Return windows of odd sides, one step at a time, and the margin that makes up for them."""
    wide = tuple(size | 1 for size in kernel)
    return {
        "kernel_size": wide,
        "stride": (1,) * len(wide),
        "padding": tuple(size // 2 for size in wide),
    }


def check_length(
    x: Value,
    spans: Sequence[int],
    margins: Sequence[int],
    stride: Sequence[int],
    settings: Mapping[str, Any],
) -> None:
    """Refuse to change a length that is not fixed; ``settings`` would keep it.

    ``spans`` are what windows reach beyond their first place, ``margins`` both ends together.
    """
    for size, span, margin, step in zip(x.shape[2:], spans, margins, stride, strict=True):
        if isinstance(size, str) and (step != 1 or span != margin):
            repair = Repair("Keep the length", settings=_settings(settings))
            raise Mismatch("needs to keep the length, which is not fixed", 0, repair)


def check_windows(
    x: Value,
    kernel: Sequence[int],
    dilation: Sequence[int],
    margins: Sequence[int],
    *repairs: Repair,
) -> None:
    """Refuse windows larger than what they slide over, margins of both ends together included.

    Smaller windows are offered behind other repairs.
    """
    room = [
        (size + margin - 1) // step + 1 if isinstance(size, int) else side
        for size, side, step, margin in zip(x.shape[2:], kernel, dilation, margins, strict=True)
    ]
    if all(side <= most for side, most in zip(kernel, room, strict=True)):
        return
    fitting = tuple(max(1, min(pair)) for pair in zip(kernel, room, strict=True))
    if max(fitting) > 1:
        smaller = _settings({"kernel_size": fitting})
        repairs = (*repairs, Repair(f"Set its window to {sides(fitting)}", settings=smaller))
    spans = (step * (side - 1) + 1 for side, step in zip(kernel, dilation, strict=True))
    raise Mismatch(f"has a window of {sides(spans)}, which is too large", 0, *repairs, REMOVE)


def _settings(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Return settings as a layer takes them: one number where there is one axis."""
    return tuple(
        (name, value[0] if isinstance(value, tuple) and len(value) == 1 else value)
        for name, value in values.items()
    )


def padded(
    b: Builder,
    x: Value,
    keep: Keep,
    margin: Sequence[int],
    filling: Filling,
    kernel: Sequence[int],
    dilation: Sequence[int],
) -> tuple[Value, tuple[int, ...]]:
    """Return the value to slide over and the margin that the convolution itself adds.

    An even window needs a wider margin at one side; that one is put on before.

    Raises
    ------
    Mismatch
        When a margin cannot be filled from what it surrounds.
    """
    if keep == "valid":
        spans = [0] * len(kernel)
    elif keep == "custom":
        spans = [2 * size for size in margin]
    else:
        spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    for span, size in zip(spans, x.shape[2:], strict=True):
        most = {"reflect": 1, "circular": 0}.get(filling)
        if most is not None and isinstance(size, int) and (span + 1) // 2 > size - most:
            zeros = Repair("Fill it with zeros", settings=(("padding_mode", "zeros"),))
            raise Mismatch(f"has a margin too wide for its padding value {filling!r}", 0, zeros)
    if not any(span % 2 for span in spans):
        return x, tuple(span // 2 for span in spans)
    around = [(span // 2, span - span // 2) for span in spans]
    mode = "constant" if filling == "zeros" else filling
    pad = tuple(chain.from_iterable(reversed(around)))
    return b.function("torch.nn.functional.pad", x, pad=pad, mode=mode), (0,) * len(spans)
