"""My blocks: groups and set-up blocks that a person keeps for all projects, a file each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QObject, Signal

from modelstudio.errors import NetworkError, ProjectError, StudioError
from modelstudio.network.graph import Graph, Node
from modelstudio.network.layer import Category, Layer, Port
from modelstudio.network.levels import LevelPath, moved_address, readdressed
from modelstudio.resources import app_home
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.edits import to_fragment

_MOST_NAME = 60
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class SavedBlock:
    """A block under a name; it offers what a layer type offers, so that it can stand beside one.

    ``part`` holds the block alone; addresses of weights shared inside of it begin with its id.
    """

    name: str
    part: Graph
    file: Path

    @property
    def node(self) -> Node:
        """The block as it was saved."""
        return next(iter(self.part.nodes.values()))

    @property
    def label(self) -> str:
        """What the palette calls it."""
        return self.name

    @property
    def stem(self) -> str:
        """What names of new blocks begin with."""
        spoken = "".join(char if char.isalnum() else "_" for char in self.name.lower())
        spoken = spoken.strip("_")
        return spoken if spoken.isidentifier() else self.node.layer.stem

    @property
    def category(self) -> Category:
        """Category of the layer inside."""
        return self.node.layer.category

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further words by which it is found."""
        return (self.node.layer.label,)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Input ports."""
        return self.node.layer.input_ports()

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Output ports."""
        return self.node.layer.output_ports()

    def purpose(self) -> str:
        """Say what it is."""
        layer = self.node.layer
        return tr("Saved by you: {0}, {1}.").format(layer.label, layer.summary())

    def layer_at(self, address: LevelPath) -> Layer:
        """Return the layer for a block at an address."""
        moved = {self.node.id: address}
        part = readdressed(self.part, partial(moved_address, here=(), moved=moved, there=()))
        return next(iter(part.nodes.values())).layer


class MyBlocks(QObject):
    """The blocks in a folder; ``changed`` comes when one is added or goes."""

    changed = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.blocks: tuple[SavedBlock, ...] = ()
        self.unread: tuple[str, ...] = ()
        self.load()

    def load(self) -> None:
        """Read all of them; ``unread`` tells of files that are none."""
        found: list[SavedBlock] = []
        unread: list[str] = []
        try:
            files = sorted(self.folder.glob("*.json"))
        except OSError:
            files = []
        for file in files:
            try:
                found.append(_read(file))
            except StudioError as error:
                unread.append(f"{file.name}: {error}")
        self.blocks = tuple(sorted(found, key=lambda block: block.name.lower()))
        self.unread = tuple(unread)
        self.changed.emit()

    def find(self, name: str) -> SavedBlock | None:
        """Return the block of a name."""
        return next((block for block in self.blocks if block.name == name), None)

    def free_name(self, wanted: str) -> str:
        """Return a name that no saved block has."""
        names = {block.name for block in self.blocks}
        return next(name for name in _numbered(wanted) if name not in names)

    def save(self, name: str, graph: Graph, node_id: str, path: LevelPath = ()) -> SavedBlock:
        """Keep a block of a level under a name.

        Raises
        ------
        StudioError
            When the name cannot be used or the file not be written.
        """
        part = Graph.from_dict(to_fragment(graph, {node_id}, path))
        node = replace(part.nodes[node_id], shares=None, position=(0.0, 0.0))
        return self._write(name, replace(part, nodes={node_id: node}))

    def rename(self, block: SavedBlock, name: str) -> None:
        """Keep a block under another name.

        Raises
        ------
        StudioError
            When the name cannot be used or the file not be written.
        """
        if name.strip() != block.name:
            self._write(name, block.part)
            self.delete(block)

    def delete(self, block: SavedBlock) -> None:
        """Forget a block.

        Raises
        ------
        ProjectError
            When its file cannot be removed.
        """
        try:
            block.file.unlink(missing_ok=True)
        except OSError as error:
            raise ProjectError(f"{block.name} cannot be deleted: {error.strerror}.") from None
        self.load()

    def restore(self, block: SavedBlock) -> None:
        """Keep a block again that was deleted."""
        self._write(block.name, block.part)

    def _write(self, name: str, part: Graph) -> SavedBlock:
        from modelstudio.project.files import write_text

        name = name.strip()
        if not name or len(name) > _MOST_NAME:
            raise NetworkError(f"A name has between 1 and {_MOST_NAME} letters.")
        if self.find(name) is not None:
            raise NetworkError(
                f"There is a block called {name} already.", fix="Choose another name."
            )
        file = self.folder / f"{quote(name, safe=' ')}.json"
        raw = {"name": name, "block": part.to_dict()}
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(f"{file.parent} cannot be made: {error.strerror}.") from None
        write_text(file, json.dumps(raw, indent=1, ensure_ascii=False) + "\n")
        self.load()
        return SavedBlock(name, part, file)


def my_blocks() -> MyBlocks:
    """Return the blocks in the application's folder, read when they are first asked for."""
    return _blocks_in(app_home() / "blocks")


@cache
def _blocks_in(folder: Path) -> MyBlocks:
    return MyBlocks(folder)


def _read(file: Path) -> SavedBlock:
    import modelstudio.layers  # noqa: F401  fills the registry

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ProjectError("It is too large for a block.")
        raw: Any = json.loads(file.read_text(encoding="utf-8"))
        name, part = raw["name"], Graph.from_dict(raw["block"])
    except OSError as error:
        raise ProjectError(f"It cannot be read ({error.strerror}).") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ProjectError("It is not a saved block.") from None
    if not isinstance(name, str) or not name.strip() or len(part.nodes) != 1:
        raise ProjectError("It is not a saved block.")
    return SavedBlock(name, part, file)


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem} {number}"
        number += 1
