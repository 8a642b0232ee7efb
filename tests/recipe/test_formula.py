"""Formulas are read into a tree, and nothing else gets through."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelstudio.errors import FieldError
from modelstudio.recipe.formula import (
    DEEPEST,
    LONGEST,
    Call,
    Cell,
    Constant,
    columns_in,
    parse,
    sort_of,
)
from modelstudio.recipe.steps import FilterRows, Formula, Rename

SORTS = {"age": "number", "net income": "number", "town": "text", "born": "date"}


def test_a_formula_is_a_tree() -> None:
    assert parse("age * 2 - 1") == Call(
        "-", (Call("*", (Cell("age"), Constant(2.0))), Constant(1.0))
    )
    assert parse("1 < age <= 3") == parse("1 < age and age <= 3")
    assert parse("town not in ['a', 'b']") == parse("not (town == 'a' or town == 'b')")
    assert parse("min(a, b, c)") == Call("min", (Cell("a"), Call("min", (Cell("b"), Cell("c")))))


@pytest.mark.parametrize("name", ["net income", "class", "a`b", "x-1", "'quoted'", "2nd", "ﬁeld"])
def test_any_name_stands_in_backticks(name: str) -> None:
    quoted = name.replace("`", "``")
    assert columns_in(parse(f"`{quoted}` + age / `{quoted}`")) == (name, "age")


def test_backticks_in_a_text_are_no_column() -> None:
    assert parse("town == 'a`b`c'") == Call("==", (Cell("town"), Constant("a`b`c")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("age +", "cannot be read"),
        ("net income > 3", "backticks"),
        ("age = 3", "write == to compare"),
        ("age ^ 2", r"Write \*\* for powers"),
        ("age > 1 & age < 3", "Write and instead of &"),
        ("cos(age)", "has no function cos; there are abs"),
        ("log(age, 2)", "log takes 1 value"),
        ("max(age)", "max takes two or more values"),
        ("age in town", "stands a list"),
        ("1e999", "too large"),
        ("9" * LONGEST + "9", "longer than"),
        ("-" * (DEEPEST + 2) + "age", "within one another"),
        ("__import__('os').system('true')", "the formula"),
        ("().__class__", "may hold numbers, columns"),
        ("(lambda: 1)()", "may hold"),
        ("[age for age in town]", "may hold"),
        ("f'{age}'", "may hold"),
        ("open('x')", "has no function open"),
        ("age := 1", "single ="),
        ("True", "may hold"),
        ("max(*town)", "may hold"),
        ("log(x=age)", "may hold"),
        ("age if age", "cannot be read"),
    ],
)
def test_what_is_no_formula_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)
    if text:
        for step, field in ((Formula, "formula"), (FilterRows, "condition")):
            with pytest.raises(FieldError, match=rf"(?i){said}.*\.$"):
                step.build(**{field: text})


@given(st.text(max_size=60) | st.text("age() +-*/<>='\"`,.[]0\\ifornt", max_size=40))
@example("(" * 3000)
@example("'\\N{BULLET}'")
@example("'\\d' == age")
@example("age\0")
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(columns_in(parse(text)), tuple)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("age + 1", "number"),
        ("(age > 1) * 2", "number"),
        ("age > 1 or town == 'Ulm'", "truth"),
        ("born < '2024-01-31'", "truth"),
        ("is_missing(town)", "truth"),
        ("1 if town != 'Ulm' else age", "number"),
    ],
)
def test_what_a_formula_stands_for(text: str, sort: str) -> None:
    assert sort_of(parse(text), SORTS) == sort


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agee", "did you mean age"),
        ("is_missing(x)", "names x"),
        ("town + 1", "town is a text"),
        ("sqrt('a')", "'a' is a text"),
        ("town < 'a'", "categories only with == and !="),
        ("town == town", "compared with a text in quotes"),
        ("town == age", "cannot compare a text with a number"),
        ("born > 3", "cannot compare a date with a number"),
        ("born > 'May'", "is no date"),
        ("age and town == 'a'", "and joins comparisons"),
        ("1 if age else 2", "stands a comparison"),
    ],
)
def test_what_does_not_fit_the_columns_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sort_of(parse(text), SORTS)


@pytest.mark.parametrize("name", ["*", "^a.*$"])
def test_names_that_stand_for_several_columns_are_refused(name: str) -> None:
    for step in (Formula, Rename):
        with pytest.raises(FieldError, match="No column can be called"):
            step.build(name=name)
