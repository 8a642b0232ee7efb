"""The pictures of the project: its tiles, classes and samples, kept in step with the data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from modelstudio.project.model import DataConfig, Project
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.classes_panel import ClassesPanel
from modelstudio.ui.pages.data.commands import DataCommands
from modelstudio.ui.pages.data.pictures_grid import PicturesPanel
from modelstudio.ui.pages.data.samples_row import SamplesRow

if TYPE_CHECKING:
    from modelstudio.data.preview import PictureList


class PicturesSide(QObject):
    """What the Data page shows of a folder of pictures."""

    def __init__(self, jobs: JobRunner, commands: DataCommands, parent: QObject):
        super().__init__(parent)
        self._commands = commands
        self.panel = PicturesPanel()
        self.classes = ClassesPanel(self.panel.thumbnails)
        self.samples = SamplesRow(jobs)
        self._listing = LatestJob(jobs, self)
        self._listing.finished.connect(self._take_list)
        self.classes.chosen.connect(self.panel.set_label)
        self.panel.chosen.connect(self._choose_example)

    @property
    def wanted(self) -> bool:
        """True when the data has pictures."""
        return any(column.kind == "image" for column in self._data.columns)

    def set_project(self, project: Project) -> None:
        """Follow the recipe and the augmentations of a project."""
        if self.wanted:
            self.samples.set_project(project)

    def list_pictures(self, project: Project) -> None:
        """Ask for the pictures of a project anew."""
        if self.wanted:
            self._listing.start(partial(_pictures, project, self._commands.base), "pictures")

    @property
    def _data(self) -> DataConfig:
        return self._commands.data

    def _take_list(self, pictures: PictureList) -> None:
        field = next((each for each in self._data.fields if each.kind == "image"), None)
        shape = "" if field is None else _picture_shape(field.shape)
        self.classes.set_labels(pictures.paths, pictures.labels)
        self.panel.set_pictures(Path(self._data.path or "").name, pictures, shape)

    def _choose_example(self, path: str) -> None:
        """Show what training makes of a picture, mixed with some others."""
        others = tuple(each for each in self.panel.some(12) if each != path)
        self.samples.set_example(path, others)


def _pictures(project: Project, base: Path | None) -> object:
    from modelstudio.engine import run

    return run.list_pictures(project, base)


def _picture_shape(shape: tuple[int | str, ...]) -> str:
    """Write channels, height and width as ``28 × 28, grey``."""
    channels, height, width = shape
    colours = {1: tr("grey"), 3: tr("colour")}.get(int(channels), tr("with transparency"))
    return f"{width} × {height}, {colours}"
