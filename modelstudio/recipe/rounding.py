"""Where rounding decides what a formula gives.

Logarithms, exponentials and powers may differ in the last bit from one program to another. While a
formula is smooth that is of no account, but ``floor(log10(income))`` is 2 or 3 by it.
"""

from __future__ import annotations

from collections.abc import Collection

from modelstudio.recipe.formula import COMPARISONS, Call, Cell, Constant, Term

_ROUNDED = ("**", "exp", "log", "log10")
_JUMPING = ("ceil", "floor", *COMPARISONS)
_TRUTHS = (*COMPARISONS, "and", "or", "not", "is_missing")


def is_rounded(term: Term, columns: Collection[str] = ()) -> bool:
    """Tell whether the last bit of a value is uncertain.

    Parameters
    ----------
    columns
        Those that hold such values.
    """
    match term:
        case Cell(column):
            return column in columns
        case Call(operation, operands):
            return operation in _ROUNDED or any(is_rounded(each, columns) for each in operands)
    return False


def is_decided_by_rounding(term: Term, columns: Collection[str] = ()) -> bool:
    """Tell whether a last bit of its operands may change a formula by more than another."""
    if not isinstance(term, Call):
        return False
    operation, operands = term.operation, term.operands
    if any(is_decided_by_rounding(each, columns) for each in operands):
        return True
    if operation in _JUMPING:
        return any(is_rounded(each, columns) for each in operands)
    if operation == "/":
        return _is_about_zero(operands[1], columns)
    return operation in ("**", "log", "log10", "sqrt") and _is_about_zero(operands[0], columns)


def _is_about_zero(term: Term, columns: Collection[str]) -> bool:
    """Tell whether rounding may decide if a value is 0, or on which side of it."""
    if not isinstance(term, Call):
        return is_rounded(term, columns)
    match term.operation:
        case "exp":
            return False
        case "+" | "-":
            return is_rounded(term, columns) and not _is_never_negative(term)
        case "log" | "log10":
            return is_rounded(term.operands[0], columns)
    return any(_is_about_zero(each, columns) for each in term.operands)


def _is_never_negative(term: Term) -> bool:
    match term:
        case Constant(float(value)):
            return value >= 0
        case Call("+" | "/" | "max" | "min" | "**", operands):
            return all(map(_is_never_negative, operands))
        case Call("*", (left, right)):
            return left == right or (_is_never_negative(left) and _is_never_negative(right))
        case Call(operation, _):
            return operation in ("abs", "exp", "sqrt", *_TRUTHS)
    return False
