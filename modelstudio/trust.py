"""Which Python of a project may run: remembered by hash, outside of every project.

A project file can come from anywhere, so nothing in it can make its own code run. Code that was
changed, by whomever, is code that nobody has trusted yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from modelstudio.errors import StudioError
from modelstudio.resources import app_home


def trusted(source: str) -> bool:
    """Say whether the person at this computer has said that this text may run."""
    return _key(source) in _read()


def trust(source: str) -> None:
    """Remember that this text may run.

    Raises
    ------
    StudioError
        When it cannot be remembered.
    """
    _write({*_read(), _key(source)})


def number() -> int:
    """Return how many texts may run."""
    return len(_read())


def forget(source: str | None = None) -> None:
    """Take back the trust in one text, or in all.

    Raises
    ------
    StudioError
        When it cannot be remembered.
    """
    _write(set() if source is None else _read() - {_key(source)})


def _key(source: str) -> str:
    return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def _path() -> Path:
    return app_home() / "trusted.json"


def _read() -> set[str]:
    """Return the hashes in the file; one that is missing or broken trusts nothing."""
    try:
        raw = json.loads(_path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    listed = raw.get("sha256") if isinstance(raw, dict) else None
    return {key for key in listed if isinstance(key, str)} if isinstance(listed, list) else set()


def _write(keys: Iterable[str]) -> None:
    """Replace the file in one step."""
    temporary: str | None = None
    try:
        path = _path()
        handle, temporary = tempfile.mkstemp(prefix=".trusted.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"sha256": sorted(keys)}, file, indent=1)
        os.replace(temporary, path)
    except OSError as error:
        raise StudioError(
            f"It could not be remembered which code is trusted: {error.strerror or error}.",
            fix="Check that the folder of the program's settings can be written.",
        ) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
