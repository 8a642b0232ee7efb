"""Themes: contrast, style sheet, icons that follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontInfo, QIcon
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from modelstudio.network.layer import Category
from modelstudio.resources import resource
from modelstudio.ui.actions import SPECS
from modelstudio.ui.theme import Theme, icon, theme, themes


@pytest.fixture(autouse=True)
def dark_again() -> Iterator[None]:
    yield
    themes().set_mode("dark", 1.0)


def luminance(color: QColor) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("ground", ["window", "panel", "raised", "input", "hover", "selection"])
def test_text_can_be_read_on_every_ground(name: str, ground: str) -> None:
    now = Theme(name)
    for role in ("text", "textSecondary", "textTertiary"):
        assert contrast(now.color(role), now.color(ground)) >= 4.5, role


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_layer_category_has_a_hue(name: str) -> None:
    hues = {Theme(name).category(category).name() for category in Category.__args__}
    assert len(hues) == len(Category.__args__)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_style_sheet_is_filled(name: str, tmp_path) -> None:
    sheet = Theme(name).style_sheet(tmp_path)
    assert "{{" not in sheet
    assert Theme(name).hex("accentFill") in sheet
    for path in re.findall(r'url\("(.+?)"\)', sheet):
        assert "currentColor" not in Path(path).read_text(encoding="utf-8")


def test_text_size_scales_fonts_and_style_sheet(tmp_path) -> None:
    assert Theme("dark", 1.5).font("base").pixelSize() == 20
    assert "font-size: 18px" in Theme("dark", 1.5).style_sheet(tmp_path)


def test_the_bundled_fonts_are_used(qapp: QApplication) -> None:
    assert QFontInfo(theme().font("base")).family() == "Inter"
    assert QFontInfo(theme().font("mono")).family() == "JetBrains Mono"
    assert theme().font("panelTitle").weight() == 600


def test_every_action_has_its_drawing() -> None:
    missing = [
        spec.icon
        for spec in SPECS
        if spec.icon and not resource("icons", f"{spec.icon}.svg").exists()
    ]
    assert missing == []


def test_an_icon_follows_theme_and_state(qtbot: QtBot) -> None:
    stop = icon("stop", "accent", "success")

    def middle(mode: QIcon.Mode, state: QIcon.State = QIcon.State.Off) -> str:
        return stop.pixmap(QSize(16, 16), mode, state).toImage().pixelColor(8, 8).name().upper()

    themes().set_mode("dark")
    assert middle(QIcon.Mode.Normal) == theme().hex("accent")
    assert middle(QIcon.Mode.Disabled) == theme().hex("textDisabled")
    assert middle(QIcon.Mode.Normal, QIcon.State.On) == theme().hex("success")
    with qtbot.waitSignal(themes().changed):
        themes().set_mode("light")
    assert not theme().dark
    assert middle(QIcon.Mode.Normal) == theme().hex("accent")


def test_the_palette_changes_with_the_theme(qapp: QApplication) -> None:
    themes().set_mode("light")
    assert qapp.palette().window().color() == theme().color("window")
    themes().set_mode("dark")
    assert qapp.palette().window().color() == theme().color("window")
