"""What a repair would do, shown while its button is pointed at or has the focus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QMenu, QWidget

from modelstudio.errors import StudioError
from modelstudio.network.analysis import Analysis, Fix, NodeInfo, format_shape
from modelstudio.network.graph import Graph, Node
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network import edits
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, GRID, RADIUS, look
from modelstudio.ui.pages.network.scene import NetworkScene
from modelstudio.ui.widgets import count_text

_BEGIN = (QEvent.Type.Enter, QEvent.Type.FocusIn)
_KINDS = ("added", "changed", "removed", "mended")
_END = (QEvent.Type.Leave, QEvent.Type.FocusOut, QEvent.Type.Hide)


@dataclass(frozen=True, slots=True)
class Ghost:
    """A block as a repair would leave it: ``kind`` says how it differs from now."""

    node: Node
    info: NodeInfo
    kind: Literal["added", "changed", "removed", "mended"]
    text: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Blocks that a repair adds, changes and takes away, and what it comes to in a few lines."""

    ghosts: tuple[Ghost, ...]
    text: str


def forecast(editor: Editor, fix: Fix) -> Forecast | None:
    """Work out what a repair would do; None when it only opens a group or cannot be done."""
    before, known = editor.graph, editor.analysis
    if fix.opens:
        return None
    try:
        graph = fix.apply(before)
    except StudioError:
        return None
    for node_id in [key for key in graph.nodes if key not in before.nodes]:
        graph = edits.settled(graph, node_id)
    after = editor.analysed(graph)
    found = _ghosts(before, known, graph, after)
    ghosts = tuple(sorted(found, key=lambda ghost: _KINDS.index(ghost.kind)))
    lines = [f"{ghost.node.name}: {ghost.text}" for ghost in ghosts]
    if known.parameters != after.parameters:
        counts = (count_text(known.parameters), count_text(after.parameters))
        lines.append(tr("Parameters: {0} → {1}").format(*counts))
    left = len(after.errors)
    if left:
        lines.append(tr("1 problem is left") if left == 1 else tr("{0} problems left").format(left))
    else:
        lines.append(tr("No problem is left"))
    return Forecast(ghosts, "\n".join(lines))


def _ghosts(before: Graph, known: Analysis, graph: Graph, after: Analysis) -> Iterator[Ghost]:
    for key, node in graph.nodes.items():
        old, info = before.nodes.get(key), after.nodes[key]
        if old is None:
            text = f"{node.layer.label}, {_shapes(info, info)}"
            yield Ghost(node, info, "added", text)
        elif old.layer != node.layer or old.enabled != node.enabled or old.name != node.name:
            was, now = (f"{one.layer.label} {one.layer.summary()}" for one in (old, node))
            text = f"{was} → {now}" if was != now else now
            yield Ghost(node, info, "changed", f"{text}, {_shapes(known.nodes[key], info)}")
        elif known.nodes[key].state == "error" != info.state:
            yield Ghost(node, info, "mended", _shapes(known.nodes[key], info))
    for key, node in before.nodes.items():
        if key not in graph.nodes:
            yield Ghost(node, known.nodes[key], "removed", tr("is taken out"))


def _shapes(old: NodeInfo, new: NodeInfo) -> str:
    """Write from what to what a shape changes; of a new block, what goes in and comes out."""
    if new.state == "error":
        return tr("still no shape")
    if not new.outputs:
        return ", ".join(format_shape(shape) for shape in new.inputs) or tr("waiting")
    now = format_shape(new.outputs[0])
    if old is new:
        return f"{format_shape(new.inputs[0])} → {now}" if new.inputs else now
    if old.state == "error" or not old.outputs:
        return tr("no shape → {0}").format(now)
    return f"{format_shape(old.outputs[0])} → {now}"


class Foresight(QObject):
    """Follows buttons and menus of repairs; ``shown`` gives a `Forecast`, or None to end it."""

    shown = Signal(object)

    def __init__(self, editor: Editor, parent: QObject):
        super().__init__(parent)
        self._editor = editor
        self._fixes: dict[int, Callable[[], Fix | None]] = {}
        self._told = False
        editor.changed.connect(self.end)

    def watch(self, button: QWidget, fix: Callable[[], Fix | None]) -> None:
        """Show what the repair behind a button would do."""
        key = id(button)
        self._fixes[key] = fix
        button.destroyed.connect(lambda: self._fixes.pop(key, None))
        button.installEventFilter(self)

    def watch_menu(self, menu: QMenu) -> None:
        """Show what the repair would do that is an action's data."""
        menu.hovered.connect(lambda action: self._begin_action(action.data()))
        menu.aboutToHide.connect(self.end)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _BEGIN:
            find = self._fixes.get(id(watched))
            self.begin(find() if find is not None else None)
        elif event.type() in _END:
            self.end()
        return False

    def _begin_action(self, data: object) -> None:
        self.begin(data if isinstance(data, Fix) else None)

    def begin(self, fix: Fix | None) -> None:
        """Show what a repair would do."""
        found = forecast(self._editor, fix) if fix is not None else None
        if found is not None:
            self._told = True
            self.shown.emit(found)
        else:
            self.end()

    def end(self) -> None:
        """Show the network as it is."""
        if self._told:
            self._told = False
            self.shown.emit(None)


def paint_forecast(painter: QPainter, scene: NetworkScene, shown: Forecast) -> None:
    """Paint the blocks of a forecast in outline, each with what becomes of it."""
    skin = look()
    pen = QPen(skin.accent, 1.5, Qt.PenStyle.DashLine)
    painter.setFont(skin.detail)
    for ghost in shown.ghosts:
        place = _place(scene, ghost)
        painter.setPen(pen)
        painter.setBrush(skin.panel if ghost.kind == "added" else Qt.BrushStyle.NoBrush)
        grown = 0 if ghost.kind == "added" else 4
        body = place.adjusted(-grown, -grown, grown, grown)
        painter.drawRoundedRect(body, RADIUS + grown, RADIUS + grown)
        if ghost.kind == "removed":
            painter.drawLine(body.topLeft(), body.bottomRight())
        if ghost.kind == "added":
            _paint_new(painter, ghost, place)
        else:
            _paint_label(painter, ghost.text, place)


def _place(scene: NetworkScene, ghost: Ghost) -> QRectF:
    """Return where a block is drawn: a new one on free ground beside the place it will have."""
    item = scene.blocks.get(ghost.node.id)
    if item is not None:
        return item.area
    x, y = ghost.node.position
    y -= (BLOCK_HEIGHT + GRID) / 2
    body = QRectF(x, y, BLOCK_WIDTH, BLOCK_HEIGHT)
    while any(other.area.intersects(body) for other in scene.blocks.values()):
        body.translate(BLOCK_WIDTH + GRID, 0)
    return body


def _paint_new(painter: QPainter, ghost: Ghost, body: QRectF) -> None:
    skin = look()
    inner = body.adjusted(12, 4, -8, -4)
    middle = Qt.AlignmentFlag.AlignVCenter
    half = inner.height() / 2
    painter.setPen(skin.text)
    painter.setFont(skin.title)
    painter.drawText(inner.adjusted(0, 0, 0, -half), middle, ghost.node.name)
    painter.setFont(skin.shape)
    painter.setPen(skin.accent)
    painter.drawText(inner.adjusted(0, half, 0, 0), middle, _shapes(ghost.info, ghost.info))


def _paint_label(painter: QPainter, text: str, body: QRectF) -> None:
    """Write above a block, on the ground of the canvas."""
    skin = look()
    painter.setFont(skin.detail)
    wide = skin.detail_metrics.horizontalAdvance(text) + 12
    label = QRectF(0, 0, wide, 18)
    label.moveBottomLeft(QPointF(body.left(), body.top() - 7))
    painter.setPen(QPen(skin.accent, 1))
    painter.setBrush(skin.panel)
    painter.drawRoundedRect(label, 4, 4)
    painter.setPen(skin.text)
    painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)
