"""One contract for every declared layer: what a layer promises, checked against torch and ONNX.

Examples are made from the ports and fields of a layer. Where that is not enough the tests of a new
layer fail with a sentence that asks for an entry in `SHAPES` or `OTHER`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import logging
import types
import typing
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import annotated_types as limits
import networks
import onnxruntime
import pytest
import torch
from pydantic.fields import FieldInfo
from torch.utils.flop_counter import FlopCounterMode

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.errors import FieldError
from modelstudio.layers import Add, Group, GroupInput, GroupOutput, Input, Linear, Output
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Category, Layer
from modelstudio.recipe.fields import FieldSpec

BY_RANK = {1: (), 2: (12,), 3: (8, 12), 4: (8, 12, 12), 5: (4, 6, 6, 6)}
"""Shape of one sample for each rank a port may ask for; 8 channels, 12 numbers a side."""

VOCABULARY = 11

SHAPES: dict[str, list[tuple[int, ...]]] = {
    "Group": [(12,)],
    "GroupInput": [(12,)],
    "GroupOutput": [(12,)],
    "LayerNorm": [(12,), (8, 12), (8, 12, 12)],
    "Softmax": [(12,), (8, 12), (8, 12, 12)],
    "Flatten": [(12,), (8, 12), (8, 12, 12)],
}
"""Samples for layers that take any rank and should be tried with several."""

INSIDE = networks.chain(GroupInput(), Linear(out_features=12), GroupOutput())

OTHER: dict[tuple[str, str], object] = {
    ("Group", "graph"): INSIDE,
    ("GroupInput", "rank"): 2,
    ("Permute", "order"): (1, 2),
    ("Reshape", "shape"): (4, -1, 6),
}
"""Values that differ from the default, where they cannot be made from the field."""

LAYERS = list(Layer.members())


@dataclass(frozen=True)
class Example:
    layer: Layer
    sample: tuple[int, ...]

    def __str__(self) -> str:
        changed = {
            name: value
            for name, value in self.layer.as_values().items()
            if value != getattr(type(self.layer)(), name) and not isinstance(value, Graph)
        }
        told = " ".join(f"{name}={value}" for name, value in changed.items())
        return f"{self.layer.type_name}{self.sample} {told}".replace(" ", "")

    @property
    def graph(self) -> Graph:
        """Wire the layer between inputs and an output.

        The Add before the output does nothing, but keeps a Softmax from being left out.
        """
        layer = self.layer
        if isinstance(layer, Input):
            return networks.chain(layer, Output())
        if isinstance(layer, Output):
            return networks.chain(Input(field="x0"), layer)
        if isinstance(layer, GroupInput):
            layer = Group(graph=networks.chain(layer, Linear(), GroupOutput()))
        if isinstance(layer, GroupOutput):
            layer = Group(graph=networks.chain(GroupInput(), Linear(), layer))
        if isinstance(layer, Group) and not layer.graph.nodes:
            layer = layer.changed(graph=INSIDE)
        graph, sources = Graph(), []
        for place in range(self.values):
            graph = networks.extend(graph, Input(field=f"x{place}"), name=f"in{place}")
            sources.append(f"in{place}")
        graph = graph.add(networks.node(layer, "block"))
        ports = itertools.chain(layer.input_ports(), itertools.repeat(layer.input_ports()[-1]))
        for source, port in zip(sources, ports, strict=False):
            edge = networks.wire(graph, source, "block")
            graph = graph.connect(type(edge)(source, edge.source_port, "block", port.name))
        graph = networks.extend(graph, Add(), "block", name="same")
        return networks.extend(graph, Output(), "same", name="out")

    @property
    def values(self) -> int:
        """How many values the layer is given."""
        ports = self.layer.input_ports()
        return len(ports) + any(port.variadic for port in ports) if ports else 1

    @property
    def ids(self) -> bool:
        return any(port.dtype == "int" for port in self.layer.input_ports())

    @property
    def fields(self) -> list[FieldSpec]:
        names = ["features", "other", *(f"x{place}" for place in range(self.values))]
        if self.ids:
            return [networks.ids(*self.sample, vocabulary=VOCABULARY, name=n) for n in names]
        return [networks.numbers(*self.sample, name=name) for name in names]

    def tensors(self, batch: int, compiled: CompiledModel) -> list[torch.Tensor]:
        """Make values that differ from one input and sample to the next."""
        seed = torch.Generator().manual_seed(batch)
        size = (batch, *self.sample)
        if self.ids:
            return [torch.randint(VOCABULARY, size, generator=seed) for _ in compiled.inputs]
        return [torch.randn(size, generator=seed) for _ in compiled.inputs]

    def refusal(self) -> str | None:
        """Say why the layer cannot take the sample, if so."""
        errors = analyse(self.graph, self.fields).errors
        return errors[0].message if errors else None


def samples(declared: type[Layer]) -> list[tuple[int, ...]]:
    """Give samples of every rank that a layer takes."""
    known = SHAPES.get(declared.__name__)
    if known is not None:
        return known
    ranks = declared.inputs[0].ranks if declared.inputs else (2,)
    return [BY_RANK[rank] for rank in ranks or (3,)]


def others(declared: type[Layer], name: str, kind: object, value: object) -> Iterator[object]:
    """Yield values that differ from the one given, likely ones first."""
    if (declared.__name__, name) in OTHER:
        yield OTHER[declared.__name__, name]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (new for new in (value + 2, 2 * value, value + 1, value // 2) if new != value)
    elif isinstance(value, float):
        yield from (value / 2, value + 0.25)
    elif isinstance(value, str):
        choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ["other"]
        yield from (choice for choice in choices if choice != value)
    elif isinstance(value, tuple):
        for new in others(declared, name, kind, value[0]):
            yield (new, *value[1:])
            yield (new,) * len(value)
    elif value is None:
        yield from (3, (3, 2), 50)


@cache
def examples(declared: type[Layer]) -> list[Example]:
    """Give the defaults for every rank, then each setting changed alone, then all together."""
    layer = declared()
    found = [Example(layer, sample) for sample in samples(declared)]
    together = layer
    for name, field in declared.model_fields.items():
        for value in others(declared, name, field.annotation, getattr(layer, name)):
            try:
                alone = layer.changed(**{name: value})
            except FieldError:
                continue
            fit = next((s for s in samples(declared) if Example(alone, s).refusal() is None), None)
            if fit is None:
                continue
            found.append(Example(alone, fit))
            both = Example(together.changed(**{name: value}), samples(declared)[-1])
            together = both.layer if both.refusal() is None else together
            break
        else:
            pytest.fail(
                f"No other value of {declared.__name__}.{name} fits an example. Add one to OTHER."
            )
    return [*found, Example(together, samples(declared)[-1])]


@cache
def compiled(example: Example) -> CompiledModel:
    torch.manual_seed(0)
    return compile_network(example.graph, example.fields)


def run(example: Example, batch: int) -> torch.Tensor:
    model = compiled(example)
    with torch.no_grad():
        return model.module.eval()(*example.tensors(batch, model))


each_layer = pytest.mark.parametrize("declared", LAYERS, ids=lambda declared: declared.__name__)


@each_layer
def test_everything_a_person_sees_is_described(declared: type[Layer]) -> None:
    assert declared.purpose().endswith("."), "the docstring is shown in the palette"
    assert declared.__doc__ != Layer.__doc__
    assert declared.category in typing.get_args(Category)
    assert declared.stem.isidentifier()
    assert declared.label
    assert declared().summary()
    for name, field in declared.model_fields.items():
        assert (field.description or "").endswith("."), f"{name} has no description"
    for ports in (declared.inputs, declared.outputs):
        assert len({port.name for port in ports}) == len(ports)


def faults(kind: object, rules: list[object]) -> Iterator[object]:
    """Yield values that a type refuses."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        yield from faults(args[0], [*rules, *args[1:]])
        return
    if origin in (typing.Union, types.UnionType):
        for arg in args:
            if arg is not type(None):
                yield from faults(arg, rules)
        return
    for rule in rules:
        match rule:
            case FieldInfo():
                yield from (bad for inner in rule.metadata for bad in faults(None, [inner]))
            case limits.Ge(ge):
                yield ge - 1
            case limits.Gt(gt):
                yield gt
            case limits.Le(le):
                yield le + 1
            case limits.Lt(lt):
                yield lt
            case limits.MinLen():
                yield ()
            case limits.MaxLen(longest):
                yield (1,) * (longest + 1)
    if origin is typing.Literal:
        yield "neither"
    elif origin is tuple:
        size = 2 if args[-1] is not Ellipsis else 1
        yield from ((bad,) * size for bad in faults(args[0], []))
        yield "wide"
        if size > 1:
            yield from ((1,), (1, 1, 1))
    elif kind is int:
        yield from (0.5, "many", float("nan"), [1])
    elif kind is float:
        yield from (float("nan"), float("inf"), "much")
    elif kind is bool:
        yield from ("perhaps", 2)
    elif kind is str:
        yield from (5, None)
    elif kind is Graph:
        yield from ("blocks", 5)


@each_layer
def test_every_value_out_of_range_is_refused_in_a_sentence(declared: type[Layer]) -> None:
    layer = declared()
    for name, field in declared.model_fields.items():
        wrong = list(faults(field.annotation, field.metadata))
        assert wrong, f"faults() knows no wrong value for {name}"
        for value in wrong:
            with pytest.raises(FieldError) as caught:
                layer.changed(**{name: value})
                pytest.fail(f"{declared.__name__} takes {name}={value!r}")
            said = caught.value.message
            assert said[0].isupper()
            assert said.endswith(".")
            assert "Input should" not in said
            assert (field.title or name.replace("_", " ")).lower() in said.lower()
    with pytest.raises(FieldError, match=f"is not a setting of {declared.__name__}"):
        declared.build(no_such_setting=1)


@each_layer
def test_files_give_back_what_was_saved(declared: type[Layer]) -> None:
    for example in examples(declared):
        text = json.dumps(example.layer.to_dict())
        again = Layer.from_dict(json.loads(text))
        assert again == example.layer
        assert hash(again) == hash(example.layer)
        assert json.dumps(again.to_dict()) == text


@each_layer
def test_rules_agree_with_the_real_run(declared: type[Layer]) -> None:
    for example in examples(declared):
        assert example.refusal() is None, f"{example}: {example.refusal()} Add it to SHAPES."
        analysis = analyse(example.graph, example.fields)
        final = analysis.nodes[next(iter(example.graph.of_type(Output))).id].inputs[0]
        model = compiled(example)
        assert final[0] == "B"
        assert all(isinstance(size, int) for size in final[1:])
        for batch in (1, 5):
            assert run(example, batch).shape == (batch, *final[1:]), str(example)
        weights = [p.numel() for p in model.module.parameters()]
        assert analysis.parameters == sum(weights), str(example)
        with FlopCounterMode(display=False) as flops:
            run(example, 1)
        assert analysis.macs == flops.get_total_flops() // 2, str(example)


@each_layer
def test_gradients_reach_every_weight(declared: type[Layer]) -> None:
    for example in examples(declared):
        model = compiled(example)
        values = example.tensors(6, model)
        if not example.ids:
            values = [value.requires_grad_() for value in values]
        torch.manual_seed(1)
        answer = model.module.train()(*values)
        (answer * torch.randn(answer.shape)).sum().backward()
        learning = [*model.module.named_parameters(), *(("", v) for v in values if v.requires_grad)]
        for name, weight in learning:
            assert weight.grad is not None, f"{example}: {name}"
            assert weight.grad.isfinite().all(), f"{example}: {name}"
            assert weight.grad.abs().sum() > 0, f"{example}: {name}"


@each_layer
def test_the_printed_code_gives_the_same_numbers(declared: type[Layer]) -> None:
    for example in examples(declared):
        model = compiled(example)
        space: dict[str, typing.Any] = {}
        code = python_code(example.graph, example.fields)
        exec(compile(code, "network.py", "exec"), space)
        printed = space["Network"]()
        printed.load_state_dict(model.module.state_dict())
        with torch.no_grad():
            answer = printed.eval()(*example.tensors(3, model))
        assert torch.equal(answer, run(example, 3)), code


def export(example: Example) -> bytes:
    """Write a layer as ONNX for any batch; torch prints, logs and warns while it does."""
    model = compiled(example)
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    quiet = io.StringIO()
    batch = torch.export.Dim("batch")
    values = example.tensors(2, model)
    try:
        with (
            contextlib.redirect_stdout(quiet),
            contextlib.redirect_stderr(quiet),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                model.module.eval(),
                tuple(values),
                dynamo=True,
                opset_version=18,
                dynamic_shapes=tuple({0: batch} for _ in values),
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    return program.model_proto.SerializeToString()


@each_layer
def test_onnx_agrees_with_torch_at_another_batch_size(declared: type[Layer]) -> None:
    example = examples(declared)[-1]
    session = onnxruntime.InferenceSession(export(example), providers=["CPUExecutionProvider"])
    values = example.tensors(7, compiled(example))
    feed = {i.name: v.numpy() for i, v in zip(session.get_inputs(), values, strict=True)}
    (answer,) = session.run(None, feed)
    torch.testing.assert_close(torch.from_numpy(answer), run(example, 7), rtol=1e-5, atol=1e-5)
