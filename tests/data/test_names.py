"""Columns may be called anything, also what a library or this program calls something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tables import configure, prepared, write

from modelstudio.data import profile
from modelstudio.data.batches import TensorData
from modelstudio.data.findings import findings
from modelstudio.data.sources import tabular
from modelstudio.errors import DataError


@pytest.mark.parametrize("names", [("count", "len", "value"), ("len", "value", "answer")])
def test_a_column_may_be_called_as_a_count_is(tmp_path: Path, names: tuple[str, ...]) -> None:
    rows = "".join(f"{'ab'[i % 2]},{'uvw'[i % 3]},{'xy'[i % 5 > 1]}\n" for i in range(60))
    data = configure(write(tmp_path / "t.csv", ",".join(names) + "\n" + rows), names[-1])
    result = prepared(data)
    assert len(result.fitted.inputs[0].columns) == 5
    frame = tabular.read(data)
    profiles = profile.profile(frame, data.columns)
    assert [facts.distinct for facts in profiles] == [2, 3, 2]
    assert findings(data, frame, profiles)


def test_a_one_hot_column_leaves_the_name_of_another_alone(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[i % 2]},{i * 7 % 50 / 3},{'xy'[i % 5 > 1]}\n" for i in range(60))
    result = prepared(configure(write(tmp_path / "t.csv", f"c,c=a,y\n{rows}"), "y"))
    assert result.fitted.inputs[0].columns == ("c=a_", "c=b", "c=a")
    values = next(iter(result.train.fields.values()))
    assert set(values[:, 0]) == {0.0, 1.0}
    assert len(set(values[:, 2])) > 10


def test_the_target_may_be_called_features(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * 31 % 97 / 7}\n" for i in range(0, 120, 2))
    result = prepared(configure(write(tmp_path / "t.csv", f"x,features\n{rows}"), "features"))
    fields = result.fitted.fields
    assert fields[1].name == "features" != fields[0].name
    tensors = TensorData.from_encoded(result.train, fields).fields
    assert tensors[fields[0].name].shape == (len(result.train.rows), 1)
    assert np.allclose(tensors["features"].numpy(), result.train.scaled)


def test_classes_that_are_numbers_stand_in_their_order(tmp_path: Path) -> None:
    rows = "".join(f"{i * 31 % 97},{i % 12}\n" for i in range(240))
    result = prepared(configure(write(tmp_path / "t.csv", f"x,y\n{rows}"), "y"))
    assert result.fitted.target.classes == tuple(str(number) for number in range(12))


def test_without_a_feature_the_columns_that_are_ignored_are_named(tmp_path: Path) -> None:
    rows = "".join(f"k{i * 7919 % 997}z,{'ab'[i % 2]}\n" for i in range(60))
    with pytest.raises(DataError, match=r"Ignored are code \(id\)"):
        prepared(configure(write(tmp_path / "t.csv", f"code,y\n{rows}"), "y"))
