"""Rules of weighted sums and lookup tables."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, count, rule


@rule("torch.nn.Linear")
def linear(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Multiply the last dimension by a matrix."""
    (shape,) = shapes
    wide, out = settings["in_features"], settings["out_features"]
    parameters = wide * out + (out if settings.get("bias", True) else 0)
    return Outcome((*shape[:-1], out), parameters, count(shape[1:-1]) * wide * out)


@rule("torch.nn.Embedding")
def embedding(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Look up a vector for each id."""
    wide = settings["embedding_dim"]
    return Outcome((*shapes[0], wide), settings["num_embeddings"] * wide, 0, "float")
