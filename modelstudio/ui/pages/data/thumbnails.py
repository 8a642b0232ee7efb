"""Small pictures, decoded beside the window and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QObject, QRect, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QPixmap

_KEPT = 3_000
"""Pictures that stay in memory."""

_LARGEST_MB = 1_024
"""A picture that would need more to be decoded is not shown."""


class Thumbnails(QObject):
    """Give pictures of a size at once when they are there, else later.

    ``ready`` tells a path whose picture has come, or is known not to be one.
    """

    ready = Signal(str)
    _decoded = Signal(str, int, QImage)

    def __init__(self, parent: QObject | None = None, kept: int = _KEPT):
        super().__init__(parent)
        self._most = kept
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._held: OrderedDict[tuple[str, int], QPixmap | None] = OrderedDict()
        self._asked: set[tuple[str, int]] = set()
        self._decoded.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def get(self, path: str, side: int) -> QPixmap | None:
        """Return a picture that fits a square of ``side`` pixels; None while it is not there."""
        key = (path, side)
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        if key not in self._asked:
            self._asked.add(key)
            self._pool.start(_Decoding(path, side, self._decoded.emit))
        return None

    def paint(self, painter: QPainter, area: QRect, path: str) -> bool:
        """Paint a picture into the middle of an area once it is there; False if it is none."""
        ratio = painter.device().devicePixelRatioF()
        pixels = round(min(area.width(), area.height()) * ratio)
        if (picture := self.get(path, pixels)) is not None:
            picture.setDevicePixelRatio(ratio)
            size = picture.deviceIndependentSize().toSize()
            left = area.left() + (area.width() - size.width()) // 2
            top = area.top() + (area.height() - size.height()) // 2
            painter.drawPixmap(left, top, picture)
        return not self.broken(path, pixels)

    def broken(self, path: str, side: int) -> bool:
        """Tell whether a file was tried and is no picture."""
        return self._held.get((path, side), QPixmap) is None

    def forget_waiting(self) -> None:
        """Give up what was asked for and not begun: it has been scrolled past."""
        self._pool.clear()
        self._asked.clear()

    def _keep(self, path: str, side: int, image: QImage) -> None:
        key = (path, side)
        self._asked.discard(key)
        self._held[key] = None if image.isNull() else QPixmap.fromImage(image)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        self.ready.emit(path)


class _Decoding(QRunnable):
    def __init__(self, path: str, side: int, tell: Callable[[str, int, QImage], None]):
        super().__init__()
        self._path, self._side, self._tell = path, side, tell

    def run(self) -> None:
        image = read(self._path, self._side)
        try:
            self._tell(self._path, self._side, image)
        except RuntimeError:  # the window is gone
            return


def read(path: str, side: int) -> QImage:
    """Decode a picture the right way up, no larger than a square; null when it cannot be."""
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(True)
    QImageReader.setAllocationLimit(_LARGEST_MB)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        smaller = size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(smaller.expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        image = _with_pillow(path, side)
    if not image.isNull() and max(image.width(), image.height()) < side:
        image = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    return image


def _with_pillow(path: str, side: int) -> QImage:
    """Decode what Qt cannot, as training does."""
    from modelstudio.data.shaping import Unreadable, open_picture

    try:
        picture = open_picture(path, (side, side)).convert("RGBA")
    except Unreadable:
        return QImage()
    picture.thumbnail((side, side))
    return QImage(picture.tobytes(), *picture.size, QImage.Format.Format_RGBA8888).copy()
