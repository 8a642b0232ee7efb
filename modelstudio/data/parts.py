"""The parts of a table: which rows train, validate and test, and what the parts are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.project.model import SplitConfig

Rows = NDArray[np.int64]

Part = Literal["train", "validation", "test"]

PARTS = ("", "train", "validation", "test")
"""What the codes of parts stand for; 0 is a row in none."""

TRAIN, VALIDATION, TEST = 1, 2, 3

PART_NAMES = {
    "train": re.compile(r"train|fit|learn", re.IGNORECASE),
    "validation": re.compile(r"val|dev", re.IGNORECASE),
    "test": re.compile(r"test|eval|hold", re.IGNORECASE),
}
"""How the values of a column, or the names of folders, that tell the parts begin."""

PART_COLUMN = frozenset(
    """split splits part parts set subset fold partition dataset data_split dataset_split
    train_test_split train_val_test""".split()
)
"""Names of columns that are there to tell the parts, in small letters."""

_NUMBERED: dict[str, Part] = {"0": "train", "1": "validation", "2": "test"}


PartsOfRows = Callable[[], NDArray[np.uint8]]
"""Returns the place in `PARTS` of each row of a source; shape (rows,)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Row positions of each part, ascending; with a test file, ``test`` is empty."""

    train: Rows
    validation: Rows
    test: Rows

    def codes(self, rows: int) -> NDArray[np.uint8]:
        """Return the place in `PARTS` of each of so many rows; shape (rows,)."""
        made = spill.filled(rows, np.uint8, lambda each: np.zeros(each.stop - each.start))
        for code, own in enumerate((self.train, self.validation, self.test), TRAIN):
            for each in spill.slices(len(own)):
                made[own[each]] = code
        return made


def part_codes(numbers: Rows, parts: Parts, rows: int) -> NDArray[np.uint8]:
    """Return the place in `PARTS` of each row of a source; shape (rows,).

    ``numbers`` are the places in the source of the rows that were dealt.
    """
    codes = np.zeros(rows, dtype=np.uint8)
    for code in (TRAIN, VALIDATION, TEST):
        codes[numbers[getattr(parts, PARTS[code])]] = code
    return codes


def from_codes(codes: NDArray[np.uint8]) -> Parts:
    """Return the rows of each part by their codes, shape (rows,)."""
    return Parts(*(spill.places_of(code, codes) for code in (TRAIN, VALIDATION, TEST)))


def share_of_test(config: SplitConfig) -> float:
    """Return the share of the rows that test, unless a file of their own does."""
    return 0.0 if config.test_path else config.test


def parts_told(names: Sequence[str]) -> dict[str, Part | None]:
    """Tell the part that each value of a column speaks of; 0, 1 and 2 stand for all three."""
    plain = {name: name.strip().removesuffix(".0") for name in names}
    if set(plain.values()) == set(_NUMBERED):
        return {name: _NUMBERED[number] for name, number in plain.items()}
    return {name: part_of(name) for name in names}


def part_of(name: str) -> Part | None:
    """Tell the part that a value of a column or a folder's name speaks of."""
    for part, beginning in PART_NAMES.items():
        if beginning.match(name.strip()):
            return part  # type: ignore[return-value]
    return None
