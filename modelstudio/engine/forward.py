"""What a network says of all rows of a part, with nothing learned from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import torch
from torch import Tensor, nn

from modelstudio.data.batches import TensorData
from modelstudio.engine.task import Task

WORKING_BYTES: Final = 64 * 2**20
"""Memory for the values inside the network while it validates."""


def validate(task: Task, data: TensorData) -> tuple[float, Mapping[str, float]]:
    """Return the loss and the metrics on all rows, with dropout off."""
    with torch.no_grad():
        if task.tokens:
            losses, right, places = place_sums(task, data).sum(0).tolist()
            loss = losses / max(1, places)
            told = {"perplexity": math.exp(min(loss, 700)), "accuracy": right / max(1, places)}
            return loss, told
        outputs = run_module(task, data)
        judged = slice(task.judged)
        truth = {name: data.fields[name][judged] for name, _ in task.losses}
        loss = task.loss([output[judged] for output in outputs], truth)
        return loss.item(), task.score(outputs[0])


def run_module(task: Task, data: TensorData) -> tuple[Tensor, ...]:
    """Return the outputs for all rows in order, worked out in pieces that fit the memory.

    They are put where they belong at once: pieces of them would keep room between the batches.
    """
    whole: list[Tensor] = []
    at = 0
    for outputs in outputs_in_pieces(task, data):
        if not whole:
            whole = [each.new_empty((data.rows, *each.shape[1:])) for each in outputs]
        for into, each in zip(whole, outputs, strict=True):
            into[at : at + len(each)] = each
        at += len(outputs[0])
    return tuple(whole)


def outputs_in_pieces(task: Task, data: TensorData) -> Iterator[tuple[Tensor, ...]]:
    """Yield the outputs for all rows in order, some rows at a time."""
    return map(task.outputs, _pieces(task, data))


def place_sums(task: Task, data: TensorData) -> Tensor:
    """Compare what a network of tokens says at every place; its outputs are not held together.

    Returns
    -------
    Tensor
        For each sample the sum of the losses in nats, the right answers, and the places that are no
        padding; float64 on the processor, shape (rows, 3).
    """
    target, sums = task.losses[0][0], []
    for batch in _pieces(task, data):
        output, true = task.outputs(batch)[0], batch[target]
        losses = nn.functional.cross_entropy(output.flatten(0, 1), true.flatten(), reduction="none")
        told = true != 0
        right = (output.argmax(dim=-1) == true) & told
        each = (losses.view_as(true) * told, right, told)
        sums.append(torch.stack([part.sum(1, dtype=torch.float32) for part in each], 1).cpu())
    return torch.cat(sums).double()


def _pieces(task: Task, data: TensorData) -> Iterator[dict[str, Tensor]]:
    """Set a network to be asked, and yield all rows in order in pieces that fit the memory.

    The cost of a sample is that of one step where it is a sequence of any length.
    """
    task.module.eval()
    size = min(4096, max(1, WORKING_BYTES // max(1, data.steps * task.sample_bytes)))
    for start in range(0, max(1, data.rows), size):
        yield data.gather(torch.arange(start, min(start + size, data.rows), device=data.device))
