"""Layers in which each step of a sequence looks at the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from modelstudio.network.analysis import parted
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.repairs import linear
from modelstudio.network.shapes import Builder, Value

Heads = Annotated[
    int,
    Field(ge=1, le=1024, description="Parts of the width that look independently; divides it."),
]

Share = Annotated[
    float, Field(ge=0, lt=1, description="Share of the numbers set to 0 while training.")
]

Causal = Annotated[bool, Field(description="Let each step see only itself and earlier ones.")]

PaddingId = Annotated[
    int,
    Field(
        ge=0,
        le=100_000_000,
        title="Padding id",
        description="Id that fills short rows; such steps are not looked at.",
    ),
]


def check_heads(width: int, heads: int) -> None:
    """Refuse heads that do not divide the width of a step."""
    if width % heads:
        fitting = [n for n in range(1, width + 1) if width % n == 0]
        best = min(fitting, key=lambda n: (abs(n - heads), n))
        raise Mismatch(
            f"needs a number of heads that divides the width, {width}",
            None,
            Repair(f"Set heads to {best}", settings=(("heads", best),)),
        )


def check_padding(steps: Value, ids: Value | None, index: int, *, token: bool = False) -> None:
    """Refuse ids that are not one a step; with ``token`` steps before the first id need none."""
    if ids is not None and steps.shape[:2] != ids.shape[:2]:
        length = steps.shape[1]
        if not (token and isinstance(length, str) and parted(length)[1:] == (ids.shape[1], 0)):
            raise Mismatch("needs one id for each step", index)


def padding_read(
    steps: Value | None, ids: Value | None, *, sequence: str = "x", token: bool = False
) -> Iterator[Mismatch]:
    """Yield a notice where a sequence of any length is read, padding and all."""
    if ids is not None or steps is None or not isinstance(steps.shape[1], str):
        return
    before, _, behind = parted(steps.shape[1])
    if not behind and (token or not before):
        wire = Repair("Wire the ids to it", wire=(sequence, "ids"))
        yield Mismatch("reads the padding of short rows, too", None, wire)


def padding_mask(b: Builder, steps: Value, ids: Value, padding_id: int) -> Value:
    """Return what keeps every step from padding."""
    sequences = "modelstudio.engine.sequences"
    target = f"{sequences}.padding_mask"
    mask = b.function(target, steps, ids, padding_id=padding_id, part="padding")
    if steps.shape[1] == ids.shape[1]:
        return mask
    before, *_ = parted(str(steps.shape[1]))
    return b.function(f"{sequences}.seen_first", mask, count=before, part="padding")


def masks(
    b: Builder,
    steps: Value,
    ids: Value | None,
    *,
    causal: bool,
    padding_id: int,
    names: tuple[str, str, str] = ("attn_mask", "is_causal", "key_padding_mask"),
) -> dict[str, Any]:
    """Return the keywords that keep attention from later steps and from padding."""
    mask, is_causal, padding = names
    call: dict[str, Any] = {}
    if causal:
        later = b.function("modelstudio.engine.sequences.causal_mask", steps, part="mask")
        call |= {mask: later, is_causal: True}
    if ids is not None:
        call[padding] = padding_mask(b, steps, ids, padding_id)
    return call


class MultiheadAttention(Layer, category="Attention"):
    """Let each step gather what it needs from all steps, in several ways at once.

    With ``memory`` wired, it gathers from that sequence instead of its own (cross attention). Wire
    the ids of the sequence it gathers from to leave out its padding; a class token before them is
    seen.
    """

    stem = "attn"
    keywords = (
        "attention",
        "multi-head attention",
        "self-attention",
        "cross attention",
        "causal",
        "mask",
        "masked",
        "padding mask",
        "mha",
        "query key value",
        "scaled dot product",
    )
    inputs = (
        Port("x", rank=3, order="steps"),
        Port("memory", rank=3, order="steps", optional=True),
        Port("ids", rank=2, dtype="int", optional=True),
    )

    heads: Heads = 4
    causal: Causal = False
    dropout: Share = 0.0
    bias: bool = Field(True, description="Add a learned number to each sum.")
    padding_id: PaddingId = 0

    def lower(
        self, b: Builder, x: Value, memory: Value | None = None, ids: Value | None = None
    ) -> Value:
        width = x.size(-1, "the width of a step")
        check_heads(width, self.heads)
        if memory is not None and memory.shape[-1] != width:
            raise Mismatch("needs sequences of the same width", 1, *linear(width))
        if memory is not None and self.causal:
            raise Mismatch(
                "can be causal only when it looks at its own sequence",
                None,
                Repair("Make it not causal", settings=(("causal", False),)),
            )
        told = memory or x
        check_padding(told, ids, 2, token=True)
        call = masks(b, told, ids, causal=self.causal, padding_id=self.padding_id)
        return b.module(
            "torch.nn.MultiheadAttention",
            x,
            told,
            told,
            call={"need_weights": False, **call},
            pick=(0,),
            embed_dim=width,
            num_heads=self.heads,
            dropout=self.dropout,
            bias=self.bias,
            batch_first=True,
        )

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        x, memory, ids = taken
        if not self.causal:
            sequence = "memory" if memory else "x"
            yield from padding_read(memory or x, ids, sequence=sequence, token=True)

    def summary(self) -> str:
        return f"{self.heads} heads{', causal' if self.causal else ''}"


class SelfAttention(Layer, category="Attention"):
    """Let each step gather what it needs from all steps of its sequence, with a single head."""

    stem = "attn"
    keywords = ("causal", "mask", "masked", "padding mask", "scaled dot product", "query key value")
    inputs = (Port("x", rank=3, order="steps"), Port("ids", rank=2, dtype="int", optional=True))

    causal: Causal = False
    dropout: Share = 0.0
    padding_id: PaddingId = 0

    def lower(self, b: Builder, x: Value, ids: Value | None = None) -> Value:
        whole = MultiheadAttention(heads=1, **self.as_values())
        if ids is not None:
            check_padding(x, ids, 1, token=True)
        return whole.lower(b, x, None, ids)

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        if not self.causal:
            yield from padding_read(*taken, token=True)

    def summary(self) -> str:
        return "causal" if self.causal else "1 head"
