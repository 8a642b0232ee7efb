"""The exported file: raw columns in, the same answers as PyTorch out, with onnxruntime alone."""

from __future__ import annotations

import errno
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from tables import configure, people, prepared, write

from modelstudio.data.inputs import FEATURES
from modelstudio.data.prepare import Prepared
from modelstudio.engine import draft
from modelstudio.engine.evaluate import predictions
from modelstudio.engine.export import replay
from modelstudio.engine.export.beginning import Fed
from modelstudio.engine.export.onnx import build, opset_of, save, saving
from modelstudio.engine.results import Predictions
from modelstudio.engine.task import compile_task
from modelstudio.errors import ExportError
from modelstudio.layers import GELU, SiLU
from modelstudio.network.layer import Layer
from modelstudio.network.shapes import Builder, Value
from modelstudio.project.model import CsvOptions, DataConfig, Project
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    Bin,
    ClipOutliers,
    DateParts,
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    Formula,
    GroupRare,
    HashEncode,
    Index,
    MinMax,
    MissingIndicator,
    OneHot,
    Ordinal,
    Power,
    QuantileScale,
    Rename,
    Standardise,
    Step,
    TargetEncode,
)

RECIPES = {
    "standard": (FillMissing(), ClipOutliers(), Standardise(), OneHot()),
    "range": (
        FillMissing(method="mean"),
        MinMax(low=-1.0, high=2.0),
        Ordinal(order=("Ulm", "Köln")),
    ),
    "constant": (
        FillMissing(columns=("income",), method="constant", value="1e5"),
        ClipOutliers(method="z-score", factor=2.0),
        OneHot(),
    ),
}


def make(
    folder: Path,
    target: str = "bought",
    recipe: tuple[Step, ...] = RECIPES["standard"],
    activation: Layer | None = None,
    csv: CsvOptions | None = None,
) -> tuple[Path, Prepared, Predictions]:
    """Export an untrained network and return the file, the data and what PyTorch says of tests."""
    data = configure(write(folder / "t.csv", people(300)), target).changed(recipe=recipe)
    data = data if csv is None else data.changed(csv=csv)
    ready = prepared(data)
    torch.manual_seed(0)
    network = draft.network(ready.fitted.fields, 300)
    if activation is not None:
        for node in network.of_type(SiLU):
            network = network.put(replace(node, layer=activation))
    project = Project(data=data, network=network)
    task, compiled = compile_task(project, ready.fitted)
    task.module.eval()
    path = folder / "model.onnx"
    save(build(compiled, ready.fitted, threshold=0.4, run="r1"), path)
    said = predictions(task, ready.test, ready.fitted, torch.device("cpu"))
    return path, ready, said


@pytest.mark.parametrize("name", RECIPES)
def test_raw_rows_give_the_same_answers(tmp_path: Path, name: str) -> None:
    path, ready, said = make(tmp_path, recipe=RECIPES[name])
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.rows == agreement.agreeing == len(said.rows) == 60
    assert agreement.max_abs_diff < 1e-6
    graph = onnx.load(path).graph
    read = {given for node in graph.node for given in node.input}
    assert {tensor.name for tensor in graph.initializer} <= read


WITH_DATES = (
    Column(name="age", kind="number"),
    Column(name="town", kind="category"),
    Column(name="income", kind="number"),
    Column(name="member", kind="id"),
    Column(name="since", kind="date"),
    Column(name="bought", kind="category", role="target"),
)

EXACT = (
    MissingIndicator(),
    FillByModel(),
    Formula(name="ratio", formula="income / age if town == 'Ulm' else log(age)"),
    Rename(column="income", name="label"),
    Power(columns=("label",)),
    QuantileScale(columns=("age",)),
    Bin(columns=("ratio",), encode="one-hot"),
    GroupRare(columns=("member",), least=0.02),
    TargetEncode(columns=("town",)),
    Index(columns=("member",)),
)

INEXACT = (
    FillFromNeighbours(),
    Index(columns=("member",)),
    DateParts(),
    HashEncode(columns=("town",), size=4),
    Standardise(),
)


def with_dates(
    folder: Path, recipe: tuple[Step, ...], *, dates: bool = False
) -> tuple[Path, Prepared, Predictions]:
    """Export an untrained network for a table with dates and ids."""
    chance = np.random.default_rng(0)
    head, *lines = people(300).splitlines()
    told = [f"{head},member,since"]
    for line in lines:
        *cells, answer = line.split(",")
        since = f"20{chance.integers(10, 26)}-0{chance.integers(1, 10)}-11"
        told.append(",".join([*cells, answer, f"m{chance.integers(40)}", since]))
    columns = [column for column in WITH_DATES if column.kind != "date" or dates]
    path = write(folder / "t.csv", "\n".join(told) + "\n")
    ready = prepared(DataConfig(path=str(path), columns=tuple(columns), recipe=recipe))
    torch.manual_seed(0)
    project = Project(data=DataConfig(), network=draft.network(ready.fitted.fields, 300))
    task, compiled = compile_task(project, ready.fitted)
    task.module.eval()
    out = folder / "model.onnx"
    save(build(compiled, ready.fitted), out)
    return out, ready, predictions(task, ready.test, ready.fitted, torch.device("cpu"))


def test_ids_go_to_an_embedding_inside_the_file(tmp_path: Path) -> None:
    path, ready, said = with_dates(tmp_path, EXACT)
    assert {field.kind for field in ready.fitted.fields} == {"features", "ids", "binary"}
    model = replay.open_model(path)
    assert model.recipe is None
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.rows == agreement.agreeing == 60
    assert agreement.max_abs_diff < 1e-6
    raw = {"age": 30, "town": "Ulm", "income": "", "member": "m1"}
    unseen = replay.ask(path, raw | {"member": "never seen"})
    assert replay.ask(path, raw) != unseen == replay.ask(path, raw | {"member": "nor this"})
    assert replay.ask(path, raw | {"member": ""}) != unseen


def test_the_file_begins_after_the_steps_that_onnx_cannot_express(tmp_path: Path) -> None:
    path, ready, said = with_dates(tmp_path, INEXACT, dates=True)
    model = replay.open_model(path)
    known = model.session.get_modelmeta().custom_metadata_map
    given = {item.name: item.type for item in model.session.get_inputs()}
    assert given["member"] == "tensor(string)"
    assert (
        list(given)
        == json.loads(known["modelstudio.columns"])
        == [
            *("age", "town#0", "town#1", "town#2", "town#3", "income", "member"),
            *("since year", "since month sin", "since month cos"),
            *("since weekday sin", "since weekday cos"),
        ]
    )
    kinds = ["number"] * 6 + ["id"] + ["number"] * 5
    assert json.loads(known["modelstudio.kinds"]) == kinds
    needs = json.loads(known["modelstudio.needs_first"])
    assert model.needs_first == tuple(needs)
    assert [each.split(" of ")[0] for each in needs] == [
        *("Fill from nearest rows", "Date parts", "Hash")
    ]
    assert needs[-1] == "Hash of town (size 4)"
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.rows == agreement.agreeing == 60
    assert agreement.max_abs_diff < 1e-6
    raw = {"age": 30, "town": "Rome", "income": None, "member": "new", "since": "2020-02-29"}
    assert sum(replay.ask(path, raw).values()) == pytest.approx(1.0)
    with pytest.raises(ExportError, match="since takes a date, not 'soon'"):
        replay.ask(path, raw | {"since": "soon"})
    with pytest.raises(ExportError, match="no answer without a value for since"):
        replay.ask(path, raw | {"since": "", "income": 1.0})


def test_exact_steps_on_other_columns_stay_in_the_file(tmp_path: Path) -> None:
    recipe = (
        MissingIndicator(),
        FillMissing(),
        DateParts(),
        HashEncode(columns=("town",), size=2),
        Standardise(columns=("age", "income", "since year")),
        Index(columns=("member",)),
    )
    path, ready, said = with_dates(tmp_path, recipe, dates=True)
    model = replay.open_model(path)
    given = {item.name: item.type[7:-1] for item in model.session.get_inputs()}
    assert {name: given[name] for name in ("age", "income", "member", "since year")} == {
        **dict.fromkeys(("age", "income", "since year"), "double"),
        "member": "string",
    }
    assert [each.split(" (")[0] for each in model.needs_first] == [
        *("Fill missing of town", "Date parts of since", "Hash of town")
    ]
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.agreeing == agreement.rows == 60
    assert agreement.max_abs_diff < 1e-6


def test_cells_are_read_as_in_a_table(tmp_path: Path) -> None:
    """Words for missing and endless numbers, as onnxruntime is given them."""
    path, _, _ = make(tmp_path, csv=CsvOptions(missing=("gone", "-999")))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def asked(towns: list[str], incomes: list[float]) -> NDArray[np.float32]:
        rows = {
            "age": np.full((len(towns), 1), 30.0),
            "town": np.array(towns, dtype=object).reshape(-1, 1),
            "income": np.array(incomes).reshape(-1, 1),
        }
        scores: NDArray[np.float32] = session.run(None, rows)[1]
        return scores

    plain = asked(["Ulm", "Köln", "", "U lm"], [1.0, 2.0, np.nan, np.nan])
    odd = asked(["Ulm", "Köln", "gone", "U lm"], [1.0, 2.0, -999.0, np.inf])
    np.testing.assert_array_equal(plain, odd)
    assert (asked([""], [1e200]) == plain[2]).all()
    assert asked([], []).shape == (0, 2)
    assert {each.domain for each in onnx.load(path).opset_import} <= {"", "ai.onnx.ml"}
    assert (plain[0] != plain[1]).all()
    assert (plain[2] != plain[3]).all()


def test_a_wrong_answer_is_not_hidden(tmp_path: Path) -> None:
    path, ready, said = make(tmp_path)
    said.scores[0] = np.add(said.scores[0][::-1], [0.3, -0.3])
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.max_abs_diff > 0.01
    assert agreement.agreeing < agreement.rows


@pytest.mark.parametrize(("change", "agreeing"), [(1e-3, 60), (2.0, 59)])
def test_large_values_agree_by_their_own_measure(
    tmp_path: Path, change: float, agreeing: int
) -> None:
    path, ready, said = make(tmp_path, "income", recipe=(FillMissing(), OneHot()))
    model = replay.open_model(path)
    frame = ready.frame("test")
    scale = max(abs(said.scores[0]), said.scores.std())
    said.scores[0] += change * replay.TOLERANCE * scale
    agreement = replay.compare(model, frame, said)
    assert agreement.max_abs_diff == pytest.approx(change * replay.TOLERANCE * scale)
    assert agreement.rows - agreement.agreeing == 60 - agreeing


class Bessel(Layer, abstract=True):
    """A function that ONNX does not know; in no registry."""

    def lower(self, b: Builder, x: Value) -> Value:
        return b.function("torch.special.bessel_j0", x)


def test_the_block_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    data = configure(write(tmp_path / "t.csv", people(60)), "income")
    ready = prepared(data)
    network = draft.network(ready.fitted.fields, 60)
    first, second = network.of_type(SiLU)
    network = network.put(replace(second, name="Waves", layer=Bessel()))
    _, compiled = compile_task(Project(data=data, network=network), ready.fitted)
    with pytest.raises(ExportError, match=r"The block Waves cannot .*bessel_j0") as caught:
        build(compiled, ready.fitted)
    assert caught.value.where == second.id != first.id
    assert len(caught.value.lines()) == 3
    assert "\x1b" not in str(caught.value)


def test_onnxruntime_alone_runs_the_file(tmp_path: Path) -> None:
    """Unseen and missing categories, missing numbers, one row and many."""
    path, ready, _ = make(tmp_path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows = {
        "age": np.array([[30.0], [np.nan], [1e9]]),
        "town": np.array([["Ulm"], [""], ["Atlantis"]], dtype=object),
        "income": np.array([[np.nan], [2e4], [-5.0]]),
    }
    label, probabilities = session.run(None, rows)
    frame = pl.DataFrame(
        {"age": [30.0, None, 1e9], "town": ["Ulm", None, "Atlantis"], "income": [None, 2e4, -5.0]}
    )
    assert np.isfinite(ready.fitted.transform(frame).fields[FEATURES]).all()
    assert label.shape == (3,)
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)
    assert [str(x) for x in label] == ["yes" if p >= 0.4 else "no" for p in probabilities[:, 1]]
    single = session.run(None, {name: values[:1] for name, values in rows.items()})
    np.testing.assert_allclose(single[1], probabilities[:1], atol=1e-6)
    assert {item.type for item in session.get_inputs()} == {"tensor(double)", "tensor(string)"}


def test_three_classes_and_a_value(tmp_path: Path) -> None:
    path, ready, said = make(tmp_path, "town")
    assert replay.compare(replay.open_model(path), ready.frame("test"), said).agreeing == 60
    assert said.scores.shape == (60, 3)
    path, ready, said = make(tmp_path, "income")
    assert ready.fitted.target.log
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.agreeing == agreement.rows > 40
    assert said.scores.mean() > 1e4
    assert agreement.max_abs_diff < 1e-6


@pytest.mark.parametrize("side", [1, 64, 1024])
def test_wide_samples_are_given_a_few_at_a_time(side: int) -> None:
    given: list[tuple[int, ...]] = []

    class Session:
        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="image", type="tensor(uint8)")]

        def run(self, _: None, inputs: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float64]]:
            given.append(inputs["image"].shape)
            return [inputs["image"][:, 0, :1, 0] * 1.0]

    pictures = np.broadcast_to(
        np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 1, side, side)
    )
    model = replay.OnnxModel(Session(), (), "value", (), "price", 0.5, CsvOptions())  # type: ignore[arg-type]
    fed = Fed(pl.DataFrame(), None, {"image": pictures}, np.arange(40), {})
    _, scores = model.answer(fed, 40)
    assert scores.tolist() == list(range(40))
    assert max(map(math.prod, given)) <= max(replay.CELLS, side * side)
    assert len(given) == {1: 1, 64: 2, 1024: 40}[side]
    assert model.answer(replace(fed, places=np.arange(0)), 3)[1].size == 3


def test_a_strange_row_gets_no_value_beyond_the_training_rows(tmp_path: Path) -> None:
    path, ready, _ = make(tmp_path, "income", recipe=(FillMissing(), OneHot()))
    frame = pl.DataFrame({"age": [1e9, -1e9], "town": ["Ulm", "Ulm"], "bought": ["no", "no"]})
    _, values = replay.open_model(path).run(frame)
    limits = np.exp(ready.fitted.target.limits)
    assert np.isclose(values.reshape(-1, 1), limits).any(axis=1).all()


def test_a_value_in_single_precision_where_double_cannot_run(tmp_path: Path) -> None:
    path, ready, said = make(tmp_path, "income", activation=GELU())
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.agreeing == agreement.rows > 40
    assert agreement.max_abs_diff < 1e-5 * said.scores.max()


def test_a_row_without_a_number_it_needs_has_no_answer(tmp_path: Path) -> None:
    path, ready, _ = make(tmp_path, recipe=(ClipOutliers(), Standardise(), OneHot()))
    frame = pl.DataFrame(
        {"age": [30.0, 30.0], "town": ["Ulm", "Ulm"], "income": [None, 2e4]},
        schema_overrides={"income": pl.Float64},
    )
    assert ready.fitted.transform(frame).rows.tolist() == [1]
    labels, scores = replay.open_model(path).run(frame)
    assert labels is not None
    assert labels[0] == ""
    assert labels[1] in ("no", "yes")
    assert np.isnan(scores).tolist() == [[True, True], [False, False]]
    with pytest.raises(ExportError, match="without a value for income"):
        replay.ask(path, {"age": 30, "town": "Ulm", "income": ""})


def test_large_weights_go_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelstudio.engine.export.onnx.ONE_FILE", 1000)
    path, ready, said = make(tmp_path)
    names = {"model.onnx", "model.onnx.data", "t.csv"}
    assert {entry.name for entry in tmp_path.iterdir()} == names
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.agreeing == 60


def test_the_file_tells_nothing_of_this_machine(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    assert str(Path(torch.__file__).parent.parent).encode() not in path.read_bytes()


def test_the_file_says_how_tables_are_read(tmp_path: Path) -> None:
    how = CsvOptions(missing=("unknown",), decimals="point", dates="month first")
    path, _, _ = make(tmp_path, csv=how)
    assert replay.open_model(path).config.csv == how


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    model = onnx.load(path)
    known = {item.key: item.value for item in model.metadata_props}
    assert json.loads(known["modelstudio.columns"]) == ["age", "town", "income"]
    assert json.loads(known["modelstudio.kinds"]) == ["number", "category", "number"]
    assert json.loads(known["modelstudio.classes"]) == ["no", "yes"]
    assert known["modelstudio.target"] == "bought"
    assert json.loads(known["modelstudio.threshold"]) == 0.4
    assert opset_of(model) == 18
    assert [item.name for item in model.graph.output] == ["label", "probabilities"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["model.onnx", "t.csv"]


def test_column_names_of_any_kind(tmp_path: Path) -> None:
    text = people(200).replace("age,town,income,bought", '"label","Größe (m²)","a/b:0",bought', 1)
    data = configure(write(tmp_path / "t.csv", text), "bought")
    ready = prepared(data)
    project = Project(data=data, network=draft.network(ready.fitted.fields, 200))
    task, compiled = compile_task(project, ready.fitted)
    path = tmp_path / "m.onnx"
    save(build(compiled, ready.fitted), path)
    said = predictions(task, ready.test, ready.fitted, torch.device("cpu"))
    agreement = replay.compare(replay.open_model(path), ready.frame("test"), said)
    assert agreement.max_abs_diff < 1e-6
    assert onnx.load(path).graph.output[0].name == "predicted_label"


def test_columns_called_as_tensors_of_the_file(tmp_path: Path) -> None:
    """Inputs keep their names; outputs and all within the file take others."""
    names = ("label", "predicted_label", "prep/constant0", "net/features", "net/linear")
    text = "\n".join([",".join((*names, "y")), *(f"{n},1,{n * n},3,4,{n % 2}" for n in range(60))])
    data = DataConfig(
        path=str(write(tmp_path / "t.csv", text)),
        columns=(
            *(Column(name=name, kind="number") for name in names),
            Column(name="y", kind="category", role="target"),
        ),
        recipe=(MissingIndicator(), Standardise()),
    )
    ready = prepared(data)
    project = Project(data=data, network=draft.network(ready.fitted.fields, 60))
    task, compiled = compile_task(project, ready.fitted)
    save(build(compiled, ready.fitted), path := tmp_path / "m.onnx")
    said = predictions(task, ready.test, ready.fitted, torch.device("cpu"))
    model = replay.open_model(path)
    agreement = replay.compare(model, ready.frame("test"), said)
    assert agreement.agreeing == len(said.rows)
    assert [each.name for each in model.session.get_inputs()] == list(names)
    assert model.session.get_outputs()[0].name == "predicted_predicted_label"


def test_one_row_by_hand(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    answer = replay.ask(path, {"age": "41.5", "town": "Ulm", "income": None})
    assert set(answer) == {"no", "yes"}
    assert sum(answer.values()) == pytest.approx(1.0)
    assert replay.ask(path, {"age": 41.5, "town": "Ulm", "income": ""}) == answer
    assert replay.ask(path, {"age": 41.5, "town": 7.0, "income": ""}) != answer
    with pytest.raises(ExportError, match="age takes a number"):
        replay.ask(path, {"age": "old"})


def test_files_that_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="does not exist"):
        replay.open_model(tmp_path / "no.onnx")
    with pytest.raises(ExportError, match="not an ONNX model"):
        replay.open_model(write(tmp_path / "text.onnx", "hello"))
    path, _, _ = make(tmp_path)
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(ExportError, match="not exported by Model Studio"):
        replay.open_model(tmp_path / "foreign.onnx")


def test_a_file_has_its_name_only_after_its_check(tmp_path: Path) -> None:
    path, _, _ = make(tmp_path)
    old, names = path.read_bytes(), set(tmp_path.iterdir())

    def failing() -> None:
        with saving(onnx.load(path), path) as written:
            assert replay.read_model(written.path).classes == ("no", "yes")
            assert path.read_bytes() == old
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert path.read_bytes() == old
    assert set(tmp_path.iterdir()) == names


def test_a_full_disk_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, _ = make(tmp_path)
    before = path.read_bytes()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ExportError, match="disk is full"):
        save(onnx.load(path), path)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["model.onnx", "t.csv"]
    with pytest.raises(ExportError, match="folder does not exist"):
        save(onnx.load(path), tmp_path / "no" / "m.onnx")
