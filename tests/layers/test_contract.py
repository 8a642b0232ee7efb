"""What every layer type must keep, over the whole registry."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from layer_cases import NOT_ALONE, Case, all_cases, bad_values, others, schema_of, varied
from networks import branches, given
from onnxruntime import InferenceSession
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.export.tracing import trace
from modelstudio.errors import FieldError
from modelstudio.layers import Dropout, Group, Linear
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

LAYERS = [pytest.param(layer, id=layer.__name__) for layer in Layer.members()]
CASES = all_cases()
SIZES = {"B": 3, "T": 11}


def tensor(field: FieldSpec, batch: int = SIZES["B"], length: int = SIZES["T"]) -> torch.Tensor:
    sizes = [length if size == "T" else int(size) for size in field.shape]
    if field.vocabulary:
        return torch.randint(field.vocabulary, (batch, *sizes))
    return torch.randn(batch, *sizes, requires_grad=True)


def alone(case: Case) -> tuple[Graph, list[FieldSpec]]:
    """Return the network of one case and its fields."""
    fields = case.fields()
    return branches([(case.layer, fields)]), fields


# Declaration


@pytest.mark.parametrize("layer", LAYERS)
def test_is_described(layer: type[Layer]) -> None:
    assert layer.purpose().endswith(".")
    assert layer.stem.isidentifier()
    assert layer.category
    for name, field in layer.model_fields.items():
        assert (field.description or "").endswith("."), name


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


@pytest.mark.parametrize("layer", LAYERS)
def test_survives_json(layer: type[Layer]) -> None:
    default = layer()
    values = {name: next(others(layer, name)) for name in layer.model_fields}
    changed = layer.build(**values)
    for name in values:
        assert getattr(changed, name) != getattr(default, name), name
    raw = json.loads(json.dumps(changed.to_dict()))
    assert Layer.from_dict(raw) == changed
    assert hash(Layer.from_dict(raw)) == hash(changed)
    assert Layer.from_dict(raw).to_dict() == raw


# Running


@pytest.mark.parametrize("layer", [param for param in LAYERS if param.id not in NOT_ALONE])
def test_every_setting_is_tried(layer: type[Layer]) -> None:
    """A setting without a case needs an entry in ``layer_cases.OTHER``."""
    assert [name for name, case in varied(layer).items() if case is None] == []


@contextlib.contextmanager
def counted_products() -> Iterator[None]:
    """Have recurrence and attention run as products that are counted, not as one operation."""
    was = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch._C._set_mkldnn_enabled(was)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_tells_what_torch_does(case: Case) -> None:
    torch.manual_seed(0)
    graph, fields = alone(case)
    compiled = compile_network(graph, fields)
    info = compiled.analysis.nodes["block0"]
    tensors = [tensor(field) for field in fields]
    counter = FlopCounterMode(display=False)
    with counted_products(), counter:
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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_generated_code_gives_the_same_numbers(case: Case) -> None:
    torch.manual_seed(0)
    graph, fields = alone(case)
    compiled = compile_network(graph, fields, logits=False)
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


PARTS = len(CASES) // 24 + 1
"""Exports, each with a cost of its own; costly cases stand side by side, so they are dealt out."""


@dataclass(frozen=True)
class Exported:
    """Cases as branches of one network, in one ONNX file."""

    compiled: CompiledModel
    session: InferenceSession
    tensors: Sequence[torch.Tensor]
    expected: Sequence[torch.Tensor]
    got: Sequence[np.ndarray]


@cache
def exported(part: int) -> Exported:
    torch.manual_seed(0)
    cases = CASES[part::PARTS]
    fields = [case.fields(number) for number, case in enumerate(cases)]
    flat = [field for group in fields for field in group]
    graph = branches([(case.layer, own) for case, own in zip(cases, fields, strict=True)])
    compiled = compile_network(graph, flat)
    module = compiled.module.eval()
    symbols = {"T": torch.export.Dim("length", min=2)}
    batch = torch.export.Dim("batch")
    shapes = tuple(
        {0: batch, **{i: symbols[s] for i, s in enumerate(field.shape, 1) if s in symbols}}
        for field in flat
    )
    model = trace(module, [tensor(field).detach() for field in flat], shapes)
    session = InferenceSession(model.SerializeToString())
    tensors = [tensor(field, batch=5, length=17).detach() for field in flat]
    with torch.no_grad():
        expected = module(*tensors)
    names = [entry.name for entry in session.get_inputs()]
    feeds = {name: t.numpy() for name, t in zip(names, tensors, strict=True)}
    return Exported(compiled, session, tensors, expected, session.run(None, feeds))


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_onnx_agrees_for_any_batch_and_length(number: int) -> None:
    place, part = divmod(number, PARTS)
    expected = exported(part).expected[place].numpy()
    assert expected.shape[0] == 5
    np.testing.assert_allclose(exported(part).got[place], expected, rtol=1e-5, atol=1e-5)


# Refusing


@pytest.mark.parametrize("layer", [param for param in LAYERS if param.id not in NOT_ALONE])
def test_takes_a_value_or_says_why_not(layer: type[Layer]) -> None:
    """Whatever reaches a block with its defaults, either it runs or there is a sentence."""
    flat: list[tuple[int, ...]] = [(), (1,), (5,), (16, 1), (3, 7), (32, 16)]
    for shape in [*flat, (4, 2, 2), (16, 9, 6), (8, 1, 1), (2, 4, 4, 4)]:
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
