"""Colours, fonts, icons and the style sheet, all filled from ``resources/tokens.json``."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, QTemporaryDir, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
    QPixmapCache,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from modelstudio.resources import resource


@cache
def tokens() -> dict[str, Any]:
    """Return the design tokens."""
    return json.loads(resource("tokens.json").read_text(encoding="utf-8"))


def _plain(category: str) -> str:
    """Bring "Merge and shape" and "mergeAndShape" to one form."""
    return category.lower().replace(" ", "").replace("and", "")


class Theme:
    """The colours, sizes and fonts of one theme, by role."""

    def __init__(self, name: str, scale: float = 1.0):
        self.name = name
        self.dark = name == "dark"
        self.scale = scale
        self._colors: dict[str, str] = tokens()["color"][name]
        self._categories = {
            _plain(key): value for key, value in tokens()["blockCategory"][name].items()
        }
        self._charts: dict[str, Any] = tokens()["chart"][name]
        self._fonts: dict[str, QFont] = {}

    def hex(self, role: str) -> str:
        """Return a colour as ``#RRGGBB``; ``category.x`` and ``chart.x`` reach the other tables."""
        table, _, key = role.rpartition(".")
        if table == "category":
            return self._categories[_plain(key)]
        return (self._charts if table == "chart" else self._colors)[key]

    def color(self, role: str) -> QColor:
        """Return the colour of a role."""
        return QColor(self.hex(role))

    def category(self, name: str) -> QColor:
        """Return the hue of a block category, such as ``Merge and shape``."""
        return QColor(self._categories[_plain(name)])

    def chart(self, name: str) -> QColor:
        """Return a chart colour, such as ``train`` or ``grid``."""
        return QColor(self._charts[name])

    @property
    def chart_cycle(self) -> list[QColor]:
        """Colours that runs take in turn."""
        return [QColor(value) for value in self._charts["runCycle"]]

    @property
    def sequential(self) -> list[QColor]:
        """Stops of the sequential colour map, from low to high."""
        return [QColor(value) for value in self._charts["sequential"]]

    def size(self, name: str) -> Any:
        """Return a size in logical pixels."""
        return tokens()["size"][name]

    def grown(self, pixels: float) -> int:
        """Return a size that holds text, given for 100 %; smaller text does not shrink it."""
        return round(pixels * max(self.scale, 1.0))

    def space(self, name: str) -> int:
        """Return a spacing in logical pixels."""
        return tokens()["spacing"][name]

    def radius(self, name: str) -> int:
        """Return a corner radius in logical pixels."""
        return tokens()["radius"][name]

    def font(self, style: str = "base") -> QFont:
        """Return the font of a type style, such as ``label``, ``mono`` or ``pageTitle``."""
        if (known := self._fonts.get(style)) is not None:
            return QFont(known)
        kind = tokens()["type"]
        spec = kind["scale"][style]
        font = QFont(kind["mono" if style == "mono" else "family"])
        font.setPixelSize(round(spec["size"] * self.scale))
        font.setWeight(QFont.Weight(spec["weight"]))
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        self._fonts[style] = font
        return QFont(font)

    def palette(self) -> QPalette:
        """Return the Qt palette, for what the style sheet does not reach."""
        groups = QPalette.ColorGroup
        roles = QPalette.ColorRole
        palette = QPalette()
        for role, name in {
            roles.Window: "window",
            roles.WindowText: "text",
            roles.Base: "input",
            roles.AlternateBase: "raised",
            roles.Text: "text",
            roles.Button: "raised",
            roles.ButtonText: "text",
            roles.BrightText: "onAccent",
            roles.ToolTipBase: "raised",
            roles.ToolTipText: "text",
            roles.PlaceholderText: "textTertiary",
            roles.Highlight: "accentFill",
            roles.HighlightedText: "onAccent",
            roles.Link: "accent",
            roles.LinkVisited: "accent",
            roles.Light: "hover",
            roles.Mid: "border",
            roles.Dark: "borderStrong",
            roles.Accent: "accentFill",
        }.items():
            palette.setColor(role, self.color(name))
        for role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(groups.Disabled, role, self.color("textDisabled"))
        return palette

    def style_sheet(self, icon_folder: Path) -> str:
        """Fill the template; ``{{icon chev textTertiary}}`` becomes the path of a tinted file."""

        def fill(match: re.Match[str]) -> str:
            key, *rest = match[1].split()
            if key == "icon":
                return _tinted_file(icon_folder, rest[0], self.hex(rest[1]))
            if key == "font":
                spec = tokens()["type"]["scale"][rest[0]]
                size = round(spec["size"] * self.scale)
                return f"font-size: {size}px; font-weight: {spec['weight']}"
            if key == "size":
                return str(self.size(rest[0]))
            if key == "radius":
                return str(self.radius(rest[0]))
            if key == "mono":
                return ", ".join(f"'{family}'" for family in tokens()["type"]["mono"])
            return self.hex(key)

        template = resource("style.qss").read_text(encoding="utf-8")
        return re.sub(r"\{\{(.+?)\}\}", fill, template)


class ThemeManager(QObject):
    """Which theme holds now; tells when it changes."""

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.mode = "dark"
        self.scale = 1.0
        self.current = Theme("dark")
        self._icons: QTemporaryDir | None = None

    def install(self, app: QApplication, mode: str = "system", scale: float = 1.0) -> None:
        """Load the fonts and dress the application; follow the system from now on if asked."""
        for path in sorted(resource("fonts").glob("*.?tf")):
            QFontDatabase.addApplicationFont(str(path))
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._icons = QTemporaryDir()
        self.set_mode(mode, scale)

    def set_mode(self, mode: str, scale: float | None = None) -> None:
        """Change to ``dark``, ``light`` or ``system``."""
        self.mode = mode
        self.scale = self.scale if scale is None else scale
        name = mode
        if mode == "system":
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
            name = "dark" if dark else "light"
        self.current = Theme(name, self.scale)
        QPixmapCache.clear()
        app = QApplication.instance()
        if isinstance(app, QApplication) and self._icons is not None:
            app.setFont(self.current.font())
            app.setPalette(self.current.palette())
            app.setStyleSheet(self.current.style_sheet(Path(self._icons.path())))
        self.changed.emit(self.current)

    def _follow_system(self) -> None:
        if self.mode == "system":
            self.set_mode("system")


@cache
def themes() -> ThemeManager:
    """Return the one theme manager."""
    return ThemeManager()


def theme() -> Theme:
    """Return the theme that holds now."""
    return themes().current


@cache
def _drawing(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def _tinted_file(folder: Path, name: str, color: str) -> str:
    path = folder / f"{name}-{color[1:]}.svg"
    if not path.exists():
        path.write_text(_drawing(name).replace("currentColor", color), encoding="utf-8")
    return path.as_posix()


def paint_icon(painter: QPainter, rect: QRectF, name: str, role: str | QColor = "text") -> None:
    """Paint an icon into ``rect`` in the colour of a role."""
    color = role if isinstance(role, QColor) else theme().color(role)
    svg = _drawing(name).replace("currentColor", color.name())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(svg.encode()).render(painter, rect)
    painter.restore()


class _TintedIcon(QIconEngine):
    """Paint one drawing in a colour role of the theme that holds at that moment."""

    def __init__(self, name: str, role: str, checked_role: str):
        super().__init__()
        self._spec = (name, role, checked_role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        name, role, checked_role = self._spec
        if mode == QIcon.Mode.Disabled:
            role = "textDisabled"
        elif state == QIcon.State.On:
            role = checked_role
        device = painter.device()
        ratio = device.devicePixelRatioF() if device else 1.0
        side = min(rect.width(), rect.height())
        key = f"{name}-{theme().hex(role)}-{side}-{ratio}"
        pixmap = QPixmap()
        if not QPixmapCache.find(key, pixmap):
            pixmap = QPixmap(QSize(side, side) * ratio)
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            inner = QPainter(pixmap)
            paint_icon(inner, QRectF(0, 0, side, side), name, role)
            inner.end()
            QPixmapCache.insert(key, pixmap)
        corner = rect.center() - QPoint((side - 1) // 2, (side - 1) // 2)
        painter.drawPixmap(corner, pixmap)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _TintedIcon(*self._spec)


@cache
def icon(name: str, role: str = "textSecondary", checked_role: str = "") -> QIcon:
    """Return a single-colour icon that follows the theme by itself.

    It is kept: an icon with an engine of ours must not be taken down by the garbage collector.
    """
    if not name:
        return QIcon()
    return QIcon(_TintedIcon(name, role, checked_role or role))


def restyle(widget: QWidget, **properties: str) -> None:
    """Set dynamic properties and let the style sheet look again."""
    for key, value in properties.items():
        widget.setProperty(key, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
