"""The picture of the whole network as a file: SVG, or PNG at a chosen scale, dark or light."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QFileDialog, QGraphicsItem, QWidget

from modelstudio.errors import ExportError
from modelstudio.network.analysis import Analysis
from modelstudio.network.graph import Graph
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.look import look
from modelstudio.ui.pages.network.scene import NetworkScene
from modelstudio.ui.theme import Theme, theme, themes
from modelstudio.ui.widgets import Dialog, SegmentedControl, label, row

SCALES = (1, 2, 3, 4)
_MARGIN = 32.0
_MOST_PIXELS = 120_000_000
"""About 460 MB while it is painted."""
_SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True)
class Picture:
    """What kind of picture is wanted; ``scale`` is in pixels of the file for a canvas pixel."""

    kind: Literal["svg", "png"] = "svg"
    scale: int = 2
    dark: bool = True


class PictureScene(NetworkScene):
    """A network without selection, hover or overview, as a file shows it."""

    def __init__(self, graph: Graph, analysis: Analysis, target: str, path: tuple[str, ...] = ()):
        super().__init__()
        self.sync(graph, analysis, target, path)
        for item in self.blocks.values():
            item.setCacheMode(QGraphicsItem.CacheMode.NoCache)

    @property
    def frame(self) -> QRectF:
        """Everything, with a margin."""
        bounds = self.bounds()
        if bounds.isEmpty():
            raise ExportError("The network is empty, so there is no picture of it.")
        return bounds.marginsAdded(QMarginsF(*[_MARGIN] * 4)).toAlignedRect().toRectF()


def write_picture(scene: PictureScene, path: Path, wanted: Picture, title: str = "") -> None:
    """Write the network to a file.

    Raises
    ------
    ExportError
        When there is nothing to draw, or too many pixels.
    OSError
        When the file cannot be written.
    """
    with _dressed(wanted.dark):
        frame = scene.frame
        data = _svg(scene, frame, title) if wanted.kind == "svg" else _png(scene, frame, wanted)
    path.write_bytes(data)


def _svg(scene: PictureScene, frame: QRectF, title: str) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    drawing.setOutputDevice(buffer)
    drawing.setSize(frame.size().toSize())
    drawing.setViewBox(QRectF(0, 0, frame.width(), frame.height()))
    drawing.setResolution(96)
    drawing.setTitle(title)
    drawing.setDescription("Model Studio")
    _paint(QPainter(drawing), scene, frame, QRectF(0, 0, frame.width(), frame.height()))
    buffer.close()
    return _portable(bytes(data.data()))


def _portable(svg: bytes) -> bytes:
    """Name a last font to take instead of ours, and keep the width of each text in any font."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(svg)
    for text in root.iter(f"{{{_SVG}}}text"):
        families = text.get("font-family", "").split(",")
        font = QFont(families)
        font.setPixelSize(round(float(text.get("font-size", "12"))))
        font.setWeight(QFont.Weight(int(text.get("font-weight", "400"))))
        width = QFontMetricsF(font).horizontalAdvance(text.text or "")
        text.set("textLength", f"{width:.1f}")
        text.set("lengthAdjust", "spacingAndGlyphs")
        last = "monospace" if "Mono" in families[0] else "sans-serif"
        text.set("font-family", ", ".join((*families, last)))
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _png(scene: PictureScene, frame: QRectF, wanted: Picture) -> bytes:
    size = QSize(round(frame.width() * wanted.scale), round(frame.height() * wanted.scale))
    if size.width() * size.height() > _MOST_PIXELS:
        raise ExportError(
            f"A picture of {size.width()} x {size.height()} pixels is too large.",
            fix="Choose a smaller scale, or SVG, which stays sharp at every size.",
        )
    image = QImage(size, QImage.Format.Format_RGB32)
    if image.isNull():
        raise ExportError("There is not enough memory for the picture.", fix="Choose SVG.")
    _paint(QPainter(image), scene, frame, QRectF(0, 0, size.width(), size.height()))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data.data())


def _paint(painter: QPainter, scene: PictureScene, frame: QRectF, room: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(room, look().canvas)
    scene.render(painter, room, frame)
    painter.end()


@contextmanager
def _dressed(dark: bool) -> Iterator[None]:
    """Let what is painted look as in one theme; the window keeps its own."""
    before = themes().current
    if dark != before.dark:
        themes().current = Theme("dark" if dark else "light", before.scale)
    try:
        yield
    finally:
        themes().current = before


class PictureDialog(Dialog):
    """Asks for the kind of file, its scale and its colours."""

    @classmethod
    def ask(cls, parent: QWidget) -> Picture | None:
        """Ask what picture is wanted; None when nobody wants one."""
        dialog = cls(parent)
        answer = dialog.run()
        return dialog.wanted() if answer == "save" else None

    def __init__(self, parent: QWidget):
        text = tr("The whole network, as it would look at 100 %. SVG stays sharp at every size.")
        super().__init__(parent, tr("Export picture"), text, "picture")
        kinds = [("svg", "SVG"), ("png", "PNG")]
        self.kind = SegmentedControl(kinds, "svg", "picture.kind")
        scales = [(str(scale), f"{scale}×") for scale in SCALES]
        self.scale = SegmentedControl(scales, "2", "picture.scale")
        colors = [("dark", tr("Dark")), ("light", tr("Light"))]
        self.colors = SegmentedControl(colors, "dark" if theme().dark else "light", "picture.theme")
        names = (tr("File"), tr("Scale"), tr("Colours"))
        for name, control in zip(names, (self.kind, self.scale, self.colors), strict=True):
            head = label(name, "label", "secondary")
            head.setFixedWidth(100)
            control.setAccessibleName(name)
            self.body.addWidget(row(head, control, None))
        self.kind.changed.connect(self._offer_scale)
        self._offer_scale()
        self.add_button(tr("Cancel"), "cancel")
        self.add_button(tr("Save as..."), "save", "primary")

    def wanted(self) -> Picture:
        """Return what was chosen."""
        return Picture(
            "svg" if self.kind.value == "svg" else "png",
            int(self.scale.value),
            self.colors.value == "dark",
        )

    def _offer_scale(self) -> None:
        self.scale.setEnabled(self.kind.value == "png")


def ask_path(parent: QWidget, name: str, kind: str) -> Path | None:
    """Ask where the picture goes; the name ends as its kind."""
    chosen, _ = QFileDialog.getSaveFileName(
        parent, tr("Export picture"), f"{name}.{kind}", f"{kind.upper()} (*.{kind})"
    )
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix.lower() == f".{kind}" else path.with_name(f"{path.name}.{kind}")
