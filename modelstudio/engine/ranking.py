"""Items ranked for users: what is drawn beside the rows to train on, and to judge by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from modelstudio.data import negatives
from modelstudio.data.batches import NegativeDraw, TensorData
from modelstudio.data.fitted import Encoded, FittedRecipe
from modelstudio.data.negatives import Positives
from modelstudio.engine import metrics
from modelstudio.engine.evaluate import decode
from modelstudio.engine.forward import run_module
from modelstudio.engine.results import Baseline, Predictions
from modelstudio.engine.task import Task
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.negatives import Negatives

JUDGED = 5_000
"""Validation rows, at most, that choose the best epoch."""

SCORED = 50_000
"""Rows, at most, that are ranked when a run is evaluated."""

PIECE = 1_000_000
"""Rows with what is drawn beside them that are held at once while scoring."""


@dataclass(frozen=True)
class Ranking:
    """How the rows of a project are ranked among items that its users did not choose.

    Parameters
    ----------
    popular
        Training rows of each item, by id.
    """

    fitted: FittedRecipe
    settings: Negatives
    positives: Positives
    popular: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, data: DataConfig, fitted: FittedRecipe, train: Encoded) -> Ranking | None:
        """Learn from the training rows what every user chose; None for other targets."""
        if fitted.target.kind != "ranking":
            return None
        settings = data.negatives or Negatives()
        positives = negatives.positives_of(fitted, train)
        popular = negatives.popularity(fitted, train)
        return cls(fitted, settings, positives, popular, data.split.seed)

    @property
    def draw(self) -> NegativeDraw:
        """What puts fresh negatives behind every training batch."""
        pair, target = negatives.pair_of(self.fitted), self.fitted.target.field.name
        return NegativeDraw(self.positives, pair, target, self.settings.per_positive)

    def learnable(self, train: Encoded) -> Encoded:
        """Return the training rows for which there are negatives.

        Raises
        ------
        DataError
            When there are none.
        """
        kept = negatives.with_room(train, self.fitted, self.positives)
        if not len(kept.rows):
            raise DataError(
                f"Every user has every {self.fitted.target.column} in the training rows, so there "
                "is nothing that was not chosen.",
                where=self.fitted.target.column,
                fix="Bring a table of more items, or choose a column of ratings as the target.",
            )
        return kept

    def judged(self, validation: Encoded) -> Encoded:
        """Return some validation rows with what each is ranked among behind them."""
        return self._among(self._some(validation, JUDGED))

    def rows_for_loss(self, judged: Encoded) -> int:
        """Return how many of judged rows make a loss that compares with that of training."""
        positives = len(judged.rows) // (1 + self.settings.ranked)
        return positives * (1 + min(self.settings.per_positive, self.settings.ranked))

    def predictions(self, task: Task, encoded: Encoded, device: torch.device) -> Predictions:
        """Score every row and what it is ranked among."""
        return self._scored(
            encoded,
            lambda among: decode(
                run_module(task, TensorData.from_encoded(among, self.fitted.fields, device))[0],
                self.fitted.target,
            ),
        )

    def baseline(self, encoded: Encoded, *, intervals: bool = True) -> Baseline:
        """Rank the same rows among the same items by how many training rows each has."""
        item = negatives.pair_of(self.fitted).item
        ranked = self._scored(encoded, lambda among: self.popular[np.asarray(among.fields[item])])
        return Baseline("popularity", ranked, metrics.score(ranked, intervals=intervals))

    def remarks(self, encoded: Encoded) -> tuple[str, ...]:
        """Say what the scores are about."""
        item = self.fitted.target.column
        users = next(each.name for each in self.fitted.columns if each.name != item)
        told = (
            f"Each row's {item} was ranked among {self.settings.ranked} drawn at random of those "
            f"that its {users} has no training row with (seed {self.seed}); among all of them it "
            "would rank lower."
        )
        notes = [told]
        ranked = self._some(encoded, SCORED)
        if len(ranked.rows) == SCORED:
            notes.append(f"{SCORED:,} rows were drawn at random to be ranked.")
        if known := negatives.repeats(ranked, self.fitted, self.positives):
            repeat = "1 row repeats" if known == 1 else f"{known:,} rows repeat"
            notes.append(f"{repeat} a training row, which is easier to tell.")
        return tuple(notes)

    def _some(self, encoded: Encoded, most: int) -> Encoded:
        """Leave out rows that cannot be ranked, and of the others all but so many at random."""
        kept = negatives.with_room(encoded, self.fitted, self.positives)
        if len(kept.rows) <= most:
            return kept
        picked = np.random.default_rng(self.seed).choice(len(kept.rows), most, replace=False)
        return kept.take(np.sort(picked))

    def _among(self, encoded: Encoded, piece: int = 0) -> Encoded:
        seed = (self.seed, piece)
        return negatives.candidates(
            encoded, self.fitted, self.positives, self.settings.ranked, seed
        )

    def _scored(
        self, encoded: Encoded, score: Callable[[Encoded], NDArray[np.float64]]
    ) -> Predictions:
        """Score rows piece by piece; what they are ranked among hangs on seed and row alone."""
        kept = self._some(encoded, SCORED)
        width = 1 + self.settings.ranked
        size = max(1, PIECE // width)
        scores = np.empty((len(kept.rows), width))
        with torch.no_grad():
            for piece, start in enumerate(range(0, len(kept.rows), size)):
                rows = np.arange(start, min(start + size, len(kept.rows)))
                among = self._among(kept.take(rows), piece)
                scores[rows] = score(among).reshape(width, len(rows)).T
        return Predictions("ranking", (), kept.truth, scores, kept.rows, kept.unscored)
