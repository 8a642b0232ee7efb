"""What tells that a file or folder has changed since, without reading it."""

from __future__ import annotations

import os
from pathlib import Path


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Return time and size of a file; None when there is none.

    Of a folder they are the latest time of it and of the folders in it, and how many there are:
    a file that comes or goes in a class of pictures changes the folder of that class alone.
    """
    try:
        stat = path.stat()
        if not path.is_dir():
            return stat.st_mtime_ns, stat.st_size
        with os.scandir(path) as entries:
            times = [entry.stat().st_mtime_ns for entry in entries if entry.is_dir()]
    except OSError:
        return None
    return max([stat.st_mtime_ns, *times]), len(times)
