"""Rows whose label is probably wrong, and how the data choices do without them; no widgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from modelstudio.engine.results import DoubtfulLabels, Predictions
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import LeaveOut
from modelstudio.recipe.steps.rows import named_rows, written_rows
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data import edits, picture_edits
from modelstudio.ui.pages.evaluate.mistakes import Mistake, SourceRows


def doubtful_rows(predictions: Predictions, doubts: DoubtfulLabels) -> list[Mistake]:
    """Return the doubtful labels as rows of the table, the likeliest to be wrong first."""
    places = {int(row): place for place, row in enumerate(predictions.rows)}
    return [
        Mistake(
            places[label.row],
            label.row,
            label.label,
            label.suggestion,
            label.suggestion_probability,
        )
        for label in doubts.labels
    ]


def why_not(trained: Project, project: Project, part: str) -> str:
    """Say why rows that a run was asked about cannot be left out of the project; empty if so."""
    before, now = trained.data, project.data
    if part == "test" and before.split.test_path is not None:
        return tr("These rows are in a file of their own, which is only tested on.")
    if (before.path, _place(before), before.csv) != (now.path, _place(now), now.csv):
        return tr("The run was trained on other data than the project has now.")
    return ""


def _place(data: DataConfig) -> object:
    source = data.source
    return source.elsewhere() if isinstance(source, ImageFolder) else source


class Mending:
    """How the data choices of a project do without some rows: by name of pictures, else by number.

    Parameters
    ----------
    base
        Folder of the project's file, from which relative paths are meant.
    """

    def __init__(self, data: DataConfig, base: Path | None, source: SourceRows) -> None:
        self._data, self._base, self._source = data, base, source

    @property
    def may_reclass(self) -> bool:
        """Whether a row can be given another class, as pictures can."""
        return self._source.picture is not None and isinstance(self._data.source, ImageFolder)

    def left_out(self, rows: Iterable[Mistake]) -> set[int]:
        """Return the numbers of those rows that the project mends already."""
        rows = list(rows)
        if self.may_reclass:
            gone, moved = (
                picture_edits.left_out(self._data),
                picture_edits.chosen_classes(self._data),
            )
            names = zip(rows, self._names(rows), strict=True)
            return {
                each.row
                for each, name in names
                if name in gone or moved.get(name) == each.predicted
            }
        steps = [step for step in self._data.recipe if isinstance(step, LeaveOut) and step.enabled]
        return named_rows(",".join(step.rows for step in steps), (each.row for each in rows))

    def without(self, rows: Collection[Mistake]) -> DataConfig:
        """Return data choices that leave rows out."""
        if self.may_reclass:
            return picture_edits.leave_out(self._data, self._names(rows))
        numbers = {each.row for each in rows}
        for place, step in enumerate(self._data.recipe):
            if isinstance(step, LeaveOut) and step.enabled:
                more = step.changed(rows=written_rows(numbers, step.rows))
                return edits.replace_step(self._data, place, more)
        return edits.add_step(self._data, LeaveOut(rows=written_rows(numbers)))[0]

    def reclassed(self, row: Mistake) -> DataConfig:
        """Return data choices that give a picture the class that was suggested."""
        (name,) = self._names([row])
        return picture_edits.set_classes(self._data, {name: row.predicted})

    def _names(self, rows: Iterable[Mistake]) -> list[str]:
        from modelstudio.data.sources import resolve
        from modelstudio.data.sources.folders import names_of

        paths = [self._source.picture_of(each.place) or "" for each in rows]
        return names_of(paths, resolve(self._data.path or "", self._base))
