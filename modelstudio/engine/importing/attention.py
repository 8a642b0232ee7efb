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
    """Operations between values and the attention of the first to them.

    Parameters
    ----------
    sources
        What asks, and the memory that it looks at, if that is another value.
    ids
        Ids that its mask is worked out from; empty where there is none.
    ops
        Operations that work on the sources.
    padding
        The id that the others are compared with.
    """

    sources: tuple[str, ...]
    ids: str
    ops: list[Op]
    end: Op
    inward: list[_Linear]
    outward: _Linear
    padding: int


def fuse_attention(foreign: Foreign) -> None:
    """Put every attention together that one block gives the same numbers as."""
    for softmax in [op for op in foreign.ops if op.kind == "Softmax"]:
        for region in _regions(Web(foreign), softmax):
            found = _recognised(foreign, region, softmax)
            if found is None:
                continue
            place = next(number for number, op in enumerate(foreign.ops) if op is region.end)
            found.scope = _common([op for op in (*region.ops, region.end) if op.scope])
            named = found.scope and not found.scope[-1].isdecimal()
            found.stem = found.scope[-1] if named else ""
            found.scope = found.scope[:-1] if found.stem else found.scope
            foreign.ops[place] = found
            gone = set(map(id, region.ops))
            foreign.ops = [op for op in foreign.ops if id(op) not in gone]
            break


def _common(ops: list[Op]) -> tuple[str, ...]:
    if not ops:
        return ()
    scopes = [op.scope for op in ops]
    alike = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*scopes, strict=False))
    return tuple(parts[0] for parts in alike)


def _regions(web: Web, softmax: Op) -> Iterator[_Region]:
    """Yield what may be one attention, the smallest first."""
    outward, end = _end(web, softmax)
    if end is None or outward is None:
        return
    values, foreign = web.foreign.values, web.foreign
    answer = values.get(end.results[0])
    if answer is None or answer.ndim != 3:
        return
    order = {id(op): number for number, op in enumerate(foreign.ops)}
    known = {"", *foreign.constants, *foreign.apart}
    region: list[Op] = []
    open_values = set(end.sources) - known
    while len(region) <= MOST_OPS and open_values:
        known_values = all(name in values for name in open_values)
        if known_values and any(op is softmax for op in region):
            forward = sorted(region, key=lambda op: order[id(op)])
            yield from _closed(web, forward, end, outward, open_values)
        if not all(name in web.maker for name in open_values):
            return
        last = max((web.maker[name] for name in open_values), key=lambda op: order[id(op)])
        region.append(last)
        open_values -= set(last.results)
        open_values |= set(last.sources) - known


def _closed(
    web: Web, region: list[Op], end: Op, outward: _Linear, open_values: set[str]
) -> Iterator[_Region]:
    """Yield a region, if what enters it is one or two sequences and perhaps their ids."""
    values = web.foreign.values
    answer = values[end.results[0]]
    sequences = [
        name
        for name in sorted(open_values)
        if values[name].ndim == 3 and values[name].shape[2] == answer.shape[2]
    ]
    mask = _mask(web, open_values.difference(sequences))
    if mask is None or not 1 <= len(sequences) <= 2:
        return
    ids, padding = mask
    ours: list[Op] = []
    touched = set(sequences)
    for op in region:
        if touched.intersection(op.sources):
            ours.append(op)
            touched.update(op.results)
    inside = {id(op) for op in (*ours, end)}
    takers = [taker for op in ours for name in op.results for taker in web.takers.get(name, [])]
    if any(id(taker) not in inside for taker in takers):
        return
    found = [_linear(web, op) for op in ours]
    inward = [part for part in found if part and part.weight is not outward.weight]
    for sources in itertools.permutations(sequences):
        if values[sources[0]].shape == answer.shape:
            yield _Region(sources, ids, ours, end, inward, outward, padding)


def _mask(web: Web, names: set[str]) -> tuple[str, int] | None:
    """Return the ids that values are worked out from by comparing them with one, and that one.

    The ids are empty where there are no values; None tells that they are no such mask.
    """
    known = {"", *web.foreign.constants, *web.foreign.apart}
    ids: set[str] = set()
    compared: set[int] = set()
    waiting, seen = list(names), set(names)
    while waiting and len(seen) <= MOST_OPS:
        name = waiting.pop()
        array, op = web.foreign.values[name], web.maker.get(name)
        if array.dtype.kind in "iu" and array.ndim == 2:
            ids.add(name)
        elif op is None:
            return None
        else:
            if op.kind == "Equal":
                compared.update(int(n) for n in map(web.number, op.sources) if n is not None)
            new = set(op.sources) - known - seen
            waiting += new
            seen |= new
    if waiting or len(ids) > 1 or len(compared) != len(ids):
        return None
    return "".join(ids), sum(compared)


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
    x, memory = (foreign.values[name] for name in (region.sources[0], region.sources[-1]))
    answer = foreign.values[region.end.results[0]]
    scores = foreign.values.get(softmax.sources[0])
    ids = foreign.values[region.ids] if region.ids else None
    width = x.shape[-1]
    if scores is None or region.outward.weight.shape != (width, width):
        return None
    alone = len(region.sources) == 1
    for first in (True, False):
        samples, steps = x.shape[:2] if first else x.shape[1::-1]
        others, seen = memory.shape[:2] if first else memory.shape[1::-1]
        heads, rest = divmod(scores.size, samples * steps * seen)
        if samples != others or rest or not heads or width % heads:
            continue
        hidden = None if ids is None else ids == region.padding
        if hidden is not None and hidden.shape != (samples, seen):
            continue
        for weights in _arranged(region, width):
            for causal in (False, True) if alone else (False,):
                said = _said(x, memory, weights, heads, first, causal, hidden)
                if np.abs(said - answer).max() <= TOLERANCE * max(1.0, np.abs(answer).max()):
                    settings = {"heads": heads, "causal": causal, "batch_first": first}
                    settings |= {"padding_id": region.padding} if region.ids else {}
                    return Op(
                        f"{FUSED}Attention",
                        [region.sources[0], "" if alone else region.sources[1], region.ids],
                        list(region.end.results),
                        {"settings": settings, "weights": weights},
                    )
    return None


def _arranged(region: _Region, width: int) -> Iterator[dict[str, Array]]:
    """Yield the weights as torch names them, queries, keys and values in every order."""
    biased = any(part.bias is not None for part in (*region.inward, region.outward))
    sizes = [len(part.weight) for part in region.inward]
    if sum(sizes) != 3 * width or any(part.weight.shape[1] != width for part in region.inward):
        return
    for parts in itertools.permutations(region.inward):
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
    x: Array,
    memory: Array,
    weights: Mapping[str, Array],
    heads: int,
    batch_first: bool,
    causal: bool,
    hidden: Array | None,
) -> Array:
    """Return what torch's attention says of a value; hidden (samples, steps) is padding."""
    biased = "in_proj_bias" in weights
    module = nn.MultiheadAttention(x.shape[-1], heads, bias=biased, batch_first=batch_first).eval()
    module.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in weights.items()})
    steps = x.shape[1 if batch_first else 0]
    mask = torch.ones(steps, steps, dtype=torch.bool).triu(1) if causal else None
    padding = None if hidden is None else torch.from_numpy(hidden)
    with torch.no_grad():
        asks, told = torch.from_numpy(x), torch.from_numpy(memory)
        said: Array = module(
            asks, told, told, attn_mask=mask, key_padding_mask=padding, need_weights=False
        )[0].numpy()
    return said


@handles(f"{FUSED}Attention")
def _attention(s: Sheet, op: Op) -> Ref:
    settings, weights = dict(op.attributes["settings"]), op.attributes["weights"]
    face = s.draw.facing if settings.pop("batch_first") else s.draw.steps_first
    x, memory = (face(s.x(op, index)) if op.sources[index] else None for index in (0, 1))
    assert x is not None
    ids = s.draw.facing(s.x(op, 2)).wire if op.sources[2] else None
    layer = palette_layer("MultiheadAttention", bias="in_proj_bias" in weights, **settings)
    wires = x.wire, memory.wire if memory else None, ids
    return Ref(s.drawing.add(layer, *wires, weights=weights), x.shape, x.order)
