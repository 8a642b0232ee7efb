"""Starting networks for text: a reader of whole texts, and a small GPT for the next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import (
    LSTM,
    Concatenate,
    Dropout,
    Embedding,
    Input,
    LayerNorm,
    NextTokenHead,
    Output,
    PositionalEncoding,
    Reduce,
    TransformerEncoder,
)
from modelstudio.network.graph import Graph, Node
from modelstudio.network.layout import arrange
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW, Cosine
from modelstudio.recipe.fields import FieldSpec

WIDTH: Final = 96
"""Numbers that stand for a token in the network that tells the next one."""


def is_text(field: FieldSpec) -> bool:
    """Tell a field of tokens from other fields of ids."""
    return field.role == "input" and field.kind == "ids" and bool(field.shape)


def tells_next(fields: Sequence[FieldSpec]) -> bool:
    """Tell whether the next token is the target."""
    return any(field.role == "target" and field.kind == "tokens" for field in fields)


def branch(chain: Chain, field: FieldSpec) -> Node:
    """Draw from the tokens of a text to one row of numbers; return the last block.

    The mean of the vectors tells which words there are, and is learnt at once; beside it the text
    is read in its order.
    """
    ids = chain.add("input", Input(field=field.name), [])
    chain.add("embed", Embedding(embedding_dim=64))
    words = chain.add("drop", Dropout(p=0.3))
    mean = chain.add("mean", Reduce(operation="mean"), ids=ids)
    chain.add("lstm", LSTM(hidden_size=64, bidirectional=True), [words], ids=ids)
    read = chain.add("max", Reduce(operation="max"), ids=ids)
    return chain.add("cat", Concatenate(), [mean, read])


def network(field: FieldSpec) -> Graph:
    """Return a small GPT that tells the token after each one, from those before."""
    chain = Chain()
    chain.add("input", Input(field=field.name), [])
    chain.add("embed", Embedding(embedding_dim=WIDTH))
    chain.add("pos", PositionalEncoding())
    blocks = TransformerEncoder(heads=4, feedforward=4 * WIDTH, causal=True, dropout=0.05, layers=3)
    chain.add("gpt", blocks)
    chain.add("norm", LayerNorm())
    chain.add("head", NextTokenHead())
    chain.add("out", Output())
    return chain.graph.move(arrange(chain.graph))


def settings(
    fields: Sequence[FieldSpec], rows: int, config: TrainConfig | None = None
) -> TrainConfig:
    """Return training settings for a number of texts or passages."""
    if tells_next(fields):
        return (config or TrainConfig()).changed(
            optimizer=AdamW(lr=3e-3),
            schedule=Cosine(),
            batch_size=32 if rows < 20_000 else 64,
            epochs=6 if rows < 20_000 else 3,
            patience=3,
            clip_norm=1.0,
        )
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=5e-3),
        schedule=Cosine(),
        batch_size=32 if rows < 20_000 else 128,
        epochs=10 if rows < 20_000 else 5,
        patience=4,
    )
