"""How often the test rows of a project were looked at, kept for all projects of a person."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from modelstudio.errors import ProjectError
from modelstudio.project.files import read_json, write_text
from modelstudio.resources import app_home


def _file() -> Path:
    return app_home() / "test_looks.json"


def looks(project_id: str) -> int:
    """Return how often the test rows of a project were looked at."""
    counts = read_json(_file())
    count = counts.get(project_id, 0) if isinstance(counts, dict) else 0
    return count if isinstance(count, int) else 0


def count_look(project_id: str) -> int:
    """Note another look and return their number; where it cannot be kept, nothing happens."""
    counts = read_json(_file())
    counts = counts if isinstance(counts, dict) else {}
    counts[project_id] = looks(project_id) + 1
    with contextlib.suppress(ProjectError):
        write_text(_file(), json.dumps(counts))
    return counts[project_id]
