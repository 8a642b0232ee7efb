"""What is told of a run before it is exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelstudio.ui.actions import tr
from modelstudio.ui.figures import main_score, score_text, score_word
from modelstudio.ui.widgets import count_text

if TYPE_CHECKING:
    from modelstudio.engine.results import RunInfo
    from modelstudio.project.model import Project
    from modelstudio.recipe.fields import FieldSpec


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What goes into the file: class names, threshold, and what it will ask for.

    ``tensors`` are the inputs of an imported network, which no table feeds; ``ranks`` says that the
    answer is a score to order by, ``several`` that each class is a label of its own.
    """

    classes: tuple[str, ...]
    threshold: float | None
    target: str
    tensors: tuple[FieldSpec, ...] = ()
    ranks: bool = False
    several: bool = False


def facts_of(project: Project, threshold: float, *, imported: bool = False) -> ModelFacts:
    """Return what goes into the file of a run that was trained from a project."""
    target = next((spec for spec in project.data.fields if spec.role == "target"), None)
    name = project.data.target.name if project.data.target else ""
    inputs = tuple(spec for spec in project.data.fields if spec.role == "input")
    decided = target is not None and target.kind in ("binary", "labels") and not imported
    return ModelFacts(
        classes=target.classes if target else (),
        threshold=threshold if decided else None,
        target=name,
        tensors=inputs if imported else (),
        ranks=target is not None and target.kind == "ranking",
        several=target is not None and target.kind == "labels",
    )


def listed(run: RunInfo, facts: ModelFacts) -> list[tuple[str, str]]:
    """Return names and values of what is told of a run that can be exported."""
    told = []
    if (name := main_score(run.metrics)) is not None:
        title = tr("Validation {}").format(score_word(name))
        told.append((title, score_text(name, run.metrics[name])))
    told.append((tr("Parameters"), count_text(run.parameters)))
    if facts.threshold is not None:
        meant = tr("each label") if facts.several else facts.classes[-1]
        title = tr("Threshold for {}").format(meant)
        told.append((title, f"{facts.threshold:.2f}"))
    return told
