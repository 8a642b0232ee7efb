"""Fitting a network beside what lies over the canvas."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect

from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.ui.pages.network.page import NetworkPage


def chain(columns: int) -> Graph:
    """Return columns of blocks that fill the canvas."""
    relu = Layer.from_dict({"type": "ReLU"})
    nodes = {
        f"n{x}_{y}": Node(f"n{x}_{y}", f"act{x}_{y}", relu, (x * 200.0, y * 90.0))
        for x in range(columns)
        for y in range(8)
    }
    edges = tuple(Edge(a, "y", b, "x") for a, b in zip(nodes, list(nodes)[1:], strict=False))
    return Graph(nodes, edges)


@pytest.mark.parametrize("columns", [1, 4, 9])
def test_no_block_is_fitted_below_the_minimap(page: NetworkPage, columns: int) -> None:
    page.editor.apply("Draw", chain(columns))
    page.canvas.fit()
    seen = page.canvas.viewport().rect()
    map_area = QRect(page.minimap.pos(), page.minimap.size())
    for item in page.canvas.network_scene.blocks.values():
        area = page.canvas.screen_rect(item.area)
        assert seen.contains(area)
        assert not map_area.intersects(area)
