"""Wires without a mouse: a list of the ports to which a block may be wired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.fitting import Values
from modelstudio.ui.pages.network.items import PortKind
from modelstudio.ui.pages.network.look import layer_icon
from modelstudio.ui.widgets import PaletteEntry


def wire_entries(
    editor: Editor, node: Node, kind: PortKind, wire: Callable[[Edge], object]
) -> list[PaletteEntry]:
    """Return what a block may be wired to: what fits, what does not, and the wires it has.

    Parameters
    ----------
    kind
        Which ports of the block are meant.
    wire
        Draws the wire that is chosen; one that is there already is removed instead.
    """
    graph = editor.graph
    values = Values(graph, editor.analysis, editor.fields)
    fits: list[PaletteEntry] = []
    misfits: list[PaletteEntry] = []
    for edge, other, title in _candidates(graph, node, kind):
        why = values.misfit(edge)
        group = tr("Fits") if why is None else tr("Does not fit")
        hint = why or other.layer.label
        entry = PaletteEntry(title, group, partial(wire, edge), layer_icon(other.layer), hint)
        (fits if why is None else misfits).append(entry)
    return [*fits, *misfits, *_wires(editor, node, kind)]


def _candidates(graph: Graph, node: Node, kind: PortKind) -> Iterator[tuple[Edge, Node, str]]:
    """Yield the wires that may be drawn, the block at their other end, and what it is called."""
    out = kind == "output"
    loop = graph.upstream([node.id]) if out else graph.downstream(node.id)
    ours = node.layer.output_ports() if out else node.layer.input_ports()
    for here in ours:
        for other in graph.nodes.values():
            theirs = other.layer.input_ports() if out else other.layer.output_ports()
            for there in theirs if other.id not in loop else ():
                start, end = (node.id, here.name), (other.id, there.name)
                edge = Edge(*start, *end) if out else Edge(*end, *start)
                if graph.refusal(edge) is None:
                    title = other.name if len(theirs) == 1 else f"{other.name} · {there.name}"
                    yield edge, other, title if len(ours) == 1 else f"{here.name} → {title}"


def _wires(editor: Editor, node: Node, kind: PortKind) -> Iterator[PaletteEntry]:
    graph = editor.graph
    for edge in graph.outgoing[node.id] if kind == "output" else graph.incoming[node.id]:
        other = graph.nodes[edge.target if kind == "output" else edge.source]
        call = partial(editor.unwire, edge)
        yield PaletteEntry(other.name, tr("Wired now"), call, "unlink", tr("remove the wire"))
