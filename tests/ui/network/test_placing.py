"""Where the bubble of a problem stands."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize

from modelstudio.ui.pages.network.placing import leader, place_beside

AREA = QRect(0, 0, 800, 600)
SIZE = QSize(200, 80)
BLOCK = QRect(300, 250, 150, 50)


def test_below_comes_first() -> None:
    spot = place_beside(BLOCK, SIZE, AREA, [])
    assert spot.tip.side == "top"
    assert spot.corner.y() >= BLOCK.bottom()


def test_a_neighbour_below_sends_it_to_the_side() -> None:
    below = BLOCK.translated(0, 80)
    spot = place_beside(BLOCK, SIZE, AREA, [below])
    assert spot.tip.side == "left"
    assert not QRect(spot.corner, SIZE).intersects(below)


def test_where_every_side_is_taken_a_line_leads_to_a_free_place() -> None:
    around = [BLOCK.translated(dx, dy) for dx, dy in ((0, 80), (0, -80), (180, 0), (-180, 0))]
    spot = place_beside(BLOCK, SIZE, AREA, around)
    taken = QRect(spot.corner, SIZE)
    assert spot.tip.side == "none"
    assert AREA.contains(taken)
    assert not any(taken.intersects(other) for other in (*around, BLOCK))
    line = leader(BLOCK, taken)
    assert BLOCK.contains(line.p1().toPoint())
    assert taken.contains(line.p2().toPoint())


def test_with_no_free_place_nothing_of_it_is_cut_off() -> None:
    full = [QRect(x, y, 90, 90) for x in range(0, 800, 100) for y in range(0, 600, 100)]
    spot = place_beside(BLOCK, SIZE, AREA, full)
    assert AREA.contains(QRect(spot.corner, SIZE))
