"""What the network will see: one picture as it is, and as training would change it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import PanelHeader, button, toned

if TYPE_CHECKING:
    import numpy as np

    from modelstudio.data.augment_samples import AugmentedPictures

_MOST = 12
_FEWEST = 6
_SIDE = 84
_GAP = 18


class SamplesRow(QFrame):
    """Redrawn when the example, the recipe or the augmentations change."""

    def __init__(self, jobs: JobRunner) -> None:
        super().__init__(objectName="data.samples")
        self.setAccessibleName(tr("What the network will see"))
        toned(self, "panel")
        self.header = PanelHeader(tr("What the network will see"), name="data.samples.header")
        self.again = button(
            tr("Draw again"),
            "secondary",
            "refresh",
            tr("Draw other random changes (R)"),
            "data.samples.again",
            small=True,
        )
        self.again.setShortcut("R")
        self.again.clicked.connect(self._draw_again)
        self.header.add(self.again)
        self.strip = _Strip()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.strip)
        self._job = LatestJob(jobs, self)
        self._job.finished.connect(self._take)
        self._job.failed.connect(self._fail)
        self._project: Project | None = None
        self._path = ""
        self._others: tuple[str, ...] = ()
        self._seed = 0

    def set_example(self, path: str, others: tuple[str, ...] = ()) -> None:
        """Choose the picture; ``others`` are those it may be mixed with."""
        if path and (path, others) != (self._path, self._others):
            self._path, self._others = path, others
            self._draw()

    def set_project(self, project: Project) -> None:
        """Follow the recipe and the augmentations of a project."""
        before, self._project = self._project, project
        now = project.data
        if before is None or (before.data.recipe, before.data.augment) != (now.recipe, now.augment):
            self._draw()

    def _draw_again(self) -> None:
        self._seed += 1
        self._draw()

    def _draw(self) -> None:
        if self._project is not None and self._path:
            self._job.start(
                partial(_samples, self._project, self._path, self._others, self._seed), "samples"
            )

    def _take(self, found: AugmentedPictures) -> None:
        words = tr("{} through the augmentations") if self._changes() else tr("{}, unchanged")
        self.header.set_detail(words.format(Path(self._path).name))
        self.again.setEnabled(self._changes())
        self.strip.show_pictures(found if self._changes() else None, found.original)

    def _changes(self) -> bool:
        augment = self._project.data.augment if self._project else ()
        return any(step.enabled and "image" in step.kinds for step in augment)

    def _fail(self, error: Exception) -> None:
        self.header.set_detail(str(error))
        self.strip.show_pictures(None, None)


class _Strip(QWidget):
    """The original, then its versions with what changed each."""

    def __init__(self) -> None:
        super().__init__(objectName="data.samples.strip")
        self.setAccessibleName(tr("Augmented samples"))
        self.setFixedHeight(_SIDE + theme().grown(18) + 18)
        self._tiles: list[tuple[QPixmap, str]] = []
        themes().changed.connect(self.update)

    def show_pictures(self, found: AugmentedPictures | None, original: np.ndarray | None) -> None:
        """Show other pictures; without versions the original alone."""
        self._tiles = [] if original is None else [(_pixmap(original), tr("original"))]
        if found is not None:
            for picture, changed in zip(found.pictures, found.changed, strict=True):
                words = ", ".join(name.lower() for name in changed) or tr("unchanged")
                self._tiles.append((_pixmap(picture), words))
        self.setAccessibleDescription("; ".join(words for _, words in self._tiles))
        self.update()

    def paintEvent(self, event: QEvent) -> None:
        now, painter = theme(), QPainter(self)
        painter.setFont(now.font("label"))
        fitting = max(_FEWEST, (self.width() - 32 + _GAP) // (_SIDE + _GAP))
        for at, (picture, words) in enumerate(self._tiles[:fitting]):
            x = 16 + at * (_SIDE + _GAP)
            square = QRect(x, 4, _SIDE, _SIDE)
            shown = picture.scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
            painter.setPen(QPen(now.color("accent" if at == 0 else "border"), 1))
            painter.drawRect(QRectF(square).adjusted(-0.5, -0.5, 0.5, 0.5))
            painter.drawPixmap(
                square.center().x() - shown.width() // 2 + 1,
                square.center().y() - shown.height() // 2 + 1,
                shown,
            )
            painter.setPen(now.color("textSecondary"))
            line = QRect(x - _GAP // 2 + 2, square.bottom() + 5, _SIDE + _GAP - 4, now.grown(16))
            text = painter.fontMetrics().elidedText(
                words, Qt.TextElideMode.ElideRight, line.width()
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, text)


def _pixmap(picture: np.ndarray) -> QPixmap:
    """Return an array of shape (height, width, channels) as a picture."""
    height, width, channels = picture.shape
    kind = {
        1: QImage.Format.Format_Grayscale8,
        3: QImage.Format.Format_RGB888,
        4: QImage.Format.Format_RGBA8888,
    }[channels]
    data = picture.tobytes()
    return QPixmap.fromImage(QImage(data, width, height, width * channels, kind).copy())


def _samples(project: Project, path: str, others: tuple[str, ...], seed: int) -> object:
    from modelstudio.data.augment_samples import samples

    return samples(project, Path(path), _MOST, seed, others=tuple(map(Path, others)))
