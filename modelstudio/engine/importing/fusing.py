"""Operations of a file that together are one block: LayerNorm, GELU and the like written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from modelstudio.engine.importing.onnx_file import Foreign, Op

FUSED = "modelstudio."
"""Begins the kinds of operations that no file has."""


class Web:
    """Who gives and who takes each value."""

    def __init__(self, foreign: Foreign) -> None:
        self.foreign = foreign
        self.maker = {name: op for op in foreign.ops for name in op.results}
        self.takers: dict[str, list[Op]] = {}
        for op in foreign.ops:
            for name in op.sources:
                self.takers.setdefault(name, []).append(op)

    def number(self, name: str) -> float | None:
        """Return a constant that is a single number."""
        array = self.foreign.constants.get(name)
        if array is None or array.size != 1 or array.dtype.kind not in "fiu":
            return None
        return float(array.reshape(-1)[0])

    def next(self, op: Op, kind: str) -> Op | None:
        """Return the only taker of a result, if it is of a kind."""
        takers = self.takers.get(op.results[0], [])
        if op.results[0] in self.foreign.outputs:
            return None
        return takers[0] if len(takers) == 1 and takers[0].kind == kind else None

    def before(self, name: str, kind: str) -> Op | None:
        """Return what gives a value, if it is of a kind."""
        op = self.maker.get(name)
        return op if op is not None and op.kind == kind else None

    def with_number(self, op: Op | None, value: float) -> str | None:
        """Return the other source of an operation on a value and this number."""
        if op is None:
            return None
        for name, other in (op.sources, op.sources[::-1]):
            number = self.number(name)
            if number is not None and math.isclose(number, value, rel_tol=1e-3):
                return other
        return None


def fuse(foreign: Foreign) -> None:
    """Put together what is one block in the palette; the rest stays."""
    for pattern in (_linear, _gelu, _tanh_gelu, _layer_norm, _silu, _turned_heads):
        web = Web(foreign)
        gone: set[int] = set()
        for op in list(foreign.ops):
            found = pattern(web, op)
            if found is None:
                continue
            fused, parts = found
            if gone.intersection(map(id, parts)):
                continue
            last = next(part for part in parts if part.results == fused.results)
            fused.scope, fused.stem = op.scope, op.stem
            foreign.ops[foreign.ops.index(last)] = fused
            gone.update(map(id, parts))
        foreign.ops = [op for op in foreign.ops if id(op) not in gone]


Found = tuple[Op, list[Op]] | None
Pattern = Callable[[Web, Op], Found]


def _fused(kind: str, sources: list[str], last: Op, **attributes: object) -> Op:
    return Op(FUSED + kind, sources, list(last.results), attributes)


def _linear(web: Web, product: Op) -> Found:
    """``x @ weight + bias`` with constants."""
    if product.kind != "MatMul" or len(product.sources) != 2:
        return None
    weight = web.foreign.constants.get(product.sources[1])
    last = web.next(product, "Add")
    if weight is None or weight.ndim != 2 or last is None:
        return None
    name = next((name for name in last.sources if name != product.results[0]), "")
    bias = web.foreign.constants.get(name)
    if bias is None or bias.shape[-1:] != weight.shape[1:] or bias.size != weight.shape[1]:
        return None
    fused = _fused("Linear", [*product.sources, name], last)
    return fused, [product, last]


def _gelu(web: Web, erf: Op) -> Found:
    """``x * (1 + erf(x / sqrt 2)) / 2``, the factors in whichever order."""
    if erf.kind != "Erf":
        return None
    scaled = web.maker.get(erf.sources[0])
    if scaled is None or scaled.kind not in ("Div", "Mul"):
        return None
    root = math.sqrt(2) if scaled.kind == "Div" else math.sqrt(0.5)
    x = web.with_number(scaled, root)
    plus = web.next(erf, "Add")
    if x is None or web.with_number(plus, 1.0) != erf.results[0]:
        return None
    assert plus is not None
    end = _halved(web, x, plus)
    if end is None:
        return None
    last, between = end
    return _fused("Gelu", [x], last), [scaled, erf, plus, *between]


def _tanh_gelu(web: Web, tanh: Op) -> Found:
    """``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2``."""
    if tanh.kind != "Tanh":
        return None
    scaled = web.before(tanh.sources[0], "Mul")
    inner = web.with_number(scaled, math.sqrt(2 / math.pi))
    total = web.before(inner, "Add") if inner else None
    plus = web.next(tanh, "Add")
    if scaled is None or total is None or web.with_number(plus, 1.0) is None:
        return None
    assert plus is not None
    for x, cubic in (total.sources, total.sources[::-1]):
        product = web.before(cubic, "Mul")
        power = web.with_number(product, 0.044715)
        if power is None or product is None:
            continue
        made = web.maker.get(power)
        parts = [scaled, total, product, tanh, plus]
        if made is not None and made.kind == "Pow" and made.sources[0] == x:
            parts.append(made)
        elif made is not None and made.kind == "Mul" and x in made.sources:
            parts.append(made)
            square = next((name for name in made.sources if name != x), x)
            squared = web.before(square, "Mul")
            if squared is None or set(squared.sources) != {x}:
                continue
            parts.append(squared)
        else:
            continue
        end = _halved(web, x, plus)
        if end is not None:
            return _fused("Gelu", [x], end[0], approximate="tanh"), [*parts, *end[1]]
    return None


def _halved(web: Web, x: str, plus: Op) -> tuple[Op, list[Op]] | None:
    """Return the last of the products ``x * plus / 2``, and all of them."""
    first = web.next(plus, "Mul")
    if first is None:
        return None
    other = next((name for name in first.sources if name != plus.results[0]), "")
    if other == x:
        second = web.next(first, "Mul") or web.next(first, "Div")
        half = 2.0 if second is not None and second.kind == "Div" else 0.5
        done = web.with_number(second, half)
        return (second, [first, second]) if second is not None and done else None
    if web.with_number(first, 0.5) is not None:
        second = web.next(first, "Mul")
        return (second, [first, second]) if second is not None and x in second.sources else None
    half_x = web.before(other, "Mul")
    if half_x is not None and web.with_number(half_x, 0.5) == x:
        return first, [half_x, first]
    return None


def _layer_norm(web: Web, mean: Op) -> Found:
    """``(x - mean) / sqrt(variance + eps) * weight + bias``."""
    if mean.kind != "ReduceMean":
        return None
    x = mean.sources[0]
    centred = next((op for op in web.takers.get(mean.results[0], []) if op.kind == "Sub"), None)
    if centred is None or centred.sources != [x, mean.results[0]]:
        return None
    squares = [op for op in web.takers.get(centred.results[0], []) if op.kind in ("Pow", "Mul")]
    for square in squares:
        if square.kind == "Mul" and set(square.sources) != {centred.results[0]}:
            continue
        variance = web.next(square, "ReduceMean")
        padded = web.next(variance, "Add") if variance else None
        root = web.next(padded, "Sqrt") if padded else None
        if root is None or padded is None or variance is None:
            continue
        last = web.next(root, "Div")
        parts = [mean, centred, square, variance, padded, root]
        eps = next((n for n in map(web.number, padded.sources) if n is not None), 1e-5)
        if last is None or last.sources != [centred.results[0], root.results[0]]:
            continue
        parts.append(last)
        sources = [x]
        for kind in ("Mul", "Add"):
            following = web.next(last, kind)
            constant = _vector(web, following, last)
            if following is None or constant is None:
                break
            last = following
            parts.append(last)
            sources.append(constant)
        axes = _axes(web, mean)
        return _fused("LayerNorm", sources, last, epsilon=eps, axes=axes), parts
    return None


def _vector(web: Web, op: Op | None, before: Op) -> str | None:
    if op is None:
        return None
    names = [name for name in op.sources if name != before.results[0]]
    array = web.foreign.constants.get(names[0]) if names else None
    return names[0] if array is not None and array.ndim == 1 else None


def _axes(web: Web, op: Op) -> list[int]:
    given = op.attributes.get("axes")
    if given is None and len(op.sources) > 1:
        array = web.foreign.constants.get(op.sources[1])
        given = None if array is None else np.asarray(array).tolist()
    return list(given or [])


def _silu(web: Web, sigmoid: Op) -> Found:
    """``x * sigmoid(x)``."""
    if sigmoid.kind != "Sigmoid":
        return None
    last = web.next(sigmoid, "Mul")
    if last is None or sigmoid.sources[0] not in last.sources:
        return None
    return _fused("Silu", [sigmoid.sources[0]], last), [sigmoid, last]


def _turned_heads(web: Web, joined: Op) -> Found:
    """Matrices transposed while samples and heads are one axis."""
    turned = web.next(joined, "Transpose") if joined.kind == "Reshape" else None
    last = web.next(turned, "Reshape") if turned else None
    if turned is None or last is None or turned.attributes.get("perm") != [0, 2, 1]:
        return None
    arrays = web.foreign.values
    names = (joined.sources[0], joined.results[0], last.results[0])
    before, between, behind = (np.shape(arrays.get(name, 0)) for name in names)
    if len(before) != 4 or between[1:] != before[2:]:
        return None
    if behind != (*before[:2], before[3], before[2]):
        return None
    found = Op("Transpose", [joined.sources[0]], list(last.results), {"perm": [0, 1, 3, 2]})
    return found, [joined, turned, last]
