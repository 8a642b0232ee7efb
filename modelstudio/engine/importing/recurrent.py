"""LSTM, GRU and RNN of ONNX files, whose gates and results stand in another order than torch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modelstudio.engine.importing.drawing import Array, Unmapped, palette_layer
from modelstudio.engine.importing.fusing import FUSED
from modelstudio.engine.importing.onnx_file import Foreign, Op
from modelstudio.engine.importing.onnx_ops import Sheet, handles
from modelstudio.engine.importing.phrases import Ref
from modelstudio.network.analysis import Shape

JOINED = "joined"
"""Marks an operation whose states of both directions are put side by side."""

_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where torch's gates stand in an ONNX file."""

_USUAL = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


def untangle(foreign: Foreign) -> None:
    """Take the steps out that put both directions side by side, or pick the state of one."""
    takers: dict[str, list[Op]] = {}
    maker = {name: op for op in foreign.ops for name in op.results}
    for op in foreign.ops:
        for name in op.sources:
            takers.setdefault(name, []).append(op)
    gone: list[Op] = []
    for op in foreign.ops:
        if op.kind not in _GATES or op.attributes.get("direction") != "bidirectional":
            continue
        turned = _only(takers, op.results[0], "Transpose")
        joined = _only(takers, turned.results[0], "Reshape") if turned else None
        if turned is None or joined is None or turned.attributes.get("perm") != [0, 2, 1, 3]:
            continue
        op.results[0] = joined.results[0]
        op.attributes[JOINED] = True
        gone += [turned, joined]
    for op in foreign.ops:
        if op.kind != "Gather" or op.attributes.get("axis", 0):
            continue
        index = foreign.constants.get(op.sources[1])
        if index is None or index.ndim:
            continue
        states = maker.get(op.sources[0])
        parts = [op.sources[0]]
        if states is not None and states.kind == "Concat" and not states.attributes.get("axis", 1):
            parts = states.sources
        makers = [maker.get(name) for name in parts]
        pairs = list(zip(parts, makers, strict=True))
        if not all(_is_state(made, name) for name, made in pairs):
            continue
        ends = [(name, way) for name, made in pairs for way in range(_ways(made))]
        name, way = ends[int(index)]
        both = _ways(maker[name]) == 2
        op.kind, op.sources = f"{FUSED}State", [name]
        op.attributes = {"way": way if both else -1}
    foreign.ops = [op for op in foreign.ops if all(op is not part for part in gone)]


def _only(takers: Mapping[str, Sequence[Op]], name: str, kind: str) -> Op | None:
    found = takers.get(name, [])
    return found[0] if len(found) == 1 and found[0].kind == kind else None


def _is_state(op: Op | None, name: str) -> bool:
    return op is not None and op.kind in _GATES and op.results.index(name) == 1


def _ways(op: Op | None) -> int:
    both = op is not None and op.attributes.get("direction") == "bidirectional"
    return 2 if both else 1


@handles(f"{FUSED}State")
def _state(s: Sheet, op: Op) -> Ref:
    """Return the last state of one direction of what gives both side by side."""
    x, way = s.x(op), op.attributes["way"]
    if way < 0:
        return s.draw.pick(x, 0, 0)
    half = int(x.shape[1]) // 2
    return s.draw.slice(x, 1, way * half, (way + 1) * half, 1, half)


@handles("LSTM", "GRU", "RNN")
def _recurrent(s: Sheet, op: Op) -> list[Ref | None]:
    _check(s, op)
    x = s.draw.steps_first(s.x(op))
    both = _ways(op) == 2
    hidden = int(s.needed(op, 2, "weights").shape[2])
    taken = s.foreign.taken
    wants = [bool(name) and name in taken for name in (*op.results, "", "")]
    if wants[2]:
        raise Unmapped("Its memory is used behind it.")
    if wants[0] and both and JOINED not in op.attributes:
        raise Unmapped("Its two directions are used apart.")
    settings: dict[str, Any] = {"hidden_size": hidden, "bidirectional": both}
    if op.kind == "RNN" and op.attributes.get("activations", ["Tanh"])[0] in ("Relu", b"Relu"):
        settings["nonlinearity"] = "relu"
    output = "sequence" if wants[0] else "last"
    layer = palette_layer(op.kind, output=output, **settings)
    wire = s.drawing.add(layer, x.wire, weights=_weights(s, op, hidden))
    wide = hidden * (2 if both else 1)
    if output == "last":
        shape: Shape = (x.shape[0], wide)
        return [None, Ref(wire, shape, (0, 1) if both else (-1, 0, 1))]
    order = (1, 0, 2) if both else (1, -1, 0, 2)
    sequence = Ref(wire, (*x.shape[:2], wide), order)
    state = None
    if wants[1]:
        straight = replace(sequence, order=(0, 1, 2))
        if both:
            ends = [
                s.draw.slice(s.draw.pick(straight, 1, place), 1, low, low + hidden, 1, hidden)
                for place, low in ((-1, 0), (0, hidden))
            ]
            state = s.draw.concatenate(ends, 1, (x.shape[0], wide))
        else:
            state = replace(s.draw.pick(straight, 1, -1), order=(-1, 0, 1))
    return [sequence, state]


def _check(s: Sheet, op: Op) -> None:
    """Refuse what torch's recurrent modules do not do."""
    for name in op.sources[5:7]:
        start = s.foreign.constants.get(name)
        empty = name in s.foreign.zeros or (start is not None and not start.any())
        if name and not empty:
            raise Unmapped("It begins with a state of its own.")
    if op.sources[4:] and op.sources[4]:
        raise Unmapped("It is told the length of each sample.")
    if op.sources[7:] and op.sources[7]:
        raise Unmapped("Its gates look at the memory (peepholes).")
    if op.attributes.get("direction", "forward") == "reverse":
        raise Unmapped("It reads from the end only.")
    if op.attributes.get("layout", 0):
        raise Unmapped("Its batch stands first, which no exporter writes.")
    if op.kind == "GRU" and not op.attributes.get("linear_before_reset", 0):
        raise Unmapped("Its reset gate acts before the weights, in torch it acts behind them.")
    given = [
        name.decode() if isinstance(name, bytes) else name
        for name in op.attributes.get("activations", [])
    ]
    usual = _USUAL[op.kind] * _ways(op)
    relu = op.kind == "RNN" and set(given) == {"Relu"}
    if (given and given != usual and not relu) or op.attributes.get("clip"):
        raise Unmapped("Its gates have other functions than usual.")


def _weights(s: Sheet, op: Op, hidden: int) -> dict[str, Array]:
    """Return the weights as torch names and orders them."""
    given, states = (s.needed(op, index, "weights") for index in (1, 2))
    bias = s.constant(op, 3)
    order = _GATES[op.kind]
    found = {}
    for way in range(_ways(op)):
        end = "l0_reverse" if way else "l0"
        shifts = bias[way] if bias is not None else np.zeros(2 * len(order) * hidden, np.float32)
        arrays = {
            "weight_ih": given[way],
            "weight_hh": states[way],
            "bias_ih": shifts[: len(order) * hidden],
            "bias_hh": shifts[len(order) * hidden :],
        }
        for name, array in arrays.items():
            gates = np.split(array, len(order))
            found[f"{name}_{end}"] = np.concatenate([gates[place] for place in order])
    return found
