"""Courses of wires."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from modelstudio.ui.pages.network.cells import Cells
from modelstudio.ui.pages.network.routing import (
    Box,
    Point,
    junctions,
    label_point,
    route,
    segments,
)

W, H = 152.0, 52.0


def block(x: float, y: float) -> Box:
    return Box(x, y, x + W, y + H)


def between(source: Box, target: Box, *obstacles: Box, **more: object) -> tuple[Point, ...]:
    start = ((source.left + source.right) / 2, source.bottom)
    end = ((target.left + target.right) / 2, target.top)
    return route(start, [(end, "top")], source, target, obstacles, **more)[0]  # type: ignore[arg-type]


def test_a_block_right_below_gets_a_straight_wire() -> None:
    assert between(block(0, 0), block(0, 96)) == ((76.0, 52.0), (76.0, 96.0))


def test_a_block_between_is_gone_around() -> None:
    obstacle = block(0, 96)
    course = between(block(0, 0), block(0, 192), obstacle)
    assert len(course) > 2
    assert not any(obstacle.crossed_by(part) for part in segments(course))


def test_a_wire_up_runs_between_the_columns() -> None:
    course = between(block(0, 384), block(240, 96))
    assert all(152 < x < 240 for (x, _), (z, _) in pairwise(course) if x == z and 76 < x < 316)
    assert course[-2][1] < 96


def test_wires_from_one_port_share_their_way_and_part_at_a_point() -> None:
    source, near, far = block(0, 384), block(240, 96), block(448, 192)
    first = between(source, near)
    second = between(source, far, near, siblings=[first])
    parted = junctions([first, second])
    assert len(parted) == 1
    x, y = parted.pop()
    assert any(part.overlaps(Box(x, y, x, y)) for part in segments(first))
    assert any(part.overlaps(Box(x, y, x, y)) for part in segments(second))


def test_another_wire_is_not_covered() -> None:
    source, target = block(240, 384), block(688, 96)
    free = between(source, target)
    level = free[-2][1]
    other = Box(0, level, 1000, level)
    course = between(source, target, wires=[other])
    assert not any(a[1] == b[1] == level for a, b in pairwise(course))


def test_a_wire_beside_another_can_be_told_from_it() -> None:
    source, target = block(0, 384), block(208, 96)
    first = between(source, target)
    middle = next(x for (x, _), (z, _) in pairwise(first) if x == z and 152 < x < 208)
    other = Box(middle - 4, 0, middle - 4, 480)
    course = between(source, target, wires=[other])
    upright = [x for (x, _), (z, _) in pairwise(course) if x == z and 152 < x < 208]
    assert upright
    assert all(abs(x - other.left) > 9 for x in upright)


def test_the_label_stands_on_the_longest_part() -> None:
    assert label_point(((0, 0), (0, 10), (100, 10), (100, 20))) == (50, 10)


places = st.tuples(st.integers(-40, 40), st.integers(-40, 40))


@given(places, places, st.lists(places, max_size=5))
def test_courses_are_orthogonal_and_keep_their_ends(
    a: tuple[int, int], b: tuple[int, int], others: list[tuple[int, int]]
) -> None:
    source, target = block(16.0 * a[0], 16.0 * a[1]), block(16.0 * b[0], 16.0 * b[1])
    course = between(source, target, *(block(16.0 * x, 16.0 * y) for x, y in others))
    assert course[0] == (source.left + W / 2, source.bottom)
    assert course[-1] == (target.left + W / 2, target.top)
    assert all(p[0] == q[0] or p[1] == q[1] for p, q in pairwise(course))


@given(st.lists(st.tuples(st.integers(0, 9), places), max_size=30), places)
def test_cells_find_all_that_overlaps(
    puts: list[tuple[int, tuple[int, int]]], look: tuple[int, int]
) -> None:
    cells: Cells[int] = Cells()
    now: dict[int, Box] = {}
    for key, (x, y) in puts:
        now[key] = block(16.0 * x, 16.0 * y)
        cells.put(key, [now[key]])
    area = block(16.0 * look[0], 16.0 * look[1])
    found = cells.near(area)
    assert len(found) == len(set(found))
    assert {key for key, box in now.items() if box.overlaps(area)} <= set(found)
