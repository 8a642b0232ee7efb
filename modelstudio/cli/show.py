"""Results as tables for a person or as JSON for a script."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modelstudio.cli.app import complain

if TYPE_CHECKING:
    from modelstudio.engine.results import Evaluation, ExportReport, PredictReport, RunInfo


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON, on one line when ``indent`` is None."""
    print(json.dumps(_plain(value), indent=indent, ensure_ascii=False), flush=True)


def _plain(value: Any) -> Any:
    """Replace numbers that JSON does not have by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def print_table(head: tuple[str, ...], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns; whole numbers stand at the right."""
    cells = [head, *([f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    numbers = [bool(rows) and isinstance(value, int) for value in (rows[0] if rows else head)]
    for row in cells:
        parts = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numbers, strict=True)
        ]
        print("  ".join(parts).rstrip())


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Return metrics in one line."""
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def run_json(run: RunInfo) -> dict[str, object]:
    """Return the JSON object of a run in ``runs --json``."""
    return {
        "run": run.id,
        "number": run.number,
        "name": run.name,
        "status": run.status,
        "started": run.started,
        "seconds": run.seconds,
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "metrics": dict(run.metrics),
        "parameters": run.parameters,
        "reason": run.reason,
        "fold": asdict(run.fold) if run.fold else None,
    }


def print_runs(found: Sequence[RunInfo]) -> None:
    """Print runs as a table."""
    table = [
        (
            run.number,
            run.name,
            run.status,
            f"{run.best_epoch}/{run.epochs}",
            metrics_text(run.metrics),
            f"{run.seconds:.1f} s",
        )
        for run in found
    ]
    print_table(("Run", "Name", "Status", "Best epoch", "Best scores", "Time"), table)


def evaluation_json(evaluation: Evaluation) -> dict[str, object]:
    """Return the JSON object of ``evaluate --json``."""
    result: dict[str, object] = {
        "run": evaluation.run,
        "part": evaluation.part,
        "rows": len(evaluation.predictions.truth),
        **{score.name: score.value for score in evaluation.scores},
        "intervals": {
            score.name: [score.low, score.high]
            for score in evaluation.scores
            if score.low is not None
        },
        "notes": list(evaluation.notes),
    }
    if evaluation.labels:
        result["threshold"] = evaluation.threshold
        result["labels"] = [asdict(label) for label in evaluation.labels]
    if evaluation.baseline is not None:
        scores = {score.name: score.value for score in evaluation.baseline.scores}
        result["baseline"] = {"name": evaluation.baseline.name, **scores}
    if evaluation.confusion is not None:
        result["confusion_matrix"] = evaluation.confusion.tolist()
        result["classes"] = list(evaluation.predictions.classes)
        result["threshold"] = evaluation.threshold
    return result


def print_evaluation(evaluation: Evaluation) -> None:
    """Print scores, confusion matrix and notes."""
    rows = len(evaluation.predictions.truth)
    print(f"Scores on {rows:,} rows ({evaluation.part}), with 95 % intervals")
    base = evaluation.baseline
    beside = {score.name: score.value for score in base.scores} if base else {}
    print_table(
        ("Score", "Value", "From", "To", *([f"By {base.name}"] if base else [])),
        [
            (
                s.name,
                *("" if v is None else f"{v:.4f}" for v in (s.value, s.low, s.high)),
                *([f"{beside[s.name]:.4f}"] if base else []),
            )
            for s in evaluation.scores
        ],
    )
    if evaluation.labels:
        print_table(
            ("Label", "Rows", "Given", "Precision", "Recall"),
            [
                (each.name, each.rows, each.given, f"{each.precision:.4f}", f"{each.recall:.4f}")
                for each in evaluation.labels
            ],
        )
    if evaluation.confusion is not None:
        classes = evaluation.predictions.classes
        print("Rows by true (down) and predicted (across) class")
        counts = zip(classes, evaluation.confusion.tolist(), strict=True)
        print_table(("", *classes), [(name, *row) for name, row in counts])
    for note in evaluation.notes:
        print(note)


def export_json(report: ExportReport) -> dict[str, object]:
    """Return the JSON object of ``export --json``."""
    return {**asdict(report), "path": str(report.path)}


def print_export(report: ExportReport) -> None:
    """Print what was written and how well it agrees."""
    size = f"{report.size_bytes / 1e3:,.0f} kB"
    print(f"Wrote {report.path}: {size}, opset {report.opset}")
    if report.rows_checked:
        print(
            f"Checked on {report.rows_checked:,} rows: {report.rows_agreeing:,} agree with "
            f"PyTorch, largest difference {report.max_abs_diff:.1e}"
        )
    else:
        why = f": the data of the run is not at {report.lost}" if report.lost else ""
        complain(f"No row could be checked{why}.")
    if report.takes:
        print(f"The file takes {report.takes}. It gives {report.gives}.")
    for need in report.needs_first:
        print(f"The caller must do first: {need}")


def prediction_json(report: PredictReport) -> dict[str, object]:
    """Return the JSON object of ``predict --json``."""
    return {
        "path": str(report.out),
        "rows": report.rows,
        "scored": report.scored,
        "unscored": dict(report.unscored),
        "unreadable": [asdict(cells) for cells in report.unreadable],
        "unusable_files": [files.to_dict() for files in report.unusable],
    }


def print_prediction(report: PredictReport) -> None:
    """Print what was written, and which rows have no answer."""
    print(f"Wrote {report.rows:,} rows to {report.out}")
    for reason, count in report.unscored.items():
        print(f"  {count:,} without a prediction: {reason}")
    complain(*map(str, (*report.unreadable, *report.unusable)))
