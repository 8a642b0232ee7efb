"""What the contract gives each layer: shapes it takes, settings that fit, settings that do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from networks import add, branches, chain, given
from pydantic import TypeAdapter

from modelstudio.layers import (
    GLU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool1d,
    AdaptiveMaxPool2d,
    Add,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    BatchNorm1d,
    Bilinear,
    Bottleneck,
    Concatenate,
    Constant,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    CosineSimilarity,
    Crop,
    Custom,
    DepthwiseSeparableConv1d,
    DepthwiseSeparableConv3d,
    DotProduct,
    Embedding,
    EmbeddingBag,
    GlobalAvgPool,
    GlobalMaxPool,
    Group,
    GroupInput,
    GroupNorm,
    GroupOutput,
    Hardtanh,
    InstanceNorm1d,
    L2Normalise,
    LayerNorm,
    Linear,
    LocalResponseNorm,
    Math,
    MatMul,
    Maximum,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    MultiheadAttention,
    Multiply,
    Pad,
    Parameter,
    Permute,
    PixelShuffle,
    PositionalEncoding,
    PReLU,
    Reduce,
    ReLU,
    Reshape,
    ResidualBlock,
    RMSNorm,
    ScaleShift,
    Select,
    SelfAttention,
    Slice,
    Softmax,
    Softplus,
    Squeeze,
    Stack,
    Subtract,
    Threshold,
    TransformerDecoder,
    TransformerEncoder,
    Unsqueeze,
    Upsample,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

Shape = tuple[int | str, ...]

SHAPES: dict[int, Shape] = {1: (), 2: (16,), 3: (8, 10), 4: (8, 8, 10), 5: (8, 4, 6, 6)}
"""Shape of a sample for each rank that a port may ask for."""

VOCABULARY = 7


class Ids(tuple[int | str, ...]):
    """Shape of ids for the port of ids of a layer that takes numbers first."""

    __slots__ = ()


FITTING: dict[type[Layer], tuple[Shape, ...]] = {
    MatMul: ((8, 8), (8, 8)),
    Squeeze: ((1, 10, 1),),
    MultiheadAttention: ((6, 12),),
    TransformerEncoder: ((6, 12),),
    TransformerDecoder: ((6, 12), (5, 12)),
}
"""Shapes for layers whose defaults do not take the usual ones."""

RESIDUAL = Group(
    graph=chain(GroupInput(), Linear(out_features=16), ReLU(), GroupOutput()), repeat=2
)

OTHER: dict[tuple[type[Layer], str], Any] = {
    (Custom, "settings"): (("sharpness", 2.0),),
    (Embedding, "num_embeddings"): VOCABULARY + 2,
    (EmbeddingBag, "num_embeddings"): VOCABULARY + 2,
    (Group, "graph"): RESIDUAL.graph,
    (Hardtanh, "max_val"): 2.0,
    (Hardtanh, "min_val"): -2.0,
    (LocalResponseNorm, "alpha"): 0.5,
    (LocalResponseNorm, "window"): 3,
    (Permute, "order"): (1, 2),
    (Reshape, "shape"): (4, -1, 2),
    (Select, "index"): -2,
    (Slice, "start"): -3,
    (Slice, "stop"): 5,
    (Squeeze, "axis"): -1,
    (Threshold, "threshold"): 0.5,
    (Threshold, "value"): -0.5,
    (Upsample, "size"): (12, 20),
}
"""Values that differ from the default, where none can be made from the field."""

NOT_ALONE = {
    *("Input", "Output", "GroupInput", "GroupOutput", "Group", "Custom"),
    *("Constant", "Parameter"),
    *(kind.__name__ for kind in Layer.members() if kind.category == "Heads"),
}
"""Layers without a run of their own: the ends; a group, which is tried with blocks inside; values
that come from no data; Python blocks and heads, which have tests of their own."""


@dataclass(frozen=True)
class Case:
    """A layer and the shapes of what it is given; of ids where it takes ids."""

    layer: Layer
    shapes: tuple[Shape, ...]

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shapes[0] if self.shapes else ())) or "one"
        kind = type(self.layer)
        changed = [
            f"{name}={value}"
            for name, value in self.layer.as_values().items()
            if value != getattr(kind(), name) and not isinstance(value, Graph)
        ]
        return "-".join([kind.__name__, shape, *changed]).replace(" ", "")

    def fields(self, number: int = 0) -> list[FieldSpec]:
        """Return a field for each value; ``number`` tells cases apart."""
        only = self.layer.input_ports()[0].dtype == "int"
        return [
            given(
                f"x{number}_{index}",
                *shape,
                vocabulary=VOCABULARY if only or isinstance(shape, Ids) else None,
            )
            for index, shape in enumerate(self.shapes)
        ]

    def refusal(self) -> str | None:
        """Say why the layer does not take these shapes, if so."""
        fields = self.fields()
        errors = analyse(branches([(self.layer, fields)]), fields).errors
        return errors[0].message if errors else None


def usual(layer: Layer) -> list[Case]:
    """Return a case for each rank that a layer takes; what merges is given two values."""
    if type(layer) in FITTING:
        return [Case(layer, FITTING[type(layer)])]
    ports = [port for port in layer.input_ports() if not port.optional]
    if not ports:
        return [Case(layer, ())]
    values = 2 if ports[0].variadic else len(ports)
    return [Case(layer, (SHAPES[rank],) * values) for rank in ports[0].ranks or (2, 3, 4)]


@cache
def varied(kind: type[Layer]) -> dict[str, Case | None]:
    """Return, for each field, a case with only that field changed; None where no value fits."""
    found: dict[str, Case | None] = {}
    for name in kind.model_fields:
        layers = (kind.build(**{name: value}) for value in others(kind, name))
        cases = (case for layer in layers for case in usual(layer))
        found[name] = next((case for case in cases if case.refusal() is None), None)
    return found


SEQUENCES = [
    Case(EmbeddingBag(mode="mean", padding_id=0), (("T",),)),
    Case(PositionalEncoding(), (("T", 9),)),
    Case(PositionalEncoding(kind="learned", max_length=40), (("T", 12),)),
    *(
        Case(kind(hidden_size=5, layers=2, bidirectional=both, output=output), (("T", 12),))
        for kind, both, output in (
            (RNN, True, "last"),
            (LSTM, False, "sequence"),
            (LSTM, True, "last"),
            (GRU, True, "sequence"),
        )
    ),
    Case(LSTM(output="last", layers=2, dropout=0.5), ((6, 12),)),
    Case(GRU(output="last"), (("T", 12),)),
    Case(RNN(hidden_size=5), (("T", 12), Ids(("T",)))),
    Case(
        GRU(hidden_size=5, layers=2, bidirectional=True, output="last", dropout=0.5, padding_id=3),
        (("T", 12), Ids(("T",))),
    ),
    Case(SelfAttention(causal=True), (("T", 12),)),
    Case(SelfAttention(), (("T", 12), Ids(("T",)))),
    Case(MultiheadAttention(heads=3, causal=True), (("T", 12), Ids(("T",)))),
    Case(MultiheadAttention(bias=False), ((5, 12), ("T", 12), Ids(("T",)))),
    Case(TransformerEncoder(causal=True, layers=2, bias=False), (("T", 12),)),
    Case(TransformerEncoder(norm="after", activation="relu"), (("T", 12), Ids(("T",)))),
    Case(TransformerDecoder(layers=2), (("T", 12), ("T", 12), Ids(("T",)))),
    Case(TransformerDecoder(norm="after", causal=False), ((5, 12), ("T", 12))),
]

BLOCKS = [
    Case(ResidualBlock(out_channels=5, stride=2), ((8, 9, 9),)),
    Case(Bottleneck(out_channels=12, stride=2), ((8, 8, 10),)),
]


def beside(source: Layer, join: Layer) -> Group:
    """Return a group that joins what it is given with a value that comes from no data."""
    graph = chain(source)
    (name,) = graph.nodes
    graph, given_in = add(graph, GroupInput())
    graph, joined = add(graph, join, name, given_in)
    graph, _ = add(graph, GroupOutput(), joined)
    return Group(graph=graph)


SPECIAL = [
    Case(Linear(out_features=5), (("T", 12),)),
    Case(Conv1d(out_channels=6, kernel_size=4, padding_mode="circular", groups=2), ((6, 10),)),
    Case(Conv1d(kernel_size=5, dilation=2, weights="orthogonal"), ((6, "T"),)),
    Case(Conv1d(stride=3, padding="valid", bias=False), ((6, 10),)),
    Case(Conv2d(kernel_size=(2, 5), stride=(1, 2), weights="kaiming normal"), ((6, 8, 10),)),
    Case(Conv2d(padding="custom", margin=(2, 1), padding_mode="reflect"), ((6, 8, 10),)),
    Case(Conv2d(groups=6, out_channels=12, dilation=(2, 3), bias=False), ((6, 8, 10),)),
    Case(ConvTranspose2d(kernel_size=3, padding=1, output_padding=1), ((6, 8, 10),)),
    Case(BatchNorm1d(), ((6, "T"),)),
    Case(LayerNorm(affine=False), (("T", 12),)),
    Case(GroupNorm(groups=3), ((6, 8, 10),)),
    Case(MaxPool1d(kernel_size=4, padding=2), ((6, 10),)),
    Case(Conv1d(), ((6, "T"),)),
    Case(ConvTranspose1d(kernel_size=3, stride=1, padding=1), ((6, "T"),)),
    Case(ConvTranspose2d(dilation=(2, 1), output_padding=(1, 0), groups=2), ((6, 4, 5),)),
    Case(Conv3d(kernel_size=(1, 2, 3), stride=(1, 2, 1), groups=2, dilation=2), ((4, 4, 6, 6),)),
    Case(DepthwiseSeparableConv1d(dilation=2, weights="xavier normal"), ((6, "T"),)),
    Case(DepthwiseSeparableConv3d(stride=(1, 2, 1), depth_multiplier=2), ((2, 4, 6, 5),)),
    Case(MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=2), ((6, 8, 10),)),
    Case(AvgPool1d(kernel_size=3, stride=1, padding=1), ((6, "T"),)),
    *(
        Case(kind(kernel_size=3, stride=2, padding=margin, ceil_mode=True), ((6, *sizes),))
        for kind, sizes in ((MaxPool1d, (10,)), (MaxPool2d, (10, 7)), (MaxPool3d, (4, 5, 6)))
        for margin in (0, 1)
    ),
    *(
        Case(kind(kernel_size=3, stride=2, padding=margin, ceil_mode=True), ((6, *sizes),))
        for kind, sizes in ((AvgPool1d, (10,)), (AvgPool2d, (10, 7)), (AvgPool3d, (4, 5, 6)))
        for margin in (0, 1)
    ),
    Case(AdaptiveMaxPool2d(output_size=(2, 5)), ((6, 8, 10),)),
    Case(AdaptiveAvgPool1d(output_size=5), ((6, 10),)),
    Case(GlobalAvgPool(), ((6, "T"),)),
    Case(GlobalMaxPool(keep_dims=True), ((6, "T"),)),
    Case(InstanceNorm1d(), ((6, "T"),)),
    Case(RMSNorm(), (("T", 12),)),
    Case(ScaleShift(axis="last"), (("T", 12),)),
    Case(L2Normalise(), (("T", 12),)),
    Case(Softmax(), (("T", 12),)),
    Case(GLU(), (("T", 12),)),
    Case(PReLU(per_channel=True), ((12, "T"),)),
    Case(Add(), (("T", 12), ("T", 12))),
    Case(Subtract(), (("T", 12), (1, 12))),
    Case(Maximum(), ((6,), (6,), (6,))),
    Case(Stack(axis=-1), ((6, 2), (6, 2), (6, 2))),
    Case(Stack(), (("T", 4), ("T", 4))),
    Case(MatMul(transpose_b=True), (("T", 12), ("T", 12))),
    Case(MatMul(), ((3, 4, 5), (1, 5, 2))),
    Case(DotProduct(scaled=True), (("T", 12), ("T", 12))),
    Case(CosineSimilarity(), (("T", 12), ("T", 12))),
    *(
        Case(Reduce(operation=operation, keep_dims=keep), (("T", 12), Ids(("T",))))
        for operation, keep in (("mean", False), ("sum", True), ("max", False), ("min", True))
    ),
    Case(Select(index=-1), (("T", 12), Ids(("T",)))),
    *(
        Case(
            Group(graph=chain(GroupInput(), Softplus(), Math(function=name), GroupOutput())),
            ((5,),),
        )
        for name in ("log", "sqrt", "reciprocal", "erf")
    ),
    Case(Bilinear(), ((5,), (7,))),
    Case(Bilinear(), (("T", 5), ("T", 7))),
    Case(Reduce(operation="max"), (("T", 12),)),
    Case(Reduce(axis=-1), (("T", 12),)),
    Case(Unsqueeze(axis=-1), (("T", 12),)),
    Case(Permute(order=(2, 1)), (("T", 12),)),
    Case(Select(), (("T", 12),)),
    Case(Select(index=-1), (("T", 12),)),
    Case(Slice(axis=-1, start=2, stop=-1, step=3), (("T", 12),)),
    Case(Slice(stop=1), (("T", 12),)),
    Case(Pad(left=2, right=1, top=1, mode="reflect"), ((3, 8, 10),)),
    Case(Crop(left=2, right=1, bottom=3), ((3, 8, 10),)),
    Case(Crop(left=2), ((3, 10),)),
    Case(Upsample(mode="linear", align_corners=True), ((3, 8, 10),)),
    Case(Upsample(size=(25,), mode="linear"), ((3, 10),)),
    Case(PixelShuffle(upscale_factor=3), ((9, 4, 5),)),
    Case(beside(Constant(shape=(12,), value=2.5), Multiply()), ((12,),)),
    Case(beside(Constant(shape=(1, 12)), Subtract()), (("T", 12),)),
    Case(beside(Parameter(shape=(1, 12)), Concatenate()), ((6, 12),)),
    Case(beside(Parameter(shape=(12, 3), std=1.0), Stack()), ((12, 3),)),
    Case(beside(Parameter(shape=(3, 3), std=1.0), MatMul()), ((3, 12),)),
    Case(Embedding(), (("T",),)),
    Case(Add(), ((12,), (12,), (1,))),
    Case(Concatenate(axis=-1), ((6, 8), (6, 2), (6, 1))),
    Case(Permute(order=(3, 1, 2)), ((6, 8, 10),)),
    Case(RESIDUAL, ((16,),)),
    *SEQUENCES,
    *BLOCKS,
]
"""Settings that matter together, and sequences of any length."""


def all_cases() -> list[Case]:
    """Return the defaults for every rank, each setting changed alone, and the special cases."""
    kinds = [kind for kind in Layer.members() if kind.__name__ not in NOT_ALONE]
    defaults = [case for kind in kinds for case in usual(kind())]
    alone = [case for kind in kinds for case in varied(kind).values() if case is not None]
    return [*(case for case in defaults if case.refusal() is None), *alone, *SPECIAL]


# Values of a field


def schema_of(kind: type[Layer], name: str) -> dict[str, Any]:
    """Return the JSON schema of a field."""
    field = kind.model_fields[name]
    return TypeAdapter(Annotated[field.annotation, field]).json_schema()


def bad_values(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield a value beyond every limit that a schema states."""
    yield {"no": "such"}
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            if option.get("type") not in (None, "null"):
                yield from bad_values(option)
        return
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"]
    if "exclusiveMaximum" in schema:
        yield schema["exclusiveMaximum"]
    if schema.get("type") in ("integer", "number", "boolean"):
        yield "a few"
    if schema.get("type") == "number":
        yield from (float("nan"), float("inf"))
    if schema.get("type") == "integer":
        yield 1.5
    if "enum" in schema:
        yield "nonsense"
    if "prefixItems" in schema:
        parts = [item["minimum"] for item in schema["prefixItems"]]
        yield [*parts, parts[0]]
        yield [parts[0] - 1, *parts[1:]]
        yield [*parts[:-1], schema["prefixItems"][-1]["maximum"] + 1]
    if "minItems" in schema and "items" in schema:
        yield []
        yield [schema["items"]["minimum"] - 1]
        yield [schema["items"]["maximum"]] * (schema["maxItems"] + 1)


def others(kind: type[Layer], name: str) -> Iterator[Any]:
    """Yield valid values of a field that are not its default."""
    if (kind, name) in OTHER:
        yield OTHER[kind, name]
        return
    default = getattr(kind(), name)
    yield from (value for value in _values(schema_of(kind, name), default) if value != default)


def _values(schema: dict[str, Any], default: Any) -> Iterator[Any]:
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            if option.get("type") != "null":
                yield from _values(option, default)
    elif "enum" in schema:
        yield from schema["enum"]
    elif "prefixItems" in schema:
        old = default or (None,) * len(schema["prefixItems"])
        parts = [_values(item, part) for item, part in zip(schema["prefixItems"], old, strict=True)]
        yield from zip(*parts, strict=True)
    elif schema.get("type") == "array" and "minimum" in schema["items"]:
        first, *rest = default or (None,)
        yield from ((value, *rest) for value in _values(schema["items"], first))
    elif schema.get("type") == "boolean":
        yield not default
    elif schema.get("type") == "string":
        yield f"{default}z"
    else:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        base = default or low
        near = [2 * base, base + 1, base / 2, base + 0.5, low, high]
        whole = schema["type"] == "integer"
        for value in near:
            inside = low <= value <= high and (not whole or value == int(value))
            if inside and value not in (
                schema.get("exclusiveMinimum"),
                schema.get("exclusiveMaximum"),
            ):
                yield int(value) if whole else value
