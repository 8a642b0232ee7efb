"""Text as data: vocabularies from training rows, ids that never stumble, whole long texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import configure, prepared, write

from modelstudio.data import detect, sources, spill
from modelstudio.data.batches import TensorData
from modelstudio.data.fitted import FittedRecipe, FittedStep
from modelstudio.data.preview import preview
from modelstudio.data.sources.long_text import LONGEST
from modelstudio.data.steps import IMPLEMENTATIONS, texts
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.sources import LongText, Table, TextFolder
from modelstudio.recipe.steps import FillMissing, Passages, Tokenise

Unit = Literal["words", "characters", "BPE"]
UNITS: tuple[Unit, ...] = ("words", "characters", "BPE")

LETTERS = pl.DataFrame(
    {
        "subject": ["Good news", None, "good", "", "So"] * 4,
        "body": ["The cat sat.", "the dog", None, "", "it was 漢字, ça"] * 4,
    }
)


def learnt(frame: pl.DataFrame = LETTERS, **values: object) -> FittedStep:
    step = Tokenise(**values)
    state = IMPLEMENTATIONS[Tokenise].fit(step, frame, frame.columns, None)
    return FittedStep(step=step, state=json.loads(json.dumps(state)))


def ids_of(fitted: FittedStep, *cells: str | None) -> list[list[int]]:
    frame = pl.DataFrame({"subject": cells, "body": [None] * len(cells)}, schema=LETTERS.schema)
    return fitted.apply(frame).get_column(texts.TOKENS).to_list()


def test_columns_of_text_become_one_of_ids() -> None:
    fitted = learnt(length=4)
    encoded = fitted.apply(LETTERS)
    assert encoded.schema == {"tokens": pl.List(pl.Int64)}
    names = texts.spelt(fitted.state)
    first, *_ = encoded.get_column("tokens").to_list()
    assert [names[at] for at in first] == ["good", "news", "the", "cat"]
    assert names[0] == "", "0 fills short rows and stands for nothing"
    assert encoded.get_column("tokens").to_list()[3] == [1], "an empty text is a single unknown"
    the = names.index("the")
    assert ids_of(fitted, None, "", " \n", "zebra", "The THE") == [[1], [1], [1], [1], [the, the]]
    assert texts.token_sizes(fitted.state) == {"tokens": len(names)}


def test_what_is_rare_or_beyond_the_vocabulary_is_unknown() -> None:
    frame = pl.DataFrame({"t": ["a a a b b c"]})
    assert texts.spelt(learnt(frame, least=2).state)[2:] == ["a", "b"]
    many = pl.DataFrame({"t": [" ".join(f"w{at}" for at in range(50)) * 2]})
    assert texts.token_sizes(learnt(many, vocabulary=10, least=1).state) == {"tokens": 10}


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=30)
@given(cells=st.lists(st.none() | st.text(), min_size=1, max_size=5))
def test_no_text_makes_it_stumble(unit: Unit, cells: list[str | None]) -> None:
    fitted = FITTED[unit]
    ids = ids_of(fitted, *cells)
    size = texts.token_sizes(fitted.state)["tokens"]
    assert all(row and all(0 < at < size for at in row) for row in ids)
    assert ids == [ids_of(fitted, cell)[0] for cell in cells], "each row by itself"
    if unit == "BPE":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(json.dumps(fitted.state["tokenizer"]))
        held = [(cell, row) for cell, row in zip(cells, ids, strict=True) if cell]
        assert [tokenizer.decode(row) for _, row in held] == [cell for cell, _ in held]
        special = "<padding> <unknown>"
        assert [tokenizer.encode(special).ids] == ids_of(fitted, special), "are text like any other"


FITTED = {unit: learnt(unit=unit, length=None, lower=False) for unit in UNITS}


def test_byte_pairs_are_learnt_to_the_same_ids_each_time() -> None:
    frame = pl.DataFrame({"t": [f"token number {at * 7919 % 997}" for at in range(300)]})
    assert len({learnt(frame, unit="BPE").model_dump_json() for _ in range(3)}) == 1


def test_a_text_is_taken_apart_in_slabs_as_it_is_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {unit: fitted.apply(LETTERS) for unit, fitted in FITTED.items()}
    monkeypatch.setattr(spill, "SLAB", 20)
    for unit, fitted in FITTED.items():
        assert fitted.apply(LETTERS).equals(whole[unit])
        assert learnt(unit=unit, length=None, lower=False) == fitted


def test_columns_without_any_text_are_refused() -> None:
    with pytest.raises(DataError, match="subject and body hold no text"):
        learnt(LETTERS.with_columns(subject=pl.lit(None, pl.String), body=pl.lit("")))


def mail(folder: Path, rows: int = 120) -> Path:
    """Write a table in which every row has a word of its own, twice."""
    lines = (
        f'{"spam" if at % 3 == 0 else "ham"},"Dear you, {"win" if at % 3 == 0 else "meet"} me '
        f'at own{at} and own{at} then"'
        for at in range(rows)
    )
    return write(folder / "mail.csv", "label,body\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize("unit", ["words", "BPE"])
def test_no_word_of_a_judging_row_enters_the_vocabulary(tmp_path: Path, unit: Unit) -> None:
    data = configure(mail(tmp_path))
    assert isinstance(data.recipe[-1], Tokenise)
    data = data.changed(recipe=(*data.recipe[:-1], Tokenise(unit=unit, vocabulary=5_000)))
    result = prepared(data)
    known = {name.strip() for name in texts.spelt(result.fitted.steps[-1].state)}
    train, validation, test = (
        {f"own{at}" for at in result.frame(part)[sources.ROW]}
        for part in ("train", "validation", "test")
    )
    assert unit == "BPE" or train <= known
    alone = {word for word in validation | test if not any(word in other for other in train)}
    assert not known & alone


def test_a_table_of_text_becomes_rows_of_ids(tmp_path: Path) -> None:
    data = configure(mail(tmp_path))
    assert [(c.name, c.kind, c.role) for c in data.columns] == [
        ("label", "category", "target"),
        ("body", "text", "feature"),
    ]
    assert not any(isinstance(step, FillMissing) for step in data.recipe)
    result = prepared(data)
    field, _ = result.fitted.fields
    assert (field.name, field.kind, field.shape) == ("tokens", "ids", ("T",))
    assert field.vocabulary == result.train.fields["tokens"].max() + 1
    assert FittedRecipe.model_validate_json(result.fitted.model_dump_json()) == result.fitted
    (cell, *_) = preview(data).cells[-1].after
    assert cell.startswith("dear you , ")


def folder_of(base: Path) -> Path:
    """Write texts in class folders, in several encodings."""
    folder = base / "texts"
    for part in ("train", "test"):
        for name in ("cold", "warm"):
            (folder / part / name).mkdir(parents=True)
            for at in range(6):
                encoding = ("utf-8", "utf-16", "cp1252")[at % 3]
                text = f" Grüße, so {name} ist es heute\r\nin {at} Tagen\n"
                (folder / part / name / f"{at}.txt").write_bytes(text.encode(encoding))
    (folder / "train" / "cold" / "9.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    return folder


def test_a_folder_of_texts_is_a_table(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert isinstance(detect.detect(folder), TextFolder)
    data = DataConfig(path=str(folder), source=TextFolder())
    frame = sources.read_plain(data)
    assert frame.columns == ["file", "text", "label", "part"]
    known = frame.filter(pl.col("text").is_not_null())
    assert known.height == frame.height - 1, "a picture named .txt holds no text"
    assert known["text"].str.contains("^Grüße, so .*heute\nin").all()
    guessed = detect.guess(data, frame)
    assert "1 file holds no text." in guessed.notes
    split = SplitConfig(**{**guessed.split, "validation": 0.2})
    data = data.changed(columns=guessed.columns, recipe=guessed.recipe, split=split)
    result = prepared(data)
    assert set(result.frame("test")["part"]) == {"test"}
    table = "file,text\na,so warm heute\nb,so cold\n"
    for name, text, count in (
        ("new.csv", table, 2),
        ("new.txt", table, 2),
        ("one.txt", "Dear, my text\nso warm, heute\n", 1),
    ):
        rows = sources.read_table(
            write(tmp_path / name, text),
            result.fitted.config(),
            target_needed=False,
            features_only=True,
        )
        assert len(result.fitted.transform(rows).rows) == count


@settings(max_examples=40)
@given(
    text=st.text(st.sampled_from("ab \n\t\u2028.é"), min_size=1).filter(str.strip),
    rows=st.sampled_from(["lines", "paragraphs"]),
)
def test_the_rows_of_a_long_text_are_the_whole_of_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, rows: Literal["lines", "paragraphs"]
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "long.txt", text)
    frame = sources.read_plain(DataConfig(path=str(path), source=LongText(rows=rows)))
    assert "".join(frame["text"]) == text


def test_a_text_without_line_breaks_has_rows_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "abc " * LONGEST)
    frame = sources.read_plain(DataConfig(path=str(path), source=LongText()))
    assert frame["text"].str.len_chars().max() == LONGEST


def long_text(folder: Path, **passages: int) -> DataConfig:
    lines = "\n".join(f"line {at} of the text" + (" ¶" if at > 60 else "") for at in range(100))
    path = write(folder / "long.txt", lines)
    data = DataConfig(path=str(path), source=detect.detect(path))
    guessed = detect.guess(data, sources.read_plain(data))
    tokens, _ = guessed.recipe
    return data.changed(
        columns=guessed.columns,
        recipe=(tokens, Passages(**passages)),
        split=SplitConfig(**guessed.split),
    )


def test_passages_tell_every_token_of_a_part_once(tmp_path: Path) -> None:
    result = prepared(long_text(tmp_path, length=32))
    names = texts.spelt(result.fitted.steps[0].state)
    assert "¶" in names
    for part in ("train", "validation", "test"):
        encoded = result.encoded(part, result.fitted)
        text = "".join(result.frame(part)["text"]).replace("\n", "⏎")
        tokens, following = encoded.fields["tokens"], encoded.truth
        assert tokens.shape == following.shape == (-(-(len(text) - 1) // 32), 32)
        told = "".join(names[at] for at in following.ravel() if at)
        assert told == text[1:]
        assert "".join(names[at] for at in tokens.ravel() if at) == text[: tokens.size]
        begin = result.clean["text"].to_list()[encoded.rows[-1]].replace("\n", "⏎")
        assert names[tokens[-1][0]] in begin
    spec = result.fitted.target.field
    assert (spec.kind, spec.shape, spec.vocabulary) == ("tokens", ("T",), len(names))


@pytest.mark.parametrize("stride", [None, 3])
def test_passages_are_views_of_the_tokens(tmp_path: Path, stride: int | None) -> None:
    result = prepared(long_text(tmp_path, length=16, stride=stride))
    train = result.train
    tokens, following = train.fields["tokens"], train.truth
    assert len(tokens) > 16
    begin, end = np.lib.array_utils.byte_bounds(tokens)
    assert end - begin <= 8 * (len(tokens) * (stride or 16) + 16)
    assert np.shares_memory(tokens, following)
    data = TensorData.from_encoded(train, result.fitted.fields)
    batch = data.gather(torch.tensor([3, 0, len(tokens) - 1]))
    for name, wanted in (("tokens", tokens), (result.fitted.target.field.name, following)):
        assert batch[name].dtype == torch.int64
        assert np.array_equal(batch[name].numpy(), wanted[[3, 0, -1]])
    assert data.steps == 16


def test_what_only_the_end_of_a_long_text_has_is_unknown(tmp_path: Path) -> None:
    data = long_text(tmp_path, length=16)
    text = Path(data.path or "").read_text()
    write(Path(data.path or ""), text[:-8] + " Ωψ Ωψ")
    result = prepared(data)
    assert not {"Ω", "ψ"} & set(texts.spelt(result.fitted.steps[0].state))
    assert (result.test.truth == 1).any()
    assert not (result.train.truth == 1).any()


def test_overlapping_passages_end_where_the_text_does(tmp_path: Path) -> None:
    state = {"columns": ["tokens"], "length": 4, "stride": 2}
    encoded = pl.DataFrame({"tokens": [[2, 3, 4], [5], [6, 7, 8]]})
    joining = texts.Joining(state)
    joining.add(encoded, np.array([10, 11, 12]))
    tokens, following, begins = joining.cut()
    assert following.tolist() == [[3, 4, 5, 6], [5, 6, 7, 8]]
    assert tokens.tolist() == [[2, 3, 4, 5], [4, 5, 6, 7]]
    assert begins.tolist() == [10, 10]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": (Tokenise(length=None),)}, "lacks the step Passages of a text"),
        ({"recipe": (Passages(),)}, "needs one column of ids"),
        ({"split": SplitConfig()}, "split at random"),
        ({"source": Table()}, "are for one long text"),
    ],
)
def test_recipes_that_do_not_suit_a_long_text(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        prepared(long_text(tmp_path).changed(**change))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("x,y\n1,2\n3,4\n", Table),
        ('a\tb\n1\t"two, or three"\n' * 3, Table),
        ("It was cold, and the wind,\nwhich blew; was cold.\n\nHe said: no.\n", LongText),
        ("one\ntwo\nthree\n", LongText),
    ],
)
def test_a_table_is_told_from_a_text(tmp_path: Path, text: str, source: type) -> None:
    path = write(tmp_path / "t.txt", text)
    assert isinstance(detect.detect(path), source)
    assert isinstance(detect.detect(path, "next token"), LongText)
    assert isinstance(detect.detect(path, "classify"), Table)
