"""The table of the preview: what is asked for while scrolling, and what is painted."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from modelstudio.ui.pages.data.cells import cell_text
from modelstudio.ui.pages.data.table_model import CHUNK, Head, PreviewModel
from modelstudio.ui.pages.data.table_view import PreviewView
from modelstudio.ui.theme import theme

TOTAL = 5000


def slice_of(offset: int, limit: int, names: tuple[str, ...] = ("n",)) -> Any:
    rows = range(offset, min(offset + limit, TOTAL))
    after = [float(row) for row in rows]
    before = [row - 1.0 if row == 3 else row for row in after]
    changed = [row == 3 for row in after]
    cells = SimpleNamespace(after=after, before=before, changed=changed)
    parts = ["train"] * len(rows)
    return SimpleNamespace(
        columns=names,
        total=TOTAL,
        offset=offset,
        rows=list(rows),
        parts=parts,
        cells=(cells,) * len(names),
    )


@pytest.fixture
def view(qtbot: QtBot) -> PreviewView:
    """Return a view of the beginning of a long table, as large as 400 x 300 pixels."""
    view = PreviewView()
    qtbot.addWidget(view)
    view.setModel(PreviewModel(view))
    view.model().set_heads({"n": Head("n", right=True)})
    view.model().put(slice_of(0, CHUNK))
    view.resize(400, 300)
    view.fit_columns()
    view.show()
    return view


def test_while_rows_are_on_their_way_no_others_are_asked_for(
    view: PreviewView, qtbot: QtBot
) -> None:
    model, asked = view.model(), []
    model.wanted.connect(lambda offset, limit: asked.append((offset, limit)))
    for row in (1000, 2000, 3000):
        view.scrollTo(model.index(row, 0), PreviewView.ScrollHint.PositionAtTop)
        view.viewport().repaint()
        qtbot.waitUntil(lambda: bool(asked))
    assert asked[0][0] <= 1000 < sum(asked[0])
    assert len(asked) == 1
    model.put(slice_of(*asked[0]))
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1][0] <= 3000 < sum(asked[1])


def test_rows_are_there_before_they_come_into_sight(view: PreviewView, qtbot: QtBot) -> None:
    model = view.model()
    with qtbot.waitSignal(model.wanted) as asked:
        view.scrollTo(model.index(CHUNK - 20, 0))
        view.viewport().repaint()
    assert asked.args[0] == CHUNK


def test_a_changed_cell_is_tinted_until_changes_are_not_marked(view: PreviewView) -> None:
    model = view.model()

    def ground(row: int) -> str:
        at = view.visualRect(model.index(row, 0)).bottomLeft() + QPoint(3, -4)
        image: QImage = view.viewport().grab().toImage()
        return image.pixelColor(at * image.devicePixelRatio()).name()

    assert ground(3) == theme().color("accentTint").name() != ground(2)
    view.set_marking(False)
    assert ground(3) == ground(2)


def test_the_old_value_of_a_number_is_struck_through_and_nothing_else(view: PreviewView) -> None:
    image = view.viewport().grab().toImage()
    cell = view.visualRect(view.model().index(3, 0))
    line, color = cell.center().y() + 1, theme().color("textTertiary").name()
    xs = [
        x
        for x in range(image.width())
        if image.pixelColor(QPoint(x, line) * image.devicePixelRatio()).name() == color
    ]
    wide = view.painter.plain.metrics.horizontalAdvance("2")
    assert wide <= len(xs) <= wide + 2, "as long as the old value"
    assert xs[-1] - xs[0] == len(xs) - 1, "in one piece"
    assert cell.left() < xs[0] < xs[-1] < cell.right()


def test_a_cell_is_written_in_its_column(view: PreviewView) -> None:
    image = view.viewport().grab().toImage()
    box = view.visualRect(view.model().index(2, 0)).adjusted(4, 2, -4, -3)
    inked = {
        image.pixelColor(QPoint(x, y) * image.devicePixelRatio()).name()
        for x in range(box.left(), box.right())
        for y in range(box.top(), box.bottom())
    }
    assert theme().color("text").name() in inked


def test_of_very_many_columns_those_in_sight_have_room(view: PreviewView, qtbot: QtBot) -> None:
    model = view.model()
    names = tuple(f"a column of the number {at}" for at in range(300))
    model.put(slice_of(0, CHUNK, names))
    view.fit_columns()
    last = len(names) - 1
    assert view.columnWidth(0) > view.columnWidth(last)

    def roomy() -> bool:
        view.scrollTo(model.index(0, last))
        return view.columnWidth(last) >= view.columnWidth(0)

    qtbot.waitUntil(roomy)


def test_what_a_number_was_keeps_its_own_decimals(qtbot: QtBot) -> None:
    model = PreviewModel()
    rows = slice_of(0, CHUNK)
    rows.cells[0].before[:] = [float(row) for row in range(CHUNK)]
    rows.cells[0].after[:] = [row / 7 for row in range(CHUNK)]
    rows.cells[0].changed[:] = [True] * CHUNK
    model.put(rows)
    cell = model.cell(model.index(20, 0))
    assert cell is not None
    assert (cell.old_text, cell.text) == ("20", "2.86")


def test_rows_a_second_apart_look_different() -> None:
    assert cell_text(datetime(2023, 3, 25, 22, 1, 7)) == "2023-03-25 22:01:07"
    assert cell_text(datetime(2023, 3, 25, 22, 1)) == "2023-03-25 22:01"
