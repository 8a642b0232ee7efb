"""JSON: one object a line, or a list of objects; the keys are the columns."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, finish
from modelstudio.data.sources.dialect import LONGEST_LINE, MOST_COLUMNS, endless, unique_names
from modelstudio.data.sources.encoding import (
    BLOCK,
    Misfit,
    candidates,
    find_encoding,
    misfit,
    utf8_blocks,
)
from modelstudio.data.sources.files import check_file, empty, first_bytes, too_wide
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import from_values, joined, joining, plain_types
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig

HEAD = 1 << 20
"""Bytes looked at to describe the table."""

LARGEST_LIST = 1 << 29
"""A list is read as a whole; a greater one is refused."""

_FIX = 'Write one object a line, such as {"age": 31, "town": "Ulm"}.'


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the table block by block; a list of objects as a whole."""
    size = check_file(path).st_size
    start = first_bytes(path, 4096)
    if not start.strip():
        raise empty(path)
    chosen = data.csv.encoding
    for encoding in candidates(path, chosen or find_encoding(start), found=not chosen):
        try:
            if _is_list(start, encoding):
                yield Portion(0, size)
                return _as_table(path, joined([_read_list(path, encoding, size)]))
            table = yield from joining(partial(_blocks, path, encoding), into)
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
        rows = round(size / HEAD * first_bytes(path, HEAD).count(b"\n"))
    return SourceInfo(path, tuple(first.columns), rows, size)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Read the first rows of lines; None of a small file or a list."""
    size = check_file(path).st_size
    start = first_bytes(path, HEAD)
    encoding = data.csv.encoding or find_encoding(start)
    if size <= HEAD or _is_list(start[:4096], encoding):
        return None
    try:
        lines, first, _ = next(_lines(path, encoding))
        few = b"\n".join(lines.split(b"\n", rows)[:rows]) + b"\n"
        return _as_table(path, joined([_read_lines(path, few, first)]))
    except Misfit:
        return None


def _is_list(start: bytes, encoding: str) -> bool:
    return start.decode(encoding, "ignore").lstrip("\ufeff \t\r\n").startswith("[")


def _blocks(path: Path, encoding: str) -> Iterator[tuple[pl.DataFrame, Portion]]:
    size = path.stat().st_size
    for lines, first, done in _lines(path, encoding):
        yield _read_lines(path, lines, first), Portion(done, size)


def _as_table(path: Path, table: pl.DataFrame | None) -> pl.DataFrame:
    if table is None or not table.width:
        raise _none(path)
    if table.width > MOST_COLUMNS:
        raise too_wide(path, table.width, MOST_COLUMNS)
    return table.rename(dict(zip(table.columns, unique_names(table.columns), strict=True)))


def _none(path: Path) -> DataError:
    return DataError(f"{path.name} holds no JSON objects.", where=str(path), fix=_FIX)


def _lines(path: Path, encoding: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield whole lines in blocks of UTF-8, the number of the first, and the bytes read."""
    held, line = b"", 1
    for block, done in utf8_blocks(path, encoding, BLOCK):
        held += block
        cut = held.rfind(b"\n") + 1
        if not cut and len(held) > LONGEST_LINE:
            raise endless(path, line)
        if cut:
            yield held[:cut], line, done
            line += held.count(b"\n", 0, cut)
            held = held[cut:]
    if held.strip():
        yield held, line, path.stat().st_size


def _read_lines(path: Path, lines: bytes, first: int) -> pl.DataFrame:
    """Read some lines; one by one where polars finds no common type, or to name the bad one."""
    if not lines.strip():
        return pl.DataFrame()
    try:
        frame = pl.read_ndjson(lines, infer_schema_length=None)
        return plain_types(_in_order(path, frame, lines))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
        pass
    objects = []
    for number, line in enumerate(lines.split(b"\n"), first):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
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


def _from_objects(path: Path, objects: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for each in objects for name in each)
    if len(names) > MOST_COLUMNS:
        raise too_wide(path, len(names), MOST_COLUMNS)
    return from_values({name: [each.get(name) for each in objects] for name in names})


def _read_list(path: Path, encoding: str, size: int) -> pl.DataFrame:
    if size > LARGEST_LIST:
        raise DataError(
            f"{path.name} is one JSON list of {size >> 20:,} MB; up to {LARGEST_LIST >> 20} MB "
            "can be read.",
            where=str(path),
            fix=_FIX,
        )
    content = b"".join(block for block, _ in utf8_blocks(path, encoding, BLOCK))
    try:
        frame = pl.read_json(content, infer_schema_length=None)
        return plain_types(_in_order(path, frame, content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
        pass
    try:
        objects = json.loads(content)
    except UnicodeDecodeError as error:
        raise Misfit(content.count(b"\n", 0, error.start) + 1) from None
    except json.JSONDecodeError as error:
        raise _bad(path, error.lineno, "is no JSON") from None
    except RecursionError:
        raise _none(path) from None
    if not objects or not all(isinstance(each, dict) for each in objects):
        raise _none(path)
    return _from_objects(path, objects)
