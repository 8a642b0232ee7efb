"""Colours, pens and fonts of the canvas, made once for each theme."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPen

from modelstudio.network.layer import Category, Port
from modelstudio.ui.theme import Theme, theme

BLOCK_WIDTH, BLOCK_HEIGHT = 152.0, 52.0
STRIPE, RADIUS = 6.0, 6.0
GRID = 16
PITCH = 80.0
"""From one block of a chain to the next, top to top, in canvas pixels."""
PORT_RADIUS, PORT_HIT = 4.0, 10.0
LABEL_ZOOM, DETAIL_ZOOM = 0.6, 0.4

_SMALLEST = 9
"""Pixels of the smallest letters that can be read."""

HUES: dict[Category, str] = {
    "Input and output": "inputOutput",
    "Convolution": "convolution",
    "Linear": "linear",
    "Normalise": "normalise",
    "Activation": "activation",
    "Pooling": "pooling",
    "Recurrent": "recurrent",
    "Attention": "attention",
    "Regularise": "regularise",
    "Merge and shape": "mergeAndShape",
    "Heads": "heads",
    "Python": "python",
    "Group": "group",
}
"""Category of a layer to the hue in the tokens."""

NOTES = {
    "yellow": ("warningTint", "warning"),
    "blue": ("accentTint", "accent"),
    "green": ("successTint", "success"),
    "red": ("errorTint", "error"),
    "grey": ("raised", "controlBorder"),
}
"""Colour of a note to the roles of its ground and its edge."""

_ICONS: dict[Category, str] = {
    "Input and output": "io",
    "Convolution": "conv",
    "Linear": "lin",
    "Normalise": "norm",
    "Activation": "actv",
    "Pooling": "pool",
    "Recurrent": "rec",
    "Attention": "att",
    "Regularise": "reg",
    "Merge and shape": "flat",
    "Heads": "target",
    "Python": "code",
    "Group": "group",
}


class Drawn(Protocol):
    """What has a drawing: a layer, its type, or a saved block."""

    @property
    def category(self) -> Category:
        """Palette category."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Input ports."""

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Output ports."""


def layer_icon(layer: Drawn) -> str:
    """Return the name of the drawing for a layer; what merges wires and ports have their own."""
    if layer.category == "Group" and not (layer.inputs and layer.outputs):
        return "io"
    merges = layer.category == "Merge and shape" and any(port.variadic for port in layer.inputs)
    return "add" if merges else _ICONS[layer.category]


def hue_role(category: Category) -> str:
    """Return the colour role of a category, as icons take it."""
    return f"category.{HUES[category]}"


class Look:
    """What the items paint with in one theme."""

    def __init__(self, of: Theme):
        self.canvas = of.color("canvas")
        self.panel = of.color("panel")
        self.text = of.color("text")
        self.secondary = of.color("textSecondary")
        self.tertiary = of.color("textTertiary")
        self.disabled = of.color("textDisabled")
        self.accent = of.color("accent")
        self.on_accent = of.color("onAccent")
        self.selection_line = QColor(self.accent)
        self.selection_line.setAlphaF(0.45)
        self.error = of.color("error")
        self.warning = of.color("warning")
        self.note_fills = {name: of.color(fill) for name, (fill, _) in NOTES.items()}
        self.hues = {category: of.category(hue) for category, hue in HUES.items()}

        self.border = QPen(of.color("borderStrong"), 1)
        self.rule = QPen(of.color("border"), 1)
        self.hover = QPen(self.tertiary, 1)
        self.selected = QPen(self.accent, 1.5)
        self.outer = QPen(self.selection_line, 1)
        self.off = QPen(of.color("borderStrong"), 1, Qt.PenStyle.DashLine)
        self.bad = QPen(self.error, 1.5)
        self.wire = QPen(self.tertiary, 1.5)
        self.wire_selected = QPen(self.accent, 2)
        self.wire_bad = QPen(self.error, 1.5)
        self.wire_waiting = QPen(self.tertiary, 1.5, Qt.PenStyle.DotLine)
        self.link = QPen(self.secondary, 1.5, Qt.PenStyle.CustomDashLine)
        self.link.setDashPattern([4, 3])
        self.port = QPen(self.tertiary, 1.5)
        self.port_open = QPen(self.accent, 2)
        self.port_shut = QPen(of.color("borderStrong"), 1)
        self.note_borders = {name: QPen(of.color(edge), 1) for name, (_, edge) in NOTES.items()}
        self.dots = QPen(of.color("canvasDot"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        self.dots.setCosmetic(True)
        self.band = QPen(self.accent, 1)
        self.band.setCosmetic(True)
        self.guide = QPen(self.accent, 1, Qt.PenStyle.DashLine)
        self.guide.setCosmetic(True)
        tint = QColor(self.accent)
        tint.setAlphaF(0.12)
        self.band_fill = QBrush(tint)

        self.title = of.font("blockTitle")
        self.detail = of.font("blockDetail")
        self.shape = QFont(of.font("mono"))
        self.shape.setPixelSize(self.detail.pixelSize())
        self.edge_label = QFont(of.font("mono"))
        self.edge_label.setPixelSize(of.font("edgeLabel").pixelSize())
        self._scale = of.scale
        self.title_metrics = QFontMetricsF(self.title)
        self.detail_metrics = QFontMetricsF(self.detail)
        self.edge_advance = QFontMetricsF(self.edge_label).horizontalAdvance("0")
        """Width of a character; the font is fixed-width."""
        self.sequential = of.sequential

    def far(self, height: float) -> QFont:
        """Return the font of a name on a block that is ``height`` screen pixels high."""
        font = QFont(self.detail)
        font.setPixelSize(max(_SMALLEST, min(round(_SMALLEST * self._scale), int(0.6 * height))))
        return font

    def heat(self, strength: float) -> QColor:
        """Return the colour for a share of a cost, from none (0) to the greatest (1)."""
        if strength <= 0:
            return self.sequential[0]
        place = 1 + strength * (len(self.sequential) - 2)
        low = min(int(place), len(self.sequential) - 2)
        return _between(self.sequential[low], self.sequential[low + 1], place - low)

    def ink(self, ground: QColor) -> QColor:
        """Return the text colour that stands out more from a ground."""
        return max((self.text, self.panel, self.on_accent), key=lambda ink: _contrast(ink, ground))


def _between(low: QColor, high: QColor, share: float) -> QColor:
    mixed = (a + (b - a) * share for a, b in zip(low.getRgb(), high.getRgb(), strict=True))
    return QColor(*map(round, mixed))


def _contrast(a: QColor, b: QColor) -> float:
    """Return the contrast ratio of WCAG, from 1 to 21."""
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    parts = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=2)
def _look(of: Theme) -> Look:
    return Look(of)


def look() -> Look:
    """Return the look of the theme that holds now."""
    return _look(theme())
