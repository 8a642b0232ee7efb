"""Files of any kind: whether they can be opened, and what they hold by their first bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from functools import lru_cache
from pathlib import Path

from modelstudio.errors import DataError

_SIGNATURES = (
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"SQLite format 3", "a SQLite database"),
)


def kind_of_bytes(head: bytes) -> str | None:
    """Say what a file is that begins with these bytes, when it is no text."""
    return next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), None)


def check_file(path: Path) -> os.stat_result:
    """Return the state of a regular file; anything else is refused before it is opened.

    Raises
    ------
    DataError
        When there is no such file, or it is a folder, a device, a pipe or a link to itself.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(state.st_mode):
        raise unreadable(path, IsADirectoryError())
    if not stat.S_ISREG(state.st_mode):
        raise DataError(
            f"{path.name} is a device or a pipe, not a file.",
            where=str(path),
            fix="Choose a file with a table in it.",
        )
    return state


def is_text(path: str) -> bool:
    """Tell whether a path can be written down; on Linux a name may be bytes that are no UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(path: str | Path) -> str:
    r"""Return a path as it can be shown: ``caf\xe9.csv`` for bytes that are no UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def check_name(path: Path) -> None:
    """Refuse a place that a project cannot name.

    Raises
    ------
    DataError
        When its path is not written in UTF-8.
    """
    if not is_text(str(path)):
        raise DataError(
            f"The name {shown(path.name)} is not written in UTF-8."
            if not is_text(path.name)
            else f"{path.name} lies in a folder whose name is not written in UTF-8.",
            where=shown(path),
            fix="Rename it and open it again.",
        )


def first_bytes(path: Path, count: int) -> bytes:
    """Return the beginning of a regular file."""
    check_file(path)
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise unreadable(path, error) from None


def foreign(path: Path, head: bytes, expected: str) -> DataError:
    """Say that a file does not hold what its ending says."""
    if not head:
        return empty(path)
    kind = kind_of_bytes(head)
    if kind is None:
        kind = "something else" if b"\x00" in head else "a text file"
    return DataError(
        f"{path.name} is not {expected}, but {kind}.",
        where=str(path),
        fix="Give the file the ending of what it is, or choose another.",
    )


def damaged(path: Path, what: str) -> DataError:
    """Say that a file of a known format cannot be read to its end."""
    return DataError(
        f"{path.name} is no whole {what} file: it is cut off or damaged.",
        where=str(path),
        fix="Copy or download it again, or save it anew in the program that made it.",
    )


def too_wide(path: Path, columns: int, most: int) -> DataError:
    """Say that a table has more columns than can be used."""
    return DataError(
        f"{path.name} has {columns:,} columns; up to {most:,} can be used.",
        where=str(path),
        fix="Leave out columns, or turn the table so that each sample is a row.",
    )


def no_rows(path: Path) -> DataError:
    """Say that a table has columns but no rows."""
    return DataError(
        f"{path.name} has a header line but no rows.",
        where=str(path),
        fix="Choose a file with rows below the header.",
    )


def empty(path: Path) -> DataError:
    """Say that there is nothing in a file."""
    return DataError(
        f"{path.name} is empty.",
        where=str(path),
        fix="Choose a file with a header line and rows below it.",
    )


def unreadable(path: Path, error: OSError | ValueError) -> DataError:
    """Say why a file cannot be read."""
    where = str(path)
    match error:
        case FileNotFoundError():
            fix = "Check the name, or look for where the file was moved."
            return DataError(f"{path.name} does not exist.", where=where, fix=fix)
        case IsADirectoryError():
            message = f"{path.name} is a folder, not a table."
            return DataError(message, where=where, fix="Choose a file with a table in it.")
        case PermissionError() if path.is_dir():
            message = f"{path.name} is a folder, not a table."
            return DataError(message, where=where, fix="Choose a file with a table in it.")
        case PermissionError():
            fix = "Ask the owner of the file for the permission to read it."
            return DataError(f"You may not read {path.name}.", where=where, fix=fix)
        case OSError(errno=errno.ELOOP):
            message = f"{path.name} is a link that leads back to itself."
            return DataError(message, where=where, fix="Choose the file that the link should mean.")
        case OSError():
            return DataError(
                f"{path.name} cannot be read: {error.strerror or error}.",
                where=where,
                fix="Check that the drive is connected and try again.",
            )
    return DataError(f"{path.name!r} cannot be the name of a file.", fix="Choose another file.")


def file_mark(path: Path) -> str:
    """Return a hash of a file's contents; an unchanged file is not read again.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    state = check_file(path)
    try:
        return _mark(path, (state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size))
    except OSError as error:
        raise unreadable(path, error) from None


def file_key(path: Path, *how: object) -> tuple[object, ...]:
    """Return what tells a file, as it is now and is read, from all others."""
    stat = check_file(path)
    return (path, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, *how)


@lru_cache(maxsize=64)
def _mark(path: Path, state: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
