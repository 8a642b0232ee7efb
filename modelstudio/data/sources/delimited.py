"""Parsing text tables: block by block with polars, and record by record where that is unsure.

Both ways give the same table. The first is taken only while each quotation mark encloses a whole
cell and each record has as many cells as the header; from the first block on that does not, the
second goes on.
"""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import polars as pl

from modelstudio.data.sources import Portion, mapped
from modelstudio.data.sources.dialect import LONGEST_LINE, CsvDialect
from modelstudio.data.sources.encoding import BLOCK, utf8_blocks
from modelstudio.data.sources.files import no_rows
from modelstudio.data.sources.lines import read_records
from modelstudio.data.sources.numbers import (
    all_to_numbers,
    measurable,
    numbers_of,
    without_numbers,
)
from modelstudio.data.sources.records import (
    count_cells,
    find_records,
    joined,
    look,
    rows_of,
    whole_records,
)
from modelstudio.project.model import CsvOptions

T = TypeVar("T")
R = TypeVar("R")

LEAST, CELL = 4 << 20, 1 << 14
"""Bytes read together: the least, and as many for each column of a wide table."""

TOGETHER, CHUNKS = 64 << 20, 8
"""Bytes whose rows are merged at once, so that few pieces of memory are left behind; of a large
table as many as make so many chunks, beyond which polars joins a column to gather rows of it."""

PIECE = 16 << 20
"""Bytes whose rows are written to files at once."""

THREADS = min(4, os.cpu_count() or 1)
"""Blocks parsed at once."""

_Text = tuple[bytes, bool, int]
"""A piece of a table, whether it is whole records, and how much of the file is read behind it."""


@dataclass(frozen=True, slots=True)
class _Parsed:
    """Rows of a text, its line breaks, and how many records above the table were left out."""

    frame: pl.DataFrame
    rows: int
    lines: int
    left_out: int


class Pass:
    """One reading of a text table from its beginning to its end.

    ``stubborn`` are the columns that were to be numbers and have to be read again as text.
    """

    def __init__(
        self,
        path: Path,
        dialect: CsvDialect,
        options: CsvOptions,
        wanted: Collection[str],
        numbers: Collection[str] = (),
        *,
        exact: bool = True,
    ) -> None:
        self.stubborn: set[str] = set()
        self._path, self._dialect = path, dialect
        self._width = len(dialect.columns)
        self._wanted, self._numbers, self._exact = wanted, set(numbers), exact
        self._words = list(options.missing)
        forms = options.forms
        self._units = None if forms is None else {form.column: form.unit for form in forms}
        self._words_are_numbers = bool(numbers_of(options.missing))
        self._at = self._rows = 0
        self._plain = True

    def read_file(
        self, into: mapped.Writing | None = None
    ) -> Generator[Portion, None, dict[str, pl.Series]]:
        """Read the whole file."""
        size = min(BLOCK, max(LEAST, CELL * self._width))
        blocks = utf8_blocks(self._path, self._dialect.encoding, size)
        blocks = self._dialect.rewriting.blocks(blocks)
        return (yield from self.read(blocks, self._path.stat().st_size, into))

    def read(
        self, blocks: Iterator[tuple[bytes, int]], total: int, into: mapped.Writing | None = None
    ) -> Generator[Portion, None, dict[str, pl.Series]]:
        """Read all blocks of UTF-8 text; returns the columns that are not stubborn by name.

        Parameters
        ----------
        into
            Where the columns are written; none is returned then.
        """
        merged: list[Future[pl.DataFrame]] = []
        fresh: list[pl.DataFrame] = []
        together, start = PIECE if into else max(TOGETHER, total // CHUNKS), 0
        with ThreadPoolExecutor(1) as merging:
            for frame in self._frames(blocks, side_by_side=total > LEAST):
                fresh.append(frame)
                if self._at - start >= together:
                    wait(merged)
                    merged.append(merging.submit(self._merged, fresh, into))
                    fresh, start = [], self._at
                yield Portion(self._at, total)
            if fresh:
                merged.append(merging.submit(self._merged, fresh, into))
            frames = [each.result() for each in merged]
        if not self._rows:
            raise no_rows(self._path)
        if into is not None:
            for name in self.stubborn:
                into.drop(name)
            return {}
        return {each.name: each for each in pl.concat(map(self._left, frames))}

    def _left(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns that are not stubborn as far as is known."""
        names = (name for name in self._wanted if name not in self.stubborn)
        return pl.DataFrame([frame.get_column(name) for name in names])

    def _merged(self, frames: list[pl.DataFrame], into: mapped.Writing | None) -> pl.DataFrame:
        whole = pl.concat(map(self._left, frames), rechunk=True)
        columns = [self._checked(column) for column in whole]
        if into is not None:
            into.add(columns)
            return whole.clear()
        return pl.DataFrame(columns)

    def _checked(self, column: pl.Series) -> pl.Series:
        """Take numbers beyond all measure for missing, or note that their text is needed."""
        if column.dtype != pl.Float64:
            return column
        numbers = measurable(column)
        if self._exact and numbers.null_count() > column.null_count():
            self.stubborn.add(column.name)
        return without_numbers(numbers.to_frame(), self._words).to_series()

    def _frames(
        self, blocks: Iterator[tuple[bytes, int]], *, side_by_side: bool
    ) -> Iterator[pl.DataFrame]:
        """Yield rows; from what is no plain table on, record by record.

        Parameters
        ----------
        side_by_side
            Parse blocks on several threads.
        """
        line, above = 1, self._dialect.skip
        with closing(self._parsed(self._texts(blocks), side_by_side)) as found:
            for (text, _, self._at), parsed in found:
                if parsed is None:
                    self._plain = False
                    rest = chain([text], (text for (text, _, self._at), _ in found))
                    yield from self._one_by_one(rest, line, above)
                    return
                self._rows += parsed.rows
                yield parsed.frame
                above -= parsed.left_out
                line += parsed.lines

    def _parsed(
        self, texts: Iterator[_Text], side_by_side: bool
    ) -> Generator[tuple[_Text, _Parsed | None], None, None]:
        """Yield texts with their rows; those with records above the table one by one."""
        above = self._dialect.skip
        for text in texts:
            parsed = self._parse(text, above)
            yield text, parsed
            above -= parsed.left_out if parsed else 0
            if not above:
                break
        work = partial(self._parse, above=0)
        yield from abreast(work, texts) if side_by_side else ((each, work(each)) for each in texts)

    def _texts(self, blocks: Iterator[tuple[bytes, int]]) -> Generator[_Text, None, None]:
        """Yield texts, whether they are whole records, and how many bytes are read."""
        held, at = b"", 0
        for block, at in blocks:
            block = block.replace(b"\r", b"\n") if self._dialect.returns else block
            cut = whole_records(block, held)
            if not cut and len(held) + len(block) <= LONGEST_LINE:
                held += block
                continue
            end = cut or len(held) + len(block)
            rest = end - len(held)
            if rest < 0:
                text, held = held[:end], held[end:] + block
            else:
                text, held = b"".join((held, memoryview(block)[:rest])), block[rest:]
            yield text, cut > 0, at
        if held:
            yield held, False, at

    def _parse(self, given: _Text, above: int) -> _Parsed | None:
        """Read whole records and count them; None when readers may disagree on them.

        Parameters
        ----------
        above
            Records to leave out; those that are blank are left out anyway.
        """
        text, whole, _ = given
        if not self._plain or not whole or text.startswith(codecs.BOM_UTF8):
            return None
        if (seen := look(text, self._dialect.delimiter)) is None:
            return None
        frame = None if above or self._width == 1 else self._even(text, seen.records)
        if frame is None:
            records = find_records(text, self._dialect.delimiter)
            filled = rows_of(text, records, self._width)
            above, filled = min(above, len(filled)), filled[above:]
            if (records.cells[filled] != self._width).any():
                return None
            frame = self._csv(joined(text, records, filled), len(filled))
        if frame is None:
            return None
        made = self._typed(self._chosen(frame), loose=seen.loose)
        return _Parsed(made, frame.height, seen.lines, above)

    def _even(self, text: bytes, records: int) -> pl.DataFrame | None:
        """Parse records that may be the rows of a table as they are; None when they are not.

        A row with too many cells is refused, and one with too few lacks the last.
        """
        frame = self._csv(text, records)
        if frame is None or not frame.to_series(-1).null_count():
            return frame
        cells = count_cells(text, self._dialect.delimiter)
        return frame if cells == records * self._width else None

    def _csv(self, text: bytes, rows: int) -> pl.DataFrame | None:
        """Parse the columns of numbers as such if that is possible, else all as text.

        None when it gives another number of rows.
        """
        if not rows:
            return pl.DataFrame(schema=self._schema())
        numbers = self._numbers - self.stubborn if not self._words_are_numbers else set()
        for kinds in (numbers, set[str]()) if numbers else (numbers,):
            with suppress(pl.exceptions.PolarsError):
                frame = pl.read_csv(
                    text,
                    separator=self._dialect.delimiter,
                    has_header=False,
                    schema=self._schema(kinds),
                    infer_schema=False,
                )
                return frame if frame.height == rows else None
        return None

    def _chosen(self, frame: pl.DataFrame) -> pl.DataFrame:
        wanted = set(self._wanted) - self.stubborn
        names = (name for name in self._dialect.columns if name in wanted)
        return pl.DataFrame([frame.get_column(name) for name in names])

    def _schema(self, numbers: Collection[str] = ()) -> dict[str, type[pl.DataType]]:
        return {
            name: pl.Float64 if name in numbers else pl.String for name in self._dialect.columns
        }

    def _typed(self, frame: pl.DataFrame, *, loose: bool) -> pl.DataFrame:
        """Strip text, empty cells that mean nothing, and make numbers of the columns that are.

        Parameters
        ----------
        loose
            There may be spaces at the ends of cells, or cells empty between quotation marks.
        """
        if loose:
            frame = frame.with_columns(pl.col(pl.String).str.strip_chars())
            frame = frame.with_columns(
                pl.when(pl.col(pl.String).str.len_bytes() > 0).then(pl.col(pl.String))
            )
        if self._words:
            known = ~pl.col(pl.String).is_in(self._words)
            frame = frame.with_columns(pl.when(known).then(pl.col(pl.String)))
        numbers = self._numbers - self.stubborn
        text = pl.DataFrame(
            [column for column in frame if column.name in numbers and column.dtype == pl.String]
        )
        if not text.width:
            return frame
        if not self._exact:
            return frame.with_columns(all_to_numbers(text, self._units).get_columns())
        read = text.select(pl.all().cast(pl.Float64, strict=False))
        odd = {
            column.name
            for column, before in zip(read, text, strict=True)
            if column.null_count() > before.null_count()
        }
        self.stubborn |= odd
        return frame.with_columns(column for column in read if column.name not in odd)

    def _one_by_one(self, texts: Iterator[bytes], line: int, above: int) -> Iterator[pl.DataFrame]:
        for rows in read_records(self._path, texts, self._dialect, line, above):
            frame = pl.DataFrame(rows, schema=self._schema(), orient="row")
            self._rows += len(rows)
            yield self._typed(self._chosen(frame), loose=True)


def abreast(work: Callable[[T], R], items: Iterator[T]) -> Generator[tuple[T, R], None, None]:
    """Yield items in order with what was made of them, several at a time on threads."""
    waiting: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(THREADS) as workers:
        for item in items:
            waiting.append((item, workers.submit(work, item)))
            if len(waiting) > 4 * THREADS:
                first, made = waiting.popleft()
                yield first, made.result()
        for item, made in waiting:
            yield item, made.result()
