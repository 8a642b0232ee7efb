"""The guide: every page opens, F1 shows what is in sight, links lead on."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from modelstudio.layers import Linear
from modelstudio.network.graph import Graph, Node
from modelstudio.project.model import Project
from modelstudio.resources import resource
from modelstudio.ui.guide import PAGES, GuideDialog
from modelstudio.ui.main_window import MainWindow


def test_every_page_is_in_the_guide_and_every_link_leads_to_one() -> None:
    files = {path.stem for path in resource("guide").glob("*.md")}
    assert files == set(PAGES)
    for name in PAGES:
        text = resource("guide", f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith("# ")
        for link in re.findall(r"\]\(([^)]+)\)", text):
            assert link.removesuffix(".md") in PAGES, (name, link)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_shown(window: MainWindow, page: str) -> None:
    dialog = GuideDialog(window)
    dialog.open_at(page)
    assert dialog.page.toPlainText().startswith(dialog.list.currentItem().text())
    dialog.page.anchorClicked.emit(QUrl("train.md"))
    assert dialog.list.currentItem().text() == "Train"
    dialog.deleteLater()


def test_f1_opens_the_chosen_block(window: MainWindow) -> None:
    graph = Graph().add(Node("a", "fc1", Linear()))
    window.document.new(Project(network=graph))
    window.go("network")
    window.page("network").editor.select(["a"])
    QApplication.processEvents()
    seen: list[str] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, GuideDialog):
            QTimer.singleShot(5, look)
            return
        seen.append(dialog.list.currentItem().text())
        seen.append(dialog.page.textCursor().block().text())
        level = dialog.page.textCursor().block().blockFormat().headingLevel()
        seen.append(str(level))
        assert dialog.page.cursorRect().top() in range(40)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)

    QTimer.singleShot(0, look)
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert seen == ["Layers", "Linear", "3"]
