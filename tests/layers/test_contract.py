"""What every layer type must keep, over the whole registry."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pytest
import torch
from networks import branches, chain, given
from onnxruntime import InferenceSession
from pydantic import TypeAdapter
from torch.utils.flop_counter import FlopCounterMode

import modelstudio.layers  # noqa: F401
from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.errors import FieldError
from modelstudio.layers import (
    Add,
    BatchNorm1d,
    Concatenate,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    Group,
    GroupInput,
    GroupOutput,
    Linear,
    Permute,
    ReLU,
    Reshape,
    Softmax,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

LAYERS = [pytest.param(layer, id=layer.__name__) for layer in Layer.members()]
SHAPES: dict[int, tuple[int | str, ...]] = {1: (), 2: (12,), 3: (6, 10), 4: (6, 8, 10)}
SIZES = {"B": 3, "T": 11}
RESIDUAL = Group(
    graph=chain(GroupInput(), Linear(out_features=12), ReLU(), GroupOutput()), repeat=2
)


@dataclass(frozen=True)
class Case:
    """A layer and the shapes of what it is given; of ids where it takes ids."""

    layer: Layer
    shapes: tuple[tuple[int | str, ...], ...]

    def fields(self, number: int) -> list[FieldSpec]:
        vocabulary = 7 if self.layer.input_ports()[0].dtype == "int" else None
        return [
            given(f"x{number}_{index}", *shape, vocabulary=vocabulary)
            for index, shape in enumerate(self.shapes)
        ]


def usual(layer: Layer) -> Iterator[Case]:
    """Yield a case for each rank that a layer takes; what merges is given two values."""
    (port,) = layer.input_ports()
    for rank in port.ranks or (2, 3, 4):
        if rank in SHAPES:
            yield Case(layer, (SHAPES[rank],) * (2 if port.variadic else 1))


MORE = [
    Case(Linear(out_features=5, bias=False, weights="xavier uniform"), ((12,),)),
    Case(Linear(out_features=5), (("T", 12),)),
    Case(Conv1d(out_channels=6, kernel_size=4, padding_mode="circular", groups=2), ((6, 10),)),
    Case(Conv1d(kernel_size=5, dilation=2, weights="orthogonal"), ((6, "T"),)),
    Case(Conv1d(stride=3, padding="valid", bias=False), ((6, 10),)),
    Case(Conv2d(kernel_size=(2, 5), stride=(1, 2), weights="kaiming normal"), ((6, 8, 10),)),
    Case(Conv2d(padding="custom", margin=(2, 1), padding_mode="reflect"), ((6, 8, 10),)),
    Case(Conv2d(groups=6, out_channels=12, dilation=(2, 3), bias=False), ((6, 8, 10),)),
    Case(ConvTranspose2d(kernel_size=3, padding=1, output_padding=1), ((6, 8, 10),)),
    Case(BatchNorm1d(affine=False), ((12,),)),
    Case(BatchNorm1d(), ((6, "T"),)),
    Case(Layer.from_dict({"type": "LayerNorm", "affine": False}), (("T", 12),)),
    Case(Layer.from_dict({"type": "GroupNorm", "groups": 3}), ((6, 8, 10),)),
    Case(Layer.from_dict({"type": "MaxPool1d", "kernel_size": 4, "padding": 2}), ((6, 10),)),
    Case(Layer.from_dict({"type": "MaxPool2d", "kernel_size": [3, 2], "stride": 2}), ((6, 8, 10),)),
    Case(Layer.from_dict({"type": "AvgPool2d", "kernel_size": 3, "padding": 1}), ((6, 8, 10),)),
    Case(Layer.from_dict({"type": "AdaptiveAvgPool2d", "output_size": [4, 5]}), ((6, 8, 10),)),
    Case(Layer.from_dict({"type": "Embedding", "num_embeddings": 9}), ((4,),)),
    Case(Layer.from_dict({"type": "GELU", "approximate": "tanh"}), ((12,),)),
    Case(Softmax(axis="channels"), ((6, 8, 10),)),
    Case(Add(), ((12,), (12,), (1,))),
    Case(Concatenate(axis=-1), ((6, 8), (6, 2), (6, 1))),
    Case(Reshape(shape=(3, -1, 2)), ((6, 10),)),
    Case(Permute(order=(3, 1, 2)), ((6, 8, 10),)),
    Case(RESIDUAL, ((12,),)),
]
GROUPS_OF_2 = Layer.from_dict({"type": "GroupNorm", "groups": 2})
ENDS = {"Input", "Output", "GroupInput", "GroupOutput", "Group"}
CASES = [
    *(
        case
        for layer in Layer.members()
        if layer.__name__ not in ENDS
        for case in usual(GROUPS_OF_2 if layer.__name__ == "GroupNorm" else layer())
        if not (layer is Permute and len(case.shapes[0]) != 2)
    ),
    *MORE,
]
BY_CASE = [
    pytest.param(
        number, id=f"{case.layer.type_name}-{'x'.join(map(str, case.shapes[0])) or 'one'}-{number}"
    )
    for number, case in enumerate(CASES)
]


def tensor(field: FieldSpec, batch: int = SIZES["B"], length: int = SIZES["T"]) -> torch.Tensor:
    sizes = [length if size == "T" else int(size) for size in field.shape]
    if field.vocabulary:
        return torch.randint(field.vocabulary, (batch, *sizes))
    return torch.randn(batch, *sizes, requires_grad=True)


def alone(number: int) -> tuple[Graph, list[FieldSpec]]:
    """Return the network of one case and its fields."""
    case = CASES[number]
    fields = case.fields(number)
    return branches([(case.layer, fields)]), fields


# Declaration


@pytest.mark.parametrize("layer", LAYERS)
def test_is_described(layer: type[Layer]) -> None:
    assert layer.purpose().endswith(".")
    assert layer.stem.isidentifier()
    assert layer.category
    for name, field in layer.model_fields.items():
        assert (field.description or "").endswith("."), name


def schema_of(layer: type[Layer], name: str) -> dict[str, Any]:
    field = layer.model_fields[name]
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
        yield float("nan")
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


@pytest.mark.parametrize("layer", LAYERS)
def test_refuses_what_is_out_of_range(layer: type[Layer]) -> None:
    for name, field in layer.model_fields.items():
        if (layer, name) == (Group, "graph"):
            continue
        for value in bad_values(schema_of(layer, name)):
            with pytest.raises(FieldError) as refusal:
                layer.build(**{name: value})
            title = (field.title or name.replace("_", " ")).lower()
            said = refusal.value.message
            assert said.lower().startswith(title), (name, value, said)
            assert said.endswith("."), said


def test_refuses_an_unknown_setting() -> None:
    with pytest.raises(FieldError, match=r"Colour is not a setting of Linear\."):
        Linear.build(colour="red")


def other_value(schema: dict[str, Any], default: Any) -> Any:
    """Return a valid value that is not the default."""
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if option.get("type") != "null"]
        return other_value(options[0], default)
    if "enum" in schema:
        return next(choice for choice in schema["enum"] if choice != default)
    if "prefixItems" in schema:
        old = default or (None,) * len(schema["prefixItems"])
        parts = zip(schema["prefixItems"], old, strict=True)
        return tuple(other_value(item, part) for item, part in parts)
    if schema.get("type") == "array":
        return (*default, *default)
    if schema.get("type") == "boolean":
        return not default
    if schema.get("type") == "string":
        return f"{default}z"
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if schema["type"] == "integer":
        return low + 1 if default in (None, low) else low
    return next(value for value in ((low + high) / 2, high / 3) if value != default)


@pytest.mark.parametrize("layer", LAYERS)
def test_survives_json(layer: type[Layer]) -> None:
    default = layer()
    values = {
        name: RESIDUAL.graph
        if (layer, name) == (Group, "graph")
        else other_value(schema_of(layer, name), getattr(default, name))
        for name in layer.model_fields
    }
    changed = layer.build(**values)
    for name in values:
        assert getattr(changed, name) != getattr(default, name), name
    raw = json.loads(json.dumps(changed.to_dict()))
    assert Layer.from_dict(raw) == changed
    assert Layer.from_dict(raw).to_dict() == raw


# Running


@pytest.mark.parametrize("number", BY_CASE)
def test_rule_tells_what_torch_does(number: int) -> None:
    torch.manual_seed(number)
    graph, fields = alone(number)
    compiled = compile_network(graph, fields)
    info = compiled.analysis.nodes["block0"]
    tensors = [tensor(field) for field in fields]
    counter = FlopCounterMode(display=False)
    with counter:
        result = compiled.module(*tensors)
    (shape,) = info.outputs
    assert tuple(SIZES.get(size, size) for size in shape) == tuple(result.shape)
    weights = list(compiled.module.parameters())
    assert info.parameters == sum(weight.numel() for weight in weights)
    if not any("T" in field.shape for field in fields):
        assert info.macs == counter.get_total_flops() // 2 // SIZES["B"]
    (result * torch.randn_like(result)).sum().backward()
    moved = [*weights, *(t for t in tensors if t.is_floating_point())]
    assert all(t.grad is not None and bool(t.grad.abs().sum() > 0) for t in moved)


@pytest.mark.parametrize("number", BY_CASE)
def test_generated_code_gives_the_same_numbers(number: int) -> None:
    torch.manual_seed(0)
    graph, fields = alone(number)
    compiled = compile_network(graph, fields)
    compiled.module.eval()
    torch.manual_seed(0)
    printed = run_code(python_code(graph, fields))
    ours = compiled.module.state_dict()
    theirs = printed.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    tensors = [tensor(field) for field in fields]
    torch.testing.assert_close(printed(*tensors), compiled.module(*tensors), rtol=0, atol=0)


def run_code(code: str) -> torch.nn.Module:
    names: dict[str, Any] = {}
    exec(compile(code, "generated", "exec"), names)
    module = names["Network"]()
    assert isinstance(module, torch.nn.Module)
    return module.eval()


@dataclass(frozen=True)
class Exported:
    """All cases as branches of one network, in one ONNX file."""

    compiled: CompiledModel
    session: InferenceSession
    tensors: Sequence[torch.Tensor]
    expected: Sequence[torch.Tensor]
    got: Sequence[np.ndarray]


@pytest.fixture(scope="module")
def exported() -> Exported:
    torch.manual_seed(0)
    fields = [case.fields(number) for number, case in enumerate(CASES)]
    flat = [field for group in fields for field in group]
    graph = branches([(case.layer, own) for case, own in zip(CASES, fields, strict=True)])
    compiled = compile_network(graph, flat)
    module = compiled.module.eval()
    symbols = {"T": torch.export.Dim("length", min=2)}
    batch = torch.export.Dim("batch")
    shapes = tuple(
        {0: batch, **{i: symbols[s] for i, s in enumerate(field.shape, 1) if s in symbols}}
        for field in flat
    )
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with quiet[0], quiet[1], warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(tensor(field).detach() for field in flat),
            dynamo=True,
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    session = InferenceSession(program.model_proto.SerializeToString())
    tensors = [tensor(field, batch=5, length=17).detach() for field in flat]
    with torch.no_grad():
        expected = module(*tensors)
    names = [entry.name for entry in session.get_inputs()]
    feeds = {name: t.numpy() for name, t in zip(names, tensors, strict=True)}
    return Exported(compiled, session, tensors, expected, session.run(None, feeds))


@pytest.mark.parametrize("number", BY_CASE)
def test_onnx_agrees_for_any_batch_and_length(exported: Exported, number: int) -> None:
    expected = exported.expected[number].numpy()
    assert expected.shape[0] == 5
    np.testing.assert_allclose(exported.got[number], expected, rtol=1e-5, atol=1e-5)


# Refusing


@pytest.mark.parametrize("layer", [param for param in LAYERS if param.id not in ENDS])
def test_takes_a_value_or_says_why_not(layer: type[Layer]) -> None:
    """Whatever reaches a block with its defaults, either it runs or there is a sentence."""
    shapes: list[tuple[int, ...]] = [
        (),
        (1,),
        (5,),
        (16, 1),
        (3, 7),
        (32, 16),
        (4, 2, 2),
        (16, 9, 6),
    ]
    shapes += [(8, 1, 1), (2, 4, 4, 4)]
    for shape in shapes:
        for vocabulary in (None, 4):
            fields = [given("a", *shape, vocabulary=vocabulary)]
            graph = branches([(layer(), fields)])
            analysis = analyse(graph, fields)
            own = [problem for problem in analysis.errors if problem.node == "block0"]
            if own:
                assert own[0].message.startswith("block0 ")
                assert own[0].message.endswith(".")
                assert not any(fix.apply(graph) == graph for fix in own[0].fixes)
            elif not analysis.errors:
                result = compile_network(graph, fields).module(tensor(fields[0]))
                (outcome,) = analysis.nodes["block0"].outputs
                assert tuple(result.shape) == tuple(SIZES.get(size, size) for size in outcome)


def test_dropout_is_for_training_only() -> None:
    fields = [given("x", 200)]
    module = compile_network(branches([(Dropout(p=0.5), fields)]), fields).module
    x = torch.ones(4, 200)
    assert 0.3 < float((module.train()(x) == 0).float().mean()) < 0.7
    assert torch.equal(module.eval()(x), x)
