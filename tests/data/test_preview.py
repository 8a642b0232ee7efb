"""What the Data page shows: profiles, findings, rows before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import configure, people, prepared, write

from modelstudio.data.preview import preview
from modelstudio.data.profile import findings, profile
from modelstudio.data.sources import tabular
from modelstudio.recipe.steps import FillMissing, OneHot, Standardise


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", people())


def test_profiles(table: Path) -> None:
    data = configure(table, "bought")
    by_name = {facts.name: facts for facts in profile(tabular.read(data), data.columns)}
    assert by_name["income"].missing == people().count(",,")
    assert by_name["town"].distinct == 3
    assert by_name["town"].summary == "3 values"
    assert max(by_name["age"].histogram) == 1.0
    assert "Quartiles" in by_name["age"].quantiles


def test_findings_name_what_deserves_a_look(tmp_path: Path) -> None:
    lines = people(200).splitlines()
    rows = [f"{line},{'1' if line.endswith('yes') else '0'}" for line in lines[1:]]
    path = write(tmp_path / "t.csv", "\n".join([f"{lines[0]},gift", *rows]) + "\n")
    data = configure(path, "bought")
    frame = tabular.read(data)
    found = findings(frame, data.columns, profile(frame, data.columns))
    assert {finding.kind for finding in found} >= {"missing", "leak", "balance"}
    leak = next(finding for finding in found if finding.kind == "leak")
    assert leak.column == "gift"
    assert leak.severity == "warning"
    missing = next(finding for finding in found if finding.kind == "missing")
    assert missing.suggested_step == FillMissing(columns=("income",))


def test_an_honest_table_says_that_nothing_leaks(table: Path) -> None:
    data = configure(table, "bought")
    frame = tabular.read(data)
    found = findings(frame, data.columns, profile(frame, data.columns))
    assert "success" in {finding.severity for finding in found}


def test_rows_before_and_after(table: Path) -> None:
    data = configure(table, "bought").changed(recipe=(FillMissing(), Standardise(), OneHot()))
    raw = preview(data, upto=0, limit=50)
    filled = preview(data, upto=1, limit=50)
    final = preview(data, limit=50)
    assert raw.columns == filled.columns == ("age", "town", "income", "bought")
    assert final.columns == ("age", "town=Bonn", "town=Köln", "town=Ulm", "income", "bought")
    at = raw.columns.index("income")
    empty = [cell is None for cell in raw.cells[at].after]
    assert any(empty)
    assert list(filled.cells[at].changed) == empty
    assert all(filled.cells[at].after)
    assert not any(raw.cells[at].changed)
    assert set(raw.parts) == {"train", "validation", "test"}


def test_slices_and_sorting(table: Path) -> None:
    data = configure(table, "bought")
    whole, part = preview(data, upto=0, limit=200), preview(data, upto=0, offset=20, limit=10)
    assert part.rows == whole.rows[20:30]
    assert part.total == 200
    ordered = preview(data, upto=0, limit=200, sort=("age", True))
    ages = ordered.cells[0].after
    assert list(ages) == sorted(ages, reverse=True)
    assert sorted(ordered.rows) == list(range(200))


@pytest.mark.parametrize(
    ("column", "kind", "text"),
    [
        ([f"{i}" if i % 3 else "none" for i in range(60)], "mixed", "x mixes numbers and words"),
        (["a"] * 59 + [""], "constant", "x is always the same"),
        ([f"{i % 3}" for i in range(60)], "single", "A class has one row only"),
    ],
)
def test_what_is_odd_about_a_column_is_found(
    tmp_path: Path, column: list[str], kind: str, text: str
) -> None:
    rows = [f"{cell},{'rare' if i == 7 else 'ab'[i % 2]}" for i, cell in enumerate(column)]
    data = configure(write(tmp_path / "t.csv", "\n".join(["x,y", *rows]) + "\n"), "y")
    x = data.columns[0].model_copy(update={"role": "feature", "kind": "category"})
    columns = (x, data.columns[1])
    frame = tabular.read(data.changed(columns=columns))
    found = findings(frame, columns, profile(frame, columns))
    assert text in [finding.text for finding in found if finding.kind == kind]


def test_the_last_preview_is_what_the_network_is_given(table: Path) -> None:
    data = configure(table, "bought")
    shown, result = preview(data, limit=200), prepared(data)
    place = {row: at for at, row in enumerate(shown.rows)}
    for part in ("train", "validation", "test"):
        encoded = getattr(result, part)
        for at, name in enumerate(result.fitted.features):
            cells = shown.cells[shown.columns.index(name)].after
            seen = [cells[place[row]] for row in encoded.rows]
            assert seen == encoded.fields["features"][:, at].tolist()
        assert {shown.parts[place[row]] for row in encoded.rows} == {part}
