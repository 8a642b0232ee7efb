"""Layers that bring several values together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import LAST_AXIS, Mismatch, Repair
from modelstudio.network.repairs import alike, joined, levelled, resized
from modelstudio.network.shapes import Builder, Value


def for_each_sample(b: Builder, values: Sequence[Value]) -> list[Value]:
    """Return the values with those that are the same for every sample repeated for each."""
    full = next((value for value in values if value.shape[0] != 1), None)
    if full is None:
        return list(values)
    repeat = "modelstudio.engine.modules.for_each_sample"
    return [b.function(repeat, v, full) if v.shape[0] == 1 else v for v in values]


def check_alike(values: Sequence[Value], *others: Repair) -> None:
    """Refuse values that neither have the same shape nor stretch to it along sizes of 1."""
    first = values[0]
    for index, value in enumerate(values[1:], 1):
        pairs = list(zip(first.shape, value.shape, strict=False))
        if value.rank == first.rank and all(a == b or 1 in (a, b) for a, b in pairs):
            continue
        repairs = (*alike([one.shape for one in values], index), *others)
        raise Mismatch("needs values of the same shape", index, *repairs)


class _Joined(Layer, abstract=True, category="Merge and shape"):
    """What layers share that join any number of values, number by number."""

    inputs = (Port("x", variadic=True),)

    function: ClassVar[str]

    def lower(self, b: Builder, *values: Value) -> Value:
        check_alike(values, *joined([value.shape for value in values]))
        return reduce(lambda left, right: b.function(self.function, left, right), values)


class Add(_Joined):
    """Add values of the same shape; the end of a skip connection."""

    keywords = (
        "plus",
        "sum of values",
        "skip connection",
        "residual connection",
        "shortcut",
        "elementwise",
    )
    function = "torch.add"


class Concatenate(Layer, category="Merge and shape"):
    """Put values behind each other along one dimension."""

    stem = "cat"
    keywords = ("concat", "cat", "join", "merge", "append")
    inputs = (Port("x", variadic=True),)

    axis: int = Field(
        1, ge=-1, le=7, description="Dimension to join along; 1 is channels, -1 the last."
    )

    def lower(self, b: Builder, *values: Value) -> Value:
        first = values[0]
        axis = first.rank - 1 if self.axis == -1 else self.axis
        if axis == 0 or axis >= first.rank:
            raise Mismatch(f"has no dimension {self.axis} to join along", 0, LAST_AXIS)
        for index, value in enumerate(values[1:], 1):
            if value.rank != first.rank or any(
                a != b
                for i, (a, b) in enumerate(zip(first.shape, value.shape, strict=True))
                if i not in (0, axis)
            ):
                needs = "needs values that agree in every dimension but the joined one"
                repairs = resized if value.rank == first.rank else levelled
                raise Mismatch(needs, index, *repairs([one.shape for one in values], index))
        return b.function("torch.cat", for_each_sample(b, values), dim=axis)


class Multiply(_Joined):
    """Multiply values of the same shape, number by number."""

    stem = "mul"
    keywords = ("times", "product", "hadamard", "elementwise", "gate")
    function = "torch.mul"


class _Pair(Layer, abstract=True, category="Merge and shape"):
    """What layers share that combine two values, number by number, where the order counts."""

    inputs = (Port("a"), Port("b"))

    function: ClassVar[str]

    def lower(self, b: Builder, x: Value, y: Value) -> Value:
        check_alike((x, y))
        return b.function(self.function, x, y)


class Subtract(_Pair):
    """Take the second value away from the first, number by number."""

    stem = "sub"
    keywords = ("minus", "difference")
    function = "torch.sub"

    def summary(self) -> str:
        return "a - b"


class Divide(_Pair):
    """Divide the first value by the second, number by number."""

    stem = "div"
    keywords = ("quotient", "ratio")
    function = "torch.div"

    def summary(self) -> str:
        return "a / b"


class Maximum(_Joined):
    """Keep the largest of several values at each place."""

    stem = "max"
    keywords = ("elementwise max", "larger of two")
    function = "torch.maximum"


class Minimum(_Joined):
    """Keep the smallest of several values at each place."""

    stem = "min"
    keywords = ("elementwise min", "smaller of two")
    function = "torch.minimum"


class Stack(Layer, category="Merge and shape"):
    """Put values of the same shape behind each other along a new dimension."""

    keywords = ("new axis", "pile")
    inputs = (Port("x", variadic=True),)

    axis: int = Field(
        1, ge=-1, le=7, description="Place of the new dimension; 1 is the first, -1 the last."
    )

    def lower(self, b: Builder, *values: Value) -> Value:
        first = values[0]
        axis = first.rank if self.axis == -1 else self.axis
        if axis == 0 or axis > first.rank:
            raise Mismatch(f"has no place {self.axis} for a new dimension", 0, LAST_AXIS)
        for index, value in enumerate(values[1:], 1):
            if value.shape[1:] != first.shape[1:]:
                repairs = alike([one.shape for one in values], index)
                raise Mismatch("needs values of the same shape", index, *repairs)
        return b.function("torch.stack", for_each_sample(b, values), dim=axis)


class MatMul(Layer, category="Merge and shape"):
    """Multiply the rows of one matrix by the columns of another."""

    keywords = ("matrix product", "matrix multiplication", "bmm", "einsum")
    inputs = (Port("a", rank=(3, 4)), Port("b", rank=(3, 4)))

    transpose_a: bool = Field(False, description="Exchange rows and columns of the first value.")
    transpose_b: bool = Field(False, description="Exchange rows and columns of the second value.")

    def lower(self, b: Builder, x: Value, y: Value) -> Value:
        inner = x.shape[-2 if self.transpose_a else -1], y.shape[-1 if self.transpose_b else -2]
        leading = zip(x.shape[:-2], y.shape[:-2], strict=False)
        if x.rank != y.rank or any(m != n and 1 not in (m, n) for m, n in leading):
            raise Mismatch("needs values that agree in all but their last two dimensions", 1)
        if inner[0] != inner[1]:
            flipped = y.shape[-2 if self.transpose_b else -1] == inner[0]
            turn = Repair(
                "Transpose the second value",
                settings=(("transpose_b", not self.transpose_b),),
            )
            raise Mismatch(
                f"needs as many rows in b as columns in a, not {inner[1]} for {inner[0]}",
                1,
                *([turn] if flipped else []),
            )
        if self.transpose_a:
            x = b.function("torch.transpose", x, dim0=-2, dim1=-1)
        if self.transpose_b:
            y = b.function("torch.transpose", y, dim0=-2, dim1=-1)
        return b.function("torch.matmul", x, y)

    def summary(self) -> str:
        signs = ("ᵀ" if self.transpose_a else "", "ᵀ" if self.transpose_b else "")
        return f"a{signs[0]} · b{signs[1]}"


class DotProduct(Layer, category="Merge and shape"):
    """Multiply two rows and add up: how much two embeddings agree."""

    stem = "dot"
    keywords = ("inner product", "similarity", "two towers")
    inputs = (Port("a", rank=(2, 3, 4)), Port("b", rank=(2, 3, 4)))

    scaled: bool = Field(False, description="Divide by the root of the length of a row.")

    def lower(self, b: Builder, x: Value, y: Value) -> Value:
        check_alike((x, y))
        width = x.size(-1, "the length of a row")
        product = b.function("torch.mul", x, y)
        total = b.function("torch.sum", product, dim=-1, keepdim=True)
        return b.function("torch.mul", total, other=width**-0.5) if self.scaled else total

    def summary(self) -> str:
        return "a · b"


class CosineSimilarity(Layer, category="Merge and shape"):
    """Compare the directions of two rows: 1 when alike, -1 when opposite."""

    stem = "cos"
    keywords = ("cosine distance", "angle", "similarity")
    inputs = (Port("a", rank=(2, 3, 4)), Port("b", rank=(2, 3, 4)))

    eps: float = Field(1e-8, gt=0, le=1, description="Least length of a row to divide by.")

    def lower(self, b: Builder, x: Value, y: Value) -> Value:
        check_alike((x, y))
        likeness = b.function("torch.nn.functional.cosine_similarity", x, y, dim=-1, eps=self.eps)
        return b.function("torch.unsqueeze", likeness, dim=-1)

    def summary(self) -> str:
        return "cos"
