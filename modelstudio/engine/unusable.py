"""Files of pictures, sounds and texts that cannot be used: which, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from modelstudio.data.fitted import FittedRecipe

NAMED = 3
"""Files that a sentence names."""

LISTED = 100
"""Files that are listed for a script."""

_KINDS = {"image": ("pictures", "image"), "spectrogram": ("sounds", "audio")}
"""What the files of a field are called, and the kind of their column."""


@dataclass(frozen=True, slots=True)
class UnusableFiles:
    """Files of one column that cannot be used.

    Parameters
    ----------
    kind
        What they are meant to be: ``"pictures"``, ``"sounds"`` or ``"texts"``.
    rows
        How many rows there are in all.
    faults
        By path why a file cannot be used, to follow "it".
    """

    kind: str
    rows: int
    faults: Mapping[str, str]

    def __str__(self) -> str:
        count = len(self.faults)
        told = [f"{_short(path)} {fault}" for path, fault in list(self.faults.items())[:NAMED]]
        more = f", and {count - NAMED:,} more" if count > NAMED else ""
        return f"{count:,} of {self.rows:,} {self.kind} cannot be used: {', '.join(told)}{more}."

    def told(self, done: str) -> str:
        """Say so, and what is done with them: ``left out``."""
        them = "They are" if len(self.faults) > 1 else "It is"
        return f"{self} {them} {done}."

    def to_dict(self) -> dict[str, object]:
        """Return a JSON object; of very many files it lists the first."""
        listed = list(self.faults.items())[:LISTED]
        return {
            "kind": self.kind,
            "count": len(self.faults),
            "of": self.rows,
            "files": [{"file": path, "fault": fault} for path, fault in listed],
            "message": str(self),
        }


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-2:]) or "a cell without a name"


def unusable_files(fitted: FittedRecipe, frame: pl.DataFrame) -> tuple[UnusableFiles, ...]:
    """Return what of the files of some raw rows cannot be used.

    Those that were decoded before are not decoded again.
    """
    found = (*_undecoded(fitted, frame), *_textless(fitted, frame))
    return tuple(each for each in found if each.faults)


def _undecoded(fitted: FittedRecipe, frame: pl.DataFrame) -> Iterator[UnusableFiles]:
    from modelstudio.data.pictures import decoder_of, loaded

    steps = [each.step for each in fitted.steps]
    for field in fitted.inputs:
        if field.spec.kind in _KINDS:
            word, kind = _KINDS[field.spec.kind]
            column = field.columns[0]
            paths = frame.get_column(column).fill_null("").to_list()
            faults = loaded(paths, decoder_of(steps, column, kind)).faults
            yield UnusableFiles(word, len(paths), {paths[at]: why for at, why in faults.items()})


def _textless(fitted: FittedRecipe, frame: pl.DataFrame) -> Iterator[UnusableFiles]:
    import polars as pl

    from modelstudio.data.sources.folders import FILE
    from modelstudio.data.sources.texts import TEXT
    from modelstudio.recipe.sources import TextFolder

    if isinstance(fitted.source, TextFolder) and {FILE, TEXT} <= set(frame.columns):
        empty = frame.filter(pl.col(TEXT).is_null()).get_column(FILE).fill_null("").to_list()
        yield UnusableFiles("texts", frame.height, dict.fromkeys(empty, "holds no text"))
