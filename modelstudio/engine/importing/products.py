"""Sums of products written with letters, and values repeated along an axis, as blocks."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace

from modelstudio.engine.importing.drawing import Array, Unmapped, palette_layer
from modelstudio.engine.importing.phrases import Ref, straight
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.network.analysis import Shape

Letters = Sequence[str]
"""A letter for each axis of a value; an empty one stands for an axis that it does not have."""


OUTWARD = "It repeats values along the batch, or along a free length."


def einsum(s: Shaping, equation: str, values: Sequence[Ref | Array], shape: Shape) -> Ref:
    """Draw what an equation such as ``bqd,bkd->bqk`` tells."""
    ranks = [len(v.order) if isinstance(v, Ref) else v.ndim for v in values]
    terms, answer = letters_of(equation, ranks)
    if any(len(set(term)) < len(term) for term in terms):
        raise Unmapped("It takes the diagonal of a value.")
    if len(values) == 1 and isinstance(values[0], Ref):
        x, letters = _summed(s, values[0], terms[0], answer)
        return s.transpose(x, [letters.index(letter) for letter in answer])
    if len(values) != 2:
        raise Unmapped("It multiplies more than two values at once.")
    (a, left), (b, right) = zip(values, terms, strict=True)
    if isinstance(b, Ref) and not isinstance(a, Ref):
        (a, left), (b, right) = (b, right), (a, left)
    if not isinstance(a, Ref):
        raise Unmapped("It works on constants.")
    if not isinstance(b, Ref):
        return _by_table(s, a, left, b, right, answer, shape)
    a, ours = _summed(s, a, left, {*right, *answer})
    b, theirs = _summed(s, b, right, {*ours, *answer})
    return _product(s, a, ours, b, theirs, answer)


def letters_of(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Return the letters of each value and of the result; three dots become capital letters."""
    given, arrow, told = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    unused = [letter for letter in string.ascii_uppercase if letter not in equation]
    dots = max(rank - len(t.replace("...", "")) for t, rank in zip(terms, ranks, strict=True))
    some = "".join(unused[:dots])
    full = [
        term.replace("...", some[dots - (rank - len(term) + 3) :])
        for term, rank in zip(terms, ranks, strict=True)
    ]
    if any(len(term) != rank for term, rank in zip(full, ranks, strict=True)):
        raise Unmapped("Its letters do not fit its values.")
    once = sorted(letter for letter in set(given) if given.count(letter) == 1 and letter.isalpha())
    return full, told.replace("...", some) if arrow else some + "".join(once)


def _summed(
    s: Shaping, x: Ref, letters: Letters, wanted: Sequence[str] | set[str]
) -> tuple[Ref, list[str]]:
    """Return a value summed over the axes whose letters nothing else has."""
    axes = [axis for axis, letter in enumerate(letters) if letter not in wanted]
    if axes:
        x = s.reduce("sum", x, axes, kept=False)
    return x, [letter for letter in letters if letter in wanted]


def _product(s: Shaping, a: Ref, left: list[str], b: Ref, right: list[str], answer: Letters) -> Ref:
    """Draw a product of matrices; where it is none, one number by number and a sum."""
    sizes = dict(zip((*right, *left), (*b.seen, *a.seen), strict=True))
    both = [letter for letter in left if letter in right]
    inner = [letter for letter in both if letter not in answer]
    batch = sorted(set(both).difference(inner), key=lambda x: a.order[left.index(x)])
    rows = [letter for letter in left if letter not in right]
    columns = [letter for letter in right if letter not in left]
    if len(inner) != 1 or len(rows) > 1 or len(columns) > 1 or not 1 <= len(batch) <= 2:
        every = [*answer, *inner]
        pair = [_arranged(a, left, every), _arranged(b, right, every)]
        x = s.combine("Mul", pair, tuple(sizes[letter] for letter in every))
        return s.reduce("sum", x, range(len(answer), len(every)), kept=False) if inner else x
    (row,), (column,) = rows or [""], columns or [""]
    flip_a = bool(row) and left.index(inner[0]) < left.index(row)
    flip_b = bool(column) and right.index(column) < right.index(inner[0])
    ends = [[row, *inner], [*inner, column]]
    orders = [end[::-1] if flip else end for end, flip in zip(ends, (flip_a, flip_b), strict=True)]
    x = s.block(
        "MatMul",
        [_arranged(a, left, batch + orders[0]), _arranged(b, right, batch + orders[1])],
        tuple(sizes.get(letter, 1) for letter in (*batch, row, column)),
        transpose_a=flip_a,
        transpose_b=flip_b,
    )
    found = [*batch, row, column]
    return replace(x, order=tuple(found.index(letter) for letter in answer))


def _arranged(x: Ref, letters: Sequence[str], order: Letters) -> Ref:
    """Return a value with its axes in an order of letters, of which it need not have all."""
    axes = [x.order[letters.index(letter)] if letter in letters else -1 for letter in order]
    return replace(x, order=tuple(axes))


def _by_table(
    s: Shaping, x: Ref, left: str, table: Array, right: str, answer: str, shape: Shape
) -> Ref:
    """Draw a weighted sum; the table has a letter of the value, which goes, and one of its own."""
    inner = [letter for letter in right if letter in left and letter not in answer]
    own = [letter for letter in right if letter not in left]
    if len(right) != 2 or len(inner) != 1 or len(own) != 1:
        raise Unmapped("It multiplies by a constant that is not a table.")
    rest = [letter for letter in left if letter not in inner]
    weight = table if right == "".join([*own, *inner]) else table.T
    sizes = dict(zip(answer, shape, strict=True))
    found = [*rest, *own]
    out = tuple(sizes[letter] for letter in found)
    x = s.linear(_arranged(x, left, [*rest, *inner]), weight, None, out)
    return s.transpose(x, [found.index(letter) for letter in answer])


def stretched(s: Shaping, x: Ref, shape: Shape) -> Ref:
    """Draw a value repeated along those of its axes that have the size 1."""
    if x.seen == shape:
        return x
    x = replace(x, order=(-1,) * (len(shape) - len(x.order)) + x.order)
    if len(x.order) != len(shape):
        raise Unmapped("It takes away an axis.")
    sizes = [1 if old == new else new for old, new in zip(x.seen, shape, strict=True)]
    if any(old not in (1, new) for old, new in zip(x.seen, shape, strict=True)):
        raise Unmapped("It repeats an axis that is longer than 1.")
    if sizes[0] != 1 or any(isinstance(size, str) for size in sizes):
        raise Unmapped(OUTWARD)
    stem, s.drawing.stem = s.drawing.stem, ""
    ones = s.drawing.add(palette_layer("Constant", shape=tuple(sizes[1:]), value=1.0))
    s.drawing.stem = stem
    return s.combine("Mul", [s.facing(x), Ref(ones, tuple(sizes), straight(shape))], shape)


def repeated(s: Shaping, x: Ref, axis: int, count: int, shape: Shape, *, each: bool) -> Ref:
    """Draw a value repeated along an axis: each place by itself, or all of them again."""
    at = axis + 1 if each else axis
    apart = s.reshape(x, (*x.seen[:at], 1, *x.seen[at:]))
    return s.reshape(stretched(s, apart, (*x.seen[:at], count, *x.seen[at:])), shape)


def tiled(s: Shaping, x: Ref, shape: Shape) -> Ref:
    """Draw a value repeated as a whole along its axes, until it has a shape."""
    seen = (1,) * (len(shape) - len(x.order)) + x.seen
    x = s.reshape(x, seen)
    for axis, (old, new) in enumerate(zip(seen, shape, strict=True)):
        if old == new:
            continue
        if not isinstance(old, int) or not isinstance(new, int) or not axis:
            raise Unmapped(OUTWARD)
        seen = (*seen[:axis], new, *seen[axis + 1 :])
        x = repeated(s, x, axis, new // old, seen, each=False)
    return x
