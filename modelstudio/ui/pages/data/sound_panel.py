"""A sound: its wave, and below it how loud each pitch is over time, as the network gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.wording import share_text
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import ElidedLabel, count_text, format_number, grow
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.sound_view import SoundFigures, SoundReading

_PAD = 16
_LEFT = 52


class SoundPanel(QWidget):
    """The chosen sound, and a line on the lengths of all."""

    def __init__(self) -> None:
        super().__init__(objectName="data.sound")
        self.wave, self.picture = WaveView(), MelView()
        self.all = ElidedLabel("", "axis", "tertiary")
        self.all.setObjectName("data.sound.all")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_PAD, 4, _PAD, 8)
        layout.setSpacing(6)
        layout.addWidget(self.wave, 2)
        layout.addWidget(self.picture, 3)
        layout.addWidget(self.all)

    def show_reading(self, reading: SoundReading) -> str:
        """Show a sound and return a line with its name, length and rate."""
        self.wave.set_reading(reading)
        self.picture.set_reading(reading)
        told = [reading.name, _seconds(reading.seconds), _rate(reading.rate)]
        if reading.kept is not None and reading.seconds > reading.kept:
            told.append(tr("the first {} are used").format(_seconds(reading.kept)))
        elif reading.kept is not None and reading.seconds < reading.kept:
            told.append(tr("silence up to {}").format(_seconds(reading.kept)))
        return " · ".join(told)

    def show_figures(self, figures: SoundFigures) -> None:
        """Say how long all sounds are."""
        median, longest = _seconds(figures.median), _seconds(figures.longest)
        told = [
            counted(figures.sounds, "sound")
            if figures.sounds == figures.of
            else tr("{} of {} sounds").format(count_text(figures.sounds), count_text(figures.of)),
            tr("half of them last {} or more, the longest {}").format(median, longest),
        ]
        if figures.kept is not None:
            words = tr("{} are longer than {} and are cut") if figures.cut else tr("none is cut")
            told.append(words.format(share_text(figures.cut), _seconds(figures.kept)))
        told.append(", ".join(_rate(rate) for rate, _ in figures.rates[:3]))
        if figures.unreadable:
            told.append(tr("{} cannot be read").format(count_text(figures.unreadable)))
        self.all.set_full_text(" · ".join(filter(None, told)))


def _seconds(seconds: float) -> str:
    return f"{format_number(float(f'{seconds:.3g}'))} s"


def _rate(rate: int) -> str:
    return f"{format_number(rate / 1000)} kHz"


class _OverTime(QWidget):
    """A picture over the seconds of a sound."""

    def __init__(self, name: str, words: str, least: int):
        super().__init__(objectName=name)
        self.setAccessibleName(words)
        self._reading: SoundReading | None = None
        grow(self, self.setMinimumHeight, least)

    def set_reading(self, reading: SoundReading) -> None:
        """Show another sound."""
        self._reading = reading
        self.update()

    @property
    def plot(self) -> QRectF:
        """Where the picture lies."""
        return QRectF(_LEFT, 0, max(self.width() - _LEFT, 1), self.height() - theme().grown(16))

    def write(self, painter: QPainter, seconds: float, *names: str) -> None:
        """Write the seconds below, and names at the left from top to bottom."""
        box, tall = self.plot, painter.fontMetrics().height()
        painter.setPen(theme().color("textTertiary"))
        below = QRectF(box.left(), box.bottom() + 1, box.width(), self.height() - box.bottom())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, _seconds(seconds))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        room = max(box.height() - tall, 0)
        for at, name in enumerate(names):
            top = box.top() + room * at / max(len(names) - 1, 1)
            painter.drawText(QRectF(0, top, _LEFT - 6, tall), right, name)


class WaveView(_OverTime):
    """The wave; what the network does not get is grey."""

    def __init__(self) -> None:
        super().__init__("data.sound.wave", tr("Wave"), 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        if (reading := self._reading) is None:
            return
        painter, now, box = QPainter(self), theme(), self.plot
        painter.setFont(now.font("axis"))
        seconds = reading.seconds
        loudest = float(max(reading.high.max(), -reading.low.min(), 1e-6))
        kept = 1.0 if reading.kept is None else min(reading.kept / max(seconds, 1e-9), 1.0)
        middle, half = box.center().y(), box.height() / 2
        painter.fillRect(QRectF(box.left(), middle, box.width(), 1), now.color("border"))
        count = len(reading.low)
        for at, (low, high) in enumerate(zip(reading.low, reading.high, strict=True)):
            left = box.left() + at / count * box.width()
            top, bottom = (middle - half * float(end) / loudest for end in (high, low))
            color = now.chart("train") if at / count < kept else now.color("borderStrong")
            wide = max(box.width() / count, 1)
            painter.fillRect(QRectF(left, top, wide, max(bottom - top, 1)), color)
        if kept < 1:
            painter.fillRect(
                QRectF(box.left() + kept * box.width(), box.top(), 1, box.height()),
                now.color("accent"),
            )
        self.write(painter, seconds, tr("Wave"))


class MelView(_OverTime):
    """Pitches from low at the foot to high at the top; the lighter, the louder."""

    def __init__(self) -> None:
        super().__init__("data.sound.mel", tr("Loudness of each pitch over time"), 80)

    def paintEvent(self, event: QPaintEvent) -> None:
        reading = self._reading
        if reading is None or reading.picture is None or reading.kept is None:
            return
        painter, box = QPainter(self), self.plot
        painter.setFont(theme().font("axis"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, self._image(reading))
        self.write(painter, reading.kept, tr("High"), tr("Low"))

    @staticmethod
    def _image(reading: SoundReading) -> QImage:
        """Colour the picture with the sequential colours of the theme."""
        assert reading.picture is not None
        levels = (255 * reading.picture[::-1]).astype("uint8")
        bands, frames = levels.shape
        image = QImage(levels.tobytes(), frames, bands, frames, QImage.Format.Format_Indexed8)
        image.setColorTable([_between(theme().sequential, at / 255).rgb() for at in range(256)])
        return image.copy()


def _between(stops: list[QColor], share: float) -> QColor:
    """Return the colour at a place from 0 to 1 between the first stop and the last."""
    at = share * (len(stops) - 1)
    first = min(int(at), len(stops) - 2)
    part, low, high = at - first, stops[first], stops[first + 1]
    ends = (low.red(), high.red()), (low.green(), high.green()), (low.blue(), high.blue())
    return QColor(*(round(a + part * (b - a)) for a, b in ends))
