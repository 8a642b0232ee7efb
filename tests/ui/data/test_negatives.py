"""Tables of who chose what: how the rest is drawn is a choice of the target card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.steps import Index
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data.page import DataPage


@pytest.fixture
def page(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> DataPage:
    """Open a table of 1,200 purchases."""
    generator = np.random.default_rng(0)
    pairs = generator.choice(60 * 90, 1_200, replace=False)
    path = tmp_path / "purchases.csv"
    path.write_text("user_id,item_id\n" + "\n".join(f"u{p // 90},i{p % 90}" for p in pairs))
    window.files.open(path)
    qtbot.waitUntil(lambda: window.page_id == "data", timeout=20_000)
    page = window.page("data")
    qtbot.waitUntil(lambda: not page.jobs.running and not page.feed.busy, timeout=20_000)
    return page


def indexed(page: DataPage) -> tuple[str, ...]:
    return next((s.columns or () for s in page.data.recipe if isinstance(s, Index)), ())


def test_negatives_are_set_and_undone(page: DataPage, window: MainWindow) -> None:
    card = page.recipe.target
    assert card.draws.isChecked()
    assert card.summary.text() == "What each user_id chooses"
    card.findChild(type(page.split.seed), "data.negatives.per_positive").setValue(7)
    assert page.data.negatives == Negatives(per_positive=7)
    window.document.undo()
    assert page.data.negatives == Negatives()
    assert "last of each user_id" in page.split._detail.text()


def test_rows_may_be_taken_as_they_are(page: DataPage, window: MainWindow, qtbot: QtBot) -> None:
    card = page.recipe.target
    card.draws.click()
    assert page.data.negatives is None
    assert indexed(page) == ("user_id",)
    assert not card.findChild(type(page.split.seed), "data.negatives.ranked").isVisible()
    card.draws.click()
    assert page.data.negatives == Negatives()
    qtbot.waitUntil(lambda: not page.jobs.running and not page.feed.busy, timeout=20_000)
    assert [field.kind for field in page.data.fields] == ["ids", "ids", "ranking"]
    window.document.undo()
    window.document.undo()
    assert page.data.negatives == Negatives()
    assert indexed(page) == ("user_id", "item_id")
