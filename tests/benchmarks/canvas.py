"""What the canvas costs on a network of 1,000 blocks: to open, to drag, to look around, to edit.

``python tests/benchmarks/canvas.py`` prints JSON, in milliseconds. Every figure is taken ``ROUNDS``
times. Given are the median of the rounds by the clock, their least, and the median of the processor
time of the thread, which other work on the machine lengthens less. ``unit`` is a plain Python loop
timed in the same run, and ``units`` the processor time over that, to compare machines by.

open
    From a project to its page in a new window, painted, with torch loaded before.
drag
    One mouse move with a block in hand, painting included: at 100 %, and with everything in view.
pan, zoom
    One step with everything in view, painting included.
edit
    A field of a block, 500 blocks downstream, every shape one that was never seen before: until
    canvas, table and totals have taken it over, and the same with painting.
model
    The same edit and its undo in the document, without a window.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from modelstudio.layers import (
    AdaptiveAvgPool2d,
    Add,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Input,
    Linear,
    Output,
    ReLU,
)
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.network.layout import arrange
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from modelstudio.ui.main_window import MainWindow
    from modelstudio.ui.pages.network import NetworkPage

BLOCKS = 1000
ROUNDS = 5
STEPS = 60
LIMITS = {
    "open": 500.0,
    "drag": 8.0,
    "drag_all": 8.0,
    "pan": 33.0,
    "zoom": 33.0,
    "edit": 60.0,
    "edit_painted": 60.0,
    "model": 2.0,
}
"""What the figures must stay below, in milliseconds."""

FIELDS = (
    FieldSpec(name="image", role="input", kind="features", shape=(3, 64, 64)),
    FieldSpec(name="label", role="target", kind="classes", shape=(), classes=tuple("abcdefghij")),
)


def large_network(blocks: int = BLOCKS) -> Graph:
    """Return residual stages in a row, with branches of one and two convolutions.

    The second half only hands on the channels that block ``middle`` gives, so a change there
    changes every shape behind it.
    """
    graph = Graph()
    wires: list[Edge] = []
    nodes: dict[str, Node] = {}

    def add(layer: Layer, *sources: str, name: str = "") -> str:
        name = name or f"{layer.stem}{len(nodes)}"
        nodes[name] = Node(name, name, layer)
        ports = layer.input_ports()
        for number, source in enumerate(sources):
            wires.append(Edge(source, "y", name, ports[min(number, len(ports) - 1)].name))
        return name

    last = add(Input(field="image"))
    while len(nodes) + 7 < blocks // 2:
        inside = add(Conv2d(out_channels=16), last)
        inside = add(ReLU(), add(BatchNorm2d(), inside))
        inside = add(BatchNorm2d(), add(Conv2d(out_channels=16), inside))
        aside = add(Conv2d(out_channels=16, kernel_size=(1, 1)), last)
        last = add(Add(), inside, aside)
    while len(nodes) < blocks // 2 - 1:
        last = add(ReLU(), last)
    last = add(Conv2d(out_channels=24), last, name="middle")
    while len(nodes) + 6 < blocks - 4:
        inside = add(ReLU(), add(BatchNorm2d(), last))
        inside = add(BatchNorm2d(), inside)
        last = add(ReLU(), add(Add(), inside, last))
    while len(nodes) < blocks - 4:
        last = add(ReLU(), last)
    last = add(Linear(out_features=10), add(Flatten(), add(AdaptiveAvgPool2d(), last)))
    add(Output(target="label"), last)
    graph = Graph(nodes, tuple(wires))
    return graph.move(arrange(graph))


def project() -> Project:
    """Return a project with the large network."""
    return Project(network=large_network(), data=DataConfig(fields=FIELDS))


class Took(NamedTuple):
    """Milliseconds by the clock, and of the processor."""

    wall: float
    cpu: float


def timed(call: Callable[[], object]) -> Took:
    """Return how long a call takes."""
    wall, cpu = time.perf_counter(), time.thread_time()
    call()
    return Took(1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - cpu))


def median(times: Sequence[Took]) -> Took:
    """Return the medians."""
    return Took(*map(statistics.median, zip(*times, strict=True)))


def p95(times: Sequence[Took]) -> Took:
    """Return the 95th percentiles."""
    place = min(int(0.95 * len(times)), len(times) - 1)
    return Took(*(sorted(one)[place] for one in zip(*times, strict=True)))


def unit() -> Took:
    """Time a plain loop."""
    return timed(lambda: sum(number * number for number in range(100_000)))


class Bench:
    """A window with the large network, and the hand that uses it."""

    def __init__(self, app: QApplication, given: Project) -> None:
        self.app, self.project = app, given
        self.widths = itertools.count(25)
        self.window: MainWindow | None = None

    @property
    def page(self) -> NetworkPage:
        from modelstudio.ui.pages.network import NetworkPage

        assert self.window is not None
        page = self.window.page("network")
        assert isinstance(page, NetworkPage)
        return page

    def open(self) -> Took:
        """Show the project in a new window."""
        from modelstudio.ui.main_window import MainWindow

        self.close()
        self.window = window = MainWindow(warm_up=False)
        window.resize(1440, 900)
        window.show()
        self.app.processEvents()

        def show() -> None:
            window.document.new(self.project)
            window.go("network")
            self.app.processEvents()

        return timed(show)

    def close(self) -> None:
        """Close the window."""
        if self.window is not None:
            self.window.document.close()
            self.window.close()
            self.window.deleteLater()
            self.app.processEvents()

    def drag(self, *, whole: bool) -> Took:
        """Drag a block of the middle to and fro by real mouse moves."""
        from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtTest import QTest

        canvas = self.page.canvas
        block = canvas.network_scene.blocks["middle"]
        if whole:
            canvas.fit()
        else:
            canvas.set_zoom(1.0)
            canvas.look_at(block.area.center())
        self.app.processEvents()
        view, left = canvas.viewport(), Qt.MouseButton.LeftButton
        start = canvas.mapFromScene(block.pos() + QPointF(110, 38))
        QTest.mousePress(view, left, Qt.KeyboardModifier.NoModifier, start)
        self.app.processEvents()

        def step(number: int) -> None:
            there = start + QPoint(3 * (number % 40) + 8, 2 * (number % 50))
            at, everywhere = QPointF(there), QPointF(view.mapToGlobal(there))
            kind, none = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
            self.app.sendEvent(view, QMouseEvent(kind, at, everywhere, left, left, none))
            self.app.processEvents()

        times = [timed(lambda n=n: step(n)) for n in range(STEPS)]
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
        QTest.mouseRelease(view, left, Qt.KeyboardModifier.NoModifier, start)
        return p95(times)

    def pan(self) -> Took:
        """Move the whole network about."""
        from PySide6.QtCore import QPoint

        canvas = self.page.canvas
        canvas.fit()
        self.app.processEvents()

        def step(number: int) -> None:
            canvas.pan(QPoint(7, 5) if number % 10 < 5 else QPoint(-7, -5))
            self.app.processEvents()

        return p95([timed(lambda n=n: step(n)) for n in range(STEPS)])

    def zoom(self) -> Took:
        """Zoom by small steps around the scale at which all is seen."""
        canvas = self.page.canvas
        canvas.fit()
        self.app.processEvents()
        whole = canvas.zoom

        def step(number: int) -> None:
            canvas.set_zoom(whole * (1 - 0.02 * (number % 8)))
            self.app.processEvents()

        return p95([timed(lambda n=n: step(n)) for n in range(STEPS)])

    def edits(self) -> tuple[Took, Took]:
        """Set the channels of the middle block to numbers never seen before."""
        canvas, editor = self.page.canvas, self.page.editor
        canvas.set_zoom(1.0)
        canvas.look_at(canvas.network_scene.blocks["middle"].area.center())
        editor.select(["middle"])
        self.app.processEvents()
        synced, painted = [], []
        for _ in range(5):
            wide = next(self.widths)
            synced.append(timed(lambda wide=wide: editor.set_field("out_channels", wide)))
            more = timed(self.app.processEvents)
            painted.append(Took(synced[-1].wall + more.wall, synced[-1].cpu + more.cpu))
            last = next(reversed(editor.analysis.nodes.values()))
            assert last.state == "ok"
            assert canvas.network_scene.blocks["middle"].info.outputs[0][1] == wide
        return median(synced), median(painted)


def model_edit(given: Project) -> Took:
    """Change a block and take it back, as the document does, many times."""
    from dataclasses import replace

    from modelstudio.project.undo import UndoStack

    stack = UndoStack(given)
    graph = given.network
    node = graph.nodes["middle"]

    def edit(wide: int) -> None:
        changed = graph.put(replace(node, layer=node.layer.changed(out_channels=wide)))
        stack.push(given.changed(network=changed), f"Set {wide}")
        stack.undo()

    return median([timed(lambda n=n: edit(n)) for n in range(30, 60)])


def rounds(bench: Bench, given: Project) -> Iterator[dict[str, Took]]:
    """Yield the figures of each round."""
    for _ in range(ROUNDS):
        found = {"unit": unit(), "open": bench.open()}
        found["drag"] = bench.drag(whole=False)
        found["drag_all"] = bench.drag(whole=True)
        found["pan"], found["zoom"] = bench.pan(), bench.zoom()
        found["edit"], found["edit_painted"] = bench.edits()
        found["model"] = model_edit(given)
        yield found


def main() -> None:
    """Print the measures."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSTUDIO_HOME"] = str(Path(home))
        from PySide6.QtWidgets import QApplication

        from modelstudio.engine.run import warm
        from modelstudio.ui.theme import themes

        app = QApplication([])
        themes().install(app, "dark")
        warm()
        given = project()
        bench = Bench(app, given)
        bench.open()
        taken = list(rounds(bench, given))
        bench.close()
    base = median([one["unit"] for one in taken]).cpu
    figures = {
        name: {
            "median": round(median([one[name] for one in taken]).wall, 2),
            "least": round(min(one[name].wall for one in taken), 2),
            "cpu": round(median([one[name] for one in taken]).cpu, 2),
            "units": round(median([one[name] for one in taken]).cpu / base, 2),
            **({"limit": LIMITS[name]} if name in LIMITS else {}),
        }
        for name in taken[0]
    }
    print(json.dumps({"blocks": len(given.network.nodes), **figures}, indent=2))


if __name__ == "__main__":
    main()
