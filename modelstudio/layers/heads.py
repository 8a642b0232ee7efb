"""Heads: the last weights before an Output, as wide as the target needs.

Their width is read off the data, so that another target or other classes never break the network.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from modelstudio.network.analysis import FieldLike
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


class Head(Layer, abstract=True):
    """A Linear with one logit for each number that the target needs.

    ``kinds`` are the kinds of target that the head is meant for; for another it has the right width
    all the same, and the network says which head is meant.
    """

    outside = True
    inputs = (Port("x", rank=2),)

    kinds: ClassVar[tuple[str, ...]] = ()

    target: str = Field("", description="Column it answers for; empty takes the only target.")
    dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of the numbers set to 0 before it while training."
    )
    bias: bool = Field(True, description="Add a learned number to each sum.")

    def width(self, b: Builder) -> int:
        """Return how many logits the target needs."""
        return target_of(b, self.target).logits or 1

    def lower(self, b: Builder, x: Value) -> Value:
        out_features = self.width(b)
        if self.dropout:
            x = b.module("torch.nn.Dropout", x, part="drop", p=self.dropout)
        return b.module(
            "torch.nn.Linear",
            x,
            in_features=x.size(-1, "the length of a row"),
            out_features=out_features,
            bias=self.bias,
        )

    def summary(self) -> str:
        return self.target or "target"


class ClassificationHead(Head, category="Heads", label="Classification head"):
    """Give one logit for each class of the target; one alone where there are two classes."""

    stem = "head"
    keywords = ("classifier", "classes", "output layer", "logits")
    kinds = ("binary", "classes")


class RegressionHead(Head, category="Heads", label="Regression head"):
    """Give the number to predict."""

    stem = "head"
    keywords = ("regressor", "number", "output layer")
    kinds = ("value",)


class MultiLabelHead(Head, category="Heads", label="Multi-label head"):
    """Give one logit for each label of a target where several may be true at once."""

    stem = "head"
    keywords = ("tags", "several labels", "output layer", "logits")
    kinds = ("labels",)


class NextTokenHead(Head, category="Heads", label="Next-token head"):
    """Give one logit for each word of the vocabulary, at every place of a sequence.

    Without a target of tokens the vocabulary is that of the only field of ids.
    """

    stem = "head"
    keywords = (
        "language model head",
        "lm head",
        "generate text",
        "next word",
        "output layer",
        "tied",
        "weight tying",
        "gpt",
    )
    inputs = (Port("x", rank=3, order="steps"),)
    ties = ("Embedding",)
    kinds = ("tokens",)

    def width(self, b: Builder) -> int:
        """Return the size of the vocabulary."""
        targets = [field for field in b.fields.values() if field.role == "target"]
        if any(field.kind == "tokens" for field in targets):
            return super().width(b)
        sizes = {
            field.vocabulary
            for field in b.fields.values()
            if field.role == "input" and field.vocabulary
        }
        if len(sizes) != 1:
            raise Mismatch("cannot tell the vocabulary: the data has no target of tokens")
        return sizes.pop()


def target_of(b: Builder, name: str) -> FieldLike:
    """Return the target of that name, or the only one when it is empty.

    Raises
    ------
    Mismatch
        When there is no such target, or several to choose from.
    """
    targets = [field for field in b.fields.values() if field.role == "target"]
    if not targets:
        raise Mismatch("follows the target, but there is none yet. Choose one on the Data page")
    if not name and len(targets) == 1:
        return targets[0]
    for field in targets:
        if field.name == name:
            return field
    known = ", ".join(field.name for field in targets)
    if name:
        raise Mismatch(f"follows {name!r}, which is not a target of the data. Targets: {known}")
    raise Mismatch(f"does not say which target it follows: {known}")
