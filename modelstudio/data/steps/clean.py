"""Text without what carries no meaning. State: what is done, in order, by column."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data.steps.learning import Target
from modelstudio.recipe.steps import CleanText

_HIDDEN = r"(?is)<(?:script\b.*?</script|style\b.*?</style)\s*>|<!--.*?-->"
_TAGS = r"</?[a-zA-Z!][^<>]*>"
_ADDRESSES = r"(?i)\b(?:https?://|ftp://|www\.)\S+|\b\S+@\S+\.\w+"


def fit_clean(
    step: CleanText, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but what is asked for."""
    return {name: [part for part in _CLEANERS if getattr(step, part)] for name in columns}


def apply_clean(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Clean texts; one of which nothing is left is missing."""
    return frame.with_columns(_clean(frame.get_column(name), done) for name, done in state.items())


def _clean(texts: pl.Series, done: Sequence[str]) -> pl.Series:
    for part in done:
        texts = _CLEANERS[part](texts)
    return texts.set(texts.str.contains(r"^\s*$"), None)


def _without_html(texts: pl.Series) -> pl.Series:
    texts = texts.str.replace_all(_HIDDEN, " ").str.replace_all(_TAGS, " ")
    coded = texts.str.contains("&", literal=True).fill_null(False)
    if not coded.any():
        return texts
    read = pl.Series(texts.name, map(html.unescape, texts.filter(coded).to_list()), pl.String)
    return texts.scatter(coded.arg_true(), read)


_CLEANERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "html": _without_html,
    "urls": lambda texts: texts.str.replace_all(_ADDRESSES, " "),
    "accents": lambda texts: texts.str.normalize("NFKD").str.replace_all(r"\p{Mn}", ""),
    "lower": lambda texts: texts.str.to_lowercase(),
    "punctuation": lambda texts: texts.str.replace_all(r"[\p{P}\p{S}]+", " "),
    "digits": lambda texts: texts.str.replace_all(r"\p{Nd}+", " "),
    "whitespace": lambda texts: texts.str.replace_all(r"\s+", " ").str.strip_chars(),
}
"""What can be done, in the order in which it is."""
