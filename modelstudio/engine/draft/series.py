"""A starting network for windows of a series."""

from __future__ import annotations

from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import GRU
from modelstudio.network.graph import Node
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW, Cosine
from modelstudio.recipe.fields import FieldSpec


def branch(chain: Chain, field: FieldSpec) -> Node:
    """Draw from a window to the state after its last row; return the last block."""
    chain.start(field)
    return chain.add("gru", GRU(hidden_size=32, output="last"))


def settings(rows: int, config: TrainConfig | None = None) -> TrainConfig:
    """Return training settings for a number of windows."""
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=3e-3),
        schedule=Cosine(),
        batch_size=32 if rows < 5_000 else 128,
        epochs=40,
        patience=10,
    )
