"""What lies near a place: an index over square cells, cheap to keep while things move.

The index of `QGraphicsScene` is for painting; asked between changes it looks at every item.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from modelstudio.ui.pages.network.routing import Box

_SIDE = 256.0

K = TypeVar("K", bound=Hashable)


class Cells(Generic[K]):
    """Keys by the cells that their boxes touch."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], dict[K, None]] = {}
        self._places: dict[K, set[tuple[int, int]]] = {}

    def put(self, key: K, boxes: Iterable[Box]) -> None:
        """Say where a thing is now."""
        self.drop(key)
        self._places[key] = {cell for box in boxes for cell in _touched(box)}
        for cell in self._places[key]:
            self._cells.setdefault(cell, {})[key] = None

    def drop(self, key: K) -> None:
        """Forget a thing."""
        for cell in self._places.pop(key, ()):
            del self._cells[cell][key]

    def near(self, box: Box) -> list[K]:
        """Return what may touch a box, each once."""
        found: dict[K, None] = {}
        for cell in _touched(box):
            found.update(self._cells.get(cell, ()))
        return list(found)


def _touched(box: Box) -> Iterator[tuple[int, int]]:
    for i in range(int(box.left // _SIDE), int(box.right // _SIDE) + 1):
        for j in range(int(box.top // _SIDE), int(box.bottom // _SIDE) + 1):
            yield i, j
