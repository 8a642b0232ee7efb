"""Writing that leaves the old file whole and tells in a sentence what stopped it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from modelstudio.errors import RunError


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn a failure to write into a sentence."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: ("the disk is full", "Free some space."),
            errno.EDQUOT: ("your disk quota is used up", "Free some space."),
            errno.EACCES: ("the folder is read-only", "Ask for the permission to write there."),
            errno.EROFS: ("the disk is read-only", "Save the project to another disk."),
        }
        reason, fix = reasons.get(
            error.errno or 0, (str(error.strerror or error), "Check the disk and try again.")
        )
        message = f"The run could not be written: {reason}."
        raise RunError(message, where=str(path), fix=fix) from None
    except sqlite3.DatabaseError as error:
        full = "full" in str(error)
        raise RunError(
            "The run could not be written: the disk is full."
            if full
            else f"The list of runs cannot be used: {error}.",
            where=str(path),
            fix="Free some space." if full else "Check that the folder may be written to.",
        ) from None


def write_file(path: Path, data: bytes) -> None:
    """Replace a file in one step; if anything fails the old one stays."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with told(path):
            fresh.write_bytes(data)
            os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
