"""The command line: the whole road, its JSON, its exit codes, and what it says of bad input."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelstudio.__main__ import wants_window
from modelstudio.engine.events import EpochEnd, RunEvent
from modelstudio.engine.runs import RunStore
from modelstudio.resources import resource
from tests.conftest import Cli

ROWS = 240


def write_flowers(path: Path, seed: int = 0) -> Path:
    """Write a table of two classes that a small network can tell apart."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, ROWS)
    length, colour = rng.normal(3 + 2 * kind, 0.6), rng.choice(["red", "blue", ""], ROWS)
    lines = [
        f"{a:.3f},{b},{'iris' if k else 'rose'}"
        for a, b, k in zip(length, colour, kind, strict=True)
    ]
    path.write_text("\n".join(["length,colour,flower", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path: Path, cli: Cli) -> Path:
    path = tmp_path / "flowers.mstudio"
    data = write_flowers(tmp_path / "flowers.csv")
    code, _, err = cli("new", path, "--data", data, "--target", "flower")
    assert (code, err) == (0, "")
    return path


def read(text: str) -> Any:
    return json.loads(text)


def documented(verb: str) -> set[str]:
    """Return the keys that the guide names for the JSON of a verb."""
    guide = resource("guide", "command-line.md").read_text(encoding="utf-8")
    (line,) = (line for line in guide.splitlines() if line.startswith(f"| `{verb}` |"))
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", line))))


# The road


def test_from_a_table_to_an_onnx_file(project: Path, tmp_path: Path, cli: Cli) -> None:
    code, out, _ = cli("train", project, "--epochs", "8", "--seed", "3", "--json")
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    epochs = [event for event in events if event["event"] == "epoch_end"]
    assert [event["epoch"] for event in epochs] == list(range(1, len(epochs) + 1))
    assert {"train_loss", "val_loss", "metrics"} <= epochs[0].keys()
    assert epochs[0].keys() - {"event"} <= documented("train")
    assert {event["event"] for event in events} <= documented("train")
    assert events[-1]["event"] == "run_end"
    assert events[-1]["best_epoch"] >= 1

    listed = read(cli("runs", project, "--json")[1])
    assert [run["run"] for run in listed] == [events[-1]["run"]]
    assert listed[0].keys() <= documented("runs")

    scores = read(cli("evaluate", project, "--json")[1])
    assert scores["accuracy"] > 0.9
    assert {"precision", "recall", "f1", "roc_auc"} <= scores.keys()
    assert scores["classes"] == ["iris", "rose"]
    assert np.sum(scores["confusion_matrix"]) == scores["rows"]
    assert scores.keys() - scores["intervals"].keys() <= documented("evaluate")

    other = write_flowers(tmp_path / "other.csv", seed=1)
    scores = read(cli("evaluate", project, "--data", other, "--json")[1])
    assert scores["rows"] == ROWS
    assert scores["accuracy"] > 0.9

    onnx = tmp_path / "flowers.onnx"
    report = read(cli("export", project, "--to", "onnx", "--out", onnx, "--json")[1])
    assert report.keys() == documented("export") - {"export"}
    assert report["max_abs_diff"] < 1e-4
    assert report["rows_checked"] > 0
    assert report["size_bytes"] == onnx.stat().st_size

    answers = {}
    for model in (project, onnx):
        out_file = tmp_path / f"{model.suffix[1:]}.csv"
        code, out, err = cli("predict", model, other, "--out", out_file, "--json")
        assert (code, err) == (0, "")
        assert read(out)["rows"] == ROWS
        assert read(out).keys() == documented("predict") - {"predict"}
        answers[model.suffix] = out_file.read_text(encoding="utf-8").splitlines()
    names = answers[".mstudio"][0].split(",")
    assert names[:3] == ["length", "colour", "flower"]
    said = names.index("prediction")
    first, second = ([line.split(",")[said] for line in lines] for lines in answers.values())
    assert first == second


def test_a_person_gets_text(project: Path, cli: Cli) -> None:
    code, out, _ = cli("train", project, "--epochs", "2")
    assert code == 0
    assert "epoch 2/2" in out
    assert "Finished after 2 epochs" in out
    assert "accuracy" in cli("evaluate", project, "--split", "validation")[1]
    assert "Run 1" in cli("runs", project)[1]


@pytest.mark.usefixtures("in_this_process")
def test_the_demo_goes_all_the_way(tmp_path: Path, cli: Cli) -> None:
    code, out, err = cli("demo", "--headless", "--json", "--folder", tmp_path / "demo")
    assert (code, err) == (0, "")
    result = json.loads(out.splitlines()[-1])
    assert result["roc_auc"] > 0.83
    assert result["max_abs_diff"] < 1e-4
    assert result["rows_agreeing"] == result["rows_checked"] > 1000
    assert Path(result["path"]).exists()


def test_check_names_every_block(project: Path, cli: Cli) -> None:
    code, out, _ = cli("check", project, "--json")
    report = read(out)
    assert code == 0
    assert report["problems"] == []
    problem = {"node", "message", "severity"}
    assert report.keys() | report["nodes"][0].keys() | problem == documented("check") - {"check"}
    linear = [node for node in report["nodes"] if node["type"] == "Linear"]
    assert linear[-1]["output_shape"] == ["B", 1]
    assert linear[0]["parameters"] > linear[0]["macs"] > 0


def test_check_fails_on_a_network_that_cannot_run(project: Path, cli: Cli) -> None:
    raw = read(project.read_text(encoding="utf-8"))
    head = [node for node in raw["network"]["nodes"] if node["layer"]["type"] == "Linear"][-1]
    head["layer"]["out_features"] = 7
    project.write_text(json.dumps(raw), encoding="utf-8")
    code, out, _ = cli("check", project, "--json")
    assert code == 1
    assert read(out)["problems"][0]["message"]
    code, _, err = cli("train", project)
    assert code == 1
    assert "Where: " in err
    assert 1 <= len(err.splitlines()) <= 3


def test_layers_lists_the_registry(cli: Cli) -> None:
    known = {layer["type"] for layer in read(cli("layers", "--json")[1])}
    assert {"Input", "Linear", "Conv2d", "Output"} <= known


def test_evaluate_without_a_run_says_what_to_do(project: Path, cli: Cli) -> None:
    code, _, err = cli("evaluate", project)
    assert code == 1
    assert "Train the network first." in err


def test_new_does_not_overwrite(project: Path, tmp_path: Path, cli: Cli) -> None:
    before = project.read_bytes()
    code, _, err = cli("new", project, "--data", tmp_path / "flowers.csv")
    assert code == 1
    assert "exists already" in err
    assert project.read_bytes() == before


def test_a_place_that_is_none_is_told_before_any_work(
    project: Path, tmp_path: Path, cli: Cli
) -> None:
    data, missing, nowhere = tmp_path / "flowers.csv", tmp_path / "none.csv", tmp_path / "nowhere"
    for arguments, told in (
        (("new", nowhere / "p.mstudio", "--data", missing), "the folder does not exist"),
        (("predict", project, missing, "--out", nowhere / "a.csv"), "the folder does not exist"),
        (("labels", project, "--out", nowhere / "a.csv"), "the folder does not exist"),
        (("new", tmp_path / "p.mstudio", "--data", data, "--test-data", missing), "none.csv does"),
        (("profile", data, "--test-data", missing), "none.csv does not exist"),
    ):
        code, out, err = cli(*arguments)
        assert (code, out) == (1, "")
        assert told in err


def test_a_regression_reports_its_own_units(tmp_path: Path, cli: Cli) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    rows = [f"{a:.4f},{5000 + 900 * a:.2f}" for a in x]
    data = tmp_path / "prices.csv"
    data.write_text("\n".join(["size,price", *rows]), encoding="utf-8")
    project = tmp_path / "prices.mstudio"
    cli("new", project, "--data", data, "--target", "price")
    assert cli("train", project)[0] == 0
    scores = read(cli("evaluate", project, "--json")[1])
    assert scores["r2"] > 0.9
    assert 0 < scores["mae"] < 300
    assert scores["rmse"] >= scores["mae"]


@pytest.mark.skipif(os.name == "nt", reason="signals work otherwise on Windows")
def test_ctrl_c_keeps_the_checkpoint(project: Path, cli: Cli) -> None:
    raw = read(project.read_text(encoding="utf-8"))
    raw["training"] |= {"epochs": 100_000, "early_stopping": False}
    project.write_text(json.dumps(raw), encoding="utf-8")
    command = [sys.executable, "-m", "modelstudio", "train", str(project), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "epoch_end":
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 130
    assert json.loads(rest.splitlines()[-1])["status"] == "interrupted"
    store = RunStore(project.with_suffix(".runs"))
    (run,) = store.list()
    assert run.status == "interrupted"
    assert store.last_file(run.id).exists()
    assert cli("evaluate", project, "--json")[0] == 0


def interrupt_after(epochs: int) -> Callable[[RunEvent], None]:
    """Return what sends Ctrl+C to this process when so many epochs are done."""

    def look(event: RunEvent) -> None:
        if isinstance(event, EpochEnd) and event.epoch == epochs:
            signal.raise_signal(signal.SIGINT)

    return look


def test_an_interrupted_run_goes_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("modelstudio.cli.verbs.print_event", interrupt_after(2))
        code, _, err = cli("train", project, "--epochs", "5", "--json")
    assert code == 130
    assert err == f"To go on: modelstudio train {project} --resume 1\n"

    moved = project.with_name("flowers.csv").rename(project.with_name("elsewhere.csv"))
    code, _, err = cli("train", project, "--resume", "1", "--json")
    assert code == 1
    assert f"modelstudio train {project} --resume 1 --data NEW_PLACE" in err
    code, out, err = cli("train", project, "--resume", "1", "--json", "--data", moved)
    assert (code, err) == (0, f"flowers.mstudio takes its data from {moved} from now on.\n")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["epoch"] for event in events if event["event"] == "epoch_end"] == [3, 4, 5]
    (run,) = read(cli("runs", project, "--json")[1])
    assert (run["status"], run["epochs"], run["run"]) == ("finished", 5, events[-1]["run"])

    code, out, err = cli("train", project, "--resume", "1")
    assert (code, out) == (1, "")
    assert "Run 1" in err
    assert "There is no run 7." in cli("train", project, "--resume", "7")[2]


def test_options_that_exclude_each_other_are_wrong_usage(project: Path, cli: Cli) -> None:
    code, out, err = cli("train", project, "--resume", "1", "--seed", "4")
    assert (code, out) == (2, "")
    assert "give --" in err


def test_a_table_without_known_targets_is_not_scored(
    project: Path, tmp_path: Path, cli: Cli
) -> None:
    assert cli("train", project, "--epochs", "2")[0] == 0
    other = tmp_path / "other.csv"
    for flower in ("", "oak"):
        other.write_text(f"length,colour,flower\n3,red,{flower}\n4,blue,{flower}\n")
        for flag in ([], ["--json"]):
            code, out, err = cli("evaluate", project, "--data", other, *flag)
            assert (code, out) == (1, "")
            assert "No row of other.csv has a class that the run has learnt in flower" in err
            assert len(err.splitlines()) <= 3


@pytest.mark.usefixtures("in_this_process")
def test_numbers_that_cannot_be_read_are_told(project: Path, tmp_path: Path, cli: Cli) -> None:
    cli("train", project, "--epochs", "2")
    onnx, rows, answers = (tmp_path / name for name in ("m.onnx", "rows.csv", "out.csv"))
    cli("export", project, "--out", onnx)
    rows.write_text("length,colour\nlong,red\n3,blue\nNA,red\n,red\n1e999,red\n")
    for model in (project, onnx):
        code, out, err = cli("predict", model, rows, "--out", answers)
        assert code == 0
        assert "Wrote 5 rows" in out
        assert err == (
            "2 cells of length hold no finite number, such as 'long', and count as missing.\n"
        )
        report = read(cli("predict", model, rows, "--out", answers, "--json")[1])
        assert report["unreadable"] == [{"column": "length", "count": 2, "example": "long"}]
    rows.write_text("length,colour,flower\nlong,red,iris\n3,blue,rose\n")
    notes = read(cli("evaluate", project, "--data", rows, "--json")[1])["notes"]
    assert any(note.startswith("1 cell of length holds no finite number") for note in notes)


# Usage, dispatch, start


@pytest.mark.parametrize(
    "arguments",
    [["paint"], ["train"], ["train", "x.mstudio", "--epochs", "0"], ["export", "x", "--to", "pdf"]],
)
def test_wrong_usage_is_2(arguments: list[str], cli: Cli) -> None:
    code, out, err = cli(*arguments)
    assert code == 2
    assert out == ""
    assert err


def test_help_and_version(cli: Cli) -> None:
    assert "evaluate" in cli("--help")[1]
    assert cli("--version")[1].startswith("modelstudio ")


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        ([], True),
        (["demo"], True),
        (["--demo"], True),
        (["a b.mstudio"], True),
        (["nets/Other.ONNX"], True),
        (["net.py"], True),
        (["a b/net.py:Net"], True),
        (["net.py:train me"], False),
        (["import", "net.py"], False),
        (["demo", "--headless"], False),
        (["train", "a.mstudio"], False),
        (["--help"], False),
    ],
)
def test_what_opens_the_window(arguments: list[str], window: bool) -> None:
    assert wants_window(arguments) is window


def test_data_opens_the_window_as_a_double_click_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flowers.csv").touch()
    for name in ("photos", "train"):
        Path(name).mkdir()
    asked = ("flowers.csv", "photos", "train", "./train", "photo")
    assert [wants_window([each]) for each in asked] == [True, True, False, True, False]


def test_without_a_display_the_window_is_refused(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    code, _, err = cli()
    assert code == 1
    assert "no display" in err


def test_an_unforeseen_error_leaves_a_report(
    project: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.setattr("modelstudio.cli.making.load_project", lambda path: 1 / 0)
    code, _, err = cli("check", project)
    assert code == 1
    assert "Traceback" not in err
    (report,) = (own_home / "reports").iterdir()
    assert "ZeroDivisionError" in report.read_text(encoding="utf-8")


def test_the_command_line_starts_light() -> None:
    code = (
        "import sys, modelstudio.cli;"
        "heavy = {'PySide6', 'torch', 'polars', 'numpy', 'onnx', 'sklearn'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Bad input


def table(text: str | bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def lines(head: str, row: Callable[[int], str], count: int = 60) -> str:
    return "\n".join([head, *(row(i) for i in range(count))]) + "\n"


BAD_TABLES = {
    "not a CSV": table(bytes(range(256)) * 40),
    "empty": table(""),
    "header only": table("a,b,c\n"),
    "ragged": table("a,b,c\n1,2,3\n4,5\n6,7,8,9,10\n" * 10),
    "missing file": lambda folder: folder / "nothing.csv",
    "folder": lambda folder: folder,
    "constant target": table(lines("a,y", lambda i: f"{i},same")),
    "target all missing": table(lines("a,y", lambda i: f"{i},")),
}

DOUBTFUL_TABLES = {
    "latin-1": table(lines("größe,y", lambda i: f"{i},{'ä' if i % 2 else 'ö'}").encode("latin-1")),
    "utf-16": table(lines("a,y", lambda i: f"{i},{'p' if i % 2 else 'q'}").encode("utf-16")),
    "a column all missing": table(lines("a,b,y", lambda i: f"{i},,{'pq'[i % 2]}")),
    "a class with one row": table(lines("a,y", lambda i: f"{i},{'r' if i == 9 else 'pq'[i % 2]}")),
    "NaN and infinity": table(
        lines("a,y", lambda i: f"{('nan', 'inf', '-inf', i)[i % 4]},{'pq'[i % 2]}")
    ),
    "more classes than rows": table(lines("a,y", lambda i: f"{i},name {i}")),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_is_refused_with_sentences(case: str, tmp_path: Path, cli: Cli) -> None:
    project = tmp_path / "p.mstudio"
    target = ["--target", "y"] if "target" in case else []
    code, out, err = cli("new", project, "--data", BAD_TABLES[case](tmp_path), *target)
    assert code == 1
    assert out == ""
    assert 1 <= len(err.splitlines()) <= 3
    assert "Traceback" not in err
    assert not project.exists()


@pytest.mark.parametrize("case", DOUBTFUL_TABLES)
def test_a_doubtful_table_is_used_or_refused_with_sentences(
    case: str, tmp_path: Path, cli: Cli
) -> None:
    project = tmp_path / "p.mstudio"
    code, _, err = cli("new", project, "--data", DOUBTFUL_TABLES[case](tmp_path), "--target", "y")
    if code == 0:
        code, _, err = cli("train", project, "--epochs", "2")
    if code == 0:
        code, _, err = cli("evaluate", project)
    assert code in {0, 1}
    assert "Traceback" not in err
    assert "made a mistake" not in err
    assert len(err.splitlines()) <= 3
    assert (code == 0) == (err == "")


def edited(change: Callable[[str], str]) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return edit


def with_unknown_layer(text: str) -> str:
    raw = json.loads(text)
    node = next(n for n in raw["network"]["nodes"] if n["layer"]["type"] == "SiLU")
    node["layer"] = {"type": "Quantum", "qubits": 3}
    return json.dumps(raw)


BAD_PROJECTS = {
    "newer": edited(lambda text: text.replace('"format_version": 1', '"format_version": 99')),
    "cut in half": edited(lambda text: text[: len(text) // 2]),
    "not a project": edited(lambda text: "hello"),
    "empty": edited(lambda text: ""),
    "unknown layer": edited(with_unknown_layer),
}


@pytest.mark.parametrize("case", BAD_PROJECTS)
def test_a_bad_project_is_refused_and_kept(case: str, project: Path, cli: Cli) -> None:
    BAD_PROJECTS[case](project)
    before = project.read_bytes()
    code, _, err = cli("train", project)
    assert code == 1
    assert 1 <= len(err.splitlines()) <= 3
    assert "Traceback" not in err
    assert project.read_bytes() == before


def test_check_shows_an_unknown_layer(project: Path, cli: Cli) -> None:
    BAD_PROJECTS["unknown layer"](project)
    code, out, _ = cli("check", project, "--json")
    assert code == 1
    assert any(node["type"] == "Quantum" for node in read(out)["nodes"])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_project_that_cannot_be_saved(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    data = write_flowers(tmp_path / "flowers.csv")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("modelstudio.project.files.os.fsync", refuse)
    code, _, err = cli("new", tmp_path / "p.mstudio", "--data", data)
    assert code == 1
    assert "could not be saved" in err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["flowers.csv"]


def test_a_run_that_cannot_be_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("modelstudio.engine.disk.os.replace", full)
    code, _, err = cli("train", project, "--epochs", "2")
    assert code == 1
    assert "the disk is full" in err
    folder = project.with_suffix(".runs")
    listed = len([each for each in folder.iterdir() if each.is_dir()])
    monkeypatch.setattr("modelstudio.project.files.os.replace", full)
    assert cli("train", project, "--epochs", "2")[0] == 1
    assert len([each for each in folder.iterdir() if each.is_dir()]) == listed
    assert "Traceback" not in err
