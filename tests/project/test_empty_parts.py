"""What is said of parts without rows."""

from __future__ import annotations

import pytest

from modelstudio.project.empty_parts import empty_parts
from modelstudio.project.model import SplitConfig


@pytest.mark.parametrize(
    ("split", "rows", "said"),
    [
        ({"method": "time", "by": "t"}, (5, 0, 5), "No rows validate: t has too few different"),
        ({"method": "group", "by": "g"}, (9, 0, 0), "No rows validate or test: the groups of g"),
        ({"method": "time"}, (2, 1, 0), "No rows test: there are too few rows"),
        ({"validation": 0.0}, (8, 0, 2), ""),
        ({"test_path": "other.csv"}, (8, 2, 0), ""),
        ({"method": "column", "by": "part"}, (8, 2, 0), ""),
        ({"validation": 0.0, "folds": 9}, (8, 0, 2), "No rows validate"),
        ({}, (6, 2, 2), ""),
        ({}, (0, 0, 0), ""),
    ],
)
def test_a_wanted_part_without_rows_is_told(
    split: dict[str, object], rows: tuple[int, int, int], said: str
) -> None:
    sizes = dict(zip(("train", "validation", "test"), rows, strict=True))
    found = empty_parts(SplitConfig().changed(**split), sizes)
    assert found.startswith(said)
    assert bool(found) is bool(said)
