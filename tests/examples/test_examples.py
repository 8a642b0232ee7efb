"""The bundled networks: as their papers and reference code have them, exported and printed alike.

`examples.drawings.write(resource("examples"))` makes the files anew.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from examples.drawings import EXAMPLES
from onnxruntime import InferenceSession
from torch import Tensor

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.export.tracing import trace
from modelstudio.network.check import analyse
from modelstudio.project.files import load_project
from modelstudio.project.model import Project
from modelstudio.resources import resource

NAMES = list(EXAMPLES)

TOWER = 64 * 128 + 128 + 128 * 64 + 64

PARAMETERS = {
    "resnet18": 11_689_512,  # torchvision.models.resnet18
    "unet": 31_037_698,  # milesial/Pytorch-UNet: UNet(3, 2), not bilinear
    "bert": 11_170_560,  # google/bert_uncased_L-4_H-256_A-4, with its pooler
    "gpt": 10_740_096 + 4_992,  # nanoGPT, train_shakespeare_char: with decay, and without
    "two_tower": (6_041 + 3_707) * 64 + 2 * TOWER,
}

MACS = {"resnet18": 1_814_073_344}
"""Convolutions and the last sum, by the sizes of He et al. 2015, table 1."""

LENGTH = 24


@cache
def loaded(name: str) -> Project:
    return load_project(resource("examples", f"{name}.mstudio"))


@cache
def compiled(name: str) -> CompiledModel:
    torch.manual_seed(0)
    project = loaded(name)
    model = compile_network(project.network, project.data.fields)
    model.module.eval()
    return model


def samples(project: Project, batch: int, length: int = LENGTH) -> list[Tensor]:
    """Return random values of the fields; ids end in padding."""
    torch.manual_seed(1)
    made = []
    for field in project.data.fields:
        shape = [batch, *(length if size == "T" else int(size) for size in field.shape)]
        if field.vocabulary is None:
            made.append(torch.randn(shape))
            continue
        values = torch.randint(1, field.vocabulary, shape)
        if len(shape) > 1:
            values[0, -3:] = 0
        made.append(values)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_file_is_what_is_drawn(name: str) -> None:
    assert loaded(name) == EXAMPLES[name]()


NOTICES = {
    "gpt": [
        "place cannot read sequences of more than 256 steps. Use waves, which have no end.",
    ]
}
"""What a network is told though it is drawn as it should be."""


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_parameters_are_known_without_torch(name: str) -> None:
    project = loaded(name)
    analysis = analyse(project.network, project.data.fields)
    assert [problem.message for problem in analysis.problems] == NOTICES.get(name, [])
    assert analysis.parameters == PARAMETERS[name]
    assert analysis.macs == MACS.get(name, analysis.macs)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_do_not_overlap(name: str) -> None:
    places = [node.position for node in loaded(name).network.nodes.values()]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("name", NAMES)
def test_compiled_network_has_the_parameters_of_its_source(name: str) -> None:
    weights = list(compiled(name).module.parameters())
    assert sum(weight.numel() for weight in weights) == PARAMETERS[name]


@pytest.mark.parametrize("name", NAMES)
def test_exported_network_agrees(name: str) -> None:
    """For another batch and another length than it was exported with."""
    project, module = loaded(name), compiled(name).module
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=2, max=256)
    shapes = [
        {0: batch, **{axis: length for axis, size in enumerate(field.shape, 1) if size == "T"}}
        for field in project.data.fields
    ]
    model = trace(module, samples(project, 2), shapes)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    values = samples(project, 3, LENGTH + 7)
    with torch.no_grad():
        expected = module(*values).numpy()
    names = [entry.name for entry in session.get_inputs()]
    (got,) = session.run(None, {n: v.numpy() for n, v in zip(names, values, strict=True)})
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)


def test_gpt_begins_without_an_opinion() -> None:
    """Its loss before training is that of a guess among all characters."""
    (tokens,) = samples(loaded("gpt"), 8)
    with torch.no_grad():
        scores = compiled("gpt").module(tokens[:, :-1])
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())
    assert abs(float(loss) - math.log(65)) < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_generated_code_agrees(name: str) -> None:
    project, module = loaded(name), compiled(name).module
    names: dict[str, Any] = {}
    code = python_code(project.network, project.data.fields)
    assert max(map(len, code.splitlines())) <= 100
    exec(compile(code, name, "exec"), names)
    printed = names["Network"]().eval()
    printed.load_state_dict(module.state_dict())
    values = samples(project, 2)
    with torch.no_grad():
        torch.testing.assert_close(printed(*values), module(*values), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "lines"),
    {
        "gpt": [
            "class Block(nn.Module):",
            "self.block = nn.Sequential(*(Block() for _ in range(6)))",
        ],
        "bert": ["for layer in self.layer:", "x = layer(x, tokens)"],
        "unet": [
            "class DoubleConv(nn.Module):",
            "def __init__(self, in_channels: int, out_channels: int) -> None:",
            "self.double_conv = DoubleConv(3, 64)",
            "x = self.up3(x, down3)",
        ],
        "two_tower": ["self.user_tower = Tower()", "self.item_tower = Tower()"],
    }.items(),
)
def test_generated_code_reads_like_that_of_a_person(name: str, lines: list[str]) -> None:
    project = loaded(name)
    code = python_code(project.network, project.data.fields)
    written = [line.strip() for line in code.splitlines()]
    assert [line for line in lines if line not in written] == []
    assert len(written) < 140


def test_gpt_sees_nothing_that_comes_later() -> None:
    module = compiled("gpt").module
    (tokens,) = samples(loaded("gpt"), 1)
    changed = tokens.clone()
    changed[:, 10:] = 1
    with torch.no_grad():
        torch.testing.assert_close(module(tokens)[:, :10], module(changed)[:, :10])
        assert not torch.allclose(module(tokens)[:, 10:], module(changed)[:, 10:])


def test_bert_does_not_see_padding() -> None:
    module = compiled("bert").module
    tokens, segments = samples(loaded("bert"), 1)
    longer = torch.cat([tokens, torch.zeros(1, 5, dtype=torch.int64)], dim=1)
    more = torch.cat([segments, torch.ones(1, 5, dtype=torch.int64)], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(
            module(tokens, segments), module(longer, more), rtol=1e-5, atol=1e-5
        )
