"""The network as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog

from modelstudio.errors import ExportError
from modelstudio.network.graph import Graph
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network import commands as commands_module
from modelstudio.ui.pages.network.picture import Picture, PictureScene, write_picture
from modelstudio.ui.theme import Theme, theme


def scene_of(page: NetworkPage) -> PictureScene:
    return PictureScene(page.editor.graph, page.editor.analysis, page.editor.target_text)


def wanted_width(page: NetworkPage) -> float:
    """Return the width in millimetres at which a browser shows the picture at 100 %."""
    return scene_of(page).frame.width() / 96 * 25.4


@pytest.mark.parametrize("scale", [1, 3])
def test_png_has_the_whole_network_at_its_scale(
    page: NetworkPage, tmp_path: Path, scale: int
) -> None:
    scene, path = scene_of(page), tmp_path / "net.png"
    write_picture(scene, path, Picture("png", scale))
    image = QImage(str(path))
    assert image.width() == round(scene.frame.width() * scale)
    assert image.height() == round(scene.frame.height() * scale)
    stripe = scene.blocks["b"].area.topLeft() - scene.frame.topLeft()
    color = image.pixelColor(round((stripe.x() + 3) * scale), round((stripe.y() + 26) * scale))
    assert color == theme().category("Convolution")


def test_a_light_picture_from_a_dark_window(page: NetworkPage, tmp_path: Path) -> None:
    path = tmp_path / "net.png"
    assert theme().dark
    write_picture(scene_of(page), path, Picture("png", 1, dark=False))
    assert QImage(str(path)).pixelColor(2, 2) == Theme("light").color("canvas")
    assert theme().dark, "the window keeps its colours"


def test_the_selection_is_not_in_the_picture(page: NetworkPage, tmp_path: Path) -> None:
    plain, chosen = tmp_path / "a.png", tmp_path / "b.png"
    write_picture(scene_of(page), plain, Picture("png", 1))
    page.editor.select(["b", "c"])
    page.canvas.set_zoom(0.2)
    write_picture(scene_of(page), chosen, Picture("png", 1))
    assert QImage(str(plain)) == QImage(str(chosen))


def test_svg_has_every_name_and_paints_as_the_png(page: NetworkPage, tmp_path: Path) -> None:
    svg, png = tmp_path / "net.svg", tmp_path / "net.png"
    write_picture(scene_of(page), svg, Picture("svg"), "My network")
    write_picture(scene_of(page), png, Picture("png", 1))
    root = ElementTree.parse(svg).getroot()
    found = list(root.iter("{http://www.w3.org/2000/svg}text"))
    names = {node.name for node in page.editor.graph.nodes.values()}
    assert names <= {(item.text or "").strip() for item in found}
    assert all(float(item.get("textLength", 0)) > 0 for item in found), "as wide in any font"
    assert all(item.get("font-family", "").endswith(("sans-serif", "monospace")) for item in found)
    assert float(root.get("width", "").removesuffix("mm")) == pytest.approx(
        wanted_width(page), 1e-3
    )
    wanted = QImage(str(png)).convertToFormat(QImage.Format.Format_RGB32)
    drawn = QImage(wanted.size(), QImage.Format.Format_RGB32)
    painter = QPainter(drawn)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    small = [image.scaled(60, 120) for image in (wanted, drawn)]
    pairs = [
        (small[0].pixelColor(x, y), small[1].pixelColor(x, y))
        for x in range(60)
        for y in range(120)
    ]
    far = [abs(a.lightness() - b.lightness()) > 60 for a, b in pairs]
    assert sum(far) < 0.03 * len(far)


def test_nothing_and_too_much_are_refused(page: NetworkPage, tmp_path: Path) -> None:
    empty = PictureScene(Graph(), page.editor.analysis, "")
    with pytest.raises(ExportError, match="empty"):
        write_picture(empty, tmp_path / "a.svg", Picture())
    far = PictureScene(
        page.editor.graph.move({"b": (30_000.0, 0.0), "c": (0.0, 30_000.0)}),
        page.editor.analysis,
        "",
    )
    with pytest.raises(ExportError, match="too large"):
        write_picture(far, tmp_path / "a.png", Picture("png", 4))


def test_the_command_asks_and_writes(page: NetworkPage, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(commands_module.PictureDialog, "ask", lambda parent: Picture("png", 2))
    name = str(tmp_path / "drawing")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (name, ""))
    page.actions_["network.export_picture"].trigger()
    assert not QImage(f"{name}.png").isNull()
    assert [toast.accessibleName() for toast in page.toasts.shown]
    page.toasts.clear()
    name = str(tmp_path / "no folder" / "drawing")
    page.actions_["network.export_picture"].trigger()
    (toast,) = page.toasts.shown
    assert "could not be written" in toast.accessibleName()
    page.toasts.clear()
