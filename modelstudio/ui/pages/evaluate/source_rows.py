"""The rows of the data behind some predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelstudio.project.model import Project
from modelstudio.ui.pages.evaluate.mistakes import SourceRows


def source_rows(project: Project, base: Path | None, part: str, rows: np.ndarray) -> SourceRows:
    """Read the feature columns of the rows of a part; run it in a job.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    from modelstudio.data.sources import read, read_table, resolve

    data = project.data
    other = data.split.test_path if part == "test" else None
    frame = read_table(resolve(other, base), data) if other else read(data, base)
    wanted = {column.name for column in data.columns if column.role == "feature"}
    names = tuple(name for name in frame.columns if name in wanted)
    picked = frame.select(names)[rows]
    kinds = {column.name: column.kind for column in data.columns}
    picture = next((name for name in names if kinds[name] == "image"), None)
    return SourceRows(names, tuple(picked[name].to_list() for name in names), picture)
