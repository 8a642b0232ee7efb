"""What a person set once for all projects, and which projects were open lately.

These are read before the window is on the screen, so they are plain dataclasses.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from modelstudio.errors import ProjectError
from modelstudio.resources import app_home

THEMES = ("system", "dark", "light")
TEXT_SCALES = range(80, 151)
"""Sizes of the text in percent."""

_MOST_RECENTS = 20


@dataclass(frozen=True, slots=True)
class _Kept:
    """A small value in a file of its own in the application's folder."""

    @classmethod
    def file(cls) -> Path:
        """Return where it is kept."""
        return app_home() / f"{cls.__name__.lower()}.json"

    @classmethod
    def load(cls) -> Self:
        """Read it; a missing or broken file gives the defaults."""
        try:
            return cls.from_raw(json.loads(cls.file().read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def save(self) -> None:
        """Write it; where that is not possible, nothing is kept."""
        from modelstudio.project.files import write_text

        with contextlib.suppress(ProjectError):
            write_text(self.file(), json.dumps(asdict(self), indent=1, default=str))

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> Self:
        """Build it from JSON, or raise."""
        return cls(**raw)

    def changed(self, **values: Any) -> Self:
        """Return a copy with some fields replaced."""
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Preferences(_Kept):
    """Settings of the window; ``text_scale`` is in percent, ``geometry`` as Qt writes it."""

    theme: str = "system"
    text_scale: int = 100
    geometry: str = ""

    def __post_init__(self) -> None:
        if self.theme not in THEMES or self.text_scale not in TEXT_SCALES:
            raise ValueError(f"{self.theme} at {self.text_scale} % is not possible")


@dataclass(frozen=True, slots=True)
class Recent:
    """A project that was open lately."""

    path: Path
    detail: str
    opened: datetime

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.stem

    @property
    def missing(self) -> bool:
        """True when the file is no longer there."""
        return not self.path.is_file()


@dataclass(frozen=True, slots=True)
class Recents(_Kept):
    """Projects that were open lately, newest first."""

    entries: tuple[Recent, ...] = ()

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> Self:
        """Build the list from JSON, or raise."""
        return cls(
            tuple(
                Recent(
                    Path(entry["path"]),
                    str(entry["detail"]),
                    datetime.fromisoformat(entry["opened"]),
                )
                for entry in raw["entries"]
            )
        )

    def with_path(self, path: Path, detail: str) -> Recents:
        """Return the list with one project at the top."""
        others = self.without(path).entries
        return Recents((Recent(path, detail, datetime.now()), *others)[:_MOST_RECENTS])

    def without(self, path: Path) -> Recents:
        """Return the list without one project."""
        return Recents(tuple(entry for entry in self.entries if entry.path != path))


@dataclass(frozen=True, slots=True)
class Favourites(_Kept):
    """Layers that stand at the top of the palette, by type name."""

    layers: tuple[str, ...] = ("Linear", "ReLU", "Dropout")

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> Self:
        """Build the list from JSON, or raise."""
        return cls(tuple(str(name) for name in raw["layers"]))
