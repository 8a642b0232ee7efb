"""Files of the application's folder that are being written, and those a killed program left there.

Whoever writes such a file holds a lock on it. Where there are none, on Windows, a file that is open
cannot be removed. So a file that can be locked and removed has no owner any more.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from modelstudio.resources import app_home

if sys.platform != "win32":
    import fcntl

LEFT = ("tables/*.rows", "pictures/*/*.bin", "pictures/*/*.part")
"""Where such files lie in the application's folder; one with a list beside it is finished."""

_YOUNG = 60.0
"""Seconds for which a new file may not be locked yet."""


def scratch(folder: Path, suffix: str) -> tuple[BinaryIO, Path]:
    """Begin a file of one's own, after those without an owner are gone."""
    sweep()
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix, dir=folder)
    with contextlib.suppress(OSError):
        _lock(handle)
    return os.fdopen(handle, "wb"), Path(name)


def sweep() -> None:
    """Remove the files that nobody writes or reads any more."""
    home = app_home()
    for path in [path for where in LEFT for path in home.glob(where)]:
        with contextlib.suppress(OSError):
            old = time.time() - path.stat().st_mtime > _YOUNG
            if old and not path.with_suffix(".json").exists():
                _remove_unowned(path)


def _remove_unowned(path: Path) -> None:
    if sys.platform == "win32":
        path.unlink()
        return
    with path.open("rb") as file:
        _lock(file.fileno())
        path.unlink()


def _lock(handle: int) -> None:
    """Take a file for oneself until it is closed; raises OSError when another has."""
    if sys.platform != "win32":
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
