"""From the text of cells to numbers, in the ways in which people write them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import polars as pl

MISSING_NUMBERS = (
    *("NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "Null", "None"),
    *("-", "--", "?", "."),
)
"""Words that mean a missing value where a number is due; elsewhere they are categories."""

_NONE = pl.Series([None], dtype=pl.Float64)

GREATEST = 1e150
"""Numbers beyond this count as infinite: their squares overflow."""

ALIKE = 0.95
"""Share of the cells of a column that have to be written in one way for it to count."""

_MONEY = r"(?:[$€£¥₹₽₩]|US\$|EUR|USD|GBP|CHF|JPY|INR|Rs\.?|zł|kr\.?)"
_CURRENCIES = {
    **dict.fromkeys(("US$", "USD"), "$"),
    **{"EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "Rs": "₹", "Rs.": "₹", "kr.": "kr"},
}
"""Other ways to write a currency, and the usual one."""

_BEFORE = rf"^([+-]?)\s*{_MONEY}\s*([+-]?[\d.,])"
_BEHIND = rf"([\d.,])\s*(?:{_MONEY}|%)$"
_IN_PARENTHESES = rf"^\(\s*({_MONEY}?\s*\d[\d.,' ]*(?:{_MONEY}|%)?)\s*\)$"

_ONLY = r"([\d.,])\s?/-$"
"""What stands behind an amount without paise, as in 5,12,345/-."""

_MINUS_BEHIND = rf"^({_MONEY}?\s*\d[\d.,' ]*(?:{_MONEY}|%)?)\s?-(\s*(?:{_MONEY}|%))?$"
"""A negative number as accounting programs write it, as in 321,43-."""

_WIDE_SPACES = "[\u00a0\u2007\u2009\u202f]"

_GROUPED = r"^[+-]?\d{1,3}(?:(?:,\d{2,3})*,\d{3}|(?:'\d{3})+|(?: \d{3})+)(?:\.\d*)?$"

_UNIT = r"([\d.])\s?([A-Za-zµ°][A-Za-zµ°²³/]{0,8}[23]?\.?)$"
_MEASURED = r"^[+-]?\d[\d,']*(?:\.\d+)?\s?[A-Za-zµ°][A-Za-zµ°²³/]{0,8}[23]?\.?$"
"""What stands behind a number, and a number with it."""

_EUROPEAN = r"^[+-]?(?:\d+|\d{1,3}(?:[. ']\d{3})+)(?:,\d+)?$"
"""Numbers that may be written with a decimal comma."""

_AMOUNT = r"^([^A-Za-zµ°]*[\d.,])(\s?[A-Za-zµ°][A-Za-zµ°²³/]{0,8}[23]?\.?)?$"
"""A number, with what may stand behind it."""

_COMMA = re.compile(
    r"[+-]?(?:(?:\d+|\d{1,3}(?:[. ']\d{3})+),(?:\d{1,2}|\d{4,})|0,\d+"
    r"|\d{1,3}(?:[.']\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})"
)
_POINT = re.compile(
    r"[+-]?(?:\d*\.(?:\d{1,2}|\d{4,})|0?\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d+"
    r"|\d{1,3}(?:,\d{3}){2,})"
)
_UNSURE = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}{sign}\d{{3}}") for sign in (",", r"\.")}
"""Numbers that can only have a decimal comma, only a decimal point, or either."""

_BARE = re.compile(r"[+-]?\d[\d.,]*")
"""A number that has no such signs."""

CODE = r"^(?:\+\d{7,}|0\d+)$"
"""Digits that begin as no amount does."""

CLOCK = r"^([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?$"
"""A time of day, which is read as hours."""

_ROUNDED = r"^([+-]?\d+(?:\.\d+)?)\s?([kKMB])$"
_MAGNITUDES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}
"""What stands behind rounded numbers, as in 1.2M."""

Decimals = Literal["comma", "point"]
"""The sign before the decimals."""


def to_numbers(text: pl.Series, unit: str | None = None) -> pl.Series:
    """Read text as Float64; what is no number, or beyond all measure, is missing.

    Thousands may be set apart (``1,234.5``), a currency or per cent sign may stand beside, a
    negative number in parentheses, and one and the same unit behind all numbers of a column.

    Parameters
    ----------
    unit
        That unit, empty for none; without it the cells tell, and each how the others are read.
    """
    units = None if unit is None else {text.name: unit}
    return all_to_numbers(text.to_frame(), units).to_series()


def all_to_numbers(text: pl.DataFrame, units: Mapping[str, str] | None = None) -> pl.DataFrame:
    """Read all columns of a table as `to_numbers` does, in few passes however many there are.

    Parameters
    ----------
    units
        By column; those that are not among them have none. Without it the cells tell.
    """
    numbers = text.select(pl.all().cast(pl.Float64, strict=False))
    empty = zip(numbers.get_columns(), text.get_columns(), strict=True)
    unread = [after.name for after, before in empty if after.null_count() > before.null_count()]
    if unread and (dressed := _where(text[unread], _is_dressed())):
        rest = text[dressed].select(_bare(pl.all()))
        found = _with_unit(lambda: [rest]) if units is None else units
        read = _undressed(rest, found)
        numbers = numbers.with_columns(read.get_columns())
    return numbers.select(_measurable())


def numbers_in_pieces(text: Iterable[pl.Series], unit: str | None = None) -> Iterator[pl.Series]:
    """Read a column as `to_numbers` does that comes in pieces, whenever it is gone through."""
    if unit is not None:
        yield from (to_numbers(some, unit) for some in text)
        return
    if not any(_where(some.to_frame(), _is_dressed()) for some in text):
        yield from (measurable(some.cast(pl.Float64, strict=False)) for some in text)
        return

    def bare() -> Iterator[pl.DataFrame]:
        return (some.to_frame().select(_bare(pl.all())) for some in text)

    with_unit = _with_unit(bare)
    for some in bare():
        yield _undressed(some, with_unit).select(_measurable()).to_series()


def _undressed(text: pl.DataFrame, units: Mapping[str, str]) -> pl.DataFrame:
    """Read numbers that stand without signs of money, in some columns with a unit behind them."""
    text = text.with_columns(
        pl.when(pl.col(name).str.extract(_UNIT, 2) == unit)
        .then(pl.col(name).str.replace(_UNIT, "$1"))
        .otherwise(pl.col(name))
        for name, unit in units.items()
        if unit and name in text.columns
    )
    grouped = pl.when(pl.all().str.contains(_GROUPED))
    text = text.select(grouped.then(pl.all().str.replace_all("[,' ]", "")).otherwise(pl.all()))
    if rounded := _where(text, pl.all().str.contains(_ROUNDED).any()):
        text = text.with_columns(_written_out(text[rounded]).get_columns())
    if clocks := _where(text, pl.all().str.contains(CLOCK).any()):
        text = text.with_columns(_in_hours(text[clocks]).get_columns())
    return text.select(pl.all().cast(pl.Float64, strict=False))


@lru_cache(maxsize=16)
def numbers_of(words: tuple[str, ...]) -> tuple[float, ...]:
    """Return the numbers among some words."""
    return tuple(to_numbers(pl.Series(words, dtype=pl.String)).drop_nulls())


def without_numbers(frame: pl.DataFrame, words: Collection[str]) -> pl.DataFrame:
    """Take numbers that are among some words for missing, however a cell writes them."""
    if not words or not (numbers := numbers_of(tuple(words))):
        return frame
    return frame.with_columns(
        column.zip_with(~found.fill_null(False), _NONE)
        for column in frame.select(pl.col(pl.Float64))
        if (found := column.is_in(numbers)).any()
    )


def is_measurable(numbers: pl.Series) -> bool:
    """Tell whether every number that is there is finite and within all measure."""
    return bool(numbers.is_between(-GREATEST, GREATEST, closed="none").all())


def measurable(numbers: pl.Series) -> pl.Series:
    """Take infinite numbers and those beyond all measure for missing."""
    if is_measurable(numbers):
        return numbers
    return numbers.to_frame().select(_measurable()).to_series()


def _measurable() -> pl.Expr:
    return pl.when(pl.all().abs() < GREATEST).then(pl.all())


def _where(frame: pl.DataFrame, fact: pl.Expr) -> list[str]:
    """Return the columns of which something is true."""
    if not frame.width:
        return []
    return [name for name, true in frame.select(fact).row(0, named=True).items() if true]


def _is_dressed() -> pl.Expr:
    """Tell whether a column has cells with digits that are no plain numbers."""
    plain = pl.all().cast(pl.Float64, strict=False).is_not_null()
    return (~plain & pl.all().str.contains(r"\d")).any()


def _bare(text: pl.Expr) -> pl.Expr:
    """Take signs of money and per cent away, and write ``(5)`` and ``5-`` as ``-5``."""
    return (
        text.str.replace_all(_WIDE_SPACES, " ")
        .str.replace("−", "-", literal=True)
        .str.replace(_ONLY, "$1")
        .str.replace(_MINUS_BEHIND, "-$1$2")
        .str.replace(_IN_PARENTHESES, "-$1")
        .str.replace(_BEFORE, "$1$2")
        .str.replace(_BEHIND, "$1")
        .str.strip_chars()
    )


def _with_unit(parts: Callable[[], Iterable[pl.DataFrame]]) -> dict[str, str]:
    """Return the units behind almost all numbers of columns that have one, by all parts."""
    measured = pl.all().str.contains(_MEASURED)
    names = list({name: None for part in parts() for name in _where(part, measured.any())})
    if not names:
        return {}
    units = defaultdict[str, set[str]](set)
    behind, known, rounded = Counter[str](), Counter[str](), set[str]()
    for part in (each[names] for each in parts()):
        for each in part.select(pl.all().str.extract(_UNIT, 2).drop_nulls().unique().implode()):
            units[each.name].update(each[0])
        behind.update(_sums(part, measured))
        known.update(_sums(part, ~pl.all().is_in(MISSING_NUMBERS)))
        rounded.update(_where(part, pl.all().str.contains(_ROUNDED).any()))
    return {
        name: next(iter(units[name]))
        for name in names
        if len(units[name]) == 1 and behind[name] >= ALIKE * known[name] and name not in rounded
    }


def _sums(frame: pl.DataFrame, fact: pl.Expr) -> dict[str, int]:
    """Count the cells of each column of which something is true."""
    return frame.select(fact.sum()).row(0, named=True)


def _written_out(text: pl.DataFrame) -> pl.DataFrame:
    """Write 1.2M as 1200000."""
    factor = pl.all().str.extract(_ROUNDED, 2).replace_strict(_MAGNITUDES, default=None)
    factors = text.select(factor.cast(pl.Float64))
    amounts = text.select(pl.all().str.extract(_ROUNDED, 1).cast(pl.Float64))
    return pl.DataFrame(
        [
            column.zip_with(amount.is_null(), (amount * each).cast(pl.String))
            for column, amount, each in zip(text, amounts, factors, strict=True)
        ]
    )


def _in_hours(text: pl.DataFrame) -> pl.DataFrame:
    """Write 8:30 as 8.5."""
    parts = [
        text.select(pl.all().str.extract(CLOCK, at).cast(pl.Float64) / share)
        for at, share in ((1, 1), (2, 60), (3, 3600))
    ]
    return pl.DataFrame(
        [
            column.zip_with(
                hours.is_null(), (hours + minutes + seconds.fill_null(0)).cast(pl.String)
            )
            for column, hours, minutes, seconds in zip(text, *parts, strict=True)
        ]
    )


def unit_of(text: pl.Series) -> str:
    """Return the unit behind the numbers of a column that is read without it; empty for none."""
    bare = text.to_frame().select(_bare(pl.all()))
    return _with_unit(lambda: [bare]).get(text.name, "")


def currencies_of(text: pl.Series) -> pl.Series:
    """Return the sign of money beside each number, one for each currency; missing for none."""
    return text.str.extract(f"({_MONEY})").replace(_CURRENCIES)


def with_money(text: pl.DataFrame) -> list[str]:
    """Return the columns in which a sign of money stands."""
    return _where(text, pl.all().str.contains(_MONEY).any())


def without_decimal_commas(text: pl.Series) -> pl.Series:
    """Write numbers with decimal commas the usual way: ``1.234,5`` as ``1234.5``.

    A cell that holds anything else stays as it is.
    """
    if text.dtype != pl.String or not text.str.contains("[,.]").any():
        return text
    bare = text.to_frame().select(_bare(pl.all())).to_series()
    number, unit = bare.str.extract(_AMOUNT, 1), bare.str.extract(_AMOUNT, 2)
    fits = number.str.contains(_EUROPEAN) & ~number.str.contains(r"^[+-]?0\.")
    plain = number.str.replace_all(r"[. ']", "").str.replace(",", ".", literal=True)
    return text.zip_with(~fits.fill_null(False), plain + unit.fill_null(""))


def clear_signs(cells: Iterable[str]) -> set[Decimals]:
    """Return the signs that are surely before decimals in some cells."""
    signs: set[Decimals] = set()
    for cell in map(_amount, cells):
        signs |= {"comma"} if _COMMA.fullmatch(cell) else set()
        signs |= {"point"} if _POINT.fullmatch(cell) else set()
    return signs


def may_have_commas(cells: Iterable[str]) -> bool:
    """Tell whether the numbers of a column may have decimal commas: almost all of its cells."""
    known = [_amount(cell) for cell in cells if cell and cell not in MISSING_NUMBERS]
    fits = (bool(re.search(_EUROPEAN, each)) and not re.match(r"[+-]?0\.", each) for each in known)
    return sum(fits) >= ALIKE * len(known)


def decimals_of(
    columns: Iterable[Sequence[str]], *, commas_likely: bool = False
) -> Decimals | None:
    """Tell the sign before the decimals in a table from its columns of text.

    A comma in one column tells it for all those that do not speak against it; None where there is
    no evidence.

    Parameters
    ----------
    commas_likely
        Take ``1,234`` for one and a bit where nothing speaks for a point.
    """
    signs = {_decimals_in(cells) for cells in columns}
    if "comma" in signs:
        return "comma"
    if "point" in signs:
        return "point"
    return "comma" if commas_likely and "comma?" in signs else None


def _decimals_in(cells: Sequence[str]) -> str | None:
    marked = [cell for cell in cells if "," in cell or "." in cell]
    if any(_POINT.fullmatch(_amount(cell)) for cell in marked):
        return "point"
    known = [_amount(cell) for cell in cells if cell and cell not in MISSING_NUMBERS]
    if not marked or sum(bool(re.search(_EUROPEAN, each)) for each in known) < ALIKE * len(known):
        return None
    if any(map(_COMMA.fullmatch, known)):
        return "comma"
    return "comma?" if any(map(_UNSURE[","].fullmatch, known)) else None


def is_unsure(cells: Sequence[str]) -> bool:
    """Tell whether numbers such as ``1.234`` may have thousands or decimals behind the point."""
    marked = False
    for cell in cells:
        if not cell or cell in MISSING_NUMBERS:
            continue
        bare = _stripped(cell)
        if _UNSURE[r"\."].fullmatch(bare):
            marked = True
        elif not re.fullmatch(r"[+-]?\d{1,3}", bare):
            return False
    return marked


def _amount(cell: str) -> str:
    """Return the number in a cell without signs of money, per cent and a unit."""
    bare = _stripped(cell)
    return found.group(1) if (found := re.match(_AMOUNT, bare)) else bare


def _stripped(cell: str) -> str:
    """Return the number in a cell without signs of money and per cent."""
    if _BARE.fullmatch(cell):
        return cell
    bare = re.sub(_WIDE_SPACES, " ", cell).strip()
    bare = re.sub(_MINUS_BEHIND, r"-\1\2", re.sub(_ONLY, r"\1", bare))
    bare = re.sub(_IN_PARENTHESES, r"-\1", bare)
    return re.sub(_BEHIND, r"\1", re.sub(_BEFORE, r"\1\2", bare)).strip()
