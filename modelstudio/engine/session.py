"""A network with its fitted recipe, ready to be trained or asked; runs loaded again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from modelstudio.data.augment import Augmenter
from modelstudio.data.balance import Resampling, class_weights, label_weights
from modelstudio.data.batches import TensorData
from modelstudio.data.fitted import Encoded, FittedRecipe
from modelstudio.data.prepare import Prepared
from modelstudio.data.target import TargetState
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.control import Control
from modelstudio.engine.device import available, choose_threads, pick
from modelstudio.engine.evaluate import decode
from modelstudio.engine.events import EpochEnd, RunEnd, RunEvent, RunPaused, RunResumed, RunStarted
from modelstudio.engine.losses import build_loss
from modelstudio.engine.metrics import epoch_scores
from modelstudio.engine.padding import left_out
from modelstudio.engine.ranking import Ranking
from modelstudio.engine.results import RunInfo
from modelstudio.engine.run_writer import RunWriter
from modelstudio.engine.runs import Decision, RunStore
from modelstudio.engine.train import Outcome, State, Task, fit
from modelstudio.errors import DataError, NetworkError, RunError, StudioError
from modelstudio.network.graph import Graph
from modelstudio.network.group import Group
from modelstudio.network.layer import UnknownLayer
from modelstudio.project.model import Project, SplitConfig, TrainConfig


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


class Session:
    """One run from compiled network to last event; the caller reads `events`.

    Parameters
    ----------
    prepared
        The data of the project, fitted and encoded.
    weights
        What training starts from, by name; those that fit are taken, the rest is drawn.

    Raises
    ------
    RunError
        When none of the weights fits.
    """

    def __init__(
        self, project: Project, prepared: Prepared, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        config = project.training
        self.device = pick(config.device)
        torch.manual_seed(config.seed)
        learnable = _learnable(prepared.train)
        counting, resampling = _balance(project.data.split, prepared.fitted, learnable)
        task, compiled = compile_task(project, prepared.fitted, counting)
        self.fresh = () if weights is None else take_weights(task.module, weights)
        task.module.to(self.device)
        self.parameters = compiled.analysis.parameters
        fields, target = prepared.fitted.fields, prepared.fitted.target
        augmenter = Augmenter(project.data.augment, fields)
        validation = known_rows(prepared.validation)
        ranking = Ranking.of(project.data, prepared.fitted, learnable)
        self.validation_rows = len(validation.rows)
        if ranking is not None:
            learnable, validation = ranking.learnable(learnable), ranking.judged(validation)
            self.validation_rows = int(validation.truth.sum())
            task = replace(task, judged=ranking.rows_for_loss(validation))
        self.train = TensorData.from_encoded(
            learnable,
            fields,
            self.device,
            augmenter=augmenter or None,
            negatives=ranking.draw if ranking else None,
        )
        self.validation: TensorData | None = None
        if len(validation.rows):
            self.validation = TensorData.from_encoded(validation, fields, self.device)
        self.task = replace(task, score=_scorer(target, validation.truth), resampling=resampling)
        self.train.leave_padding_out(left_out(self.task, self.train))
        self.project = project.changed(
            training=config.changed(threads=config.threads or self._measured_threads(config))
        )
        self.recipe = prepared.fitted.model_dump_json()

    @property
    def epoch_rows(self) -> int:
        """Rows that an epoch takes."""
        resampling = self.task.resampling
        return self.train.rows if resampling is None else len(resampling.rows(0))

    def _measured_threads(self, config: TrainConfig) -> int:
        if self.device.type != "cpu":
            return 1
        rows = torch.arange(min(config.batch_size, self.train.rows))
        batch = next(iter(self.train.batches(rows, len(rows))))

        def step(module: nn.Module) -> None:
            trial = replace(self.task, module=module.train())
            trial.loss(trial.outputs(batch), batch).backward()  # type: ignore[no-untyped-call]

        return choose_threads(self.task.module, step) if len(rows) > 1 else 1

    def events(
        self, writer: RunWriter, control: Control, start: dict[str, Any] | None = None
    ) -> Generator[RunEvent, None, None]:
        """Train and keep the run's history and files as it goes."""
        config = self.project.training
        before = torch.get_num_threads()
        torch.set_num_threads(config.threads)
        with writer:
            try:
                yield RunStarted(
                    run=writer.run_id,
                    number=writer.store.info(writer.run_id).number,
                    epochs=config.epochs,
                    batches=-(-self.epoch_rows // config.batch_size),
                    train_rows=self.train.rows,
                    validation_rows=self.validation_rows,
                    device=self.device.type,
                    threads=config.threads,
                    parameters=self.parameters,
                )
                fitting = fit(
                    self.task,
                    self.train,
                    self.validation,
                    config,
                    control,
                    save=_saver(writer, start),
                    start=start,
                )
                outcome = yield from _noted(fitting, writer)
            except StudioError as error:
                writer.end("failed", reason=error.message)
                raise
            except (GeneratorExit, KeyboardInterrupt):
                writer.end("interrupted", reason="It was stopped from outside.")
                raise
            except Exception as error:
                writer.end("failed", reason=f"An unforeseen error: {type(error).__name__}.")
                raise
            finally:
                torch.set_num_threads(before)
            writer.end(outcome.status, reason=outcome.reason)
        yield RunEnd(
            writer.run_id,
            outcome.status,
            outcome.best_epoch,
            outcome.epochs,
            outcome.metrics,
            outcome.reason,
        )


def take_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Copy weights of the same name and shape; return the names that keep fresh ones.

    Raises
    ------
    RunError
        When none fits.
    """
    state = module.state_dict()
    fitting = {
        name: value
        for name, value in weights.items()
        if name in state and state[name].shape == value.shape
    }
    learned = {name for name, _ in module.named_parameters()}
    if not learned.intersection(fitting):
        raise RunError(
            "None of the weights of that run fits this network.",
            fix="Start from a run of the same network, or train without one.",
        )
    module.load_state_dict(fitting, strict=False)
    return tuple(name for name in state if name in learned and name not in fitting)


def known_rows(encoded: Encoded) -> Encoded:
    """Return the rows whose target is known and was seen in training."""
    known = encoded.known()
    return encoded if known.all() else encoded.take(known)


def _learnable(encoded: Encoded) -> Encoded:
    known = known_rows(encoded)
    if not len(known.rows):
        reasons = ", ".join(encoded.unscored) or "the target is missing"
        raise DataError(
            f"No training row is complete: {reasons}.",
            fix="Add Fill missing to the recipe, or ignore the columns that are empty.",
        )
    return known


def _balance(
    split: SplitConfig, fitted: FittedRecipe, train: Encoded
) -> tuple[list[float], Resampling | None]:
    """Return the weights of the classes or the rows of an epoch, as the split says."""
    classes = len(fitted.target.classes)
    if not classes or split.balance == "none":
        return [], None
    codes = train.truth.astype(np.int64)
    if fitted.target.kind == "labels":
        if split.balance == "weights":
            return label_weights(codes).tolist(), None
        raise DataError(
            f"Rows of several labels of {fitted.target.column} cannot be drawn class by class.",
            where=fitted.target.column,
            fix="Choose that rare classes weigh more, or leave them as they are.",
        )
    if split.balance == "weights":
        return class_weights(codes, classes).tolist(), None
    return [], Resampling(codes, split.balance)


def _scorer(target: TargetState, truth: NDArray[Any]) -> Callable[[Tensor], Mapping[str, float]]:
    return lambda output: epoch_scores(target.kind, decode(output, target), truth)


def _noted(
    events: Generator[RunEvent, None, Outcome], writer: RunWriter
) -> Generator[RunEvent, None, Outcome]:
    """Pass events on and write them into the store."""
    try:
        while True:
            event = next(events)
            if isinstance(event, EpochEnd):
                writer.epoch(event)
            elif isinstance(event, RunPaused):
                writer.set_status("paused")
            elif isinstance(event, RunResumed):
                writer.set_status("running")
            yield event
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    finally:
        events.close()


def _saver(writer: RunWriter, start: dict[str, Any] | None) -> Callable[[State], None]:
    """Return what writes a checkpoint: the best weights when they are new, then all the rest."""
    written = start["best_epoch"] if start else 0

    def save_state(state: State) -> None:
        nonlocal written
        if state.best_epoch != written:
            best = {name: value.contiguous() for name, value in state.best.items()}
            writer.write("best.safetensors", save(best, {"epoch": str(state.best_epoch)}))
            written = state.best_epoch
        buffer = io.BytesIO()
        torch.save(state.to_checkpoint(), buffer)
        writer.write("last.pt", buffer.getvalue())

    return save_state


@dataclass(frozen=True)
class Trained:
    """A run with its best weights, ready to be asked."""

    run: RunInfo
    project: Project
    fitted: FittedRecipe
    task: Task
    compiled: CompiledModel
    device: torch.device
    decision: Decision


def load_weights(store: RunStore, run: RunInfo) -> dict[str, Tensor]:
    """Read the best weights of a run.

    Raises
    ------
    RunError
        When the file is damaged.
    """
    try:
        weights: dict[str, Tensor] = load_file(store.best_file(run.id))
    except (RuntimeError, ValueError, OSError, SafetensorError) as error:
        raise _damaged(store, run) from error
    return weights


def fitted_recipe(store: RunStore, run: RunInfo) -> FittedRecipe:
    """Read the recipe of a run.

    Raises
    ------
    RunError
        When the file is damaged.
    """
    try:
        return FittedRecipe.model_validate_json(store.recipe_text(run.id))
    except ValueError as error:
        raise _damaged(store, run) from error


def whole_project(store: RunStore, run: RunInfo) -> Project:
    """Read the project of a run whose network can run.

    Raises
    ------
    RunError
        When blocks of it stand for operations that there is no block for.
    """
    project = store.project(run.id)
    missing = list(_placeholders(project.network))
    if missing:
        name, layer = missing[0]
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise RunError(
            f"Run {run.number} cannot run: {name} stands for {layer.type_name}, which has no block"
            f"{more}.",
            fix=f"Put other blocks in {'their' if more else 'its'} place on the Network page, and"
            " train from this run's weights.",
        )
    return project


def _placeholders(graph: Graph, around: str = "") -> Iterator[tuple[str, UnknownLayer]]:
    for node in graph.nodes.values():
        if isinstance(node.layer, Group):
            yield from _placeholders(node.layer.graph, f"{around}{node.name}/")
        elif isinstance(node.layer, UnknownLayer):
            yield around + node.name, node.layer


def _damaged(store: RunStore, run: RunInfo) -> RunError:
    return RunError(
        f"The files of run {run.number} are damaged.",
        where=str(store.path(run.id)),
        fix="Choose another run or train again.",
    )


def load(
    store: RunStore,
    run_id: str | None,
    *,
    device: str | None = None,
    adopted: FittedRecipe | None = None,
) -> Trained:
    """Load a run (the last finished one when None) from what it kept of itself.

    Parameters
    ----------
    adopted
        Recipe that feeds an imported network, which came without one.

    Raises
    ------
    RunError
        When there is none, its files are damaged, its network lacks a block, or ``adopted`` does
        not fit the network.
    """
    run = store.usable(run_id)
    project = whole_project(store, run)
    wanted = device or project.training.device
    place = pick(wanted if wanted in available() else "auto")
    own = fitted_recipe(store, run)
    feeding = adopted if own.given else None
    fitted = feeding or own
    try:
        task, compiled = compile_task(project, fitted)
        task.module.load_state_dict(load_file(store.best_file(run.id), device=str(place)))
    except (RuntimeError, ValueError, OSError, SafetensorError) as error:
        raise (_unfit(run) if feeding else _damaged(store, run)) from error
    except NetworkError as error:
        if feeding:
            raise _unfit(run, error.message) from error
        raise
    task.module.to(place).eval()
    return Trained(run, project, fitted, task, compiled, place, store.decision(run.id))


def _unfit(run: RunInfo, reason: str = "") -> RunError:
    return RunError(
        f"Run {run.number} was imported, and the data does not fit its network. {reason}".strip(),
        fix="Choose columns and a target that it was made for, or train from this run's weights.",
    )


def load_checkpoint(store: RunStore, run: RunInfo) -> dict[str, Any]:
    """Read what a run is resumed from.

    Raises
    ------
    RunError
        When it is over, or the file is missing or damaged.
    """
    if run.status == "finished":
        raise RunError(f"Run {run.number} is finished.", fix="Train again as a new run.")
    path = store.last_file(run.id)
    if not path.exists():
        raise RunError(f"Run {run.number} ended before its first checkpoint.", fix="Train again.")
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise RunError(
            f"The checkpoint of run {run.number} is damaged.", where=str(path), fix="Train again."
        ) from error
    return checkpoint
