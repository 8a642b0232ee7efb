"""What a person set once for all projects, and which projects were open lately."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelstudio.errors import ProjectError
from modelstudio.project.files import read_json, write_text
from modelstudio.resources import app_home

_MOST_RECENTS = 20


class _Kept(BaseModel):
    """A small model in a file of its own in the application's folder."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def file(cls) -> Path:
        """Return where it is kept."""
        return app_home() / f"{cls.__name__.lower()}.json"

    @classmethod
    def load(cls) -> Self:
        """Read it; a missing or broken file gives the defaults."""
        try:
            return cls(**(read_json(cls.file()) or {}))
        except (ValidationError, TypeError):
            return cls()

    def save(self) -> None:
        """Write it; where that is not possible, nothing is kept."""
        with contextlib.suppress(ProjectError):
            write_text(self.file(), json.dumps(self.model_dump(mode="json"), indent=1))

    def changed(self, **values: Any) -> Self:
        """Return a validated copy with some fields replaced."""
        return type(self)(**{**dict(self), **values})


class Preferences(_Kept):
    """Settings of the window."""

    theme: Literal["system", "dark", "light"] = Field(
        "system", description="Dark, light, or as the desktop has it."
    )
    text_scale: int = Field(
        100, ge=80, le=150, title="Text size (%)", description="Size of all text, in percent."
    )
    geometry: str = Field("", description="Place and size of the window.")


class Recent(BaseModel):
    """A project that was open lately."""

    path: Path
    detail: str = ""
    opened: datetime

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.stem

    @property
    def missing(self) -> bool:
        """True when the file is no longer there."""
        return not self.path.is_file()


class Recents(_Kept):
    """Projects that were open lately, newest first."""

    entries: tuple[Recent, ...] = ()

    def with_path(self, path: Path, detail: str) -> Recents:
        """Return the list with one project at the top."""
        entry = Recent(path=path, detail=detail, opened=datetime.now())
        others = self.without(path).entries
        return Recents(entries=(entry, *others)[:_MOST_RECENTS])

    def without(self, path: Path) -> Recents:
        """Return the list without one project."""
        return Recents(entries=tuple(entry for entry in self.entries if entry.path != path))


class Favourites(_Kept):
    """Layers that stand at the top of the palette, by type name."""

    layers: tuple[str, ...] = ("Linear", "ReLU", "Dropout")
