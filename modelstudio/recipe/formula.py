"""Formulas of columns, read into a small tree. Nothing of them is ever run as Python.

``price / rooms``, ``log(1 + `net income`)``, ``age >= 18 and town in ["Ulm", "Bonn"]``. A missing
operand makes a result missing; so does one that is no finite number. ``and`` and ``or`` are told
by one operand where that decides.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

Sort = Literal["number", "truth", "text", "date"]
"""What a term stands for; a truth counts as 0 or 1 where a number is due."""

LONGEST, DEEPEST = 4000, 200
"""Most signs of a formula, and most operations within one another."""

FUNCTIONS = {"abs": 1, "ceil": 1, "exp": 1, "floor": 1, "log": 1, "log10": 1, "sqrt": 1}
EXTREMES = ("max", "min")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGIC = {"and": 2, "or": 2, "not": 1}

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARE = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="},
    **{ast.Eq: "==", ast.NotEq: "!="},
}
_INSTEAD: dict[type[ast.AST], str] = {
    ast.BitXor: "Write ** for powers.",
    ast.BitAnd: "Write and instead of &.",
    ast.BitOr: "Write or instead of |.",
    ast.Invert: "Write not instead of ~.",
}
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`((?:[^`]|``)+)`""")


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of a column."""

    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation: a key of the tables above, ``if``, ``fill`` or ``is_missing``."""

    operation: str
    operands: tuple[Term, ...]


Term = Constant | Cell | Call


@lru_cache(maxsize=256)
def parse(text: str) -> Term:
    """Read a formula.

    Raises
    ------
    ValueError
        When it cannot be read; the message is a sentence.
    """
    if not text.strip():
        raise ValueError("the formula is empty")
    if len(text) > LONGEST:
        raise ValueError(f"the formula is longer than {LONGEST:,} signs")
    prefix = "_c"
    while prefix in text:
        prefix += "_"
    quoted: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        name = f"{prefix}{len(quoted)}"
        quoted[name] = found[1].replace("``", "`")
        return name

    plain = _QUOTED.sub(stand_in, " ".join(text.split("\n")).strip())
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(plain, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(_unreadable(plain)) from None
    return _Reader(quoted).read(tree.body)


def _unreadable(text: str) -> str:
    if re.search(r"(?<![<>=!])=(?!=)", text):
        return "the formula has a single =; write == to compare"
    return (
        "the formula cannot be read; names of columns with spaces or signs stand in backticks, "
        "texts in quotes"
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns Python's syntax tree into ours, and refuses all that has no place in a formula."""

    quoted: Mapping[str, str]

    def read(self, node: ast.AST, depth: int = 0) -> Term:
        if depth > DEEPEST:
            raise ValueError(f"the formula has more than {DEEPEST} operations within one another")
        deeper = depth + 1
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=str(value)):
                return Constant(value)
            case ast.Constant(value=int() | float() as value):
                return self._number(value)
            case ast.Name(id=name):
                return Cell(self.quoted.get(name, name))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _binary(_BINARY[type(op)], self.read(left, deeper), self.read(right, deeper))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Call("negative", (self.read(operand, deeper),))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, deeper)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Call("not", (self.read(operand, deeper),))
            case ast.BoolOp(op=op, values=values):
                name = "and" if isinstance(op, ast.And) else "or"
                return _chain(name, [self.read(value, deeper) for value in values])
            case ast.Compare():
                return self._comparison(node, deeper)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Call("if", tuple(self.read(x, deeper) for x in (test, body, orelse)))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, tuple(self.read(each, deeper) for each in args))
            case ast.BinOp(op=op) | ast.UnaryOp(op=op) if type(op) in _INSTEAD:
                raise ValueError(f"the formula cannot be read. {_INSTEAD[type(op)]}")
        raise ValueError(
            "the formula may hold numbers, columns, + - * / **, comparisons, and, or, not, if else "
            f"and the functions {', '.join(_functions())}"
        )

    @staticmethod
    def _number(value: float) -> Constant:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError("the formula has a number that is too large")
        return Constant(number)

    def _comparison(self, node: ast.Compare, depth: int) -> Term:
        parts: list[Term] = []
        left = self.read(node.left, depth)
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                if not isinstance(right, ast.List | ast.Tuple) or not right.elts:
                    raise ValueError('after in stands a list, such as ["Ulm", "Bonn"]')
                choices = (Call("==", (left, self.read(each, depth))) for each in right.elts)
                found = _chain("or", list(choices))
                parts.append(found if isinstance(op, ast.In) else Call("not", (found,)))
                continue
            if type(op) not in _COMPARE:
                raise ValueError("the formula compares with < <= > >= == != and in")
            after = self.read(right, depth)
            parts.append(Call(_COMPARE[type(op)], (left, after)))
            left = after
        return _chain("and", parts)

    @staticmethod
    def _call(name: str, operands: tuple[Term, ...]) -> Term:
        if name in EXTREMES and len(operands) > 1:
            return _chain(name, operands)
        counts = {**FUNCTIONS, "fill": 2, "is_missing": 1}
        if name not in counts and name not in EXTREMES:
            raise ValueError(
                f"the formula has no function {name}; there are {', '.join(_functions())}"
            )
        if counts.get(name, 2) != len(operands):
            wanted = "two or more values" if name in EXTREMES else f"{counts[name]} value"
            raise ValueError(f"{name} takes {wanted}{'s' if counts.get(name) == 2 else ''}")
        if name == "is_missing" and not isinstance(operands[0], Cell):
            raise ValueError("is_missing takes the name of a column")
        return Call(name, operands)


def _binary(operation: str, left: Term, right: Term) -> Call:
    """Join two terms; the square of a column is a product, which is rounded alike everywhere."""
    if operation == "**" and isinstance(left, Cell) and right == Constant(2.0):
        return Call("*", (left, left))
    return Call(operation, (left, right))


def _chain(operation: str, terms: Sequence[Term]) -> Term:
    """Join terms two by two, so that many of them do not lie deep within one another."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return Call(operation, (_chain(operation, terms[:half]), _chain(operation, terms[half:])))


def _functions() -> list[str]:
    return sorted([*FUNCTIONS, *EXTREMES, "fill", "is_missing"])


def columns_in(term: Term) -> tuple[str, ...]:
    """Return the columns of a formula, each once, in the order in which they stand there."""

    def cells(term: Term) -> Iterator[str]:
        match term:
            case Cell(column):
                yield column
            case Call(_, operands):
                for operand in operands:
                    yield from cells(operand)

    return tuple(dict.fromkeys(cells(term)))


def sort_of(term: Term, sorts: Mapping[str, Sort]) -> Sort:
    """Tell what a formula stands for, given what its columns hold.

    Raises
    ------
    ValueError
        When it names a column that is not there or mixes what cannot be mixed; the message is a
        sentence.
    """
    match term:
        case Constant(value):
            return "text" if isinstance(value, str) else "number"
        case Cell(column):
            return _sort_of_cell(column, sorts)
        case Call("is_missing", (Cell(column),)):
            _sort_of_cell(column, sorts)
            return "truth"
        case Call(operation, operands) if operation in COMPARISONS:
            _comparable(operation, operands, [sort_of(each, sorts) for each in operands])
            return "truth"
        case Call(operation, operands) if operation in LOGIC:
            for each in operands:
                if sort_of(each, sorts) != "truth":
                    raise ValueError(f"{operation} joins comparisons, such as age > 18")
            return "truth"
        case Call("if", (test, *branches)):
            if sort_of(test, sorts) != "truth":
                raise ValueError("between if and else stands a comparison, such as age > 18")
            return _numbers("if", branches, sorts)
        case Call(operation, operands):
            return _numbers(operation, operands, sorts)
    raise AssertionError(term)


def _sort_of_cell(column: str, sorts: Mapping[str, Sort]) -> Sort:
    if column in sorts:
        return sorts[column]
    near = difflib.get_close_matches(column, sorts, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"the formula names {column}, which is no column at that point{hint}")


def _numbers(
    operation: str, operands: tuple[Term, ...] | list[Term], sorts: Mapping[str, Sort]
) -> Sort:
    for each in operands:
        if (sort := sort_of(each, sorts)) not in ("number", "truth"):
            what = each.column if isinstance(each, Cell) else repr(getattr(each, "value", ""))
            raise ValueError(f"{operation} takes numbers, but {what} is a {sort}")
    return "number"


def _comparable(operation: str, operands: tuple[Term, ...], sorts: list[Sort]) -> None:
    if all(sort in ("number", "truth") for sort in sorts):
        return
    if set(sorts) == {"text"} and sum(isinstance(each, Cell) for each in operands) == 1:
        if operation in ("==", "!="):
            return
        raise ValueError(f"{operation} compares numbers and dates; categories only with == and !=")
    if set(sorts) == {"date", "text"}:
        for each in operands:
            if isinstance(each, Constant):
                date_of(str(each.value))
        return
    if set(sorts) == {"date"}:
        return
    if set(sorts) == {"text"}:
        raise ValueError("a column of text is compared with a text in quotes")
    raise ValueError(f"{operation} cannot compare a {sorts[0]} with a {sorts[1]}")


def date_of(text: str) -> datetime:
    """Read the date that a text in a formula stands for.

    Raises
    ------
    ValueError
        When it is none; the message is a sentence.
    """
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"{text!r} is no date; write it as 2026-01-31") from None
