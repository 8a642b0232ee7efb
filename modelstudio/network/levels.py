"""Levels of a network with groups: the graph at the end of a path, and what leads to it.

A path holds the ids of groups from the outermost inwards; the empty path is the network itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from modelstudio.errors import NetworkError
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import PORTS, Group
from modelstudio.network.layer import Layer

LevelPath = tuple[str, ...]
"""Ids of the groups that lead to a level."""


def reachable(root: Graph, path: LevelPath) -> LevelPath:
    """Return the part of a path that still leads into groups."""
    graph = root
    for depth, group_id in enumerate(path):
        node = graph.nodes.get(group_id)
        if node is None or not isinstance(node.layer, Group):
            return path[:depth]
        graph = node.layer.graph
    return path


def level(root: Graph, path: LevelPath) -> Graph:
    """Return the graph at the end of a path.

    Raises
    ------
    NetworkError
        When the path leads to no group.
    """
    graph = root
    for group_id in path:
        graph = group_at(graph, group_id).graph
    return graph


def block_at(root: Graph, address: LevelPath) -> Node | None:
    """Return the block at an address: the groups that lead to it, then its id; None if gone."""
    path, node_id = address[:-1], address[-1]
    return level(root, path).nodes.get(node_id) if reachable(root, path) == path else None


def with_level(root: Graph, path: LevelPath, graph: Graph) -> Graph:
    """Return the network with another graph at the end of a path.

    Wires around the groups on the way follow a port that is renamed, and go with one that is gone.
    """
    if not path:
        return graph
    group_id, *rest = path
    old = group_at(root, group_id)
    inner = with_level(old.graph, tuple(rest), graph)
    if inner is old.graph:
        return root
    into, out = (_renamed(old.graph, inner, kind) for kind in PORTS)
    if into or out:

        def follow(edge: Edge) -> Edge:
            if edge.target == group_id and edge.target_port in into:
                edge = replace(edge, target_port=into[edge.target_port])
            if edge.source == group_id and edge.source_port in out:
                edge = replace(edge, source_port=out[edge.source_port])
            return edge

        root = replace(root, edges=tuple(follow(edge) for edge in root.edges))
    return root.put(replace(root.nodes[group_id], layer=old.changed(graph=inner)))


def group_at(graph: Graph, group_id: str) -> Group:
    """Return the group that a block is.

    Raises
    ------
    NetworkError
        When it is none.
    """
    node = graph.nodes.get(group_id)
    if node is None or not isinstance(node.layer, Group):
        raise NetworkError("This block is not a group.", where=group_id)
    return node.layer


def _renamed(old: Graph, new: Graph, kind: type[Layer]) -> dict[str, str]:
    """Return new names of ports by their old ones, where they differ."""
    return {
        before.name: after.name
        for before in old.of_type(kind)
        if (after := new.nodes.get(before.id)) is not None
        and isinstance(after.layer, kind)
        and after.name != before.name
    }


def readdressed(graph: Graph, change: Callable[[str], str | None]) -> Graph:
    """Return a graph in which every address of shared weights is changed, in groups too."""
    nodes: dict[str, Node] = {}
    for key, old in graph.nodes.items():
        new = old
        if new.shares is not None and (address := change(new.shares)) != new.shares:
            new = replace(new, shares=address)
        if isinstance(new.layer, Group):
            inner = readdressed(new.layer.graph, change)
            if inner is not new.layer.graph:
                new = replace(new, layer=new.layer.changed(graph=inner))
        nodes[key] = new
    if all(new is graph.nodes[key] for key, new in nodes.items()):
        return graph
    return replace(graph, nodes=nodes)


def moved_address(
    address: str, here: LevelPath, moved: Mapping[str, LevelPath], there: LevelPath
) -> str:
    """Return the address of a block that went from one level to another."""
    parts = tuple(address.split("/"))
    depth = len(here)
    if len(parts) > depth and parts[:depth] == here and parts[depth] in moved:
        return "/".join((*there, *moved[parts[depth]], *parts[depth + 1 :]))
    return address
