"""An imported network is a project with a run: evaluated, trained further, exported at once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from modelstudio.cli import main
from modelstudio.engine import run as engine
from modelstudio.engine.control import Control
from modelstudio.engine.events import Progress, RunEnd, drain
from modelstudio.engine.exporting import export_onnx
from modelstudio.engine.importing.job import run_import
from modelstudio.engine.projects import opening, rebase
from modelstudio.engine.session import take_weights
from modelstudio.engine.trained import load_weights
from modelstudio.errors import RunError
from modelstudio.layers import ReLU
from modelstudio.project.files import load_project, save_project
from modelstudio.project.model import Project

MODULES = Path(__file__).with_name("networks_of_others.py")


def brought_in(
    tmp_path: Path, activation: str, gives: dict[str, int] | None = None
) -> tuple[Path, dict[str, Any]]:
    """A small imported classifier: two numbers in, three logits out."""
    rng = np.random.default_rng(1)
    shapes = {"w1": (8, 2), "b1": (8,), "w2": (3, 8), "b2": (3,)}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["a"], transB=1),
        helper.make_node(activation, ["a"], ["b"]),
        helper.make_node("Gemm", ["b", "w2", "b2"], ["y"], transB=1),
        helper.make_node("Softmax", ["y"], ["shares"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
            for name, width in (gives or {"y": 3}).items()
        ],
        [
            numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)
            for name, shape in shapes.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, tmp_path / "net.onnx")
    path = tmp_path / "net.mstudio"
    text, said = drain(run_import(tmp_path / "net.onnx", "", path, None, (), {}))
    path.write_text(text)
    return path, said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path, said = brought_in(tmp_path, "Relu")
    assert said["max_abs_diff"] < 1e-6
    return path


def table(folder: Path, classes: int = 3) -> Path:
    rng = np.random.default_rng(2)
    rows = [
        f"{a:.4f},{b:.4f},{'abcd'[int(abs(a * 5)) % classes]}"
        for a, b in rng.standard_normal((120, 2))
    ]
    path = folder / "rows.csv"
    path.write_text("\n".join(["a,b,kind", *rows]))
    return path


def with_table(path: Path, classes: int = 3) -> Project:
    draft = drain(opening(load_project(path), table(path.parent, classes), "kind"))
    project = rebase(draft.project, None, path.parent)
    project = project.changed(training=project.training.changed(epochs=2, threads=1))
    save_project(project, path)
    return project


def test_the_weights_are_a_run(project: Path) -> None:
    (run,) = engine.store(project, load_project(project)).list()
    assert (run.status, run.name, run.parameters) == ("finished", "Imported from net.onnx", 51)


@pytest.mark.usefixtures("in_this_process")
def test_it_is_exported_as_it_came(tmp_path: Path) -> None:
    """With its shares, which training leaves out, and its answers in their order."""
    project, _ = brought_in(tmp_path, "Relu", {"shares": 3, "b": 8})
    loaded, out = load_project(project), tmp_path / "again.onnx"
    report = drain(export_onnx(project, loaded, None, out))
    assert report.rows_checked == report.rows_agreeing > 0
    assert report.max_abs_diff < 1e-5
    values = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    old = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(None, {"x": values})
    new = onnxruntime.InferenceSession(out).run(None, {"features": values})
    for ours, theirs in zip(new, old, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_it_is_scored_once_there_is_data(project: Path) -> None:
    with pytest.raises(RunError, match="has no data yet"):
        drain(engine.evaluate(project, load_project(project), None))
    loaded = with_table(project)
    evaluation = drain(engine.evaluate(project, loaded, None, "test", intervals=False))
    assert evaluation.predictions.classes == ("a", "b", "c")
    assert evaluation.confusion is not None


def test_data_of_another_shape_is_told(project: Path) -> None:
    loaded = with_table(project, classes=4)
    with pytest.raises(RunError, match="does not fit its network"):
        drain(engine.evaluate(project, loaded, None, "test"))


def test_training_goes_on_from_its_weights(project: Path) -> None:
    loaded = with_table(project)
    slow = loaded.training.optimizer.changed(lr=1e-7)
    loaded = loaded.changed(training=loaded.training.changed(optimizer=slow))
    events = list(engine.train(loaded, project, Control(), start_from="1"))
    end = events[-1]
    assert isinstance(end, RunEnd)
    store = engine.store(project, loaded)
    before, after = (load_weights(store, store.info(run)) for run in ("1", end.run))
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-4, rtol=0)


def test_weights_wait_for_the_block_that_is_missing(tmp_path: Path) -> None:
    path, said = brought_in(tmp_path, "ThresholdedRelu")
    assert said["run"] is not None
    loaded = with_table(path)
    missing = (
        "Run 1 cannot run: thresholdedrelu stands for onnx.ThresholdedRelu, which has no block."
    )
    with pytest.raises(RunError) as asked:
        drain(engine.evaluate(path, loaded, None))
    assert str(asked.value).startswith(missing)
    with pytest.raises(RunError) as asked:
        drain(export_onnx(path, loaded, None, tmp_path / "again.onnx"))
    assert str(asked.value).startswith(missing)
    placeholder = loaded.network.named("thresholdedrelu")
    assert placeholder is not None
    mended = loaded.network.put(replace(placeholder, name="relu", layer=ReLU()))
    slow = loaded.training.changed(optimizer=loaded.training.optimizer.changed(lr=1e-7))
    loaded = loaded.changed(network=mended, training=slow)
    events = list(engine.train(loaded, path, Control(), start_from="1"))
    assert not [e for e in events if isinstance(e, Progress) and "fresh" in e.text]
    store = engine.store(path, loaded)
    before, after = (load_weights(store, store.info(run)) for run in ("1", events[-1].run))
    assert set(before) == {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, atol=1e-4, rtol=0)


def test_another_head_begins_fresh_and_is_told(project: Path) -> None:
    loaded = with_table(project, classes=4)
    from modelstudio.engine.projects import with_fitting_head

    loaded = with_fitting_head(loaded, project.parent)
    events = list(engine.train(loaded, project, Control(), start_from="1"))
    told = [event.text for event in events if isinstance(event, Progress)]
    assert "Begins with fresh weights: fc2" in told


def test_weights_that_fit_nothing_are_refused() -> None:
    with pytest.raises(RunError, match="None of the weights"):
        take_weights(nn.Linear(2, 2), {"other": torch.zeros(2)})
    assert take_weights(nn.Linear(2, 2), {"bias": torch.ones(2)}) == ("weight",)


def test_a_network_can_take_the_place_of_another(project: Path, tmp_path: Path) -> None:
    onto = with_table(project)
    text, said = drain(
        run_import(MODULES, "Tabular", project, (project.read_text()), (), {"width": 2})
    )
    (tmp_path / "new.mstudio").write_text(text)
    merged = load_project(tmp_path / "new.mstudio")
    assert (merged.id, merged.data.path) == (onto.id, onto.data.path)
    assert merged.network != onto.network
    assert said["run"] is not None


# The command line


def test_the_verb_reports_what_it_did(
    tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.mstudio"
    assert main(["import", str(tmp_path / "net.onnx"), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["max_abs_diff"] < 1e-6
    counts = {key: said[key] for key in ("nodes", "mapped", "placeholders", "parameters")}
    assert counts == {"nodes": 3, "mapped": 3, "placeholders": 0, "parameters": 51}
    assert engine.store(out, load_project(out)).info(said["run"]).status == "finished"
    assert main(["import", str(tmp_path / "net.onnx"), "--out", str(out)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_verb_asks_for_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, source = tmp_path / "p.mstudio", f"{MODULES}:Tabular"
    assert main(["import", source, "--out", str(out)]) == 1
    assert "import it again with --trust" in capsys.readouterr().err
    assert not out.exists()
    arguments = ["--args", '{"width": 4}', "--shape", "4", "--trust", "--json"]
    assert main(["import", source, "--out", str(out), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == 129
    assert load_project(out).data.fields[0].shape == (4,)


@pytest.mark.parametrize(
    "wrong", [["--shape", "3,x"], ["--shape", "0"], ["--args", "[1]"], ["--args", "{"]]
)
def test_wrong_options_are_wrong_usage(wrong: list[str], tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    assert main(["import", str(path), "--out", str(tmp_path / "p.mstudio"), *wrong]) == 2
