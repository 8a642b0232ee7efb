"""Which rows train, validate and test: seeded, and the same for the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelstudio.errors import DataError
from modelstudio.project.model import SplitConfig

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """Row positions of each part, ascending; with a test file, ``test`` is empty."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(rows: Rows, config: SplitConfig, classes: NDArray[np.generic] | None) -> Parts:
    """Deal rows into parts.

    The lot of a row hangs on the seed and its number alone, so rows that come or go elsewhere
    hardly move the others.

    Parameters
    ----------
    rows
        Numbers of the rows left in their source, ascending; shape (rows,).
    classes
        Class of each row, shape (rows,); its shares are kept alike in every part when the settings
        say so. A class of one row goes to training.

    Raises
    ------
    DataError
        When no row would be left for training.
    """
    generator = np.random.default_rng(config.seed)
    lots = generator.random(int(rows[-1]) + 1 if len(rows) else 0)[rows]
    shares = (0.0 if config.test_path else config.test, config.validation)
    if classes is not None and config.stratify:
        _, codes, sizes = np.unique(classes, return_inverse=True, return_counts=True)
        groups = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    else:
        groups = [np.arange(len(rows))]
    shuffled = [group[np.argsort(lots[group], kind="stable")] for group in groups]
    test, validation, train = _deal(shuffled, shares)
    if not len(train):
        raise DataError(
            f"{len(rows)} rows are too few to split: none is left for training.",
            fix="Lower the shares of validation and test, or bring more rows.",
        )
    return Parts(train, validation, test)


def _deal(groups: list[Rows], shares: tuple[float, float]) -> tuple[Rows, Rows, Rows]:
    """Cut each shuffled group by the shares; what rounding leaves is carried to the next group."""
    parts: tuple[list[Rows], list[Rows], list[Rows]] = ([], [], [])
    carried = [0.0, 0.0]
    for group in groups:
        start = 0
        for index, share in enumerate(shares):
            wanted = share * len(group) + carried[index]
            most = len(group) - start - 1
            count = max(0, min(round(wanted), most))
            carried[index] = wanted - count
            parts[index].append(group[start : start + count])
            start += count
        parts[2].append(group[start:])
    test, validation, train = (np.sort(np.concatenate(part)) for part in parts)
    return test, validation, train
