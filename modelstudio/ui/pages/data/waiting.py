"""The lines that move while the page waits for its data, one in each view."""

from __future__ import annotations

from modelstudio.ui.pages.data.preview_panel import LoadLine


class Waiting:
    """Tell all lines the same; only those of the view in sight show."""

    def __init__(self, *lines: LoadLine) -> None:
        self._lines = lines

    def start(self) -> None:
        """Begin to wait."""
        for line in self._lines:
            line.start()

    def stop(self) -> None:
        """Done."""
        for line in self._lines:
            line.stop()

    def tell(self, text: str) -> None:
        """Say what is being done."""
        for line in self._lines:
            line.tell(text)
