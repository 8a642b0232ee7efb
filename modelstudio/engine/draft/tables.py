"""A starting network and settings for a table, good enough to be left as they are.

The choices were measured (``tests/benchmarks/scores.py`` and ``other_tables.py``): smooth
activations gained on small tables, ReLU on large ones; more dropout where there are few rows for
each input; and on small tables of a value a way past the hidden layers for what is linear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelstudio.engine.draft.chain import Chain
from modelstudio.layers import Concatenate, Dropout, Linear, Output, ReLU, SiLU
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.network.layout import arrange
from modelstudio.project.model import TrainConfig
from modelstudio.project.training import AdamW, Cosine
from modelstudio.recipe.fields import FieldSpec


@dataclass(frozen=True, slots=True)
class Size:
    """What suits tables of up to ``rows`` training rows.

    ``scarce_dropout`` stands for ``dropout`` with fewer than `SCARCE` rows for each input;
    ``bypass`` leads the inputs to the answer for a value beside the hidden layers.
    """

    rows: float
    hidden: tuple[int, ...]
    dropout: float
    scarce_dropout: float
    activation: type[Layer]
    batch_size: int
    lr: float
    epochs: int
    patience: int
    bypass: bool = False


SCARCE: Final = 15

SIZES: Final = (
    Size(200, (64, 64), 0.3, 0.5, SiLU, 8, 2e-3, 150, 40, bypass=True),
    Size(1_000, (64, 64), 0.3, 0.5, SiLU, 16, 2e-3, 100, 30, bypass=True),
    Size(20_000, (64, 32), 0.2, 0.2, SiLU, 64, 2e-3, 40, 10),
    Size(200_000, (128, 64), 0.0, 0.0, ReLU, 256, 2e-3, 30, 10),
    Size(float("inf"), (256, 128), 0.0, 0.0, ReLU, 1024, 2e-3, 20, 5),
)


def size_for(rows: int) -> Size:
    """Return what suits a number of training rows."""
    return next(size for size in SIZES if rows <= size.rows)


def rows_for(batch_size: int) -> int:
    """Return a number of training rows that batches of this size suit."""
    fitting = (size.rows for size in SIZES[:-1] if batch_size <= size.batch_size)
    return int(next(fitting, SIZES[-2].rows + 1))


def settings(rows: int, config: TrainConfig | None = None) -> TrainConfig:
    """Return training settings for a number of training rows; seed and device are kept."""
    size = size_for(rows)
    return (config or TrainConfig()).changed(
        optimizer=AdamW(lr=size.lr),
        schedule=Cosine(),
        batch_size=size.batch_size,
        epochs=size.epochs,
        patience=size.patience,
    )


def network(fields: Sequence[FieldSpec], rows: int) -> Graph:
    """Return a multilayer perceptron from all input fields to the target; empty without both.

    Fields of ids get an embedding each, and everything is concatenated before the hidden layers.
    """
    inputs = [field for field in fields if field.role == "input"]
    target = next((field for field in fields if field.role == "target"), None)
    if not inputs or target is None:
        return Graph()
    size = size_for(rows)
    columns = sum(dim for field in inputs for dim in field.shape if isinstance(dim, int))
    dropout = size.scarce_dropout if rows < SCARCE * columns else size.dropout
    chain = Chain()
    ends = [chain.start(field) for field in inputs]
    start = chain.add("cat", Concatenate(), ends) if len(ends) > 1 else ends[0]
    end = start
    for width in size.hidden:
        chain.add("fc", Linear(out_features=width))
        end = chain.add("act", size.activation())
        if dropout:
            end = chain.add("drop", Dropout(p=dropout))
    if size.bypass and target.kind == "value":
        chain.add("cat", Concatenate(), [start, end])
    chain.add("fc", Linear(out_features=target.logits or 1))
    chain.add("out", Output())
    return chain.graph.move(arrange(chain.graph))
