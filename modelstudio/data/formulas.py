"""Formulas worked out over the rows of a table, in double precision, NaN where nothing is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.recipe.formula import (
    COMPARISONS,
    Call,
    Cell,
    Constant,
    Sort,
    Term,
    date_of,
    parse,
    sort_of,
)

Numbers = NDArray[np.float64]


def sorts_of(frame: pl.DataFrame) -> dict[str, Sort]:
    """Tell what formulas take the columns of a table for."""
    sorts: dict[str, Sort] = {}
    for name, dtype in frame.schema.items():
        if dtype == pl.Float64:
            sorts[name] = "number"
        elif dtype == pl.String:
            sorts[name] = "text"
        elif dtype.is_temporal():
            sorts[name] = "date"
    return sorts


def evaluate(term: Term, frame: pl.DataFrame) -> Numbers:
    """Work out a formula that fits the table; truths are 0 and 1. Shape (rows,)."""
    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(_value(term, frame), frame.height))


def holds(text: str, frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Tell the rows for which a condition holds; one that is left open does not. Shape (rows,).

    Raises
    ------
    ValueError
        When it is no condition of these columns; the message is a sentence.
    """
    term = parse(text)
    if sort_of(term, sorts_of(frame)) != "truth":
        raise ValueError("the condition compares nothing; write it as age > 18")
    found: NDArray[np.bool_] = evaluate(term, frame) == 1.0
    return found


def _value(term: Term, frame: pl.DataFrame) -> Numbers:
    match term:
        case Constant(value):
            return np.array([value], dtype=np.float64)
        case Cell(column):
            return _finite(_numbers(frame.get_column(column)))
        case Call("is_missing", (Cell(column),)):
            return _missing(frame.get_column(column))
        case Call(operation, operands):
            if operation in COMPARISONS and _without_numbers(operands, frame):
                return _others_compared(operation, operands, frame)
            return _OPERATIONS[operation](*(_value(each, frame) for each in operands))
    raise AssertionError(term)


def _numbers(column: pl.Series) -> Numbers:
    values: Numbers = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values


def _finite(values: Numbers) -> Numbers:
    return np.where(np.isfinite(values), values, np.nan)


def _missing(column: pl.Series) -> Numbers:
    if column.dtype == pl.Float64:
        return np.isnan(_finite(_numbers(column))).astype(np.float64)
    return column.is_null().to_numpy().astype(np.float64)


def _without_numbers(operands: tuple[Term, ...], frame: pl.DataFrame) -> bool:
    sorts = sorts_of(frame)
    return all(sort_of(each, sorts) in ("text", "date") for each in operands)


def _others_compared(operation: str, operands: tuple[Term, ...], frame: pl.DataFrame) -> Numbers:
    """Compare texts or dates."""
    sorts = sorts_of(frame)
    dates = any(sort_of(each, sorts) == "date" for each in operands)
    left, right = (_other(each, frame, dates=dates) for each in operands)
    found = getattr(left, _METHODS[operation])(right)
    return _numbers(frame.select(found.cast(pl.Float64).alias("found")).to_series())


def _other(term: Term, frame: pl.DataFrame, *, dates: bool) -> pl.Expr:
    if isinstance(term, Cell):
        column = pl.col(term.column)
        return column.cast(pl.Datetime("ms")) if dates else column
    assert isinstance(term, Constant)
    text = str(term.value)
    return pl.lit(date_of(text), pl.Datetime("ms")) if dates else pl.lit(text)


_METHODS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _compared(compare: Callable[[Numbers, Numbers], NDArray[np.bool_]]) -> Callable[..., Numbers]:
    def apply(a: Numbers, b: Numbers) -> Numbers:
        return np.where(np.isnan(a) | np.isnan(b), np.nan, compare(a, b))

    return apply


def _result(operation: Callable[..., Numbers]) -> Callable[..., Numbers]:
    def apply(*operands: Numbers) -> Numbers:
        return _finite(operation(*operands))

    return apply


def _and(a: Numbers, b: Numbers) -> Numbers:
    return np.where((a == 0) | (b == 0), 0.0, a * b)


def _or(a: Numbers, b: Numbers) -> Numbers:
    return np.where((a == 1) | (b == 1), 1.0, a + b)


def _fill(a: Numbers, b: Numbers) -> Numbers:
    return np.where(np.isnan(a), b, a)


def _if(test: Numbers, then: Numbers, other: Numbers) -> Numbers:
    return np.where(np.isnan(test), np.nan, np.where(test == 1, then, other))


_OPERATIONS: dict[str, Callable[..., Numbers]] = {
    "+": _result(np.add),
    "-": _result(np.subtract),
    "*": _result(np.multiply),
    "/": _result(np.divide),
    "**": _result(np.power),
    "negative": np.negative,
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": _result(np.exp),
    "log": _result(np.log),
    "log10": _result(np.log10),
    "sqrt": _result(np.sqrt),
    "max": np.maximum,
    "min": np.minimum,
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
    "==": _compared(np.equal),
    "!=": _compared(np.not_equal),
    "and": _and,
    "or": _or,
    "not": lambda a: 1.0 - a,
    "if": _if,
    "fill": _fill,
}
