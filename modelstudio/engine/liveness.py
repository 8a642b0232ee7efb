"""Whether the owner of a run still works."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from typing import Final

BEAT: Final = 2.0
"""Seconds between signs of life of a run's owner."""

SILENCE: Final = 30.0
"""Seconds without a sign of life after which an owner counts as gone."""


def new_owner() -> str:
    """Return a name for this process as the owner of one run: ``host:pid:token``."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_alive(owner: str | None, beat: float | None) -> bool:
    """Tell whether the owner ``host:pid:token`` still works."""
    if not owner or beat is None:
        return False
    host, pid, _ = owner.rsplit(":", 2)
    if host == socket.gethostname() and not _process_exists(int(pid)):
        return False
    return time.time() - beat < SILENCE


def _process_exists(pid: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if not handle:
            return False
        code = ctypes.c_ulong()
        ctypes.windll.kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        ctypes.windll.kernel32.CloseHandle(handle)
        return code.value == 259  # STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
