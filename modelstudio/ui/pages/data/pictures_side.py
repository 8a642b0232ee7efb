"""The pictures of the project: tiles, classes, samples and what is wrong, kept in step."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Source
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.classes_panel import ClassesPanel
from modelstudio.ui.pages.data.commands import DataCommands
from modelstudio.ui.pages.data.copies_review import CopiesReview, Twin, spare_names, twins
from modelstudio.ui.pages.data.picture_edits import PictureEdits
from modelstudio.ui.pages.data.pictures_banner import PicturesBanner
from modelstudio.ui.pages.data.pictures_check import PicturesCheck
from modelstudio.ui.pages.data.pictures_grid import PicturesPanel
from modelstudio.ui.pages.data.pictures_model import PATH, PicturesModel
from modelstudio.ui.pages.data.samples_row import SamplesRow

if TYPE_CHECKING:
    from modelstudio.data.early_pictures import PictureHead
    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.preview import PictureList

_PARTNERS = 12
"""Pictures that an example may be mixed with."""

REVIEWED = frozenset({"duplicate_rows", "near_duplicates", "split_overlap", "label_conflict"})
"""Findings about pictures that the review of copies shows."""


class PicturesSide(QObject):
    """What the Data page shows of a folder of pictures; ``found`` tells other findings."""

    found = Signal()

    def __init__(
        self, jobs: JobRunner, commands: DataCommands, edits: PictureEdits, parent: QObject
    ):
        super().__init__(parent)
        self._commands = commands
        self.edits = edits
        self.findings: tuple[Finding, ...] = ()
        self.banner = PicturesBanner()
        self.panel = PicturesPanel(self.banner)
        self.classes = ClassesPanel(self.panel.thumbnails)
        self.samples = SamplesRow(jobs)
        self.check = PicturesCheck(jobs, self)
        self.review: CopiesReview | None = None
        self._broken: frozenset[str] = frozenset()
        self._said: tuple[Source, Column | None, str] | None = None
        self._listing = LatestJob(jobs, self)
        self._listing.events.connect(lambda lists: self._show_list(lists[-1]))
        self._listing.finished.connect(self._take_list)
        self.classes.chosen.connect(self.panel.show_only)
        self.classes.balance_wanted.connect(self._balance)
        self.panel.chosen.connect(self._choose_example)
        self.panel.removal_wanted.connect(edits.toggle)
        self.panel.class_wanted.connect(edits.set_class)
        self.samples.unusable.connect(self._skip)
        self.check.looked.connect(self.banner.tell_progress)
        self.check.changed.connect(self._tell)
        self.banner.files_wanted.connect(lambda: self.classes.show_only("broken"))
        self.banner.drop_wanted.connect(self._leave_out_broken)
        self.banner.removal_wanted.connect(self._leave_out_copies)
        self.banner.review_wanted.connect(self.show_review)
        self.banner.search_wanted.connect(self.check.start)
        self.banner.cancel_wanted.connect(self.check.cancel)

    @property
    def wanted(self) -> bool:
        """True when the data has pictures."""
        return bool(self._column)

    @property
    def twins(self) -> list[Twin]:
        """Pairs of pictures in use that show the same."""
        listed = self._model.listed
        if listed is None:
            return []
        return twins(self.check.pairs(self._unused), listed, self._model.labels)

    def set_project(self, project: Project) -> None:
        """Follow the project; what it says of single pictures shows at once."""
        if self.wanted:
            self.samples.set_project(project)
            said = (project.data.source, project.data.target, project.data.split.balance)
            if said != self._said:
                self._said = said
                self._model.set_data(project.data)
                self._tell()

    def list_pictures(self, project: Project) -> None:
        """Ask for the pictures of a project anew."""
        if self.wanted:
            self._listing.start(partial(_pictures, project, self._commands.base), "pictures")

    def show_early(self, head: PictureHead) -> None:
        """Show the pictures of a folder that is still read."""
        self.look_again()
        nothing = DataConfig()
        self.panel.set_pictures(head.path.name, head.pictures, nothing)
        self.classes.set_pictures(self._model, nothing)
        self.samples.clear(tr("when the folder has been read"))

    def set_editable(self, on: bool) -> None:
        """Let single pictures be left out and moved to classes, or not."""
        self.panel.editable = on
        self.classes.advice.setEnabled(on)

    def look_again(self) -> None:
        """Look at the files anew when they are listed next: they may be others now."""
        self._listing.cancel()
        self.check.forget()
        self.findings = ()
        self.banner.hide()

    def show_review(self) -> None:
        """Show the pictures that look the same, side by side."""
        if not (found := self.twins):
            return
        if self.review is None:
            self.review = CopiesReview(self.panel.window())
            self.review.removal_wanted.connect(self.edits.leave_out)
            self.review.closed.connect(self.panel.grid.setFocus)
        self.review.open(found)

    def shows(self, finding: Finding) -> bool:
        """Bring a finding about pictures into sight; False if it is of another sort."""
        if finding.column != self._column or not self.panel.isVisible():
            return False
        if finding.kind in REVIEWED:
            self.show_review()
        elif finding.kind == "corrupt_file":
            self.classes.show_only("broken")
        return True

    @property
    def _data(self) -> DataConfig:
        return self._commands.data

    @property
    def _column(self) -> str:
        return next((each.name for each in self._data.columns if each.kind == "image"), "")

    @property
    def _model(self) -> PicturesModel:
        return self.panel.model

    @property
    def _unused(self) -> frozenset[int]:
        listed = self._model.listed
        rows = range(len(listed.paths) if listed is not None else 0)
        return frozenset(rows).difference(self._model.used)

    def _show_list(self, pictures: PictureList) -> None:
        """Show the tiles before the parts are known, unless those of these pictures still are."""
        listed = self._model.listed
        if listed is None or pictures.paths != listed.paths:
            self._show_tiles(pictures)
            self.classes.set_pictures(self._model, self._data)

    def _take_list(self, pictures: PictureList) -> None:
        self._show_tiles(pictures)
        self.check.set_paths(pictures.paths)
        self._tell()
        if self.samples.example not in pictures.paths:
            self._choose_example(self.panel.grid.currentIndex().data(PATH) or "")

    def _show_tiles(self, pictures: PictureList) -> None:
        field = next((each for each in self._data.fields if each.kind == "image"), None)
        shape = "" if field is None else _picture_shape(field.shape)
        self.panel.set_pictures(Path(self._data.path or "").name, pictures, self._data, shape)

    def _tell(self) -> None:
        """Show what is known of the pictures in use."""
        model, check = self._model, self.check
        if model.listed is None:
            return
        model.set_broken(check.unreadable())
        self._broken = frozenset(model.listed.paths[at] for at in model.broken)
        if self.samples.example in self._broken:
            self._choose_example("")
        self.classes.set_pictures(model, self._data)
        self.panel.set_classes(tuple(self.classes.model.classes))
        found = self.twins
        self.classes.model.mean = check.mean
        if check.done:
            later = {twin.later.name: twin for twin in found}.values()
            self.banner.tell(
                len(model.broken),
                sum(twin.exact for twin in later),
                sum(not twin.exact for twin in later),
                sum(twin.leaks for twin in later),
            )
        elif check.asks:
            self.banner.offer_search(len(model.used))
        if self.review is not None and self.review.isVisible():
            self.review.set_twins(found)
        told = check.findings(self._unused, self._column, model.labels, model.listed)
        if told != self.findings:
            self.findings = told
            self.found.emit()

    def _leave_out_broken(self) -> None:
        model = self._model
        if model.listed is not None:
            self.edits.leave_out([model.listed.names[row] for row in model.broken])

    def _leave_out_copies(self) -> None:
        self.edits.leave_out(spare_names([twin for twin in self.twins if twin.exact]))

    def _balance(self, how: str) -> None:
        words = tr("Balance classes") if how != "weights" else tr("Weight the loss by class")
        self._commands.set_split(self._data.split.changed(balance=how), words)

    def _skip(self, path: str) -> None:
        """Take another example for one that cannot be read."""
        self._broken |= {path}
        self._choose_example("")

    def _choose_example(self, path: str) -> None:
        """Show what training makes of a picture, mixed with some others that can be read."""
        if not self.panel.editable:
            return
        good = self._model.some(_PARTNERS)
        if not path or path in self._broken:
            path = next((each for each in good if each not in self._broken), "")
        others = tuple(each for each in good if each != path and each not in self._broken)
        self.samples.set_example(path, others)


def _pictures(project: Project, base: Path | None) -> Generator[object, None, object]:
    """Run in a job: list the pictures at once, and again when the rows are split."""
    from modelstudio.data import preview
    from modelstudio.engine import run

    yield preview.pictures(project.data, base, split=False)
    return run.list_pictures(project, base)


def _picture_shape(shape: Sequence[int | str]) -> str:
    """Write channels, height and width as ``28 × 28, grey``."""
    channels, height, width = shape
    colours = {1: tr("grey"), 3: tr("colour")}.get(int(channels), tr("with transparency"))
    return f"{width} × {height} · {colours}"
