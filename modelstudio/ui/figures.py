"""How numbers are written: scores by name, durations, sizes, counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelstudio.ui.actions import tr

if TYPE_CHECKING:
    from modelstudio.engine.results import FoldScore

SCORES = {
    "loss": "Loss",
    "perplexity": "Perplexity",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "log_loss": "Log loss",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
    "bias": "Bias",
    "f1_macro": "F1, mean of labels",
    "subset_accuracy": "All labels right",
    "label_accuracy": "Labels right",
    "hr_at_10": "HR@10",
    "ndcg_at_10": "NDCG@10",
    "mrr": "MRR",
    "auc": "AUC",
}
"""Title of each score the engine names."""

SHARES = {"accuracy", "precision", "recall", "subset_accuracy", "label_accuracy"}
"""Scores that are written in percent."""

MAIN = ("perplexity", "accuracy", "hr_at_10", "r2", "roc_auc", "f1", "rmse", "mae", "loss")
"""Which score stands for a run, the first that it has."""


def main_score(scores: Mapping[str, float]) -> str | None:
    """Return the name of the score that stands for a run, or None when there is none."""
    return next((name for name in MAIN if name in scores), next(iter(scores), None))


def score_title(name: str) -> str:
    """Return what a score is called."""
    return tr(SCORES.get(name, name.replace("_", " ").capitalize()))


def score_word(name: str) -> str:
    """Return what a score is called within a sentence."""
    title = score_title(name)
    return title if title[:2] in ("F1", "R²") or title[1:2].isupper() else title.lower()


def score_text(name: str, value: float | None) -> str:
    """Write a score: ``84.1 %`` or ``0.921``; a score that is none is a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{100 * value:.1f} %" if name in SHARES else number_text(value)


def spread_text(score: FoldScore) -> str:
    """Write mean and standard deviation over folds: ``84.1 ± 1.2 %`` or ``0.921 ± 0.013``."""
    mean = score_text(score.name, score.mean)
    if len(score.values) < 2:
        return mean
    spread = score_text(score.name, score.sd)
    shorter = mean.removesuffix(" %")
    return f"{shorter} ± {spread}"


def axis_text(name: str, value: float) -> str:
    """Write a score beside an axis: ``80 %``, ``0.25``."""
    return f"{100 * value:.4g} %" if name in SHARES else f"{value:,.4g}"


def number_text(value: float, digits: int = 3) -> str:
    """Write a number shortly, with ``digits`` that count: ``0.164``, ``2,431``, ``3.1e-07``."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size and (size < 10 ** (-digits - 1) or size >= 1e9):
        return f"{value:.{digits - 1}g}"
    if size >= 10**digits:
        return f"{value:,.0f}"
    places = digits - max(0, math.floor(math.log10(size)) + 1) if size else digits
    return f"{value:,.{places}f}"


def epochs_text(count: int) -> str:
    """Write a number of epochs: ``1 epoch``, ``40 epochs``."""
    return tr("1 epoch") if count == 1 else tr("{:,} epochs").format(count)


def duration(seconds: float) -> str:
    """Write a time as ``0:41`` or ``1:02:09``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def size_text(size: float) -> str:
    """Write a number of bytes: ``52 kB``, ``1.9 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def time_text(seconds: float) -> str:
    """Write a short time: ``0.08 ms``, ``1.2 s``."""
    thousandths = seconds * 1000
    if thousandths >= 1000:
        return f"{seconds:.1f} s"
    return f"{thousandths:.0f} ms" if thousandths >= 10 else f"{thousandths:.2g} ms"
