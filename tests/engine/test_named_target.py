"""A target that is named by what stands in the first line."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelstudio.data import sources
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source
from modelstudio.engine.projects import new_project
from modelstudio.errors import DataError


def test_the_line_that_names_the_target_is_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("c,d,y\n" + "a,c,y\nb,d,n\nc,d,y\n" * 30)
    draft = new_project(path, target="y")
    data = draft.project.data
    assert draft.error is None
    assert not any("no header line" in note for note in draft.notes)
    assert [(each.name, each.role) for each in data.columns] == [
        ("c", "feature"),
        ("d", "feature"),
        ("y", "target"),
    ]
    assert sources.read(data).height == 90
    assert sources.inspect(data).columns == ("c", "d", "y")
    assert [each["name"] for each in drain(profile_source(path, "y")).columns] == ["c", "d", "y"]
    assert new_project(path, target="column_3").project.data.csv.header is None
    with pytest.raises(DataError, match="The table has no column q"):
        new_project(path, target="q")
