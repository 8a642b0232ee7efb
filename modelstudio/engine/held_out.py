"""Answers to rows that a network did not train on, kept with the run of each fold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from modelstudio.engine.disk import write_file
from modelstudio.engine.results import Predictions
from modelstudio.errors import RunError

if TYPE_CHECKING:
    from modelstudio.engine.results import RunInfo
    from modelstudio.engine.runs import RunStore

FILE: Final = "held_out.safetensors"


def keep(store: RunStore, run_id: str, answers: Predictions) -> None:
    """Write the answers of a run to the rows of its fold."""
    import numpy as np
    from safetensors.numpy import save

    arrays = {"rows": answers.rows, "truth": answers.truth, "scores": answers.scores}
    told = {
        "kind": answers.kind,
        "classes": json.dumps(answers.classes),
        "unscored": json.dumps(dict(answers.unscored)),
    }
    contiguous = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    write_file(store.path(run_id) / FILE, save(contiguous, told))


def kept(store: RunStore, run_id: str) -> bool:
    """Tell whether a run has answers."""
    return (store.path(run_id) / FILE).exists()


def answers(store: RunStore, run: RunInfo) -> Predictions:
    """Read the answers of a run to the rows of its fold.

    Raises
    ------
    RunError
        When they are missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(store.path(run.id) / FILE, "np") as file:
            told = file.metadata()
            return Predictions(
                kind=told["kind"],
                classes=tuple(json.loads(told["classes"])),
                truth=file.get_tensor("truth"),
                scores=file.get_tensor("scores"),
                rows=file.get_tensor("rows"),
                unscored=json.loads(told["unscored"]),
            )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        raise RunError(
            f"Run {run.number} has no answers to the rows of its fold.",
            where=str(store.path(run.id)),
            fix="Train the folds again.",
        ) from None


def pooled(parts: Sequence[Predictions]) -> Predictions:
    """Put the answers of several folds together, in the order of the rows.

    A class that a fold did not meet in training has the probability 0 in the answers of that fold.
    """
    import numpy as np

    known = [part.classes for part in parts]
    classes = known[0]
    if any(each != classes for each in known):
        classes = tuple(sorted({name for each in known for name in each}))
    kind = parts[0].kind
    if kind == "binary" and len(classes) > 2:
        kind = "classes"
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    unscored = Counter[str]()
    for part in parts:
        unscored.update(part.unscored)
    return Predictions(
        kind=kind,
        classes=classes,
        truth=np.concatenate([_renamed(part, classes).truth for part in parts])[order],
        scores=np.concatenate([_renamed(part, classes).scores for part in parts])[order],
        rows=rows[order],
        unscored=dict(unscored),
    )


def _renamed(part: Predictions, classes: tuple[str, ...]) -> Predictions:
    """Return answers with the classes of all folds in the place of those of one."""
    import numpy as np

    if part.classes == classes:
        return part
    places = np.array([classes.index(name) for name in part.classes])
    scores: np.ndarray[Any, Any] = np.zeros((len(part.scores), len(classes)))
    scores[:, places] = part.scores
    truth = np.where(part.truth >= 0, places[part.truth], -1)
    return Predictions(part.kind, classes, truth, scores, part.rows, part.unscored)
