"""Runs loaded again from what they kept: their weights, recipe and checkpoint."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from modelstudio.data.fitted import FittedRecipe
from modelstudio.engine.compile import CompiledModel
from modelstudio.engine.device import available, pick
from modelstudio.engine.results import RunInfo
from modelstudio.engine.runs import Decision, RunStore
from modelstudio.engine.task import Task, compile_task
from modelstudio.errors import NetworkError, RunError
from modelstudio.network.graph import Graph
from modelstudio.network.group import Group
from modelstudio.network.layer import UnknownLayer
from modelstudio.project.model import Project


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
