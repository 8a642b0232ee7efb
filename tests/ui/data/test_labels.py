"""A target of several labels: what parts them is a choice of its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from modelstudio.ui.main_window import MainWindow


def test_cells_are_labels_or_classes(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    generator = np.random.default_rng(0)
    tags = ["red|blue", "red", "blue|green", "green", "red|green"]
    lines = [f"{x:.3f},{tags[at % 5]}" for at, x in enumerate(generator.normal(size=200))]
    path = tmp_path / "flags.csv"
    path.write_text("size,colours\n" + "\n".join(lines))
    window.files.open(path)
    qtbot.waitUntil(lambda: window.page_id == "data", timeout=20_000)
    page = window.page("data")

    def settled() -> bool:
        return not page.jobs.running and not page.feed.busy

    qtbot.waitUntil(settled, timeout=20_000)
    card = page.recipe.target
    assert card.summary.text() == "3 labels: blue, green, red"
    assert not page.split.stratify.isEnabled()
    card.separator.setCurrentIndex(0)
    card.separator.activated.emit(0)
    assert page.data.label_separator is None
    qtbot.waitUntil(lambda: settled() and "5 classes" in card.summary.text(), timeout=20_000)
    window.document.undo()
    assert page.data.label_separator == "|"
