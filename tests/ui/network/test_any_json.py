"""Whatever text is on the clipboard or in a file: it is loaded, or refused with a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication

from modelstudio.errors import StudioError
from modelstudio.network.graph import Graph
from modelstudio.network.grouping import collapse
from modelstudio.project.files import dumps, loads
from modelstudio.project.model import Project
from modelstudio.ui.pages.network import NetworkPage

CALM = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["a", "b", "y", "x", "Conv2d", "Group", "Nothing", "nodes", "edges"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "nodes",
                    "edges",
                    "notes",
                    "id",
                    "name",
                    "layer",
                    "type",
                    "position",
                    "graph",
                    "text",
                ]
            )
            | st.text(max_size=6),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every part of a JSON value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> Any:
    """Draw a JSON value with a few parts exchanged, doubled or taken away."""
    value = deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(value)[1:] or [()]))
        if not path:
            return draw(VALUES)
        at = value
        for key in path[:-1]:
            at = at[key]
        how = draw(st.sampled_from(["exchange", "double", "drop"]))
        if how == "double" and isinstance(at, list):
            at.append(deepcopy(at[path[-1]]))
        elif how == "drop":
            del at[path[-1]]
        else:
            at[path[-1]] = draw(VALUES)
    return value


def read(text: str) -> tuple[Project | None, str]:
    """Return what a file holds, or why it does not."""
    try:
        return loads(text), ""
    except StudioError as error:
        return None, str(error)


def network(first: Graph) -> dict[str, Any]:
    folded, _ = collapse(first, {"b", "c"}, "stage1")
    return folded.to_dict()


def shown_as_it_is(page: NetworkPage) -> None:
    scene, graph = page.canvas.network_scene, page.editor.graph
    assert set(scene.blocks) == set(graph.nodes)
    assert set(scene.wires) == set(graph.edges)
    assert set(scene.notes) == {note.id for note in graph.notes}


def pasted(page: NetworkPage, text: str) -> None:
    """Paste a text: the network grows, or a sentence says why not."""
    before = page.editor.graph
    page.toasts.clear()
    QGuiApplication.clipboard().setText(text)
    page.editor.paste()
    grown = page.editor.graph is not before
    assert grown or page.toasts.shown
    shown_as_it_is(page)
    if grown:
        assert len(set(page.editor.graph.order)) == len(page.editor.graph.nodes)
        page.document.undo()
        assert page.editor.graph == before


def test_any_text_can_be_on_the_clipboard(page: NetworkPage) -> None:
    @CALM
    @given(VALUES.map(json.dumps) | st.text(max_size=40))
    def paste(text: str) -> None:
        pasted(page, text)

    paste()
    page.toasts.clear()


def test_a_damaged_network_can_be_on_the_clipboard(page: NetworkPage) -> None:
    whole = network(page.editor.graph)

    @CALM
    @given(damaged(whole))
    def paste(raw: Any) -> None:
        pasted(page, json.dumps(raw))

    pasted(page, json.dumps(whole))
    paste()
    page.toasts.clear()


def test_any_project_file_is_refused_or_shown(
    page: NetworkPage, open_page: Callable[[Graph], NetworkPage]
) -> None:
    project = page.document.project
    folded = project.changed(network=Graph.from_dict(network(project.network)))
    whole = json.loads(dumps(folded))
    assert loads(json.dumps(whole)) == folded

    @CALM
    @given(damaged(whole) | VALUES)
    def load(raw: Any) -> None:
        found, refusal = read(json.dumps(raw))
        if found is None:
            assert refusal.endswith(".")
        else:
            page.document.new(found)
            shown_as_it_is(page)

    load()


@CALM
@given(st.text(max_size=60))
def test_any_text_of_a_file_is_refused(text: str) -> None:
    found, refusal = read(text)
    assert found is None
    assert "Model Studio" in refusal or "cut off" in refusal


def test_what_was_copied_does_no_harm_when_the_program_ends() -> None:
    """Data that Python made for the clipboard would be destroyed after Python has gone."""
    script = """
from PySide6.QtWidgets import QApplication
import modelstudio.layers
from modelstudio.layers import ReLU
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network.editor import Editor
app = QApplication([])
editor = Editor(Document())
editor.add(ReLU, (0.0, 0.0))
editor.copy()
editor.paste()
assert len(editor.graph.nodes) == 2
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
