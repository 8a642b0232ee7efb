"""Files and folders that the window opens: which they are, and a project from one of data."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QDropEvent

from modelstudio.ui.actions import tr
from modelstudio.ui.database import shown_name
from modelstudio.ui.network_import import SUFFIXES as NETWORK_SUFFIXES

if TYPE_CHECKING:
    from modelstudio.data.early_pictures import PictureHead
    from modelstudio.data.preview import TableHead
    from modelstudio.engine.events import Progress
    from modelstudio.engine.results import Draft
    from modelstudio.recipe.sources import Source

SUFFIX = ".mstudio"
"""Ending of a project; it is written out, as importing what knows of it would delay the window."""

DATA_SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".parquet", ".pq", ".arrow", ".feather", ".ipc"),
    *(".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    *(".sqlite", ".sqlite3", ".db", ".db3"),
)
"""Endings of the files that are opened as tables."""


def named_project(path: Path) -> Path:
    """Return a path that ends as projects do: ``trial 1.2`` becomes ``trial 1.2.mstudio``."""
    return path if path.suffix.lower() == SUFFIX else path.with_name(path.name + SUFFIX)


def table_filter() -> str:
    """Return the filter of file dialogs for tables."""
    patterns = " ".join(f"*{suffix}" for suffix in DATA_SUFFIXES)
    return f"{tr('Tables')} ({patterns});;{tr('All files')} (*)"


def dropped_path(event: QDropEvent) -> Path | None:
    """Return what is dropped, if it is one table, folder, project or network."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    known = path.suffix.lower() in (SUFFIX, *DATA_SUFFIXES, *NETWORK_SUFFIXES)
    return path if known or path.is_dir() else None


def project_from(
    place: Path | str, target: str | None, source: Source | None
) -> Generator[TableHead | PictureHead | Progress, None, Draft]:
    """Run in a job: show what comes first of large data, and guess a project from all of it."""
    from modelstudio.data import sources
    from modelstudio.data.early_pictures import heads
    from modelstudio.data.preview import head
    from modelstudio.project.model import DataConfig, Project
    from modelstudio.recipe.sources import Table

    path = sources.placed(place)
    if source is None:
        yield from heads(Path(path))
    if (found := head(DataConfig(path=path, source=source or Table()))) is not None:
        yield found
    from modelstudio.engine.projects import opening

    name = Path(shown_name(str(place))).stem
    return (yield from opening(Project(name=name), place, target, source=source))
