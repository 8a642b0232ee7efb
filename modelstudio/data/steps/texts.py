"""Text as rows of ids, and passages of a long text.

State of Tokenise: the ``columns`` of text, the ``name`` of the column of ids, the settings, and the
``words`` that have the ids from 2 on, or the ``tokenizer`` of byte-pair encoding as the library of
that name writes it. State of Passages: the ``columns`` of ids, ``length`` and ``stride``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.steps.learning import Target, free_name
from modelstudio.data.stored import Spool
from modelstudio.errors import DataError
from modelstudio.recipe.steps.texts import Passages, Tokenise

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENS = "tokens"
"""Name of the column of ids."""

UNKNOWN = 1
"""Id of what is not in the vocabulary; 0 fills short rows."""

BYTES = 256

_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts without spaces between words; each character counts as one."""

_LETTERS = r"\p{L}\p{M}\p{N}_"

_WORD = rf"[{_ALONE}]|[[{_LETTERS}]--[{_ALONE}]]+|[^\s{_LETTERS}]"

_PIECE = r" ?\p{L}[\p{L}\p{M}]*| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"
"""What byte-pair encoding never looks beyond: words with the space before them, numbers, signs."""

_LEARNT_FROM = 16 << 20
"""Bytes of text that byte-pair encoding is learnt from, at most."""

Ids = NDArray[np.int64]


def fit_tokens(
    step: Tokenise, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the vocabulary.

    Raises
    ------
    DataError
        When every text is empty.
    """
    if not columns:
        return {}
    size = sum(int(text.str.len_bytes().sum()) for text in _slabs(frame, columns, step.lower))
    if not size:
        raise DataError(
            f"{' and '.join(columns)} {'hold' if len(columns) > 1 else 'holds'} no text in any "
            "training row, so there is nothing to learn.",
            where=columns[0],
            fix="Set the role to ignored.",
        )
    others = [name for name in frame.columns if name not in columns]
    settings = {"unit": step.unit, "length": step.length, "lower": step.lower}
    name = free_name(TOKENS, others)
    state: dict[str, Any] = {"columns": list(columns), "name": name, **settings}
    slabs = _slabs(frame, columns, step.lower)
    if step.unit == "BPE":
        state["tokenizer"] = _learn_pieces(slabs, size, step)
        return state
    count = _count_characters if step.unit == "characters" else _count_words
    counts = count(slabs, step.length)
    frequent = counts.filter(pl.col("count") >= step.least)
    ordered = frequent.sort(["count", "word"], descending=[True, False])
    state["words"] = ordered.get_column("word").head(step.vocabulary - 2).to_list()
    return state


def apply_tokens(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Put one column of ids in the place of the columns of text."""
    if not state:
        return frame
    encode = _ENCODERS[state["unit"]](state)
    parts = [encode(texts) for texts in _slabs(frame, state["columns"], state["lower"])]
    ids = pl.concat(parts) if parts else pl.Series([], dtype=pl.List(pl.Int64))
    if state["length"] is not None:
        ids = ids.list.head(state["length"])
    empty = pl.Series([[UNKNOWN]], dtype=pl.List(pl.Int64))
    ids = ids.zip_with(ids.list.len() > 0, empty)
    return frame.drop(state["columns"]).with_columns(ids.alias(state["name"]))


def token_sizes(state: Mapping[str, Any]) -> dict[str, int]:
    """Return how many ids there are, 0 and the unknown included."""
    if not state:
        return {}
    if state["unit"] == "BPE":
        return {state["name"]: len(state["tokenizer"]["model"]["vocab"])}
    return {state["name"]: len(state["words"]) + 2}


def count_tokens(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Count the words or characters of all the texts, in columns ``word`` and ``count``."""
    slabs = _slabs(frame, state["columns"], state["lower"])
    return (_count_characters if state["unit"] == "characters" else _count_words)(slabs, None)


def taken_apart(state: Mapping[str, Any], text: str) -> list[tuple[str, int]]:
    """Return a text in pieces, all of it, with their ids; 0 for what lies between two tokens."""
    texts = pl.Series([text], dtype=pl.String)
    if state["lower"]:
        texts = texts.str.to_lowercase()
    read: str = texts[0]
    whole = text if len(text) == len(read) else read
    pieces, end = [], 0
    for token, number in _tokens_in_order(state, texts):
        start = read.index(token, end)
        if start > end:
            pieces.append((whole[end:start], 0))
        end = start + len(token)
        pieces.append((whole[start:end], number))
    return [*pieces, (whole[end:], 0)] if end < len(whole) else pieces


def _tokens_in_order(state: Mapping[str, Any], texts: pl.Series) -> Iterator[tuple[str, int]]:
    """Yield the tokens of the one text of a column as they stand there, with their ids.

    A character that several tokens share stands with the first of them.
    """
    if state["unit"] == "BPE":
        tokenizer = _tokenizer(state)
        for piece in texts.str.extract_all(_PIECE)[0]:
            found, end = tokenizer.encode(piece, add_special_tokens=False), 0
            for number, (start, stop) in zip(found.ids, found.offsets, strict=True):
                yield piece[max(start, end) : stop], number
                end = max(end, stop)
        return
    words = _words(texts, None)[0] if state["unit"] == "words" else texts[0]
    ids = _ENCODERS[state["unit"]]({**state, "length": None})(texts)[0]
    yield from zip(words, ids, strict=True)


def spelt(state: Mapping[str, Any]) -> list[str]:
    """Return what each id stands for, in a form that can be read."""
    words = state.get("words")
    if words is None:
        tokenizer = _tokenizer(state)
        words = [tokenizer.decode([at]) for at in range(2, tokenizer.get_vocab_size())]
    return ["", "[?]", *(word.replace("\n", "⏎") for word in words)]


def joined(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return the texts of each row as one, a line each; a missing one is empty."""
    held = (pl.when(pl.col(name) != "").then(pl.col(name)) for name in columns)
    joined = pl.concat_str(*held, separator="\n", ignore_nulls=True).fill_null("")
    return frame.select(joined).to_series()


def _slabs(frame: pl.DataFrame, columns: Sequence[str], lower: bool) -> Iterator[pl.Series]:
    """Yield the texts of the rows in order, not much more together than a slab holds."""
    given = frame.select(columns)
    for each in spill.portions(given, spill.ROWS):
        texts = joined(given[each], columns)
        yield texts.str.to_lowercase() if lower else texts


def _lists(ids: pl.Series, lengths: Ids) -> pl.Series:
    """Deal ids out to rows: as many to each as its length says; a row without any is empty."""
    filled = np.flatnonzero(lengths)
    rows = pl.DataFrame({"row": np.repeat(np.arange(len(lengths)), lengths), "ids": ids})
    lists = rows.group_by("row", maintain_order=True).agg("ids").get_column("ids")
    if len(filled) == len(lengths):
        return lists
    places = np.zeros(len(lengths), dtype=np.int64)
    places[filled] = np.arange(1, len(filled) + 1)
    nothing = pl.Series("ids", [[]], dtype=pl.List(pl.Int64))
    return pl.concat([nothing, lists.cast(pl.List(pl.Int64))]).gather(places)


def _words(texts: pl.Series, length: int | None) -> pl.Series:
    found = texts.str.extract_all(_WORD)
    return found if length is None else found.list.head(length)


def _count_words(slabs: Iterable[pl.Series], length: int | None) -> pl.DataFrame:
    counts = spill.summed(_words(texts, length).explode().drop_nulls() for texts in slabs)
    return counts.rename({"value": "word"})


def _encode_words(state: Mapping[str, Any]) -> Callable[[pl.Series], pl.Series]:
    words = pl.Series(state["words"], dtype=pl.String)
    ids = pl.Series(range(2, len(words) + 2), dtype=pl.Int64)
    known = pl.element().replace_strict(words, ids, default=UNKNOWN, return_dtype=pl.Int64)
    return lambda texts: _words(texts, state["length"]).list.eval(known)


def _codes(texts: pl.Series) -> NDArray[np.uint32]:
    """Return the code points of texts end to end."""
    return np.frombuffer("".join(texts.to_list()).encode("utf-32-le"), dtype=np.uint32)


def _count_characters(slabs: Iterable[pl.Series], length: int | None) -> pl.DataFrame:
    counts = np.zeros(sys.maxunicode + 1, dtype=np.int64)
    for texts in slabs:
        counts += np.bincount(_codes(texts.str.slice(0, length)), minlength=len(counts))
    found = np.flatnonzero(counts)
    words = pl.Series("word", list(map(chr, found.tolist())), dtype=pl.String)
    return pl.DataFrame([words, pl.Series("count", counts[found])])


def _encode_characters(state: Mapping[str, Any]) -> Callable[[pl.Series], pl.Series]:
    ids = np.full(sys.maxunicode + 1, UNKNOWN, dtype=np.int64)
    ids[[ord(word) for word in state["words"]]] = np.arange(2, len(state["words"]) + 2)

    def encode(texts: pl.Series) -> pl.Series:
        texts = texts.str.slice(0, state["length"])
        lengths = texts.str.len_chars().to_numpy()
        return _lists(pl.Series(ids[_codes(texts)]), lengths)

    return encode


def _learn_pieces(slabs: Iterable[pl.Series], size: int, step: Tokenise) -> dict[str, Any]:
    """Learn byte-pair encoding, from rows spread over very many.

    The ids 0 and 1 stand for nothing that occurs in a text.

    Parameters
    ----------
    size
        Bytes of all texts.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECE), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(step.vocabulary, BYTES + 2),
        min_frequency=step.least,
        special_tokens=["<padding>", "<unknown>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    every, seen, chosen = -(-size // _LEARNT_FROM), 0, list[str]()
    for texts in slabs:
        chosen += texts.gather_every(every, -seen % every).to_list()
        seen += len(texts)
    tokenizer.train_from_iterator(chosen, trainer)
    written: dict[str, Any] = json.loads(tokenizer.to_str())
    lower = {"type": "Lowercase"} if step.lower else None
    return {**written, "added_tokens": [], "normalizer": lower}


def _tokenizer(state: Mapping[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(state["tokenizer"]))


def _encode_pieces(state: Mapping[str, Any]) -> Callable[[pl.Series], pl.Series]:
    """Encode every piece of text once, however often it occurs."""
    tokenizer = _tokenizer(state)

    def encode(texts: pl.Series) -> pl.Series:
        pieces = texts.str.extract_all(_PIECE)
        flat = pieces.explode().drop_nulls()
        different = flat.unique()
        found = tokenizer.encode_batch_fast(different.to_list(), add_special_tokens=False)
        ids = pl.Series("ids", [each.ids for each in found], dtype=pl.List(pl.Int64))
        places = pl.Series(range(len(different)), dtype=pl.UInt32)
        codes = flat.replace_strict(different, places, return_dtype=pl.UInt32)
        spelt_out = ids.gather(codes.cast(pl.UInt32))
        rows = np.repeat(np.arange(len(texts)), pieces.list.len().to_numpy())
        lengths = np.bincount(rows, spelt_out.list.len().to_numpy(), len(texts)).astype(np.int64)
        return _lists(spelt_out.explode().drop_nulls(), lengths)

    return encode


_ENCODERS: dict[str, Callable[[Mapping[str, Any]], Callable[[pl.Series], pl.Series]]] = {
    "words": _encode_words,
    "characters": _encode_characters,
    "BPE": _encode_pieces,
}


def fit_passages(
    step: Passages, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but which column holds the ids.

    Raises
    ------
    DataError
        When none or several do.
    """
    held = [name for name, dtype in frame.schema.items() if dtype == pl.List(pl.Int64)]
    if len(held) != 1 or frame.width != 1:
        raise DataError(
            f"{step.label} needs one column of ids and nothing else, but there are "
            f"{', '.join(frame.columns) or 'no columns'}.",
            where=step.label,
            fix="Put Tokenise into the recipe, and set the role of other columns to ignored.",
        )
    return {"columns": held, "length": step.length, "stride": step.stride or step.length}


def leave(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Leave the rows as they are."""
    return frame


class Joining:
    """The ids of rows in order, joined and cut into passages.

    Parameters
    ----------
    spooled
        Whether the ids are kept in a file.
    """

    def __init__(self, state: Mapping[str, Any], spooled: bool = False) -> None:
        self._column = state["columns"][0]
        self._length, self._stride = state["length"], state["stride"]
        self._ids: list[Ids] = []
        self._spool = Spool((), np.dtype(np.int32)) if spooled else None
        self._begins: list[Ids] = []
        self._count = 0

    def add(self, encoded: pl.DataFrame, rows: Ids) -> None:
        """Take more rows.

        Parameters
        ----------
        rows
            Number of each row in its source; shape (rows,).
        """
        lists = encoded.get_column(self._column)
        ends = self._count + lists.list.len().cast(pl.Int64).cum_sum().to_numpy()
        self._write(lists.explode().drop_nulls().to_numpy())
        first = -(-self._count // self._stride) * self._stride
        self._count = int(ends[-1]) if len(ends) else self._count
        starts = np.arange(first, self._count, self._stride)
        self._begins.append(rows[np.searchsorted(ends, starts, side="right")])

    def _write(self, ids: Ids) -> None:
        if self._spool is None:
            self._ids.append(ids)
        else:
            self._spool.write(ids.astype(np.int32))

    def cut(self) -> tuple[Ids, Ids, Ids]:
        """Return the passages, which are views of the ids.

        Returns
        -------
        tokens, following
            Shape (passages, length), 0 at the right of the last; ``following`` is a token further
            on.
        begins
            Number of the row in which each passage begins; shape (passages,).
        """
        self._write(np.zeros(self._length + 1, dtype=np.int64))
        ids = np.concatenate(self._ids) if self._spool is None else self._spool.array()
        starts = np.arange(0, max(0, self._count - 1), self._stride)
        count = min(len(starts), 1 + np.searchsorted(starts + self._length, self._count - 1))
        passages = sliding_window_view(ids, self._length, writeable=True)
        tokens, following = (passages[first :: self._stride][:count] for first in (0, 1))
        begins = np.concatenate([np.zeros(0, dtype=np.int64), *self._begins])
        return tokens, following, begins[:count]
