"""What an exported file takes, does itself and gives, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.inputs import InputField
from modelstudio.engine.export.beginning import Beginning, begin, in_words
from modelstudio.wording import listed

_WHOLE = {
    "image": "pictures, opened and brought to one size before, as uint8 ({shape}); it scales their "
    "brightness itself",
    "spectrogram": "sounds, made log-mel spectrograms before, as float ({shape}); it scales them "
    "itself",
    "ids": "texts, cut into tokens and looked up before, as rows of ids ({shape})",
}
"""How fields are taken that come whole."""


def card(fitted: FittedRecipe) -> str:
    """Say in a few sentences what the file takes and gives, and what comes first."""
    begun = begin(fitted)
    first = "".join(f"\n- {need}" for need in begun.needs_first)
    return f"The file takes {takes(begun)}. It gives {gives(fitted)}." + (
        f"\nFirst:{first}" if first else ""
    )


def takes(begun: Beginning) -> str:
    """Say what the file takes and does itself, to follow "takes"."""
    return "; and ".join((*_columns(begun), *_texts(begun), *map(_whole, begun.arrays)))


def gives(fitted: FittedRecipe) -> str:
    """Say what the file answers, to follow "gives"."""
    target = fitted.target
    match target.kind:
        case "value":
            return f"{target.column} in its own units"
        case "ranking":
            return "a score from 0 to 1, larger for what is chosen sooner"
        case "labels":
            return f"which labels fit and how probable each is: {', '.join(target.classes)}"
        case "tokens":
            return "the probabilities of the next token at every place"
    return f"the class and its probabilities: {', '.join(target.classes)}"


def _columns(begun: Beginning) -> Iterator[str]:
    """Say how the columns are given that hold one value a row."""
    flat = [name for name, dtype in begun.columns.items() if not dtype.is_nested()]
    count = len(flat) + (begun.past is not None)
    if not count:
        return
    columns = "column" if count == 1 else "columns"
    changed = [name for name in flat if name not in begun.raw]
    raw = "" if changed else "raw "
    after = _after(begun, changed, count) if changed else ""
    itself = "it does the rest itself" if changed else "it fills in, scales and encodes them itself"
    itself = f"; {itself}" if begun.rest else ""
    if begun.windows is None:
        yield f"{count} {raw}{columns} by name, each (batch, 1){after}{itself}"
        return
    length = begun.windows.length
    past = f", with what {begun.past} was among them" if begun.past else ""
    yield (
        f"the last {length} {raw}rows of {count} {columns} by name, each (batch, {length}), the "
        f"oldest first{past}{after}{itself}"
    )


def _after(begun: Beginning, changed: Sequence[str], count: int) -> str:
    """Say after which steps some of the columns are taken."""
    steps = [each for each in begun.first if not _makes_tokens(each.state, begun)]
    cutting = [each for each in steps if not each.step.in_file]
    told = listed([in_words(each) for each in cutting or steps], most=5)
    told = f"as they are after {told}" + (", which ONNX cannot express" if cutting else "")
    if len(changed) == count:
        return f" {told}"
    return f", {listed(changed, most=5)} {told}, and the others raw"


def _makes_tokens(state: dict[str, object], begun: Beginning) -> bool:
    return begun.columns.get(str(state.get("name"))) == pl.List(pl.Int64)


def _texts(begun: Beginning) -> Iterator[str]:
    for dtype in begun.columns.values():
        if dtype.is_nested():
            yield _WHOLE["ids"].format(shape="batch, length")


def _whole(field: InputField) -> str:
    dims = ("length" if dim == "T" else str(dim) for dim in field.spec.shape)
    return _WHOLE[field.spec.kind].format(shape=", ".join(("batch", *dims)))
