"""What reading a table does to its cells, in ONNX, so that a file takes them as they are found.

The words for missing and endless numbers are missing. Spaces at the ends of text, which do not
count in a table, have to be taken off before: standard ONNX cannot, and a file that asks for
operators of one runtime's own would not run in the others.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from modelstudio.data.sources.numbers import GREATEST, numbers_of
from modelstudio.engine.export.writer import ML_DOMAIN, Block, Writer


def write_reading(w: Writer, block: Block, words: Collection[str]) -> None:
    """Read raw text or numbers.

    Parameters
    ----------
    words
        The words that mean a missing value.
    """
    if block.sort == "text":
        block.tensor = _without_words(w, block.tensor, words)
    elif block.sort == "number":
        found = w.node("Less", w.node("Abs", block.tensor), w.constant(GREATEST))
        for number in numbers_of(tuple(words)):
            other = w.node("Not", w.node("Equal", block.tensor, w.constant(number)))
            found = w.node("And", found, other)
        block.tensor = w.node("Where", found, block.tensor, w.constant(np.nan))


def _without_words(w: Writer, text: str, words: Collection[str]) -> str:
    if not words:
        return text
    known = w.node(
        "LabelEncoder",
        text,
        domain=ML_DOMAIN,
        keys_strings=list(words),
        values_int64s=[1] * len(words),
        default_int64=0,
    )
    missing = w.node("Equal", known, w.constant(1, np.int64))
    return w.node("Where", missing, w.constant([""], str), text)
