"""A Python program that asks an exported file about a sample of the project's own data.

It runs as it is printed, with onnxruntime, numpy and what it imports besides, and gives the figures
of the model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from modelstudio.data.fitted import FittedRecipe, FittedStep
from modelstudio.data.sources import ROW
from modelstudio.data.stored import in_memory
from modelstudio.engine.export import sample_files, sample_texts
from modelstudio.engine.export.beginning import Beginning, Fed, begin, feed, in_words
from modelstudio.engine.export.program import Program, array
from modelstudio.engine.export.takes import gives, takes
from modelstudio.engine.results import Explanation

BEGINNING = 60
"""Characters of a long text that the next token is asked of."""

_ROWS = (20, 2000)
"""Rows among which a whole one is looked for first."""


class _Sample(NamedTuple):
    """A sample of the data: its (last) row, what the file is given, and its place among that."""

    row: pl.DataFrame
    fed: Fed
    at: int


def explained(fitted: FittedRecipe, frame: pl.DataFrame | None, file_name: str) -> Explanation:
    """Say what the file of a run takes and gives, with a program that asks it.

    Parameters
    ----------
    frame
        The data of the project; without it the program only lists what the file takes.
    """
    begun = begin(fitted)
    if fitted.target.kind == "tokens" and frame is not None:
        code = _next_token(fitted, begun, frame, file_name)
    elif frame is None or (sample := _sample(fitted, begun, frame)) is None:
        code = _listing(file_name)
    else:
        code = _asking(fitted, begun, sample, file_name)
    return Explanation(takes(begun), gives(fitted), code)


def _sample(fitted: FittedRecipe, begun: Beginning, frame: pl.DataFrame) -> _Sample | None:
    """Find a whole sample, of a series the latest, of other data the first."""
    if begun.windows is not None:
        fed = feed(fitted, frame)
        if fed.rows is None or not len(fed.rows):
            return None
        return _Sample(frame[int(fed.rows[-1, -1])], fed, -1)
    for count in (*(each for each in _ROWS if each < frame.height), frame.height):
        rows = fitted.transform(frame.head(count).drop(ROW, strict=False)).rows
        if len(rows):
            row = frame[int(rows[0])]
            return _Sample(row, feed(fitted, row), 0)
    return None


def _asking(fitted: FittedRecipe, begun: Beginning, sample: _Sample, file_name: str) -> str:
    made = Program()
    steps = [each.step for each in fitted.steps]
    for field in begun.arrays:
        name, column = field.spec.name, field.columns[0]
        if field.spec.kind == "ids":
            made.given[name] = array(_whole(sample, name), int)
            continue
        write = sample_files.picture if field.spec.kind == "image" else sample_files.sound
        made.given[name] = write(made, steps, column, sample.row.item(0, column))
    for name, dtype in begun.columns.items():
        if dtype.is_nested():
            step = _maker(begun, name)
            made.given[name] = sample_texts.ids(made, step, _text(begun, step, sample.row))
    others = [each for each in begun.first if each.state.get("name") not in made.given]
    if others:
        made.lines.append("# The numbers below are as they are after these steps:")
        made.lines += [f"# - {in_words(each)}" for each in others]
    for name in begun.taken:
        if name not in made.given:
            cells = sample.fed.columns.get_column(name)
            if sample.fed.rows is not None:
                cells = cells.gather(sample.fed.rows[sample.at])
            made.given[name] = array(cells.to_list(), _kind(cells.dtype))
    return made.text(file_name, _printing(fitted))


def _kind(dtype: pl.DataType) -> type:
    if dtype == pl.String:
        return str
    return float if dtype == pl.Float64 else int


def _whole(sample: _Sample, name: str) -> list[int]:
    """Return the ids of a field that is given whole, up to the padding."""
    rows = sample.fed.arrays[name][[sample.at]]
    ids = in_memory(rows)[0]
    found: list[int] = ids[: max(1, int(np.count_nonzero(ids)))].tolist()
    return found


def _maker(begun: Beginning, name: str) -> FittedStep:
    """Return the step that makes a column of rows of ids."""
    return next(each for each in begun.first if each.state.get("name") == name)


def _text(begun: Beginning, maker: FittedStep, row: pl.DataFrame) -> str:
    """Return the text of a row as the step finds it."""
    for each in begun.first:
        if each is maker:
            break
        row = each.apply(row)
    texts = row.select(maker.state["columns"]).row(0)
    return "\n".join(text for text in texts if text)


def _printing(fitted: FittedRecipe) -> list[str]:
    if not fitted.target.classes:
        return ["(answer,) = model.run(None, sample)", "print(answer.item())"]
    label = "label[0].tolist()" if fitted.target.kind == "labels" else "label[0]"
    return [
        "label, probabilities = model.run(None, sample)",
        f"print({label}, probabilities[0].tolist())",
    ]


def _next_token(fitted: FittedRecipe, begun: Beginning, frame: pl.DataFrame, file_name: str) -> str:
    made, field = Program(), fitted.inputs[0]
    step = _maker(begun, field.columns[0])
    column = frame.get_column(fitted.columns[0].name)
    text = "".join(column.head(BEGINNING).drop_nulls().to_list())[:BEGINNING]
    made.given[field.spec.name] = sample_texts.ids(made, step, text)
    ending = [
        "(probabilities,) = model.run(None, sample)",
        "likeliest = int(probabilities[0, -1].argmax())",
        f"print(repr({sample_texts.spelt(step)}), probabilities[0, -1, likeliest])",
    ]
    return made.text(file_name, ending)


def _listing(file_name: str) -> str:
    return "\n".join(
        [
            "import onnxruntime",
            "",
            f"model = onnxruntime.InferenceSession({file_name!r})",
            'print(model.get_modelmeta().custom_metadata_map["modelstudio.needs_first"])',
            "for given in model.get_inputs():",
            "    print(given.name, given.type, given.shape)",
            "",
        ]
    )
