"""What a network is trained towards: its inputs, its targets and their losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from modelstudio.data.balance import Resampling
from modelstudio.data.fitted import FittedRecipe
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.losses import LossFunction, build_loss
from modelstudio.project.model import Project


@dataclass(frozen=True)
class Task:
    """What is trained, and towards what.

    Parameters
    ----------
    inputs
        Fields that the module takes, in the order of its arguments.
    losses
        Target and loss of each value that the module returns, in order.
    score
        Metrics of the first target's outputs for all validation rows.
    resampling
        Which rows an epoch takes, where that is not each row once.
    right
        Number of right answers among the first target's outputs; None where that means nothing.
    sample_bytes
        Memory that one sample takes inside the network.
    tokens
        Whether the target is a token at every place of a sequence.
    judged
        How many of the validation rows, from the first, its loss is worked out on; None takes all.
    """

    module: nn.Module
    inputs: tuple[str, ...]
    losses: tuple[tuple[str, LossFunction], ...]
    score: Callable[[Tensor], Mapping[str, float]] = lambda output: {}
    right: Callable[[Tensor, Tensor], Tensor] | None = None
    resampling: Resampling | None = None
    sample_bytes: int = 0
    tokens: bool = False
    judged: int | None = None

    def outputs(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return what the network says of a batch, one tensor for each target."""
        output = self.module(*(batch[name] for name in self.inputs))
        return output if isinstance(output, tuple) else (output,)

    def loss(self, outputs: Sequence[Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of the losses of all targets."""
        terms = [
            function(output, batch[target])
            for (target, function), output in zip(self.losses, outputs, strict=True)
        ]
        return sum(terms[1:], terms[0])


def compile_task(
    project: Project, fitted: FittedRecipe, weights: Sequence[float] = ()
) -> tuple[Task, CompiledModel]:
    """Build the network of a project and what it is trained towards.

    ``weights`` say how much a row of each class counts.
    """
    compiled = compile_network(project.network, fitted.fields)
    specs = {field.name: field for field in fitted.fields}
    losses = tuple(
        (name, build_loss(project.training.loss, specs[name], weights))
        for name in compiled.outputs
        if name in specs
    )
    kinds = {"binary": _right_binary, "classes": _right_classes, "tokens": _right_tokens}
    right = kinds.get(fitted.target.kind)
    memory = compiled.analysis.memory
    tokens = fitted.target.kind == "tokens"
    return Task(
        compiled.module, compiled.inputs, losses, right=right, sample_bytes=memory, tokens=tokens
    ), compiled


def _right_binary(output: Tensor, target: Tensor) -> Tensor:
    return ((output.flatten() > 0) == (target.flatten() > 0.5)).sum()


def _right_classes(output: Tensor, target: Tensor) -> Tensor:
    """Count answers that name the true class; of mixed samples the one with the largest share."""
    true = target.argmax(dim=1) if target.ndim > 1 else target
    return (output.argmax(dim=1) == true).sum()


def _right_tokens(output: Tensor, target: Tensor) -> Tensor:
    """Return the share of right answers at the places that are no padding, times the samples."""
    told = target != 0
    right = ((output.argmax(dim=-1) == target) & told).sum()
    return right * len(target) / told.sum().clamp(min=1)
