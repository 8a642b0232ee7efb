"""The training loop: one generator, read from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn

from modelstudio.data.balance import Resampling
from modelstudio.data.batches import TensorData
from modelstudio.engine.control import Control
from modelstudio.engine.events import (
    BatchEnd,
    CheckpointSaved,
    EpochEnd,
    RunEvent,
    RunPaused,
    RunResumed,
)
from modelstudio.engine.forward import validate
from modelstudio.engine.optim import build_optimizer, lr_factor
from modelstudio.engine.task import Task
from modelstudio.errors import TrainingError
from modelstudio.project.model import TrainConfig

LOOK: Final = 0.05
"""Seconds between two looks at the loss; each makes the device finish what it was given."""

CHECKPOINT: Final = 2.0
"""Seconds between two checkpoints, at least; on large networks 20 times what writing one takes."""

Weights = dict[str, Tensor]


@dataclass
class State:
    """Everything that changes during a run; with it a run goes on to the same numbers.

    ``epoch`` counts finished epochs and ``batch`` the batches done of the next one; ``loss`` and
    ``right`` are sums over the rows of those. ``score`` is the loss of the best epoch.
    """

    module: nn.Module
    optimizer: torch.optim.Optimizer
    lr: float
    loss: Tensor
    right: Tensor
    epoch: int = 0
    batch: int = 0
    best_epoch: int = 0
    score: float = math.inf
    metrics: dict[str, float] = field(default_factory=dict)
    best: Weights = field(default_factory=dict)

    _COUNTERS = ("lr", "epoch", "batch", "best_epoch", "score", "metrics", "loss", "right", "best")

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return self.epoch - self.best_epoch

    def to_checkpoint(self) -> dict[str, Any]:
        """Return plain values and tensors that `torch.load` reads with ``weights_only``."""
        device = self.loss.device.type
        return {
            **{name: getattr(self, name) for name in self._COUNTERS},
            "weights": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": torch.get_rng_state(),
            "device_generator": _device_generator(device),
        }

    def restore(self, checkpoint: Mapping[str, Any]) -> None:
        """Go back to where the checkpoint was made, the random generators included."""
        device = self.loss.device
        for name in self._COUNTERS:
            value = checkpoint[name]
            setattr(self, name, value.to(device) if isinstance(value, Tensor) else value)
        self.best = {name: value.to(device) for name, value in self.best.items()}
        self.module.load_state_dict(checkpoint["weights"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        torch.set_rng_state(checkpoint["generator"].cpu())
        if checkpoint["device_generator"] is not None:
            saved = checkpoint["device_generator"].cpu()
            module = torch.cuda if device.type == "cuda" else torch.mps
            module.set_rng_state(saved)


def _device_generator(device: str) -> Tensor | None:
    if device == "cuda":
        return torch.cuda.get_rng_state()
    return torch.mps.get_rng_state() if device == "mps" else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How training ended."""

    status: Literal["finished", "stopped", "interrupted"]
    best_epoch: int
    epochs: int
    metrics: Mapping[str, float]
    reason: str = ""


def fit(
    task: Task,
    train: TensorData,
    validation: TensorData | None,
    config: TrainConfig,
    control: Control,
    *,
    save: Callable[[State], None] = lambda state: None,
    start: Mapping[str, Any] | None = None,
) -> Generator[RunEvent, None, Outcome]:
    """Train and keep the best weights: those with the smallest validation loss.

    Parameters
    ----------
    train, validation
        Rows on the device of the module; without validation the last epoch counts as the best.
    save
        Writes a checkpoint; it is called between batches.
    start
        A checkpoint to go on from.

    Raises
    ------
    TrainingError
        When the loss is no longer a number or the device is out of memory.
    """
    module, device = task.module, train.device
    optimizer = build_optimizer(config.optimizer, module.parameters())
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    accumulator = torch.float32 if device.type == "mps" else torch.float64
    sums = torch.zeros(2, dtype=accumulator, device=device)
    state = State(module, optimizer, config.optimizer.lr, loss=sums[0], right=sums[1])
    torch.manual_seed(config.seed)
    if start is not None:
        state.restore(start)

    clock = Clock(state)
    patience = config.patience if validation and config.early_stopping else math.inf
    try:
        while state.epoch < config.epochs and state.waited < patience:
            began = time.perf_counter()
            grad_norm = torch.zeros((), device=device)
            module.train()
            order = epoch_order(
                train.rows, config.batch_size, config.seed, state.epoch, task.resampling
            )
            batches = math.ceil(len(order) / config.batch_size)
            for portion in train.portions(order, config.batch_size, skip=state.batch):
                if control.paused:
                    yield RunPaused(state.epoch * batches + state.batch)
                    control.wait()
                    yield RunResumed(state.epoch * batches + state.batch)
                    clock.restart(state)
                if control.stopping:
                    save(state)
                    yield CheckpointSaved(state.epoch, best=False)
                    return _outcome(state, "interrupted" if control.interrupted else "stopped")
                state.lr = control.take_lr() or state.lr
                done = (state.epoch + state.batch / batches) / config.epochs
                lr = state.lr * lr_factor(config.schedule, done)
                for group in optimizer.param_groups:
                    group["lr"] = lr

                optimizer.zero_grad(set_to_none=True)
                batch = train.gather(portion)  # random changes are drawn after the last way out
                outputs = task.outputs(batch)
                loss = task.loss(outputs, batch)
                penalised = loss + config.l1 * _absolute(weights) if config.l1 else loss
                penalised.backward()  # type: ignore[no-untyped-call]
                if config.clip_norm is not None:
                    grad_norm = nn.utils.clip_grad_norm_(weights, config.clip_norm)
                optimizer.step()
                state.loss += loss.detach() * len(portion)
                if task.right is not None:
                    state.right += task.right(outputs[0].detach(), batch[task.losses[0][0]])
                state.batch += 1

                if state.batch == batches:
                    break
                if clock.due():
                    value, rate = clock.look(state, config.batch_size)
                    _check(value, state, lr)
                    position = state.epoch + state.batch / batches
                    yield BatchEnd(state.epoch * batches + state.batch, position, value, lr, rate)
                if clock.checkpoint_due():
                    yield _checkpoint(state, save, clock)

            # The epoch is over: validate, keep the best, tell.
            train_loss = state.loss.item() / len(order)
            _check(train_loss, state, lr)
            if config.clip_norm is None:
                grad_norm = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
            val_loss, metrics = validate(task, validation) if validation else (None, {})
            _check(val_loss or 0.0, state, lr)
            accuracy = {"train_accuracy": state.right.item() / len(order)} if task.right else {}
            state.epoch, state.batch = state.epoch + 1, 0
            state.loss.zero_()
            state.right.zero_()
            clock.restart(state)
            best = val_loss is None or val_loss < state.score
            if best:
                state.best_epoch = state.epoch
                state.score = train_loss if val_loss is None else val_loss
                state.metrics = {"loss": state.score, **metrics}
                state.best = {name: value.clone() for name, value in module.state_dict().items()}
            yield EpochEnd(
                state.epoch,
                train_loss,
                val_loss,
                {**metrics, **accuracy},
                lr,
                time.perf_counter() - began,
                best,
                float(grad_norm),
            )
            if clock.checkpoint_due():
                yield _checkpoint(state, save, clock)
    except GeneratorExit:
        save(state)
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        told = _explained(error, config.batch_size)
        if told is None:
            raise
        raise told from error
    save(state)
    yield CheckpointSaved(state.epoch, best=state.best_epoch == state.epoch)
    tired = f"Validation did not get better for {state.waited} epochs."
    return _outcome(state, "finished", tired if state.waited >= patience else "")


def epoch_order(
    rows: int, batch_size: int, seed: int, epoch: int, resampling: Resampling | None = None
) -> Tensor:
    """Return the row order of an epoch; it depends on nothing but the arguments.

    A last batch of one row is left out: batch normalisation cannot take it.
    """
    seed = seed * 1_000_003 + epoch
    if resampling is not None:
        order = torch.from_numpy(resampling.rows(seed))
    else:
        kind = torch.int32 if rows < 1 << 31 else torch.int64
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(seed), dtype=kind)
    return order[:-1] if len(order) > batch_size and len(order) % batch_size == 1 else order


class Clock:
    """Says when it is time to look at the loss and to write a checkpoint."""

    def __init__(self, state: State) -> None:
        self._next_checkpoint = time.perf_counter() + CHECKPOINT
        self.restart(state)

    def restart(self, state: State) -> None:
        """Measure loss and rate from here on."""
        self._time = time.perf_counter()
        self._loss, self._batch = state.loss.item(), state.batch

    def due(self) -> bool:
        """Tell whether the last look is long enough ago."""
        return time.perf_counter() - self._time >= LOOK

    def look(self, state: State, batch_size: int) -> tuple[float, float]:
        """Return the mean loss since the last look and the batches a second."""
        time_before, loss_before, batch_before = self._time, self._loss, self._batch
        self.restart(state)
        batches = self._batch - batch_before
        loss = (self._loss - loss_before) / (batches * batch_size)
        return loss, batches / (self._time - time_before)

    def checkpoint_due(self) -> bool:
        """Tell whether the last checkpoint is long enough ago."""
        return time.perf_counter() >= self._next_checkpoint

    def checkpoint_took(self, seconds: float) -> None:
        """Put off the next checkpoint, the longer the more it costs."""
        self._next_checkpoint = time.perf_counter() + max(CHECKPOINT, 20 * seconds)


def _checkpoint(state: State, save: Callable[[State], None], clock: Clock) -> CheckpointSaved:
    began = time.perf_counter()
    save(state)
    clock.checkpoint_took(time.perf_counter() - began)
    return CheckpointSaved(state.epoch, best=state.best_epoch == state.epoch)


def _outcome(
    state: State, status: Literal["finished", "stopped", "interrupted"], reason: str = ""
) -> Outcome:
    return Outcome(status, state.best_epoch, state.epoch, state.metrics, reason)


def _absolute(weights: Sequence[Tensor]) -> Tensor:
    return torch.stack([weight.abs().sum() for weight in weights]).sum()


def _check(loss: float, state: State, lr: float) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss was no longer a number in epoch {state.epoch + 1}.",
            fix=f"Lower the learning rate (now {lr:.3g}), clip the gradients, or standardise "
            "features with very large values.",
        )


def _explained(error: Exception, batch_size: int) -> TrainingError | None:
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in text:
        return TrainingError(
            f"There is not enough memory for batches of {batch_size} rows.",
            fix="Make the batch size or the network smaller, or choose another device.",
        )
    if "more than 1 value per channel" in text:
        return TrainingError(
            "Batch normalisation needs at least two rows in a batch.",
            fix="Make the batch size larger, or remove the normalisation.",
        )
    if isinstance(error, IndexError) and "index out of range" in text:
        return TrainingError(
            "A row holds more steps, or other ids, than an Embedding or a learned position has "
            "room for.",
            fix="Raise its longest sequence or its vocabulary, or cut the texts shorter.",
        )
    return None
