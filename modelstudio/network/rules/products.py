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
    return Outcome((*shapes[0], wide), settings["num_embeddings"] * wide, 0, "float", "steps")


@rule("torch.nn.Bilinear")
def bilinear(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Combine every pair of numbers of two rows."""
    first, second, out = (
        settings[name] for name in ("in1_features", "in2_features", "out_features")
    )
    weights = first * second * out
    return Outcome((*shapes[0][:-1], out), weights + (out if settings.get("bias", True) else 0))


@rule("torch.matmul")
def matmul(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Multiply matrices; those of size 1 stretch over the others."""
    first, second = shapes
    leading = tuple(b if a == 1 else a for a, b in zip(first[:-2], second[:-2], strict=True))
    shape = (*leading, first[-2], second[-1])
    return Outcome(shape, 0, count(shape[1:]) * count(first[-1:]), order="")


@rule("torch.nn.functional.cosine_similarity")
def cosine_similarity(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Compare the directions of two values along one dimension, which goes."""
    axis = settings["dim"] % len(shapes[0])
    shape = tuple(b if a == 1 else a for a, b in zip(*shapes, strict=True))
    return Outcome((*shape[:axis], *shape[axis + 1 :]))
