"""Looking at every file of a folder for what cannot be read and for copies, beside the window."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from modelstudio.ui.jobs import JobRunner, LatestJob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.picture_profile import Looked, PictureProfile
    from modelstudio.data.preview import PictureList

MOST_UNASKED = 20_000
"""Pictures that are looked at without being asked to: some twenty seconds of two processors."""


class Pair(NamedTuple):
    """A picture and an earlier one that shows the same; rows of the list."""

    first: int
    later: int
    exact: bool


class PicturesCheck(QObject):
    """Files are looked at once; what is wrong is then told of those that are used.

    ``looked`` tells how far it is, a `Looked`; ``changed`` that it has ended or was given up.
    """

    looked = Signal(object)
    changed = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject):
        super().__init__(parent)
        self._paths: tuple[str, ...] = ()
        self._facts: PictureProfile | None = None
        self._job = LatestJob(jobs, self)
        self._job.events.connect(self._take_events)
        self._job.finished.connect(self._take_facts)
        for ended in (self._job.failed, self._job.cancelled):
            ended.connect(lambda *_: self.changed.emit())

    @property
    def running(self) -> bool:
        """True while files are looked at."""
        return self._job.running

    @property
    def done(self) -> bool:
        """True when all files were looked at."""
        return self._facts is not None

    @property
    def mean(self) -> NDArray[np.uint8] | None:
        """The mean of all pictures, shape (side, side, 3), once they were looked at."""
        return None if self._facts is None else self._facts.mean

    @property
    def asks(self) -> bool:
        """True when there are so many files that it waits to be asked, or was given up."""
        return bool(self._paths) and not self.done and not self.running

    def set_paths(self, paths: tuple[str, ...]) -> None:
        """Look at these files unless that was done already, or there are very many."""
        if paths != self._paths:
            self.forget()
            self._paths = paths
            if 0 < len(paths) <= MOST_UNASKED:
                self.start()
            else:
                self.changed.emit()

    def start(self) -> None:
        """Look at all files."""
        self._job.start(partial(_look, self._paths), "look at pictures")

    def cancel(self) -> None:
        """Give it up; what was found before stays unknown."""
        self._job.cancel()
        self.changed.emit()

    def forget(self) -> None:
        """Give up, and forget what was found: the files are others now."""
        self._job.cancel()
        self._paths, self._facts = (), None

    def unreadable(self) -> dict[int, str]:
        """Return why files cannot be used, by their rows."""
        return {} if self._facts is None else {row: why for row, _, why in self._facts.unreadable}

    def pairs(self, unused: frozenset[int]) -> list[Pair]:
        """Return what shows the same among the files that are used, exact copies first."""
        if self._facts is None:
            return []
        facts = self._facts.without(unused)
        found = [Pair(group[0], row, True) for group in facts.copies for row in group[1:]]
        copies = {pair.later for pair in found}
        found += [
            Pair(group[0], row, False)
            for group in facts.lookalikes
            for row in group[1:]
            if row not in copies
        ]
        return found

    def findings(
        self, unused: frozenset[int], column: str, labels: Sequence[str], listed: PictureList
    ) -> tuple[Finding, ...]:
        """Return what deserves a look among the files that are used."""
        if self._facts is None:
            return ()
        from modelstudio.data.picture_profile import picture_findings

        facts = self._facts.without(unused)
        return picture_findings(facts, column, labels, listed.parts, listed.names)

    def _take_events(self, batch: list[Looked]) -> None:
        self.looked.emit(batch[-1])

    def _take_facts(self, facts: PictureProfile) -> None:
        self._facts = facts
        self.changed.emit()


def _look(paths: tuple[str, ...]) -> Any:
    from modelstudio.data.picture_profile import profile

    return profile(paths)
