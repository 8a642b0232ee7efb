"""How much memory this process takes and the computer has."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def process_bytes() -> int | None:
    """Return the memory of this process in bytes, or None where it cannot be read."""
    try:
        if sys.platform == "win32":
            return _windows_process()
        if sys.platform == "darwin":
            import resource

            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def total_bytes() -> int | None:
    """Return the memory of the computer in bytes, or None where it cannot be read."""
    try:
        if sys.platform == "win32":
            return _windows_total()
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _kernel32() -> Any:
    import ctypes

    return getattr(ctypes, "windll").kernel32  # noqa: B009 - it exists on Windows alone


def _windows_process() -> int:
    import ctypes

    class Counters(ctypes.Structure):
        _fields_ = [
            ("size", ctypes.c_uint32),
            ("faults", ctypes.c_uint32),
            *((f"field{index}", ctypes.c_size_t) for index in range(8)),
        ]

    counters = Counters(size=ctypes.sizeof(Counters))
    kernel = _kernel32()
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.K32GetProcessMemoryInfo.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32]
    done = kernel.K32GetProcessMemoryInfo(
        kernel.GetCurrentProcess(), ctypes.byref(counters), counters.size
    )
    if not done:
        raise OSError("the process does not tell its memory")
    return int(counters.field1)


def _windows_total() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("size", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            *((f"field{index}", ctypes.c_uint64) for index in range(7)),
        ]

    status = Status(size=ctypes.sizeof(Status))
    if not _kernel32().GlobalMemoryStatusEx(ctypes.byref(status)):
        raise OSError("the computer does not tell its memory")
    return int(status.field0)
