"""torch's own modules for sequences as blocks of the palette."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from modelstudio.engine.importing.drawing import Array, Scope, Unmapped, Wire, palette_layer
from modelstudio.engine.importing.masks import Grows, causal, padding
from modelstudio.engine.importing.module_layers import Arguments, Drawer, arrays, draws, layer_norm
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.network.analysis import Shape

NESTED = (
    "When it does not train, torch puts zeros at steps of padding (nested tensors); here they keep"
    " their numbers, as in training. It agrees where padding is not read, or with"
    " enable_nested_tensor=False."
)


@draws(nn.LSTM, nn.GRU, nn.RNN)
def _recurrent(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Any
) -> Any:
    if not _begins_at_zero(args[1] if args[1:] else keywords.get("hx")):
        raise Unmapped("It begins with a state of its own.")
    if getattr(module, "proj_size", 0):
        raise Unmapped("It projects its states.")
    x = _steps(s, module.batch_first, args[0])
    settings: dict[str, Any] = {
        "hidden_size": module.hidden_size,
        "layers": module.num_layers,
        "bidirectional": module.bidirectional,
        "dropout": float(module.dropout),
    }
    if isinstance(module, nn.RNN):
        settings["nonlinearity"] = module.nonlinearity
    if not module.bias:
        raise Unmapped("It has no shifts.")
    return Recurrence(s, type(module).__name__, settings, x, arrays(module), module.batch_first)


def _begins_at_zero(state: Any) -> bool:
    if isinstance(state, tuple | list):
        return all(map(_begins_at_zero, state))
    if isinstance(state, Tensor):
        return not state.any()
    return state is None or (isinstance(state, Grows) and state.zero)


class Recurrence:
    """A recurrent layer whose block is drawn once it is known which of its results is used.

    ``pairs`` tells whether it gives a memory beside its states.
    """

    def __init__(
        self,
        s: Shaping,
        kind: str,
        settings: Mapping[str, Any],
        x: Ref,
        weights: Mapping[str, Array],
        batch_first: bool,
    ) -> None:
        self._s = s
        self._kind, self._settings = kind, dict(settings)
        self._x, self._weights, self._batch_first = x, weights, batch_first
        self._place = s.drawing.scope, s.drawing.stem
        self._sequence: Ref | None = None
        self._state: Ref | None = None
        self._hidden: int = settings["hidden_size"]
        self._ways = 2 if settings["bidirectional"] else 1
        self.pairs = kind == "LSTM"

    def sequence(self) -> Ref:
        """Return the states after every step."""
        if self._sequence is None:
            wire = self._add("sequence", self._weights)
            shape = (*self._x.shape[:2], self._hidden * self._ways)
            order = (0, 1, 2) if self._batch_first else (1, 0, 2)
            self._sequence = Ref(wire, shape, order)
        return self._sequence

    def state(self, index: int) -> Ref:
        """Return the last state of one layer and direction, counted as torch does."""
        layers = self._settings["layers"]
        index %= layers * self._ways
        if index // self._ways != layers - 1:
            raise Unmapped("The state of a layer below the last is used.")
        way = index % self._ways
        if self._sequence is None:
            return self._half(self._last(), way) if self._ways == 2 else self._last()
        whole = Ref(self._sequence.wire, self._sequence.shape, (0, 1, 2))
        end = self._s.pick(whole, 1, 0 if way else -1)
        return self._half(end, way) if self._ways == 2 else end

    def _last(self) -> Ref:
        if self._state is None:
            wire = self._add("last", self._weights)
            self._state = Ref(wire, (self._x.shape[0], self._hidden * self._ways), (0, 1))
        return self._state

    def _half(self, x: Ref, way: int) -> Ref:
        low = way * self._hidden
        return self._s.slice(x, 1, low, low + self._hidden, 1, self._hidden)

    def _add(self, output: str, weights: Mapping[str, Array]) -> Wire:
        drawing = self._s.drawing
        before = drawing.scope, drawing.stem
        drawing.scope, drawing.stem = self._place
        layer = palette_layer(self._kind, output=output, **self._settings)
        wire = drawing.add(layer, self._x.wire, weights=weights)
        drawing.scope, drawing.stem = before
        return wire


@draws(nn.MultiheadAttention)
def _attention(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Any
) -> Any:
    told = _told(module, args, keywords)
    query, key, value = (told.pop(name) for name in ("query", "key", "value"))
    if module.kdim != module.embed_dim or module.bias_k is not None or module.add_zero_attn:
        raise Unmapped("Its keys have a width or rows of their own.")
    if not isinstance(query, Ref) or not isinstance(key, Ref):
        raise Unmapped("Its queries or its keys are the same for every sample.")
    if key != value:
        raise Unmapped("Its keys and its values are different.")
    ids, setting = padding(s, told.get("key_padding_mask"))
    x = _steps(s, module.batch_first, query)
    memory = None if query == key else _steps(s, module.batch_first, key).wire
    layer = palette_layer(
        "MultiheadAttention",
        heads=module.num_heads,
        causal=causal(told.get("attn_mask")),
        dropout=float(module.dropout),
        bias=module.in_proj_bias is not None,
        **setting,
    )
    wire = s.drawing.add(layer, x.wire, memory, ids, weights=arrays(module))
    return [replace(x, wire=wire), None]


def _told(module: Any, args: Arguments, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a module is called with, by the names that it gives."""
    return dict(inspect.signature(module.forward).bind(*args, **keywords).arguments)


def _steps(s: Shaping, batch_first: bool, x: Ref) -> Ref:
    return s.facing(x) if batch_first else s.steps_first(x)


@draws(nn.TransformerEncoderLayer)
def _encoder_layer(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Shape
) -> Ref:
    told = _told(module, args, keywords)
    x = _steps(s, module.self_attn.batch_first, told["src"])
    ids, setting = padding(s, told.get("src_key_padding_mask"))
    setting["causal"] = causal(told.get("src_mask"))
    layer = palette_layer("TransformerEncoder", **setting, **_transformer(module))
    return replace(x, wire=s.drawing.add(layer, x.wire, ids, weights=arrays(module)))


def _transformer(module: Any) -> dict[str, Any]:
    activation = module.activation
    name = getattr(activation, "__name__", type(activation).__name__).lower()
    if name not in ("relu", "gelu"):
        raise Unmapped(f"Its activation is {name}.")
    if module.norm1.eps != 1e-5:
        raise Unmapped("Its normalisations have another eps.")
    return {
        "heads": module.self_attn.num_heads,
        "feedforward": module.linear1.out_features,
        "activation": name,
        "norm": "before" if module.norm_first else "after",
        "dropout": float(module.dropout.p),
        "bias": module.linear1.bias is not None,
    }


@draws(nn.TransformerDecoderLayer)
def _decoder_layer(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Shape
) -> Ref:
    told = _told(module, args, keywords)
    x, memory = (_steps(s, module.self_attn.batch_first, told[name]) for name in ("tgt", "memory"))
    if causal(told.get("memory_mask")):
        raise Unmapped("It sees only as many steps of the memory as it has itself.")
    if padding(s, told.get("tgt_key_padding_mask"))[0] is not None:
        raise Unmapped("It is told its own padding; the palette's block leaves out the memory's.")
    ids, setting = padding(s, told.get("memory_key_padding_mask"))
    setting["causal"] = causal(told.get("tgt_mask"))
    layer = palette_layer("TransformerDecoder", **setting, **_transformer(module))
    wire = s.drawing.add(layer, x.wire, memory.wire, ids, weights=arrays(module))
    return replace(x, wire=wire)


@draws(nn.TransformerEncoder, nn.TransformerDecoder)
def _stack(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Shape
) -> Ref:
    decodes = isinstance(module, nn.TransformerDecoder)
    draw: Drawer = _decoder_layer if decodes else _encoder_layer
    told = _told(module, args, keywords)
    x: Ref = told.pop("tgt" if decodes else "src")
    if not decodes and module.enable_nested_tensor and "src_key_padding_mask" in told:
        s.drawing.notes.add(NESTED)
    if "mask" in told:
        told["src_mask"] = told.pop("mask")
    around = _inside(s)
    for number, inner in enumerate(module.layers):
        s.drawing.scope = (*around, "layers", str(number))
        s.drawing.stem = ""
        x = draw(s, inner, [x], told, shape)
    if module.norm is not None:
        s.drawing.scope, s.drawing.stem = (*around, "norm"), "norm"
        x = layer_norm(s, module.norm, [x], {}, shape)
    return x


@draws(nn.Transformer)
def _transformer_whole(
    s: Shaping, module: Any, args: Arguments, keywords: Mapping[str, Any], shape: Shape
) -> Ref:
    told = _told(module, args, keywords)
    src, tgt = told.pop("src"), told.pop("tgt")
    own = {"mask": told.pop("src_mask", None)}
    own["src_key_padding_mask"] = told.pop("src_key_padding_mask", None)
    told = {name: mask for name, mask in told.items() if not name.endswith("is_causal")}
    around = _inside(s)
    s.drawing.scope, s.drawing.stem = around, "encoder"
    memory = _stack(s, module.encoder, [src], own, src.seen)
    s.drawing.scope, s.drawing.stem = around, "decoder"
    found: Ref = _stack(s, module.decoder, [tgt, memory], told, shape)
    return found


def _inside(s: Shaping) -> Scope:
    """Return the scope of what lies in the module that is being drawn."""
    return (*s.drawing.scope, *filter(None, [s.drawing.stem]))
