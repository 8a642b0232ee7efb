"""JSON: one object a line, or a list of objects, perhaps in an object; the keys are columns."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, finish
from modelstudio.data.sources.dialect import LONGEST_LINE, MOST_COLUMNS, endless
from modelstudio.data.sources.encoding import (
    BLOCK,
    Misfit,
    candidates,
    find_encoding,
    misfit,
    utf8_blocks,
)
from modelstudio.data.sources.files import check_file, empty, first_bytes, too_wide
from modelstudio.data.sources.header import unique_names
from modelstudio.data.sources.json_lists import entries, list_inside
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import from_values, joined, joining, plain_types
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig

HEAD = 1 << 20
"""Bytes looked at to describe the table."""

_FIX = 'Write one object a line, such as {"age": 31, "town": "Ulm"}.'


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole objects of a file in UTF-8, one a line.

    Parameters
    ----------
    lines, written
        The objects, and the part of the file in which they stand at the same places.
    first
        Number of the first line of that part.
    done
        Bytes of the file up to its end.
    """

    lines: bytes
    written: bytes
    first: int
    done: int

    def line_at(self, place: int) -> int:
        """Return the number of the line of the file at some byte."""
        return self.first + self.written.count(b"\n", 0, place)


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the table block by block."""
    check_file(path)
    start = first_bytes(path, 4096)
    if not start.strip():
        raise empty(path)
    chosen = data.csv.encoding
    for encoding in candidates(path, chosen or find_encoding(start), found=not chosen):
        try:
            table = yield from joining(partial(_frames, path, encoding), into)
        except Misfit as error:
            line = error.line
            continue
        return _as_table(path, table)
    raise misfit(path, encoding, line)


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe the table by its beginning; the number of rows is estimated."""
    size = check_file(path).st_size
    first = head(path, data, 1000)
    if first is None:
        first = finish(read(path, data))
        rows = first.height
    else:
        block = _first(path, data)
        rows = round(size / block.done * len(block.lines.splitlines()))
    inside = _inside(path, data.csv.encoding or find_encoding(first_bytes(path, HEAD)))
    notes: tuple[str, ...] = ()
    if inside is not None:
        notes = (f"The rows of {path.name} are the list under {inside}; the rest is left out.",)
    return SourceInfo(path, tuple(first.columns), rows, size, notes)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Read the first rows; None of a small file."""
    if check_file(path).st_size <= HEAD:
        return None
    try:
        block = _first(path, data)
        few = b"\n".join(block.lines.split(b"\n", rows)[:rows]) + b"\n"
        return _as_table(path, joined([_frame(path, replace(block, lines=few))]))
    except Misfit:
        return None


def _first(path: Path, data: DataConfig) -> _Block:
    """Return the first objects of a large file."""
    encoding = data.csv.encoding or find_encoding(first_bytes(path, HEAD))
    return next(_blocks(path, encoding, HEAD))


def _is_list(start: bytes, encoding: str) -> bool:
    return start.decode(encoding, "ignore").lstrip("\ufeff \t\r\n").startswith("[")


def _inside(path: Path, encoding: str) -> str | None:
    """Return the key of the list that the only object of a file holds; None of other files."""
    if path.suffix.lower() != ".json":
        return None
    text = first_bytes(path, HEAD).decode(encoding, "ignore").lstrip("\ufeff \t\r\n")
    if not text.startswith("{") or (found := list_inside(text.encode())) is None:
        return None
    line, _, more = text.partition("\n")
    if more.strip():
        with suppress(ValueError, RecursionError):
            json.loads(line)
            return None
    return found[0]


def _frames(path: Path, encoding: str) -> Iterator[tuple[pl.DataFrame, Portion]]:
    size = path.stat().st_size
    for block in _blocks(path, encoding, BLOCK):
        yield _frame(path, block), Portion(block.done, size)


def _as_table(path: Path, table: pl.DataFrame | None) -> pl.DataFrame:
    if table is None or not table.width:
        raise _none(path)
    if table.width > MOST_COLUMNS:
        raise too_wide(path, table.width, MOST_COLUMNS)
    return table.rename(dict(zip(table.columns, unique_names(table.columns), strict=True)))


def _none(path: Path) -> DataError:
    return DataError(f"{path.name} holds no JSON objects.", where=str(path), fix=_FIX)


def _blocks(path: Path, encoding: str, size: int) -> Iterator[_Block]:
    """Yield the objects of a file, about ``size`` bytes at a time."""
    listed = _is_list(first_bytes(path, 4096), encoding)
    inside = not listed and _inside(path, encoding) is not None
    if listed or inside:
        return _entries(path, encoding, size, inside=inside)
    return _lines(path, encoding, size)


def _lines(path: Path, encoding: str, size: int) -> Iterator[_Block]:
    held, line = b"", 1
    for block, done in utf8_blocks(path, encoding, size):
        held += block
        cut = held.rfind(b"\n") + 1
        if not cut and len(held) > LONGEST_LINE:
            raise endless(path, line)
        if cut:
            yield _Block(held[:cut], held[:cut], line, done)
            line += held.count(b"\n", 0, cut)
            held = held[cut:]
    if held.strip():
        yield _Block(held, held, line, path.stat().st_size)


def _entries(path: Path, encoding: str, size: int, *, inside: bool) -> Iterator[_Block]:
    """Yield the entries of a list, perhaps ``inside`` an object, each in a line of its own."""
    held, line, began, ended = b"", 1, False, False
    for block, done in utf8_blocks(path, encoding, size):
        held += block
        if not began:
            found_inside = list_inside(held) if inside else None
            if inside and found_inside is None:
                continue
            place = found_inside[1] if found_inside else held.find(b"[") + 1
            if not held[place:].strip():
                continue
            if held[place:].lstrip()[:1] not in (b"{", b"]"):
                raise _none(path)
            line, held, began = line + held.count(b"\n", 0, place), held[place:], True
        if not ended:
            found = entries(held)
            if not found.rest and len(held) > LONGEST_LINE:
                raise _too_long(path, line)
            if found.lines.strip():
                yield _Block(found.lines, held, line, done)
            line += held.count(b"\n", 0, found.rest)
            held, ended = held[found.rest :], found.ended
        if ended and inside:
            return
        if ended and held.strip():
            raise _bad(path, _line_of(held, line), "stands behind the end of the list")
    if not ended:
        raise _bad(path, _line_of(held, line), "is no JSON, as the list does not end")


def _line_of(held: bytes, line: int) -> int:
    """Return the number of the line in which the first sign stands."""
    return line + held.count(b"\n", 0, len(held) - len(held.lstrip()))


def _frame(path: Path, block: _Block) -> pl.DataFrame:
    """Read some objects; one by one where polars finds no common type, or to name the bad one."""
    if not block.lines.strip():
        return pl.DataFrame()
    try:
        frame = pl.read_ndjson(block.lines, infer_schema_length=None)
        return plain_types(_in_order(path, frame, block.lines))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
        pass
    objects, place = [], 0
    for line in block.lines.split(b"\n"):
        number = block.line_at(place + len(line) - len(line.lstrip()))
        place += len(line) + 1
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except UnicodeDecodeError:
            raise Misfit(number) from None
        except (ValueError, RecursionError):
            raise _bad(path, number, "is no JSON") from None
        if not isinstance(value, dict):
            raise _bad(path, number, "is no JSON object")
        objects.append(value)
    return _from_objects(path, objects)


def _in_order(path: Path, frame: pl.DataFrame, content: bytes) -> pl.DataFrame:
    """Order columns as the first object does, others by name; of many keys polars keeps none."""
    if frame.width > MOST_COLUMNS:
        raise too_wide(path, frame.width, MOST_COLUMNS)
    start = content[:LONGEST_LINE].decode("utf-8", "ignore")
    keys = json.JSONDecoder().raw_decode(start, start.index("{"))[0]
    held = set(frame.columns)
    first = [name for name in keys if name in held]
    return frame[[*first, *sorted(held.difference(first))]]


def _bad(path: Path, line: int, what: str) -> DataError:
    return DataError(f"Line {line:,} of {path.name} {what}.", where=str(path), fix=_FIX)


def _too_long(path: Path, line: int) -> DataError:
    return DataError(
        f"The object in line {line:,} of {path.name} is longer than {LONGEST_LINE >> 20} MB.",
        where=str(path),
        fix=_FIX,
    )


def _from_objects(path: Path, objects: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for each in objects for name in each)
    if len(names) > MOST_COLUMNS:
        raise too_wide(path, len(names), MOST_COLUMNS)
    return from_values({name: [each.get(name) for each in objects] for name in names})
