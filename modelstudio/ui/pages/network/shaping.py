"""Shapes that only torch knows: asked for by the analysis, worked out in a job, then taken up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from modelstudio.network.mismatch import Mismatch, NotYet
from modelstudio.network.rules import Outcome
from modelstudio.network.shapes import Value, plain
from modelstudio.ui.pages.network.sight import Sight

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

Request = tuple[str, tuple[Value, ...], dict[str, Any]]
_LIMIT = 2_000


class Shaper(QObject):
    """Answers the analysis for operations without a rule, such as Python blocks.

    What is not known yet waits; as soon as torch is loaded a job works it out, and the network is
    analysed once more.
    """

    def __init__(self, sight: Sight, main: MainWindow):
        super().__init__(sight)
        self._sight, self._main = sight, main
        self._known: dict[str, Outcome | Mismatch] = {}
        self._wanted: dict[str, Request] = {}
        self._running = False
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._work)
        main.torch_loaded.connect(self._soon.start)
        sight.fallback = self.outcome
        if any(info.state == "waiting" for info in sight.whole.nodes.values()):
            sight.look_again()

    def outcome(self, target: str, values: Sequence[Value], settings: Mapping[str, Any]) -> Outcome:
        """Return what is known of an operation.

        Raises
        ------
        Mismatch
            When it refuses the values; `NotYet` when it is not known yet.
        """
        given = tuple(plain(value) for value in values)
        key = repr((target, given, dict(settings)))
        known = self._known.get(key)
        if known is None:
            self._wanted[key] = (target, given, dict(settings))
            if self._main.torch_ready and not self._running:
                self._soon.start()
            raise NotYet("has no known shape until torch is loaded")
        if isinstance(known, Mismatch):
            raise Mismatch(known.needs, known.given, *known.repairs)
        return known

    def _work(self) -> None:
        if self._wanted and not self._running:
            self._running = True
            wanted, self._wanted = self._wanted, {}
            self._main.jobs.start(
                partial(_work_out, wanted),
                name="shapes",
                finished=self._take,
                failed=lambda _: self._take({}),
                cancelled=lambda: self._take({}),
            )

    def _take(self, found: dict[str, Outcome | Mismatch]) -> None:
        self._running = False
        if len(self._known) > _LIMIT:
            self._known.clear()
        self._known |= found
        if found:
            self._sight.look_again()


def _work_out(wanted: dict[str, Request]) -> dict[str, Outcome | Mismatch]:
    """Run in a job: ask torch, on tensors without data."""
    from modelstudio.engine.compile import fake_outcome
    from modelstudio.errors import StudioError

    found: dict[str, Outcome | Mismatch] = {}
    for key, (target, values, settings) in wanted.items():
        try:
            found[key] = fake_outcome(target, values, settings)
        except Mismatch as mismatch:
            found[key] = mismatch
        except StudioError as error:
            found[key] = Mismatch(f"cannot be made: {error.message}")
    return found
