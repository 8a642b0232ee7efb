"""Types of the fields that layers with sliding windows share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from modelstudio.network.mismatch import Mismatch


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


Length = Annotated[int, Field(ge=1, le=1024)]
"""A window, stride or dilation in samples."""

Pair = Annotated[tuple[Length, Length], BeforeValidator(_pair)]
"""Height and width in pixels; one number stands for both."""

Margin = Annotated[int, Field(ge=0, le=1024)]
MarginPair = Annotated[tuple[Margin, Margin], BeforeValidator(_pair)]
"""Rows and columns put around a map; one number stands for both."""

Keep = Literal["same", "valid"]
"""Keep the size (at stride 1), or let it shrink."""


def padding_for(
    padding: Keep, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, ...] | Literal["same"]:
    """Return torch's padding for what a person chose.

    Raises
    ------
    Mismatch
        When an even window with a stride leaves no even margin.
    """
    if padding == "valid":
        return (0,) * len(kernel)
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    if all(span % 2 == 0 for span in spans):
        return tuple(span // 2 for span in spans)
    if set(stride) == {1}:
        return "same"
    raise Mismatch("can keep the size with a stride only when its kernel size is odd")


def sides(values: tuple[int, ...]) -> str:
    """Write window sides as a block shows them: ``3×3``."""
    return "×".join(map(str, values))
