"""Garbage is collected on the thread of the window, and there only."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from modelstudio.ui.garbage import GarbageCollector
from modelstudio.ui.jobs import JobRunner


class Knot:
    """An object that only the cycle collector can free."""

    def __init__(self) -> None:
        self.me = self


def test_a_thread_that_makes_garbage_leaves_it_to_the_window(qtbot: QtBot) -> None:
    owner = QObject()
    garbage = GarbageCollector(owner)
    freed_by: list[threading.Thread] = []
    knot = Knot()
    weakref.finalize(knot, lambda: freed_by.append(threading.current_thread()))
    del knot

    def litter() -> int:
        return len([Knot() for _ in range(20_000)])

    jobs = JobRunner(owner)
    job = jobs.start(litter, name="litter")
    with qtbot.waitSignal(job.finished):
        assert not freed_by
    qtbot.waitUntil(lambda: bool(freed_by), timeout=5_000)
    garbage.stop()
    assert freed_by == [threading.main_thread()]
    assert gc.isenabled()


def test_what_is_loaded_is_spared_and_collecting_handed_back() -> None:
    owner = QObject()
    garbage = GarbageCollector(owner)
    assert not gc.isenabled()
    before = gc.get_freeze_count()
    garbage.spare_loaded()
    assert gc.get_freeze_count() > before
    gc.unfreeze()
    garbage.stop()
    assert gc.isenabled()
