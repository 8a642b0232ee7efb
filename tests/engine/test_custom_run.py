"""A Python block from the command line to the exported file: only with trust, in every process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelstudio.__main__ import main
from modelstudio.layers import Custom, Linear
from modelstudio.layers.custom import TEMPLATE
from modelstudio.network.graph import Node
from modelstudio.project.files import load_project, save_project
from modelstudio.trust import forget, trusted

SOURCE = TEMPLATE.replace("learned share", "share that is learned")


def write_project(folder: Path, source: str) -> Path:
    """Write a small project with a Python block in front of its last Linear."""
    rows = [f"{i % 7},{i % 5},{'even' if i % 7 > 3 else 'odd'}" for i in range(160)]
    data = folder / "numbers.csv"
    data.write_text("\n".join(["a,b,kind", *rows]) + "\n", encoding="utf-8")
    path = folder / "numbers.mstudio"
    assert main(["new", str(path), "--data", str(data), "--target", "kind"]) == 0
    project = load_project(path)
    graph = project.network
    (edge,) = graph.incoming[next(n.id for n in graph.nodes.values() if n.layer.answers)]
    last = graph.nodes[edge.source]
    assert isinstance(last.layer, Linear)
    (wire,) = graph.incoming[last.id]
    graph = graph.insert(Node(graph.free_id(), "gate", Custom(source=source)), wire)
    save_project(project.changed(network=graph), path)
    return path


def test_check_and_train_refuse_until_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_project(tmp_path, SOURCE)
    capsys.readouterr()
    assert main(["check", str(path)]) == 1
    told = capsys.readouterr()
    assert "gate runs Python that you have not trusted" in told.out
    assert f"modelstudio check {path} --trust" in told.err
    assert main(["train", str(path), "--epochs", "1"]) == 1
    assert "--trust" in capsys.readouterr().err
    assert not trusted(SOURCE)

    assert main(["check", str(path), "--trust", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (gate,) = [node for node in report["nodes"] if node["name"] == "gate"]
    assert gate["parameters"] > 0
    assert trusted(SOURCE)
    assert main(["check", str(path)]) == 0


def test_training_evaluating_and_exporting_a_trusted_block(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_project(tmp_path, SOURCE)
    assert main(["train", str(path), "--epochs", "2", "--trust"]) == 0
    assert main(["evaluate", str(path), "--json"]) == 0
    capsys.readouterr()
    assert main(["export", str(path), "--out", str(tmp_path / "m.onnx"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows_agreeing"] == report["rows_checked"] > 0
    assert report["max_abs_diff"] < 1e-4

    forget()
    for verb in (["evaluate", str(path)], ["export", str(path), "--out", str(tmp_path / "n.onnx")]):
        assert main(verb) == 1
        assert "not trusted" in capsys.readouterr().err
    assert main(["evaluate", str(path), "--trust"]) == 0
    assert trusted(SOURCE)


def test_an_exception_while_training_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = SOURCE.replace(
        "        return x *", "        x.shape[0] == 1009 or x.nothing\n        return x *"
    )
    path = write_project(tmp_path, source)
    capsys.readouterr()
    assert main(["train", str(path), "--epochs", "1", "--trust"]) == 1
    told = capsys.readouterr().err
    assert "The Python block Gate raises AttributeError in line 14" in told
