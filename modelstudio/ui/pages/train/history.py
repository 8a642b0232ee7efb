"""What is known of a run while it goes on and afterwards, as curves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from modelstudio.engine.events import BatchEnd, EpochEnd
from modelstudio.engine.results import EpochRecord
from modelstudio.ui.pages.train.series import Curve

LOSS = "loss"
TRAIN = "train_"
"""What the name of a score begins with when it is of training rows."""


@dataclass(slots=True)
class RunCurves:
    """Curves of one run over epochs.

    ``batches`` is the running training loss, which only a run watched live has, and only if its
    epochs take longer than a look; ``train`` and ``validation`` hold the loss and the scores, a
    value an epoch.
    """

    run: str
    smoothing: float = 0.0
    planned: int = 0
    best_epoch: int = 0
    batches: Curve = field(default_factory=Curve)
    train: dict[str, Curve] = field(default_factory=lambda: {LOSS: Curve()})
    validation: dict[str, Curve] = field(default_factory=dict)
    lr: Curve = field(default_factory=Curve)
    seconds: Curve = field(default_factory=Curve)

    def __post_init__(self) -> None:
        self.set_smoothing(self.smoothing)

    @property
    def epochs(self) -> int:
        """Epochs that are over."""
        loss = self.train[LOSS].raw
        return int(loss.x[-1]) if len(loss) else 0

    @property
    def position(self) -> float:
        """How far training is, in epochs."""
        live = float(self.batches.raw.x[-1]) if len(self.batches) else 0.0
        return max(live, float(self.epochs))

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of the scores besides the loss."""
        return tuple(name for name in self.validation if name != LOSS)

    def training(self, name: str) -> Curve | None:
        """Return the finest curve of the loss or a score on training rows."""
        epochs = self.train.get(name)
        if name == LOSS and len(self.batches) > len(self.train[LOSS]):
            watched_from = self.batches.raw.x[0]
            return self.batches if watched_from <= 1 else epochs
        return epochs

    def set_smoothing(self, amount: float) -> None:
        """Smooth every curve of losses and scores."""
        self.smoothing = amount
        for curve in (self.batches, *self.train.values(), *self.validation.values()):
            curve.set_amount(amount)

    def add_batches(self, events: Iterable[BatchEnd]) -> None:
        """Add looks at the running loss."""
        events = list(events)
        if events:
            at = [event.position for event in events]
            self.batches.extend(at, [event.loss for event in events])

    def add_epochs(self, records: Iterable[EpochEnd | EpochRecord]) -> None:
        """Add epochs that follow those known; what is known already is left out."""
        for record in records:
            if record.epoch <= self.epochs:
                continue
            at = [float(record.epoch)]
            losses = {} if record.val_loss is None else {LOSS: record.val_loss}
            self.train[LOSS].extend(at, [record.train_loss])
            self.lr.extend(at, [record.lr])
            self.seconds.extend(at, [record.seconds])
            for name, value in (losses | dict(record.metrics)).items():
                side = self.train if name.startswith(TRAIN) else self.validation
                curve = side.setdefault(name.removeprefix(TRAIN), Curve(self.smoothing))
                curve.extend(at, [value])
            if record.best:
                self.best_epoch = record.epoch
