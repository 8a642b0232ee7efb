"""What the network will see: one picture as it is, and as training would change it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QToolTip, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.theme import paint_icon, theme, themes
from modelstudio.ui.widgets import PanelHeader, button, toned

if TYPE_CHECKING:
    import numpy as np

    from modelstudio.data.augment_samples import AugmentedPictures

_MOST, _FEWEST = 12, 6
"""Samples that are made, and that are shown in any width."""

_SIDE, _GAP, _EDGE, _ARROW = 84, 18, 16, 26
"""Side of a picture, what is between two and at the ends, and what the arrow takes."""


class SamplesRow(QFrame):
    """Redrawn when the example, the recipe or the augmentations change.

    ``unusable`` gives the path of an example that cannot be read.
    """

    unusable = Signal(str)

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
        self.again.setEnabled(False)
        self.header.add(self.again)
        self.strip = SamplesStrip()
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

    @property
    def example(self) -> str:
        """Path of the picture that is shown."""
        return self._path

    def set_example(self, path: str, others: tuple[str, ...] = ()) -> None:
        """Choose the picture; ``others`` are those it may be mixed with."""
        if path and (path, others) != (self._path, self._others):
            self._path, self._others = path, others
            self._draw()

    def clear(self, words: str) -> None:
        """Show nothing, and say when something will be there."""
        self._job.cancel()
        self._path, self._others = "", ()
        self._show_nothing(words)

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
        words = (
            tr("{} through the augmentations") if self._changes() else tr("{} goes in unchanged")
        )
        self.header.set_detail(words.format(Path(self._path).name))
        self.again.setEnabled(self._changes())
        self.strip.show_pictures(found if self._changes() else None, found.original)

    def _changes(self) -> bool:
        augment = self._project.data.augment if self._project else ()
        return any(step.enabled and "image" in step.kinds for step in augment)

    def _fail(self, error: Exception) -> None:
        self._show_nothing(str(error))
        if isinstance(error, StudioError) and error.where == self._path:
            self.unusable.emit(self._path)

    def _show_nothing(self, why: str) -> None:
        self.header.set_detail(why)
        self.again.setEnabled(False)
        self.strip.show_pictures(None, None)


class Sample(NamedTuple):
    """A version of the example; ``places`` are those of the augmentations that changed it."""

    picture: QPixmap
    words: str
    places: tuple[int, ...] = ()


class SamplesStrip(QWidget):
    """The original, then its versions with what changed each.

    Where the width does not take all, those at the right go, down to six; then they get smaller.
    """

    def __init__(self) -> None:
        super().__init__(objectName="data.samples.strip")
        self.setAccessibleName(tr("Augmented samples"))
        self.setFixedHeight(_SIDE + theme().grown(18) + 18)
        self.samples: list[Sample] = []
        self._outlined: int | None = None
        themes().changed.connect(self.update)

    def show_pictures(self, found: AugmentedPictures | None, original: np.ndarray | None) -> None:
        """Show other pictures; without versions the original alone."""
        self.samples = [] if original is None else [Sample(_pixmap(original), tr("original"))]
        if found is not None:
            told = zip(found.pictures, found.changed, found.places, strict=True)
            for picture, changed, places in told:
                words = ", ".join(name.lower() for name in changed) or tr("unchanged")
                self.samples.append(Sample(_pixmap(picture), words, places))
        self.setAccessibleDescription("; ".join(sample.words for sample in self.samples))
        self.update()

    def outline(self, place: int | None) -> None:
        """Mark the samples that an augmentation changed, by its place in the list."""
        self._outlined = place
        self.update()

    @property
    def outlined(self) -> list[int]:
        """Which of the samples in sight are marked; the original is number 0."""
        shown = enumerate(self.samples[: len(self.squares())])
        return [at for at, sample in shown if self._outlined in sample.places]

    def squares(self) -> list[QRect]:
        """Return where the pictures lie that have room."""
        room = self.width() - 2 * _EDGE - _ARROW
        count = min(len(self.samples), max(1 + _FEWEST, (room + _GAP) // (_SIDE + _GAP)))
        side = min(_SIDE, (room + _GAP) // max(1, count) - _GAP)
        gap = _GAP
        if count > 1 and count < len(self.samples):
            gap = (room - count * side) // (count - 1)
        lefts = [_EDGE + at * (side + gap) + (_ARROW if at else 0) for at in range(count)]
        return [QRect(left, 4 + (_SIDE - side) // 2, side, side) for left in lefts]

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            squares = self.squares()
            told = [
                sample.words
                for sample, square in zip(self.samples, squares, strict=False)
                if square.adjusted(0, 0, 0, theme().grown(24)).contains(event.pos())
            ]
            QToolTip.showText(event.globalPos(), told[0] if told else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QEvent) -> None:
        now, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(now.font("label"))
        squares, marked = self.squares(), self.outlined
        for at, square in enumerate(squares):
            picture, words, _ = self.samples[at]
            ratio = self.devicePixelRatioF()
            shown = picture.scaled(square.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio)
            shown.setDevicePixelRatio(ratio)
            size = shown.deviceIndependentSize().toSize()
            left = square.left() + (square.width() - size.width()) // 2
            painter.drawPixmap(left, square.top() + (square.height() - size.height()) // 2, shown)
            role = "accent" if at in marked else "borderStrong" if at == 0 else "border"
            width = 2 if at in marked or at == 0 else 1
            painter.setPen(QPen(now.color(role), width))
            edge = width / 2
            painter.drawRect(QRectF(square).adjusted(-edge, -edge, edge, edge))
            painter.setPen(now.color("accent" if at in marked else "textSecondary"))
            line = QRect(square.left(), square.bottom() + 6, square.width() + 10, now.grown(16))
            text = painter.fontMetrics().elidedText(
                words, Qt.TextElideMode.ElideRight, line.width()
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, text)
        if len(squares) > 1:
            middle = (squares[0].right() + squares[1].left()) / 2
            place = QRectF(middle - 7, squares[0].center().y() - 7, 14, 14)
            paint_icon(painter, place, "right", "textTertiary")


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
