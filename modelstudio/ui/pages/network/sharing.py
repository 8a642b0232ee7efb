"""Weights that several blocks share: whose could be used, and the edit that does so."""

from __future__ import annotations

from dataclasses import replace

from modelstudio.network.graph import Graph, Node
from modelstudio.network.group import Group
from modelstudio.network.levels import block_at
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor


def possible_owners(editor: Editor, node_id: str) -> dict[str, str]:
    """Return the blocks of this level whose weights a block could use: address to name.

    They are of the same type, settings and number of weights, or an embedding as wide as the rows
    that the layer takes; the block whose weights it uses now is always among them.
    """
    node = editor.graph.nodes[node_id]
    found = {
        _address(editor, other.id): other.name
        for other in editor.graph.nodes.values()
        if other.id != node_id and other.shares is None and _fits(editor, node, other)
    }
    if node.shares is not None and node.shares not in found:
        owner = block_at(editor.root, tuple(node.shares.split("/")))
        found[node.shares] = owner.name if owner else tr("a block that is gone")
    return found


def share(editor: Editor, node_id: str, address: str | None) -> None:
    """Let a block use the weights of another, or its own again."""
    node = editor.graph.nodes[node_id]
    if address == node.shares:
        return
    label = tr("Give {0} weights of its own").format(node.name)
    if address is not None:
        user = _user(editor.root, _address(editor, node_id))
        if user is not None:
            text = tr("{0} uses the weights of {1}, so {1} cannot use those of another block.")
            editor.refused.emit(text.format(user.name, node.name))
            return
        owner = block_at(editor.root, tuple(address.split("/")))
        label = tr("Share weights of {0} with {1}").format(node.name, owner.name if owner else "")
    editor.apply(label, editor.graph.put(replace(node, shares=address)))


def _address(editor: Editor, node_id: str) -> str:
    return "/".join((*editor.path, node_id))


def _fits(editor: Editor, node: Node, other: Node) -> bool:
    weights = editor.info(other.id).parameters
    if not weights:
        return False
    if other.layer.type_name in node.layer.ties:
        given, gives = editor.info(node.id).inputs, editor.info(other.id).outputs
        return bool(given and gives) and given[0][-1] == gives[0][-1]
    own = editor.info(node.id).parameters
    return other.layer == node.layer and (own == weights or node.shares is not None)


def _user(graph: Graph, address: str) -> Node | None:
    """Return a block that uses the weights at an address, in groups too."""
    for node in graph.nodes.values():
        if node.shares == address:
            return node
        if isinstance(node.layer, Group) and (inner := _user(node.layer.graph, address)):
            return inner
    return None
