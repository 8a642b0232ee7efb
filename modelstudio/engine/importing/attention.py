"""Attention written out in an ONNX file, found again and checked by its numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from modelstudio.engine.importing.drawing import Array, palette_layer
from modelstudio.engine.importing.fusing import FUSED, Web
from modelstudio.engine.importing.onnx_file import Foreign, Op
from modelstudio.engine.importing.onnx_ops import Sheet, handles
from modelstudio.engine.importing.phrases import Ref

MOST_OPS = 60
"""Operations that one attention is written out in, at most."""

TOLERANCE = 1e-4
"""How near the block must come to what the file says, relative to its largest number."""


class _Linear(NamedTuple):
    weight: Array
    bias: Array | None


class _Region(NamedTuple):
    """Operations between a value and the attention of it."""

    source: str
    ops: list[Op]
    end: Op
    inward: list[_Linear]
    outward: _Linear


def fuse_attention(foreign: Foreign) -> None:
    """Put every attention together that one block gives the same numbers as."""
    for softmax in [op for op in foreign.ops if op.kind == "Softmax"]:
        region = _region(Web(foreign), softmax)
        found = _recognised(foreign, region, softmax) if region else None
        if region is None or found is None:
            continue
        place = next(number for number, op in enumerate(foreign.ops) if op is region.end)
        found.scope = _common([op for op in (*region.ops, region.end) if op.scope])
        found.stem = found.scope[-1] if found.scope and not found.scope[-1].isdecimal() else ""
        found.scope = found.scope[:-1] if found.stem else found.scope
        foreign.ops[place] = found
        gone = set(map(id, region.ops))
        foreign.ops = [op for op in foreign.ops if id(op) not in gone]


def _common(ops: list[Op]) -> tuple[str, ...]:
    if not ops:
        return ()
    scopes = [op.scope for op in ops]
    alike = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*scopes, strict=False))
    return tuple(parts[0] for parts in alike)


def _region(web: Web, softmax: Op) -> _Region | None:
    outward, end = _end(web, softmax)
    if end is None or outward is None:
        return None
    values, foreign = web.foreign.values, web.foreign
    answer = values.get(end.results[0])
    if answer is None or answer.ndim != 3:
        return None
    order = {id(op): number for number, op in enumerate(foreign.ops)}
    known = {"", *foreign.constants, *foreign.apart}
    region: list[Op] = []
    open_values = set(end.sources) - known
    while len(region) <= MOST_OPS and open_values:
        if len(open_values) == 1 and any(op is softmax for op in region):
            (source,) = open_values
            array = values.get(source)
            if array is not None and array.shape == answer.shape:
                inside = {id(op) for op in (*region, end)}
                leaks = any(
                    id(taker) not in inside
                    for op in region
                    for name in op.results
                    for taker in web.takers.get(name, [])
                )
                found = [_linear(web, op) for op in sorted(region, key=lambda o: order[id(o)])]
                inward = [part for part in found if part and part.weight is not outward.weight]
                return None if leaks else _Region(source, region, end, inward, outward)
        if not all(name in web.maker for name in open_values):
            return None
        last = max((web.maker[name] for name in open_values), key=lambda op: order[id(op)])
        region.append(last)
        open_values -= set(last.results)
        open_values |= set(last.sources) - known
    return None


def _end(web: Web, softmax: Op) -> tuple[_Linear | None, Op | None]:
    """Return the last weighted sum behind a softmax, and what makes three axes of its result."""
    op, outward = softmax, None
    for _ in range(14):
        takers = web.takers.get(op.results[0], [])
        if len(takers) != 1:
            return None, None
        op = takers[0]
        outward = outward or _linear(web, op)
        array = web.foreign.values.get(op.results[0])
        if outward is not None and array is not None and array.ndim == 3:
            return outward, op
    return None, None


def _linear(web: Web, op: Op) -> _Linear | None:
    if op.kind not in (f"{FUSED}Linear", "Gemm", "MatMul") or op.attributes.get("transA"):
        return None
    weight = web.foreign.constants.get(op.sources[1])
    if weight is None or weight.ndim != 2:
        return None
    bias = web.foreign.constants.get(op.sources[2]) if len(op.sources) > 2 else None
    turned = weight if op.attributes.get("transB") else weight.T
    return _Linear(turned, None if bias is None else bias.reshape(-1))


def _recognised(foreign: Foreign, region: _Region, softmax: Op) -> Op | None:
    """Return the operation of one block, if there is a setting that gives the same numbers."""
    x, answer = foreign.values[region.source], foreign.values[region.end.results[0]]
    scores = foreign.values.get(softmax.sources[0])
    width = x.shape[-1]
    if scores is None or region.outward.weight.shape != (width, width):
        return None
    for first in (True, False):
        samples, steps = x.shape[:2] if first else x.shape[1::-1]
        heads, rest = divmod(scores.size, samples * steps * steps)
        if rest or not heads or width % heads:
            continue
        for weights in _arranged(region, width):
            for causal in (False, True):
                said = _said(x, weights, heads, first, causal)
                if np.abs(said - answer).max() <= TOLERANCE * max(1.0, np.abs(answer).max()):
                    settings = {"heads": heads, "causal": causal, "batch_first": first}
                    return Op(
                        f"{FUSED}Attention",
                        [region.source],
                        list(region.end.results),
                        settings | {"weights": weights},
                    )
    return None


def _arranged(region: _Region, width: int) -> Iterator[dict[str, Array]]:
    """Yield the weights as torch names them, queries, keys and values in every order."""
    biased = any(part.bias is not None for part in (*region.inward, region.outward))
    if len(region.inward) == 1 and region.inward[0].weight.shape == (3 * width, width):
        orders: Iterator[tuple[_Linear, ...]] = iter([(region.inward[0],)])
    elif len(region.inward) == 3 and all(p.weight.shape == (width,) * 2 for p in region.inward):
        orders = itertools.permutations(region.inward)
    else:
        return
    for parts in orders:
        found = {
            "in_proj_weight": np.concatenate([part.weight for part in parts]),
            "out_proj.weight": region.outward.weight,
        }
        if biased:
            shifts = [_shift(part) for part in parts]
            found |= {"in_proj_bias": np.concatenate(shifts)}
            found |= {"out_proj.bias": _shift(region.outward)}
        yield found


def _shift(part: _Linear) -> Array:
    return part.bias if part.bias is not None else np.zeros(len(part.weight), np.float32)


def _said(
    x: Array, weights: Mapping[str, Array], heads: int, batch_first: bool, causal: bool
) -> Array:
    """Return what torch's attention says of a value."""
    biased = "in_proj_bias" in weights
    module = nn.MultiheadAttention(x.shape[-1], heads, bias=biased, batch_first=batch_first).eval()
    module.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in weights.items()})
    steps = x.shape[1 if batch_first else 0]
    mask = nn.Transformer.generate_square_subsequent_mask(steps) if causal else None
    with torch.no_grad():
        value = torch.from_numpy(x)
        said: Array = module(value, value, value, attn_mask=mask, need_weights=False)[0].numpy()
    return said


@handles(f"{FUSED}Attention")
def _attention(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    x = s.draw.facing(x) if op.attributes["batch_first"] else s.draw.steps_first(x)
    weights = op.attributes["weights"]
    layer = palette_layer(
        "MultiheadAttention",
        heads=op.attributes["heads"],
        causal=op.attributes["causal"],
        bias="in_proj_bias" in weights,
    )
    return Ref(s.drawing.add(layer, x.wire, weights=weights), x.shape, x.order)
