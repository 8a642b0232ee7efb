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


STEPS = 2_000
"""Steps of training that a short series is given, as it has few in an epoch."""

SHORT = 1_000
"""Windows of a short series."""


def settings(rows: int, config: TrainConfig | None = None) -> TrainConfig:
    """Return training settings for a number of windows."""
    batch = 32 if rows < 5_000 else 128
    epochs = min(400, max(40, STEPS * batch // max(1, rows)))
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=1e-2 if rows < SHORT else 3e-3),
        schedule=Cosine(),
        batch_size=batch,
        epochs=epochs,
        patience=max(10, epochs // 6),
    )
