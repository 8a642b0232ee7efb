"""Words against layers: names, other words for them, settings and choices, purposes.

Hyphens, spaces, case, and whether a word is written with s or z, make no difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from modelstudio.network.layer import Layer
from modelstudio.ui.pages.network.my_blocks import SavedBlock

Stock = type[Layer] | SavedBlock
"""What can be added: a type of layer, or a block that a person saved."""

EXACT, KEYWORD, BEGINS, HOLDS, RELATED, WORDS, SCATTERED, TOLD = range(8)
"""How well words fit, best first.

A name that is the words; a keyword that is; a name that begins so; a name with the words in it; a
keyword that begins so, or the name of a setting or of a choice; each word begins one of the
layer's; the letters of a name, in order; what the layer is for.
"""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+[dD]?")


@dataclass(frozen=True, slots=True)
class _Known:
    names: tuple[str, ...]
    keywords: tuple[str, ...]
    related: tuple[str, ...]
    words: frozenset[str]
    told: str


def rank(layer: Stock, text: str) -> int | None:
    """Return how well words fit a layer, 0 best; None where they do not."""
    meant = _plain(text)
    known = _known(layer) if isinstance(layer, type) else _read(layer)
    if meant in known.names:
        return EXACT
    if meant in known.keywords:
        return KEYWORD
    if any(name.startswith(meant) for name in known.names):
        return BEGINS
    if any(meant in name for name in known.names):
        return HOLDS
    if meant in known.related or any(word.startswith(meant) for word in known.keywords):
        return RELATED
    typed = [_plain(word) for word in re.split(r"[\s\-_/,]+", text.strip())]
    if all(any(word.startswith(one) for word in known.words) for one in typed):
        return WORDS
    if any(name[:1] == meant[:1] and _scattered(meant, name) for name in known.names):
        return SCATTERED
    return TOLD if meant in known.told else None


@cache
def _known(layer: type[Layer]) -> _Known:
    return _read(layer)


def _read(layer: Stock) -> _Known:
    own = [layer.__name__] if isinstance(layer, type) else []
    names = [layer.label, *own, *layer.aliases]
    keywords = layer.keywords if isinstance(layer, type) else ()
    related = list(_settings(layer)) if isinstance(layer, type) else []
    said = [*names, *keywords, *related, layer.category]
    words = {_plain(part) for text in said for part in (*_PARTS.findall(text), *text.split())}
    return _Known(
        tuple(map(_plain, names)),
        tuple(map(_plain, keywords)),
        tuple(map(_plain, related)),
        frozenset(words),
        _plain(f"{layer.category} {layer.purpose()}"),
    )


def _settings(layer: type[Layer]) -> Iterator[str]:
    """Yield the names of the settings of a layer, and of what can be chosen."""
    for name, field in layer.model_fields.items():
        yield name
        if field.title:
            yield field.title
        yield from _choices(field.annotation)


def _choices(annotation: Any) -> Iterator[str]:
    for part in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield str(part)
        else:
            yield from _choices(part)


def _plain(text: str) -> str:
    """Return the letters and digits of a text, in one spelling."""
    letters = unicodedata.normalize("NFKC", text).casefold().replace("s", "z")
    return "".join(letter for letter in letters if letter.isalnum())


def _scattered(text: str, name: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in text)
