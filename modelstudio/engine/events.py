"""What long work tells while it goes on: plain events, safe to pass between threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from modelstudio.engine.results import FoldSummary
    from modelstudio.engine.unusable import UnusableFiles

E = TypeVar("E")
T = TypeVar("T")


def drain(work: Generator[E, None, T], tell: Callable[[E], object] = lambda event: None) -> T:
    """Run long work to its end, tell each of its events, and return its result."""
    while True:
        try:
            tell(next(work))
        except StopIteration as end:
            result: T = end.value
            return result


@dataclass(frozen=True, slots=True)
class Progress:
    """How far work has come; ``total`` is None when it cannot be known."""

    text: str
    done: int = 0
    total: int | None = None


def retold(
    work: Generator[E, None, T], tell: Callable[[E], Progress]
) -> Generator[Progress, None, T]:
    """Run long work of other events to its end, tell each as progress, and return its result."""
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            yield tell(event)


@dataclass(frozen=True, slots=True)
class FilesLeftOut:
    """Files of the data that cannot be used, so that training goes on without them."""

    files: UnusableFiles


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins; ``warning`` says which parts of the split lack rows, if any do."""

    run: str
    number: int
    epochs: int
    batches: int
    train_rows: int
    validation_rows: int
    device: str
    threads: int
    parameters: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """A look at the running loss, at most 20 times a second.

    ``position`` is in epochs (2.5 is half way through the third); ``loss`` the mean over the
    batches since the last look; ``rate`` in batches a second.
    """

    step: int
    position: float
    loss: float
    lr: float
    rate: float


@dataclass(frozen=True, slots=True)
class EpochEnd:
    """An epoch is over. ``val_loss`` is None without validation rows; metrics are on validation."""

    epoch: int
    train_loss: float
    val_loss: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    lr: float = 0.0
    seconds: float = 0.0
    best: bool = False
    grad_norm: float = 0.0


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Training waits between two batches."""

    step: int


@dataclass(frozen=True, slots=True)
class RunResumed:
    """Training goes on after a pause."""

    step: int


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """Weights are on disk; ``best`` when they are the best so far."""

    epoch: int
    best: bool


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run is over; ``best_epoch`` is 0 when no epoch was finished."""

    run: str
    status: Literal["finished", "stopped", "interrupted", "failed"]
    best_epoch: int
    epochs: int
    best: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FoldStarted:
    """A fold of a cross-validation begins: ``fold``, from 1, of ``folds``."""

    series: str
    fold: int
    folds: int


@dataclass(frozen=True, slots=True)
class FoldsEnd:
    """A cross-validation is over, or was stopped; ``summary`` is of the folds finished so far."""

    summary: FoldSummary
    status: Literal["finished", "stopped", "interrupted"]


RunEvent = (
    Progress
    | FilesLeftOut
    | RunStarted
    | BatchEnd
    | EpochEnd
    | RunPaused
    | RunResumed
    | CheckpointSaved
    | RunEnd
    | FoldStarted
    | FoldsEnd
)
