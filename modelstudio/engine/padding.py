"""Whether padding at the right of sequences can be left out of training: no answer may change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from modelstudio.data.batches import TensorData
from modelstudio.engine.task import Task

_LENGTHS = (1, 4)
"""Steps of the sequences that are tried."""

_MORE = 5
"""Steps of padding put behind them."""

_TOLERANCE = 1e-9


def left_out(task: Task, data: TensorData) -> tuple[str, ...]:
    """Return the fields of ids of which a batch may be cut to its longest sequence.

    It is tried with some rows and weights drawn at random: where a layer looks at padding, or
    cannot do with few steps, an answer changes or fails. What counts every place of a batch, as
    batch normalisation does, is seen in training only and does not stand the trial at all.
    """
    names = tuple(name for name, held in data.stored.items() if held.steps > 1)
    norms = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
    counting = any(isinstance(module, norms) for module in task.module.modules())
    if not names or task.tokens or counting or not data.rows:
        return ()
    rows = torch.arange(min(4, data.rows), device=data.device)
    batch = TensorData(data.fields, data.stored).gather(rows)
    with torch.random.fork_rng(devices=()), torch.no_grad():
        torch.manual_seed(0)
        trial = replace(task, module=_drawn(task.module))
        try:
            same = all(_same(trial, batch, names, length) for length in _LENGTHS)
        except (RuntimeError, ValueError, IndexError, TypeError):
            return ()
    return names if same else ()


def _drawn(module: nn.Module) -> nn.Module:
    """Return a copy with weights of which none is zero, in double precision on the processor."""
    drawn = copy.deepcopy(module).to("cpu", torch.float64).eval()
    for weight in drawn.parameters():
        weight.normal_(0.0, 0.3)
    return drawn


def _same(task: Task, batch: Mapping[str, Tensor], names: tuple[str, ...], length: int) -> bool:
    held = {
        name: values.cpu().double() if values.is_floating_point() else values.cpu()
        for name, values in batch.items()
    }
    short = {**held, **{name: held[name][:, :length] for name in names}}
    padded = {name: nn.functional.pad(short[name], (0, _MORE)) for name in names}
    pairs = zip(task.outputs(short), task.outputs({**short, **padded}), strict=True)
    return all(torch.allclose(one, other, _TOLERANCE, _TOLERANCE) for one, other in pairs)
