"""What reading a table does to its cells, in ONNX, so that a file takes them as they are found.

Spaces at the ends of text do not count, and the words for missing and endless numbers are missing.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl
from onnx import TensorProto, helper

from modelstudio.data.sources.numbers import GREATEST, to_numbers
from modelstudio.engine.export.writer import ML_DOMAIN, ORT_DOMAIN, Block, Writer

_SPACES = (
    r"\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}"
    r"\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
)
_INSIDE = rf"[^{_SPACES}]((?s:.)*[^{_SPACES}])?"
"""From the first to the last character that is no white space, as Unicode has it."""


def write_reading(w: Writer, block: Block, words: Collection[str]) -> None:
    """Read raw text or numbers.

    Parameters
    ----------
    words
        The words that mean a missing value.
    """
    if block.sort == "text":
        block.tensor = _without_words(w, _stripped(w, block.tensor), words)
    elif block.sort == "number":
        found = w.node("Less", w.node("Abs", block.tensor), w.constant(GREATEST))
        for number in to_numbers(pl.Series(list(words), dtype=pl.String)).drop_nulls():
            other = w.node("Not", w.node("Equal", block.tensor, w.constant(number)))
            found = w.node("And", found, other)
        block.tensor = w.node("Where", found, block.tensor, w.constant(np.nan))


def _stripped(w: Writer, text: str) -> str:
    """Take white space from the ends; standard ONNX cannot, onnxruntime's own Tokenizer can.

    A row is put below the others, so that there is a token even where they are empty, or none.
    """
    more = w.node(
        "Concat",
        text,
        w.node("Reshape", w.constant(["x"], str), w.constant([1, 1], np.int64)),
        axis=0,
    )
    found = w.node(
        "Tokenizer",
        more,
        domain=ORT_DOMAIN,
        mark=0,
        pad_value="",
        tokenexp=_INSIDE,
        mincharnum=1,
    )
    w.shapes.append(helper.make_tensor_value_info(found, TensorProto.STRING, ["more", 1, 1]))
    column = w.node("Gather", found, w.constant(0, np.int64), axis=2)
    first, last = w.constant([0], np.int64), w.constant([-1], np.int64)
    return w.node("Slice", column, first, last)


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
