"""Project files: JSON, written so that the old file stays whole until the new one is complete."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from modelstudio.declaration import sentence
from modelstudio.errors import ProjectError, StudioError
from modelstudio.project.migrations import migrate
from modelstudio.project.model import Project

SUFFIX = ".mstudio"
"""Ending of a project file."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a character, written as JSON does."""

MAX_BYTES = 256 * 2**20
"""A larger file is no project."""


def dumps(project: Project) -> str:
    """Return the text of a project file."""
    return json.dumps(project.to_dict(), indent=1, ensure_ascii=False) + "\n"


def loads(text: str, name: str = "The file") -> Project:
    """Parse the text of a project file; ``name`` is what messages call it.

    Raises
    ------
    ProjectError
        When the text is no project, is cut off, or is from a newer version.
    """
    import modelstudio.layers  # noqa: F401  fills the registry that the network is read with

    try:
        raw = json.loads(text)
        if _HALF.search(text):
            json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ProjectError(
            f"{name} holds text that is cut in the middle of a character.",
            fix="Open a copy or the autosaved version beside it. The file was not changed.",
        ) from None
    except (ValueError, RecursionError):
        if text.lstrip().startswith("{") and not text.rstrip().endswith("}"):
            raise ProjectError(
                f"{name} is cut off in the middle.",
                fix="Open a copy or the autosaved version beside it. The file was not changed.",
            ) from None
        raise ProjectError(
            f"{name} is not a Model Studio project.",
            fix="Choose a file that ends in .mstudio.",
        ) from None
    if not isinstance(raw, dict) or not ({"format_version", "network", "data"} & raw.keys()):
        raise ProjectError(
            f"{name} is not a Model Studio project.", fix="Choose a file that ends in .mstudio."
        )
    try:
        return Project(**migrate(raw))
    except ValidationError as error:
        reason = sentence(error, Project)
    except ProjectError:
        raise
    except StudioError as error:
        reason = error.message
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"A part of it is missing or of the wrong form ({error})."
    raise ProjectError(
        f"{name} cannot be read as a project. {reason}",
        fix="Open a copy or the autosaved version beside it. The file was not changed.",
    )


def folder_of(project_path: Path | None) -> Path | None:
    """Return the folder that the paths of a project start from; None where it has no file yet."""
    return None if project_path is None else project_path.resolve().parent


def load_project(path: Path) -> Project:
    """Read a project file.

    Raises
    ------
    ProjectError
        When it is missing, cannot be read or is no project.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProjectError(
                f"{path.name} is too large to be a project.",
                where=str(path),
                fix="Choose a file that ends in .mstudio.",
            )
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProjectError(
            f"{path.name} is not a Model Studio project.",
            where=str(path),
            fix="Choose a file that ends in .mstudio.",
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    return loads(text, path.name)


def save_project(project: Project, path: Path) -> None:
    """Write a project file; if anything fails the old file stays as it was.

    Raises
    ------
    ProjectError
        When the folder is missing or read-only, or the disk is full.
    """
    write_text(path, dumps(project))


def check_folder(path: Path) -> None:
    """Refuse a place for a file whose folder does not exist, before work is done for it.

    Raises
    ------
    ProjectError
        When there is no such folder.
    """
    if not path.resolve().parent.is_dir():
        raise _unwritable(path, FileNotFoundError(errno.ENOENT, ""))


def write_text(path: Path, text: str) -> None:
    """Replace a file by text in UTF-8; see `write_bytes`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step, as `replacing` does."""
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Let a file be written that then replaces another in one step, from a temporary one beside it.

    What is no file, such as a device or a pipe, is written into and never replaced.

    Raises
    ------
    ProjectError
        When it cannot be written; the old file is whole.
    """
    target = path.resolve()
    temporary: str | None = None
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as stream:
                yield stream
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "read-only")
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _unreadable(path: Path, error: OSError) -> ProjectError:
    if isinstance(error, FileNotFoundError):
        return ProjectError(
            f"{path.name} does not exist.",
            where=str(path),
            fix="Check the name, or look for where the file was moved.",
        )
    if isinstance(error, IsADirectoryError):
        return ProjectError(
            f"{path.name} is a folder.", where=str(path), fix="Choose a .mstudio file inside it."
        )
    if isinstance(error, PermissionError):
        return ProjectError(
            f"You may not read {path.name}.",
            where=str(path),
            fix="Ask the owner of the file for the permission to read it.",
        )
    return ProjectError(
        f"{path.name} cannot be read: {error.strerror or error}.",
        where=str(path),
        fix="Check that the drive is connected and try again.",
    )


def _unwritable(path: Path, error: OSError) -> ProjectError:
    kept = "Nothing was changed on disk."
    reasons: dict[int | None, tuple[str, str]] = {
        errno.ENOSPC: ("the disk is full", "Free some space or save to another disk."),
        errno.EDQUOT: ("your disk quota is used up", "Free some space or save to another disk."),
        errno.EACCES: ("the file or folder is read-only", "Save it under another name or folder."),
        errno.EPERM: ("the file or folder is read-only", "Save it under another name or folder."),
        errno.EROFS: ("the disk is read-only", "Save it to another disk."),
        errno.ENOENT: ("the folder does not exist", "Choose a folder that exists."),
        errno.ENOTDIR: ("the folder does not exist", "Choose a folder that exists."),
        errno.EISDIR: ("there is a folder of that name", "Choose another name."),
    }
    reason, fix = reasons.get(
        error.errno, (str(error.strerror or error), "Save it under another name or folder.")
    )
    return ProjectError(
        f"{path.name} could not be saved: {reason}.", where=str(path), fix=f"{fix} {kept}"
    )


def autosave_path(path: Path) -> Path:
    """Return where the unsaved edits of a project are kept beside it."""
    return path.with_name(f".{path.name}.autosave")


def read_json(path: Path) -> Any:
    """Read a small JSON file of the program's own, or None when there is none or it is broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
