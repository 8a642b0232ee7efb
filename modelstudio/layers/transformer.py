"""The blocks that language models are stacked from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from modelstudio.layers.attention import (
    Causal,
    Heads,
    PaddingId,
    Share,
    check_heads,
    check_padding,
    masks,
    padding_mask,
    padding_read,
)
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.repairs import linear
from modelstudio.network.shapes import Builder, Value


class _Transformer(Layer, abstract=True):
    """What both kinds of block share."""

    keywords: ClassVar[tuple[str, ...]] = (
        "transformer",
        "pre-norm",
        "post-norm",
        "attention block",
        "stacked",
        "mask",
        "causal",
    )

    heads: Heads = 4
    feedforward: int = Field(
        128,
        ge=1,
        le=1_000_000,
        title="Feed-forward width",
        description="Numbers between the two weighted sums of a step; often 4 times the width.",
    )
    activation: Literal["relu", "gelu"] = Field(
        "gelu", description="Applied between the two weighted sums."
    )
    norm: Literal["before", "after"] = Field(
        "before",
        title="Normalise",
        description="Before each part, as GPT does, or after it, as in the first Transformer.",
    )
    dropout: Share = 0.1
    layers: int = Field(1, ge=1, le=512, description="How many such blocks follow one another.")
    bias: bool = Field(True, description="Learn a shift in every sum and normalisation.")

    def settings(self, x: Value) -> dict[str, Any]:
        """Return the settings of the torch module.

        Raises
        ------
        Mismatch
            When the heads do not divide the width.
        """
        width = x.size(-1, "the width of a step")
        check_heads(width, self.heads)
        return {
            "d_model": width,
            "nhead": self.heads,
            "dim_feedforward": self.feedforward,
            "dropout": self.dropout,
            "activation": self.activation,
            "batch_first": True,
            "norm_first": self.norm == "before",
            "bias": self.bias,
        }

    def stack(self, b: Builder, target: str, *values: Value, **call: Any) -> Value:
        """Apply the blocks one after another to the first value."""
        x, *rest = values
        for number in range(self.layers):
            part = str(number + 1) if self.layers > 1 else ""
            x = b.module(target, x, *rest, part=part, call=call, **self.settings(x))
        return x

    def summary(self) -> str:
        stacked = f" × {self.layers}" if self.layers > 1 else ""
        return f"{self.heads} heads · {self.feedforward}{stacked}"


class TransformerEncoder(_Transformer, category="Attention"):
    """Attention of a sequence to itself, then two weighted sums a step, both with a skip.

    Causal it is the block of GPT; wire the ids to leave out padding.
    """

    stem = "encoder"
    keywords = ("gpt", "bert", "llm", "vit", "encoder block", "self-attention")
    inputs = (Port("x", rank=3, order="steps"), Port("ids", rank=2, dtype="int", optional=True))

    causal: Causal = False
    padding_id: PaddingId = 0

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        if not self.causal:
            yield from padding_read(*taken, token=True)

    def lower(self, b: Builder, x: Value, ids: Value | None = None) -> Value:
        check_padding(x, ids, 1, token=True)
        call = masks(
            b,
            x,
            ids,
            causal=self.causal,
            padding_id=self.padding_id,
            names=("src_mask", "is_causal", "src_key_padding_mask"),
        )
        return self.stack(b, "torch.nn.TransformerEncoderLayer", x, **call)


class TransformerDecoder(_Transformer, category="Attention"):
    """Attention of a sequence to itself and to a memory, then two weighted sums a step.

    Wire the ids of the memory to leave out its padding.
    """

    stem = "decoder"
    keywords = ("decoder block", "seq2seq", "translation", "cross attention")
    inputs = (
        Port("x", rank=3, order="steps"),
        Port("memory", rank=3, order="steps"),
        Port("ids", rank=2, dtype="int", optional=True),
    )

    causal: Causal = True
    padding_id: PaddingId = 0

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        _, memory, ids = taken
        yield from padding_read(memory, ids, sequence="memory", token=True)

    def lower(self, b: Builder, x: Value, memory: Value, ids: Value | None = None) -> Value:
        if memory.shape[-1] != x.shape[-1]:
            raise Mismatch("needs sequences of the same width", 1, *linear(x.shape[-1]))
        check_padding(memory, ids, 2, token=True)
        call = masks(
            b,
            x,
            None,
            causal=self.causal,
            padding_id=self.padding_id,
            names=("tgt_mask", "tgt_is_causal", ""),
        )
        if ids is not None:
            call["memory_key_padding_mask"] = padding_mask(b, memory, ids, self.padding_id)
        return self.stack(b, "torch.nn.TransformerDecoderLayer", x, memory, **call)
