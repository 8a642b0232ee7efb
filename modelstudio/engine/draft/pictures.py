"""A starting network for pictures: convolutions that halve them until little is left."""

from __future__ import annotations

from typing import Final

from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    MaxPool2d,
    ReLU,
)
from modelstudio.network.graph import Node
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW, Cosine
from modelstudio.recipe.fields import FieldSpec

WIDTHS: Final = (32, 64, 128, 256, 256)
"""Channels before each halving."""

SMALLEST: Final = 4
"""A side of the maps that is not halved any more, in pixels."""

LEAST_STEPS: Final = 200
"""Steps that even a few pictures are trained for: with 30, a step an epoch, 40 were too few for the
network to gain from augmentation."""

DROPOUT: Final = 0.5
"""Share of the numbers left out before the last layer."""


def branch(chain: Chain, field: FieldSpec) -> Node:
    """Draw from a picture (or a spectrogram) to one row of numbers; return the last block.

    The last maps of a picture go on as they are, since where something is often tells what it is;
    those of a spectrogram, whose sounds may come at any time, and large ones are averaged.
    """
    end = chain.start(field)
    _, height, width = (int(size) for size in field.shape)
    for channels in WIDTHS:
        if min(height, width) <= SMALLEST:
            break
        chain.add("conv", Conv2d(out_channels=channels, bias=False))
        chain.add("bn", BatchNorm2d())
        chain.add("act", ReLU())
        if min(height, width) // 2 > SMALLEST:
            end = chain.add("pool", MaxPool2d())
            height, width = height // 2, width // 2
        else:
            end = chain.add("pool", AvgPool2d(kernel_size=3, stride=2))
            height, width = (height - 1) // 2, (width - 1) // 2
    small = max(height, width) <= 2 * SMALLEST
    if field.kind == "image" and small:
        return chain.add("flat", Flatten(), [end])
    return chain.add("pool", GlobalAvgPool(), [end])


def settings(rows: int, config: TrainConfig | None = None) -> TrainConfig:
    """Return training settings for a number of pictures."""
    batch_size = 32 if rows < 5_000 else 64 if rows < 50_000 else 128
    steps = -(-max(rows, 1) // batch_size)
    epochs = max(40 if rows < 20_000 else 15, -(-LEAST_STEPS // steps))
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=2e-3),
        schedule=Cosine(),
        batch_size=batch_size,
        epochs=epochs,
        patience=max(15, epochs // 3),
    )
