"""What the engine hands out: plain values, tuples and numpy arrays, never a tensor.

Nothing here imports torch, so views may name these types at module level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import numpy as np

    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.fitting import StepEffect
    from modelstudio.data.profile import ColumnProfile
    from modelstudio.data.relations import Relation
    from modelstudio.engine.unusable import UnusableFiles
    from modelstudio.errors import StudioError
    from modelstudio.project.model import Project
    from modelstudio.recipe.fields import FieldSpec


FOLDS: Final = 5
"""Folds where nobody says how many."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Place of a run among those of a cross-validation: fold ``number``, from 1, of ``of``."""

    series: str
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the run store lists it.

    ``status`` is ``"running"`` only while its owner is alive; ``metrics`` are of the best epoch on
    validation rows, with ``loss`` among them. Times are seconds since 1970 and seconds.
    """

    id: str
    number: int
    name: str
    status: Literal["running", "paused", "finished", "stopped", "interrupted", "failed"]
    started: float
    seconds: float
    epochs: int
    best_epoch: int
    metrics: Mapping[str, float]
    parameters: int
    data_key: str
    network_key: str
    reason: str = ""
    fold: Fold | None = None

    @property
    def imported(self) -> bool:
        """Whether its weights came with a network from another program, without an epoch here."""
        return self.status == "finished" and not self.epochs

    @property
    def has_weights(self) -> bool:
        """Whether it can be asked: an epoch of it was kept, or it was imported."""
        return self.best_epoch > 0 or self.imported


@dataclass(frozen=True, slots=True)
class FoldScore:
    """A score over folds: its value in each, their mean and their standard deviation.

    ``low`` and ``high`` hold the mean with 95 % confidence, the rows that folds share allowed for.
    """

    name: str
    values: tuple[float, ...]
    mean: float
    sd: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class FoldSummary:
    """What the finished folds of a cross-validation say together.

    ``runs`` are the ids of their runs by fold, from 1; ``notes`` are sentences on what the scores
    can and cannot tell.
    """

    series: str
    folds: int
    runs: Mapping[int, str]
    scores: tuple[FoldScore, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every fold is finished."""
        return len(self.runs) == self.folds


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One row of a run's history."""

    epoch: int
    train_loss: float
    val_loss: float | None
    metrics: Mapping[str, float]
    lr: float
    seconds: float
    best: bool


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of some rows.

    Parameters
    ----------
    kind
        Kind of the target.
    truth
        Class indices (int64) or values in the target's own units (float64); shape (rows,). Unseen
        classes are -1, missing values NaN. Of the next tokens of passages how many there are. An
        item that was chosen is 1. Of labels 0 and 1, shape (rows, labels), -1 where none is known.
    scores
        Probabilities, shape (rows, classes) with both classes of a binary target, or (rows,
        labels), or predicted values, shape (rows,). Of next tokens the sum of the losses in nats
        and the right answers of each passage, shape (rows, 2). Of items to rank that of the row's
        own and of those it is ranked among, shape (rows, 1 + others), or of the row alone, shape
        (rows,).
    rows
        Row numbers in the source, from 0; shape (rows,).
    unscored
        Rows that could not be scored, by the reason.
    """

    kind: Literal["binary", "classes", "value", "labels", "tokens", "ranking"]
    classes: tuple[str, ...]
    truth: np.ndarray
    scores: np.ndarray
    rows: np.ndarray
    unscored: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Score:
    """A metric with its 95 % bootstrap interval."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label of several; ``rows`` have it, ``given`` are told to. Recall is NaN without rows."""

    name: str
    rows: int
    given: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class RocCurve:
    """One class against the rest; all three arrays have shape (points,).

    ``auc`` is None when the rows hold only one side.
    """

    label: str
    fpr: np.ndarray
    tpr: np.ndarray
    thresholds: np.ndarray
    auc: float | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a model must beat, on the same rows; ``name`` says how it answers."""

    name: str
    predictions: Predictions
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """A row whose label is probably wrong, with the probabilities of both classes.

    ``row`` is its number in the source, from 0.
    """

    row: int
    label: str
    suggestion: str
    label_probability: float
    suggestion_probability: float

    @property
    def margin(self) -> float:
        """How much less likely the label is than the suggestion; -1 is surely wrong."""
        return self.label_probability - self.suggestion_probability


@dataclass(frozen=True, slots=True)
class DoubtfulLabels:
    """Labels that are probably wrong, the most doubtful first.

    Parameters
    ----------
    looked_at
        Rows with a known label.
    thresholds
        Mean probability of its own label over the rows of each class; infinite without rows.
    joint
        Rows by label (row) and likely class (column) as confident learning estimates them; shape
        (classes, classes). Where classes overlap, some of those off the diagonal are labelled well.
    """

    classes: tuple[str, ...]
    looked_at: int
    thresholds: tuple[float, ...]
    joint: np.ndarray
    labels: tuple[DoubtfulLabel, ...]

    @property
    def expected(self) -> int:
        """Labels that confident learning expects to be wrong; too many where classes overlap."""
        return round(float(self.joint.sum() - self.joint.trace()))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a run on one part of the data.

    ``confusion`` has shape (classes, classes), rows true and columns predicted; ``roc`` holds one
    curve for a binary target (its positive class) and one a class otherwise. ``threshold`` applies
    to the positive class of a binary target. ``baseline`` are predictions of the same rows that
    take no learning, and their scores: items ranked by popularity. ``notes`` are sentences worth
    showing. ``doubts`` are labels that are probably wrong, where the rows have classes and were not
    trained on.
    """

    run: str
    part: str
    predictions: Predictions
    scores: tuple[Score, ...]
    labels: tuple[LabelScore, ...] = ()
    confusion: np.ndarray | None = None
    roc: tuple[RocCurve, ...] = ()
    threshold: float = 0.5
    baseline: Baseline | None = None
    notes: tuple[str, ...] = ()
    doubts: DoubtfulLabels | None = None

    def score(self, name: str) -> float:
        """Return the value of a metric by name."""
        return next(score.value for score in self.scores if score.name == name)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What came of an export.

    ``max_abs_diff`` is between the file and PyTorch on real rows: of a probability, or of a value
    in its own units. ``rows_agreeing`` counts the rows with the same class and probabilities to
    1e-4, or a value to 1e-4 of its size. ``lost`` is where the data for the check should have been.
    ``takes`` and ``gives`` say what goes in and what comes out.
    """

    path: Path
    opset: int
    size_bytes: int
    rows_checked: int
    rows_agreeing: int
    max_abs_diff: float
    seconds_per_row: float
    needs_first: tuple[str, ...] = ()
    lost: str | None = None
    takes: str = ""
    gives: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an exported file is used: what it ``takes`` and ``gives``, and Python that asks it."""

    takes: str
    gives: str
    code: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A project made from a file, with what had to be guessed said in sentences.

    ``error`` is why its data cannot be trained on as guessed; the choices can still be changed.
    ``unusable`` are files that training will leave out.
    """

    project: Project
    notes: tuple[str, ...]
    error: StudioError | None = None
    unusable: tuple[UnusableFiles, ...] = ()


@dataclass(frozen=True, slots=True)
class PartInfo:
    """Rows of one part of the split; ``classes`` counts them by target class, empty for a value."""

    name: Literal["train", "validation", "test"]
    rows: int
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DataReport:
    """What the Data page shows of a source and its recipe.

    ``rows`` counts the source; ``effects`` has one entry a recipe step, in order. ``fields`` and
    ``fingerprint`` are what the project keeps of the file. ``relations`` compare numbers and
    categories with the target.
    """

    rows: int
    profiles: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]
    effects: tuple[StepEffect, ...]
    parts: tuple[PartInfo, ...]
    fields: tuple[FieldSpec, ...]
    fingerprint: str
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Cells of a number column that hold no finite number and so count as missing."""

    column: str
    count: int
    example: str

    def __str__(self) -> str:
        cells, hold = ("cell", "holds") if self.count == 1 else ("cells", "hold")
        count = "counts" if self.count == 1 else "count"
        return (
            f"{self.count:,} {cells} of {self.column} {hold} no finite number, such as "
            f"{self.example!r}, and {count} as missing."
        )


@dataclass(frozen=True, slots=True)
class PredictReport:
    """What came of a prediction; ``unscored`` counts rows without an answer, by the reason."""

    out: Path
    rows: int
    unscored: Mapping[str, int]
    unreadable: tuple[Unreadable, ...] = ()
    unusable: tuple[UnusableFiles, ...] = ()

    @property
    def scored(self) -> int:
        """Rows with an answer."""
        return self.rows - sum(self.unscored.values())


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A block that stands for an operation without one in the palette.

    ``block`` is its name, with those of its groups before it.
    """

    block: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A foreign network as a project.

    Parameters
    ----------
    nodes
        Blocks besides Input and Output; ``unmapped`` are among them.
    max_abs_diff
        Largest difference from the answers of the original on numbers drawn at random; None where
        the network cannot run yet.
    run
        Id of the run with the weights of its blocks; None where none has any.
    notes
        Sentences worth showing.
    """

    project: Project
    nodes: int
    unmapped: tuple[Unmapped, ...]
    parameters: int
    max_abs_diff: float | None
    run: str | None
    notes: tuple[str, ...] = ()

    @property
    def mapped(self) -> int:
        """Blocks of the palette."""
        return self.nodes - len(self.unmapped)
