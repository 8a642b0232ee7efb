"""Python's cycle collector, kept on the thread of the window.

By itself it runs in whichever thread happens to allocate. In a training thread it would then
destroy widgets and canvas items that only the window's thread may destroy, and the program would
crash.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 500


class GarbageCollector(QObject):
    """Collect on a timer of the thread it lives in, by Python's own thresholds.

    From its making until `stop` no other thread collects.
    """

    def __init__(self, parent: QObject):
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return

    def spare_loaded(self) -> None:
        """Leave what is loaded by now out of later collections; modules live to the end anyway."""
        gc.freeze()

    def stop(self) -> None:
        """Hand collecting back to Python."""
        self._timer.stop()
        self.deleteLater()
        gc.enable()
