"""Parts of a split that are wanted and have no rows, in words."""

from __future__ import annotations

from collections.abc import Mapping

from modelstudio.project.model import SplitConfig


def empty_parts(split: SplitConfig, rows: Mapping[str, int]) -> str:
    """Say which parts have no rows although they should, and what to do; "" where none is so.

    Parameters
    ----------
    rows
        How many there are in each part, by its name.
    """
    judging = split.method != "column"
    wanted = {
        "validation": ("validate", bool(split.folds or split.validation)),
        "test": ("test", judging and bool(split.test) and not split.test_path),
    }
    empty = [word for part, (word, asked) in wanted.items() if asked and not rows.get(part)]
    if not empty or not any(rows.values()):
        return ""
    why = {
        "time": f"{split.by} has too few different values" if split.by else "",
        "group": f"the groups of {split.by} are too few or too large",
        "last": f"the groups of {split.by} are too small",
    }.get(split.method, "")
    cause = why or "there are too few rows or the share is too small"
    return (
        f"No rows {' or '.join(empty)}: {cause}. Share the rows out in another way on the Data "
        "page, or bring more."
    )
