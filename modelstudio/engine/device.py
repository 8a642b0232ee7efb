"""Where a run computes: devices of the machine and the number of processor threads."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import nn

from modelstudio.errors import TrainingError

DeviceName = Literal["cpu", "cuda", "mps"]

PATIENCE: Final = 0.3
"""Seconds spent on measuring, at most (one step of each choice is always taken)."""

GAIN: Final = 1.1
"""How much faster more threads must be to be taken."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A place to compute; ``free_bytes`` is None where it cannot be known."""

    id: DeviceName
    label: str
    free_bytes: int | None = None


def available() -> tuple[DeviceName, ...]:
    """Return the devices of this machine, the fastest first."""
    found: list[DeviceName] = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def devices() -> tuple[DeviceInfo, ...]:
    """Describe the devices of this machine, the fastest first."""
    found = {
        "cuda": lambda: DeviceInfo(
            "cuda", torch.cuda.get_device_name(), torch.cuda.mem_get_info()[0]
        ),
        "mps": lambda: DeviceInfo("mps", "Apple GPU"),
        "cpu": lambda: DeviceInfo("cpu", "CPU", _free_memory()),
    }
    return tuple(found[name]() for name in available())


def _free_memory() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def pick(wanted: str) -> torch.device:
    """Return the device that a run asked for; ``"auto"`` takes the fastest.

    Raises
    ------
    TrainingError
        When the machine does not have it.
    """
    names = available()
    if wanted == "auto":
        return torch.device(names[0])
    if wanted not in names:
        raise TrainingError(
            f"This computer has no {wanted} device that PyTorch can use.",
            fix=f"Choose auto or one of: {', '.join(names)}.",
        )
    return torch.device(wanted)


def choose_threads(module: nn.Module, step: Callable[[nn.Module], object]) -> int:
    """Measure whether a training step on the CPU is faster on one thread or on all.

    ``step`` runs forward and backward on the module it is given, which is a copy. The number of
    threads and the state of the random generator are left as they were.
    """
    every, state = torch.get_num_threads(), torch.get_rng_state()
    if every == 1:
        return 1
    trial = copy.deepcopy(module)
    seconds = {1: float("inf"), every: float("inf")}
    try:
        step(trial)
        end = time.perf_counter() + PATIENCE
        while time.perf_counter() < end or float("inf") in seconds.values():
            for threads in seconds:
                torch.set_num_threads(threads)
                begun = time.perf_counter()
                step(trial)
                seconds[threads] = min(seconds[threads], time.perf_counter() - begun)
    finally:
        torch.set_num_threads(every)
        torch.set_rng_state(state)
    return every if seconds[every] * GAIN < seconds[1] else 1
