"""A starting network for pictures: convolutions that halve them until little is left."""

from __future__ import annotations

from typing import Final

from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import BatchNorm2d, Conv2d, GlobalAvgPool, MaxPool2d, ReLU
from modelstudio.network.graph import Node
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW, Cosine
from modelstudio.recipe.fields import FieldSpec

WIDTHS: Final = (32, 64, 128, 256, 256)
"""Channels after each halving."""

SMALLEST: Final = 6
"""A side of the maps that is not halved any more, in pixels."""


def branch(chain: Chain, field: FieldSpec) -> Node:
    """Draw from a picture (or a spectrogram) to one row of numbers; return the last block."""
    chain.start(field)
    _, height, width = (int(size) for size in field.shape)
    side = min(height, width)
    for channels in WIDTHS:
        for _ in range(2 if channels <= 64 else 1):
            chain.add("conv", Conv2d(out_channels=channels, bias=False))
            chain.add("bn", BatchNorm2d())
            chain.add("act", ReLU())
        if side < SMALLEST:
            break
        chain.add("pool", MaxPool2d())
        side //= 2
    return chain.add("pool", GlobalAvgPool())


def settings(rows: int, config: TrainConfig | None = None) -> TrainConfig:
    """Return training settings for a number of pictures."""
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=2e-3),
        schedule=Cosine(),
        batch_size=32 if rows < 5_000 else 64 if rows < 50_000 else 128,
        epochs=30 if rows < 20_000 else 15,
        patience=10,
    )
