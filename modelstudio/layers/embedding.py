"""Vectors for ids and for places in a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from modelstudio.layers.weights import normal
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value, Weights

VectorSize = Annotated[
    int, Field(ge=1, le=65_536, title="Vector size", description="Numbers for each id.")
]

Vocabulary = Annotated[
    int | None,
    Field(
        ge=1,
        le=100_000_000,
        title="Vocabulary",
        description="How many different ids there are; empty takes it from the data.",
    ),
]

Spread = Annotated[
    float,
    Field(
        ge=0,
        le=100,
        title="First spread",
        description="Standard deviation of the weights before training; "
        "0.02 is usual where a head shares them.",
    ),
]


def first(spread: float) -> Weights | None:
    """Return how the vectors are drawn; torch's own draw is of spread 1."""
    return None if spread == 1 else normal(spread)


def room(chosen: int | None, ids: Value) -> int:
    """Return how many vectors are needed.

    Raises
    ------
    Mismatch
        When it is not known, or when the ids need more than was chosen.
    """
    size = chosen or ids.vocabulary
    if size is None:
        raise Mismatch("cannot tell how many different ids there are. Set its vocabulary")
    if ids.vocabulary is not None and size < ids.vocabulary:
        raise Mismatch(
            f"has room for {size} ids, but the data has {ids.vocabulary}",
            None,
            Repair(
                f"Set its vocabulary to {ids.vocabulary}",
                settings=(("num_embeddings", ids.vocabulary),),
            ),
        )
    return size


class Embedding(Layer, category="Linear"):
    """Turn each id into a learned row of numbers."""

    stem = "embed"
    keywords = (
        "lookup table",
        "word vectors",
        "token embedding",
        "vocabulary",
        "tied",
        "weight tying",
        "categorical",
    )
    inputs = (Port("ids", rank=(1, 2, 3), dtype="int"),)

    embedding_dim: VectorSize = 32
    num_embeddings: Vocabulary = None
    std: Spread = 1.0

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module(
            "torch.nn.Embedding",
            x,
            weights=first(self.std),
            num_embeddings=room(self.num_embeddings, x),
            embedding_dim=self.embedding_dim,
        )

    def summary(self) -> str:
        return f"Embed · {self.embedding_dim}"


class EmbeddingBag(Layer, category="Linear"):
    """Turn each row of ids into one learned row of numbers: a bag of words."""

    stem = "bag"
    keywords = ("bag of words", "lookup table", "word vectors")
    inputs = (Port("ids", rank=2, dtype="int"),)

    embedding_dim: VectorSize = 32
    num_embeddings: Vocabulary = None
    std: Spread = 1.0
    mode: Literal["mean", "sum", "max"] = Field(
        "mean", title="Joined by", description="How the vectors of a row become one."
    )
    padding_id: int | None = Field(
        None,
        ge=0,
        le=100_000_000,
        title="Padding id",
        description="Id that fills short rows and is left out; empty counts every id.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        size = room(self.num_embeddings, x)
        if self.padding_id is not None and self.padding_id >= size:
            every = Repair("Count every id", settings=(("padding_id", None),))
            raise Mismatch(f"has a padding id that is not one of its {size} ids", None, every)
        return b.module(
            "torch.nn.EmbeddingBag",
            x,
            weights=first(self.std),
            num_embeddings=size,
            embedding_dim=self.embedding_dim,
            mode=self.mode,
            padding_idx=self.padding_id,
        )

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        (ids,) = taken
        if self.padding_id is None and ids is not None and isinstance(ids.shape[1], str):
            leave_out = Repair("Leave out id 0", settings=(("padding_id", 0),))
            yield Mismatch("counts the padding of short rows, too", None, leave_out)

    def summary(self) -> str:
        return f"{self.mode} · {self.embedding_dim}"


class PositionalEncoding(Layer, category="Attention"):
    """Add to each step of a sequence numbers that tell where it stands."""

    stem = "pos"
    keywords = (
        "position embedding",
        "positional embedding",
        "sinusoidal",
        "sine",
        "learned positions",
        "transformer",
    )
    inputs = (Port("x", rank=3, order="steps"),)

    kind: Literal["sinusoidal", "learned"] = Field(
        "sinusoidal", description="Waves of rising length, or a learned row for each place."
    )
    max_length: int = Field(
        512,
        ge=1,
        le=10_000_000,
        title="Longest sequence",
        description="Places that have a learned row; waves have no end.",
    )
    std: Annotated[
        float,
        Field(
            ge=0,
            le=100,
            title="First spread",
            description="Standard deviation of the learned rows before training.",
        ),
    ] = 0.02

    def lower(self, b: Builder, x: Value) -> Value:
        wide = x.size(-1, "the width of a step")
        if self.kind == "sinusoidal":
            return b.function("modelstudio.engine.sequences.add_sinusoids", x)
        length = x.shape[1]
        if isinstance(length, int) and length > self.max_length:
            raise Mismatch(
                f"needs sequences of at most {self.max_length} steps",
                0,
                Repair(f"Set {length} places", settings=(("max_length", length),)),
            )
        steps = b.function("modelstudio.engine.sequences.step_numbers", x, part="steps")
        places = b.module(
            "torch.nn.Embedding",
            steps,
            weights=normal(self.std),
            num_embeddings=self.max_length,
            embedding_dim=wide,
        )
        return b.function("torch.add", x, places)

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        (x,) = taken
        if self.kind == "learned" and x is not None and isinstance(x.shape[1], str):
            waves = Repair("Use waves, which have no end", settings=(("kind", "sinusoidal"),))
            yield Mismatch(
                f"cannot read sequences of more than {self.max_length} steps", None, waves
            )

    def summary(self) -> str:
        return f"learned · {self.max_length}" if self.kind == "learned" else "sinusoidal"
