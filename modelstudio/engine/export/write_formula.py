"""Formulas as ONNX, equal to `modelstudio.data.formulas`: truths are 0 and 1, NaN is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from modelstudio.engine.export.writer import Block, Writer
from modelstudio.recipe.formula import Call, Cell, Constant, Term, parse


def write_formula(state: Mapping[str, Any], w: Writer) -> None:
    """Work out a column; one of the same name is replaced in its place."""
    if not state:
        return
    found = _written(parse(state["formula"]), w)
    like = next(iter(w.blocks.values())).tensor
    w.blocks[state["name"]] = Block(w.finite(_spread(found, like, w)))


def _spread(tensor: str, like: str, w: Writer) -> str:
    """Repeat what may be one number for every row; shape (batch, 1)."""
    shape = w.node("Concat", w.rows(like), w.constant([1], np.int64), axis=0)
    return w.node("Expand", tensor, shape)


def _written(term: Term, w: Writer) -> str:
    match term:
        case Constant(value):
            return w.constant([[value]])
        case Cell(column):
            return w.finite(w.blocks[column].tensor)
        case Call("is_missing", (Cell(column),)):
            return _missing(w.blocks[column], w)
        case Call(operation, operands):
            if operation in ("==", "!=") and (texts := _texts(*operands)):
                return _same_text(w, operation, *texts)
            return _OPERATIONS[operation](w, *(_written(each, w) for each in operands))
    raise AssertionError(term)


def _missing(block: Block, w: Writer) -> str:
    if block.sort == "number":
        return w.number(w.node("IsNaN", w.finite(block.tensor)))
    empty = w.codes(Block(block.tensor), [], missing=0)
    never = w.constant(0 if block.empty_as is None else 1, np.int64)
    return w.number(w.node("Equal", empty, never))


def _texts(left: Term, right: Term) -> tuple[str, str] | None:
    """Return the column and the text that are compared; None for numbers."""
    match left, right:
        case (Cell(column), Constant(str(text))) | (Constant(str(text)), Cell(column)):
            return column, text
    return None


def _same_text(w: Writer, operation: str, column: str, text: str) -> str:
    block = w.blocks[column]
    same = w.node("Equal", w.codes(block, [text]), w.constant(0, np.int64))
    found = w.number(same if operation == "==" else w.node("Not", same))
    missing = w.node("Equal", _missing(block, w), w.constant(1.0))
    return w.node("Where", missing, w.constant(np.nan), found)


def _result(operator: str) -> Callable[..., str]:
    def write(w: Writer, *operands: str) -> str:
        return w.finite(w.node(operator, *operands))

    return write


def _plain(operator: str) -> Callable[..., str]:
    return lambda w, *operands: w.node(operator, *operands)


def _compared(operator: str, *, turned: bool = False) -> Callable[..., str]:
    def write(w: Writer, a: str, b: str) -> str:
        unknown = w.node("Or", w.node("IsNaN", a), w.node("IsNaN", b))
        found = w.node(operator, a, b)
        told = w.number(w.node("Not", found) if turned else found)
        return w.node("Where", unknown, w.constant(np.nan), told)

    return write


def _joined(decided_by: float, operator: str) -> Callable[..., str]:
    """Join truths: one that decides is enough, else a missing one leaves it open."""

    def write(w: Writer, a: str, b: str) -> str:
        value = w.constant(decided_by)
        decided = w.node("Or", w.node("Equal", a, value), w.node("Equal", b, value))
        return w.node("Where", decided, value, w.node(operator, a, b))

    return write


def _if(w: Writer, test: str, then: str, other: str) -> str:
    chosen = w.node("Where", w.node("Equal", test, w.constant(1.0)), then, other)
    return w.node("Where", w.node("IsNaN", test), w.constant(np.nan), chosen)


def _log10(w: Writer, a: str) -> str:
    return w.finite(w.node("Div", w.node("Log", a), w.constant(np.log(10.0))))


_OPERATIONS: dict[str, Callable[..., str]] = {
    "+": _result("Add"),
    "-": _result("Sub"),
    "*": _result("Mul"),
    "/": _result("Div"),
    "**": _result("Pow"),
    "negative": _plain("Neg"),
    "abs": _plain("Abs"),
    "ceil": _plain("Ceil"),
    "floor": _plain("Floor"),
    "exp": _result("Exp"),
    "log": _result("Log"),
    "log10": _log10,
    "sqrt": _result("Sqrt"),
    "max": _plain("Max"),
    "min": _plain("Min"),
    "<": _compared("Less"),
    "<=": _compared("LessOrEqual"),
    ">": _compared("Greater"),
    ">=": _compared("GreaterOrEqual"),
    "==": _compared("Equal"),
    "!=": _compared("Equal", turned=True),
    "and": _joined(0.0, "Mul"),
    "or": _joined(1.0, "Add"),
    "not": lambda w, a: w.node("Sub", w.constant(1.0), a),
    "if": _if,
    "fill": lambda w, a, b: w.node("Where", w.node("IsNaN", a), b, a),
}
