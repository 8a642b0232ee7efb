"""Notes of what is kept of the queries to database servers: where it lies and since when."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from modelstudio.data.sources.addresses import parsed
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Database
from modelstudio.resources import app_home

stale: set[Path] = set()
"""Notes of what is to be read anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the rows of a query lie, when they were read (seconds since 1970), and their hash."""

    table: str
    at: float
    mark: str


def kept(data: DataConfig) -> Kept | None:
    """Return what is known of the rows that are kept; None of none."""
    try:
        return read_note(note_of(data))
    except DataError:
        return None


def renew(data: DataConfig) -> None:
    """Have the rows read from the server the next time they are asked for."""
    stale.add(note_of(data))


def wanted(data: DataConfig) -> str:
    """Return the query of a project, or the name of its table."""
    return data.source.query.strip().rstrip(";") if isinstance(data.source, Database) else ""


def note_of(data: DataConfig) -> Path:
    """Return where it is noted what is kept of a query.

    Whose query it is counts, the password does not.
    """
    assert data.path is not None
    asked = repr((parsed(data.path, secret=False), wanted(data)))
    key = hashlib.blake2b(asked.encode(), digest_size=12).hexdigest()
    return app_home() / "queries" / f"{key}.json"


def read_note(note: Path) -> Kept | None:
    """Return what a note says; None where there is none."""
    try:
        return Kept(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_note(note: Path, known: Kept) -> None:
    """Write a note in the place of an older one."""
    note.parent.mkdir(parents=True, exist_ok=True)
    fresh = note.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(asdict(known)), encoding="utf-8")
    os.replace(fresh, note)
