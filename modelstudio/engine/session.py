"""One run from prepared data to its last event."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from modelstudio.data import spill
from modelstudio.data.augment import Augmenter
from modelstudio.data.balance import Resampling, class_weights, label_weights
from modelstudio.data.batches import TensorData
from modelstudio.data.fitted import Encoded, FittedRecipe
from modelstudio.data.origins import origins
from modelstudio.data.prepare import Prepared
from modelstudio.data.stored import in_memory
from modelstudio.data.target import TargetState
from modelstudio.engine.control import Control
from modelstudio.engine.device import choose_threads, pick
from modelstudio.engine.evaluate import decode
from modelstudio.engine.events import EpochEnd, RunEnd, RunEvent, RunPaused, RunResumed, RunStarted
from modelstudio.engine.metrics import epoch_scores, together
from modelstudio.engine.padding import left_out
from modelstudio.engine.ranking import Ranking
from modelstudio.engine.run_writer import RunWriter
from modelstudio.engine.task import compile_task
from modelstudio.engine.train import Outcome, State, fit
from modelstudio.errors import DataError, RunError, StudioError
from modelstudio.project.empty_parts import empty_parts
from modelstudio.project.model import Project, SplitConfig, TrainConfig
from modelstudio.wording import listed


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
        _check_classes(project.data.split, prepared.fitted.target, learnable)
        counting, resampling = _balance(project.data.split, prepared.fitted, learnable)
        task, compiled = compile_task(project, prepared.fitted, counting)
        self.fresh = () if weights is None else take_weights(task.module, weights)
        task.module.to(self.device)
        self.parameters = compiled.analysis.parameters
        fields, target = prepared.fitted.fields, prepared.fitted.target
        augmenter = Augmenter(
            project.data.augment, fields, partial(origins, prepared.fitted, prepared.clean)
        )
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
        self.train.hide_ids(_without_unknown(learnable, prepared.fitted))
        self.validation: TensorData | None = None
        if len(validation.rows):
            self.validation = TensorData.from_encoded(validation, fields, self.device)
        self.task = replace(task, score=_scorer(target, validation.truth), resampling=resampling)
        self.train.leave_padding_out(left_out(self.task, self.train))
        self.project = project.changed(
            training=config.changed(threads=config.threads or self._measured_threads(config))
        )
        self.recipe = prepared.fitted.model_dump_json()
        sizes = {
            part: len(getattr(prepared.parts, part)) for part in ("train", "validation", "test")
        }
        self.warning = empty_parts(project.data.split, sizes)

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
                    warning=self.warning,
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


def _without_unknown(encoded: Encoded, fitted: FittedRecipe) -> list[str]:
    """Return the fields of ids that are known in all rows, so that none teaches what 0 means."""
    single = (
        field.name
        for field in fitted.fields
        if (field.role, field.kind, field.shape) == ("input", "ids", ())
    )
    return [name for name in single if in_memory(encoded.fields[name]).all()]


def _learnable(encoded: Encoded) -> Encoded:
    known = known_rows(encoded)
    if not len(known.rows):
        reasons = ", ".join(encoded.unscored) or "the target is missing"
        raise DataError(
            f"No training row is complete: {reasons}.",
            fix="Add Fill missing to the recipe, or ignore the columns that are empty.",
        )
    return known


def _check_classes(split: SplitConfig, target: TargetState, train: Encoded) -> None:
    """Refuse a class without complete rows where it is to count as others do, or leaves only one.

    Raises
    ------
    DataError
        When there is such a class.
    """
    if target.kind not in ("binary", "classes"):
        return
    present = set(np.unique(train.truth).tolist())
    lacking = [name for code, name in enumerate(target.classes) if code not in present]
    if lacking and (split.balance != "none" or len(present) < 2):
        reasons = ", ".join(train.unscored) or "samples take more rows than there are"
        raise DataError(
            f"No training row with {target.column} {listed(lacking, most=5)} is complete: "
            f"{reasons}.",
            where=target.column,
            fix="Add Fill missing to the recipe, or ignore the columns that are empty there.",
        )


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
    def score(output: Tensor) -> Mapping[str, float]:
        pieces = (decode(output[each], target) for each in spill.slices(len(output)))
        return epoch_scores(target.kind, together(pieces, len(output)), truth)

    return score


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
