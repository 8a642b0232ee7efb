"""The lines that move while the page waits for its data, one in each view."""

from __future__ import annotations

from modelstudio.engine.events import Progress
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.load_line import LoadLine


class Waiting:
    """Tell all lines the same; only those of the view in sight show."""

    def __init__(self, *lines: LoadLine) -> None:
        self._lines = lines
        self._file = ""

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

    def tell_file(self, name: str) -> None:
        """Say that a file is read."""
        self._file = name
        self.tell(tr("Reading {}").format(name))

    def tell_progress(self, progress: Progress) -> None:
        """Show how far work has come, in its own words; data that is read has a name."""
        share = progress.done / progress.total if progress.total else None
        reads = progress.text == "Reading the data" and self._file
        text = tr("Reading {}").format(self._file) if reads else tr(progress.text)
        for line in self._lines:
            line.tell(text, share)
