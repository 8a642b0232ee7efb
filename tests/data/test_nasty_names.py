"""Columns whose names are patterns, quotes, signs or words of a library's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from modelstudio.data import sources
from modelstudio.data.findings import findings
from modelstudio.data.fitting import Learning
from modelstudio.data.preview import preview
from modelstudio.data.profile import profile
from modelstudio.data.sources.header import unique_names
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.engine import prediction, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import drain
from modelstudio.engine.export.job import export_run
from modelstudio.engine.projects import new_project
from modelstudio.errors import FieldError
from modelstudio.project.files import save_project
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import is_pattern
from modelstudio.recipe.steps import Cast, Formula, OneHot, Rename, Step

NAMES = (
    *("*", "**", "^a.*$", "a", "ab", "^", "$", "^[$", "^$", "^*$", "literal", "len", "count"),
    *("value", "rows", "index", "'", '"', 'a"b', "a,b", "a\nb", "\\d", "{}", "%s", "#", "=", "a=x"),
    *("", " ", ".", "..", "/", "a.b", "a/b", "a:0", "class", "None", "nan", "1", "-1", "True"),
    *("\U0001f600", "Zeile mit Umlaut äöü", "ﷺ", "\u202eabc", "x" * 5000, "__row__", "row"),
    *("features", "tokens", "target", "window", "output", "predicted", "__index__", "self"),
)
"""Names that a table may give its columns."""

FREE = unique_names(NAMES)

KINDS: tuple[Any, ...] = ("number", "category", "number", "date", "text", "id")

FITTED = [step for step in Step.members() if step.stage == "fitted" and step in IMPLEMENTATIONS]


def cells(at: int, rows: int) -> pl.Series:
    """Return a column of the kind that the place asks for, with gaps."""
    random = np.random.default_rng(at)
    known = pl.Series(random.random(rows) > 0.1)
    match KINDS[at % len(KINDS)]:
        case "number":
            values = pl.Series(random.normal(size=rows))
        case "date":
            values = pl.Series(random.integers(0, 10**12, rows)).cast(pl.Datetime("ms"))
        case _:
            values = pl.Series(random.choice(["a$", "b", "*", "c d"], rows))
    return values.set(~known, None)


def learnt(step: type[Step], names: tuple[str, ...]) -> pl.DataFrame:
    """Return rows as a step leaves them that acts on columns of some names."""
    frame = pl.DataFrame([cells(at, 30).alias(name) for at, name in enumerate(names)])
    kinds = {name: KINDS[at % len(KINDS)] for at, name in enumerate(names)}
    made = step()
    if step is Rename:
        made = Rename(column=names[0], name="new")
    elif step is Formula:
        made = Formula(name="new", formula="1 + 1")
    elif step is Cast:
        made = Cast(columns=tuple(name for name, kind in kinds.items() if kind == "number"))
    learning = Learning(frame, kinds, np.arange(30) % 2)
    fitted = learning.fit(made)
    learning.follow(fitted)
    return fitted.apply(frame)


@pytest.mark.parametrize("step", FITTED)
def test_a_step_does_the_same_whatever_columns_are_called(step: type[Step]) -> None:
    plain = learnt(step, tuple(f"c{at:02}" for at in range(len(FREE))))
    nasty = learnt(step, FREE)
    assert not any(map(is_pattern, nasty.columns))
    assert_frame_equal(nasty.rename(dict(zip(nasty.columns, plain.columns, strict=True))), plain)


def test_no_step_makes_a_pattern_of_a_name() -> None:
    frame = pl.DataFrame({"^c": ["a$", "b"], "x": [1.0, 2.0]})
    learning = Learning(frame, {"^c": "category", "x": "number"}, None)
    assert learning.fit(OneHot()).apply(frame).columns == ["^c=a$_", "^c=b", "x"]
    for name in filter(is_pattern, NAMES):
        with pytest.raises(FieldError, match="can be called"):
            Rename.build(column="x", name=name)
        with pytest.raises(FieldError, match="can be called"):
            Formula.build(name=name, formula="x + 1")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table with two classes and a column for every name."""
    path = tmp_path_factory.mktemp("nasty") / "t.csv"
    columns = [cells(at if at % 6 < 3 else 0, 120).to_list() for at in range(len(NAMES))]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*NAMES, "^y$"])
        for at, row in enumerate(zip(*columns, strict=True)):
            writer.writerow([*row, "yes" if at % 3 else "no"])
    return path


def test_every_reader_gives_every_column_a_name(table: Path) -> None:
    frame = sources.read_plain(DataConfig(path=str(table)))
    assert frame.columns == list(unique_names([*NAMES, "^y$"]))
    assert len(set(frame.columns)) == len(NAMES) + 1
    strange = [name for name in dict.fromkeys(NAMES) if name.strip()]
    raw = frame[:, : len(strange)].rename(dict(zip(frame.columns, strange, strict=False)))
    folder = table.parent
    raw.write_parquet(folder / "t.parquet")
    raw.write_ipc(folder / "t.arrow")
    raw.write_ndjson(folder / "t.jsonl")
    (folder / "list.json").write_text(json.dumps(raw.to_dicts()))
    for name in ("t.parquet", "t.arrow", "t.jsonl", "list.json"):
        read = sources.read_plain(DataConfig(path=str(folder / name)))
        assert read.columns == list(unique_names(strange)), name
        assert read.height == 120
        assert read.get_column("a").null_count() == raw.get_column("a").null_count()


def test_the_whole_way_is_open_to_any_name(table: Path, tmp_path: Path) -> None:
    draft = new_project(table, target="^y$_")
    assert draft.error is None
    data = draft.project.data
    frame = sources.read(data)
    profiles = profile(frame, data.columns)
    assert len(profiles) == len(NAMES) + 1
    findings(data, frame, profiles)
    assert preview(data).rows
    quick = draft.project.training.changed(epochs=1)
    project = draft.project.changed(training=quick)
    path = tmp_path / "p.mstudio"
    save_project(project, path)
    drain(run.train(project, path, Control()))
    out = tmp_path / "p.onnx"
    report = drain(export_run(run.store(path, project).folder, None, data, out))
    assert report.rows_agreeing == report.rows_checked > 3
    answers = []
    for model in (path, out):
        drain(prediction.predict(model, table, tmp_path / "out.csv"))
        answers.append(pl.read_csv(tmp_path / "out.csv").get_column("probability_yes"))
    assert np.allclose(*answers, atol=1e-5)
