"""Tables of text: all cells as they are written, or columns of numbers without their text."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, finish, mapped
from modelstudio.data.sources.delimited import Pass
from modelstudio.data.sources.dialect import CsvDialect, sniff
from modelstudio.data.sources.encoding import Misfit, candidates, misfit
from modelstudio.data.sources.numbers import without_decimal_commas
from modelstudio.data.sources.values import Pieces
from modelstudio.project.model import CsvOptions


@dataclass(frozen=True, slots=True)
class TextTable:
    """A text table as it was read.

    Parameters
    ----------
    frame
        Text without spaces at the ends, an empty cell being missing; numbers and dates in
        ``textless`` columns.
    textless
        Columns of which the text was not kept.
    exact
        No cell of these held anything else.
    """

    frame: pl.DataFrame
    textless: frozenset[str] = frozenset()
    exact: bool = True

    def with_text(self, text: pl.DataFrame) -> TextTable:
        """Return the table with the text of some columns."""
        frame = self.frame.with_columns(text.get_columns())
        return replace(self, frame=frame, textless=self.textless - set(text.columns))

    def without_text(self, values: Iterable[pl.Series]) -> TextTable:
        """Return the table with numbers and dates in place of the text of some columns."""
        new = {each.name: each for each in values}
        if not new:
            return self
        lost = any(
            each.null_count() > self.frame.get_column(name).null_count()
            for name, each in new.items()
        )
        frame = self.frame.with_columns(new.values())
        return replace(self, frame=frame, textless=self.textless | set(new), exact=not lost)


def read_text(
    path: Path,
    options: CsvOptions,
    numbers: Collection[str] = (),
    *,
    exact: bool = True,
    only: Collection[str] | None = None,
    key: str | None = None,
) -> Generator[Portion, None, TextTable]:
    """Read a text table of any size in one pass, or in two.

    Parameters
    ----------
    numbers
        Columns to read straight as numbers.
    exact
        Of these, a column with a cell that is no plain number stays text; it takes a second pass.
        Otherwise such a cell is missing.
    only
        Columns to keep; None keeps all.
    key
        Name under which the table is to be written to files and mapped from there.

    Raises
    ------
    DataError
        When the file is no text table; a line with too few or too many cells is named.
    """
    dialect = sniff(path, options)
    wanted = [name for name in dialect.columns if only is None or name in only]
    first = set(numbers).intersection(wanted).difference(dialect.commas)
    for encoding in candidates(path, dialect.encoding, found=not options.encoding):
        used = replace(dialect, encoding=encoding)
        once = Pass(path, used, options, wanted, first, exact=exact)
        raw = key and (f"{key}-raw" if _is_unusual(dialect) else key)
        with mapped.Writing(raw) if raw else nullcontext() as into:
            try:
                series = yield from once.read_file(into)
                if once.stubborn:
                    again = Pass(path, used, options, once.stubborn)
                    series |= yield from again.read_file(into)
            except Misfit as error:
                line = error.line
                continue
            frame = into.finish(wanted) if into else pl.DataFrame([series[each] for each in wanted])
        if _is_unusual(dialect):
            if key:
                frame = mapped.written(key, _pieces_as_written(frame, dialect))
            else:
                frame = pl.DataFrame([_as_written(each, dialect) for each in frame])
        return TextTable(frame, frozenset(first - once.stubborn), exact)
    raise misfit(path, encoding, line)


def parse_text(
    path: Path, content: bytes, dialect: CsvDialect, options: CsvOptions
) -> pl.DataFrame:
    """Read the beginning of a text table, as UTF-8 cut behind a record, as text."""
    table = Pass(path, dialect, options, dialect.columns)
    series = finish(table.read(iter([(content, len(content))]), len(content)))
    return pl.DataFrame([_as_written(each, dialect) for each in series.values()])


def _is_unusual(dialect: CsvDialect) -> bool:
    return dialect.rewriting.single or bool(dialect.commas)


def _as_written(column: pl.Series, dialect: CsvDialect) -> pl.Series:
    """Give text the quotation marks that it has in the file, and numbers a decimal point."""
    column = dialect.rewriting.restored(column.to_frame()).to_series()
    return without_decimal_commas(column) if column.name in dialect.commas else column


def _pieces_as_written(frame: pl.DataFrame, dialect: CsvDialect) -> Iterator[pl.Series]:
    """Yield column after column of what `_as_written` makes of a table, some cells at a time."""
    for column in frame:
        yield from Pieces(column, lambda some: _as_written(some, dialect))
