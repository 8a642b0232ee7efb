"""What a large text table costs, against plain polars in the same run.

``python tests/benchmarks/tables.py [--rows 5000000] [--pairs 3]`` makes a CSV file of numbers,
dates, categories, quotation marks and missing cells, and prints JSON:

head
    Seconds until the first rows can be shown.
profile
    Seconds from the file to the profile of every column, guessing their kinds included, over
    ``polars.read_csv(file).describe()``; the median of the pairs, each in a process of its own.
command
    Seconds that ``modelstudio profile FILE --target churn --json`` takes with all its findings, the
    start of the program included, over those of polars, which is imported already.
of_processes
    The same over ``python -c "import polars as pl; pl.read_csv(file).describe()"``, the start of
    Python included on both sides.
memory
    Most memory of a process that profiles, of that command, and of a process that goes on to the
    tensors of the untouched recipe, over the size of the file.
mapped
    Memory that is no file's, at most, while the table counts as far larger than memory: of a
    process that writes its columns to files and profiles it, makes the tensors, and trains on each
    row once. In MB above what the imports take, over the size of the file, and how many bytes a row
    it grows by from a table of two fifths of the rows. Known on Linux only.
wide
    Seconds of processor time that ``modelstudio profile`` and ``modelstudio new`` take for 20 rows
    of 20,000 columns, and how many times those of a quarter of the columns that is.
scroll
    Milliseconds a frame of the preview takes while a tenth of the rows is scrolled through; the
    95th percentile. The window is shown where ``QT_QPA_PLATFORM`` says, and off the screen without
    it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

HELD = 50 << 20
"""Bytes of a source above which it is mapped, as if there were four times as much memory."""

FRAMES = 400
"""Steps of scrolling."""


def make(path: Path, rows: int) -> dict[str, float]:
    """Write the table, a million rows at a time."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    names = {
        "town": ["Bonn", "Köln, Nord", "Ulm", "Hamburg", 'Berlin "Mitte"', "Leipzig", "Dresden"],
        "plan": ["basic", "plus", "premium"],
        "device": [f"model-{number}" for number in range(40)],
        "referrer": ["search", "friend", "None", "advert"],
        "churn": ["yes", "no", "no"],
    }
    with path.open("wb") as file:
        for start in range(0, rows, 1_000_000):
            count = min(1_000_000, rows - start)
            days = random.integers(0, 3650, count).astype("timedelta64[D]")
            income = random.lognormal(10, 0.5, count).round(1)
            numbers = {
                "customer": np.arange(count) + start + 10_000_000,
                "day": np.datetime64("2015-01-01") + days,
                "amount": random.lognormal(4, 1, count).round(2),
                "balance": random.normal(1000, 400, count).round(4),
                "score": random.random(count),
                "age": random.integers(18, 90, count),
                "visits": random.poisson(3, count),
                "income": pl.Series(income).set(pl.Series(random.random(count) < 0.07), None),
            }
            drawn = {name: random.choice(values, count) for name, values in names.items()}
            pl.DataFrame({**numbers, **drawn}).write_csv(file, include_header=not start)
    return {}


def head(path: Path) -> dict[str, float]:
    """Time the first rows."""
    from modelstudio.data import preview
    from modelstudio.project.model import DataConfig

    began = time.perf_counter()
    shown = preview.head(DataConfig(path=str(path)))
    took = time.perf_counter() - began
    assert shown is not None
    assert shown.rows.total == 200
    return {"seconds": took}


def describe(path: Path) -> dict[str, float]:
    """Time polars alone."""
    import polars as pl

    began = time.perf_counter()
    pl.read_csv(path).describe()
    return {"seconds": time.perf_counter() - began}


def describe_process(path: Path) -> dict[str, float]:
    """Time polars alone, from the start of Python to its end."""
    lines = f"import polars as pl; pl.read_csv({str(path)!r}).describe()"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", lines], check=True)
    return {"seconds": time.perf_counter() - began}


def profile(path: Path) -> dict[str, float]:
    """Time our profile."""
    from modelstudio.data import detect, sources
    from modelstudio.data import profile as profiles
    from modelstudio.project.model import DataConfig

    began = time.perf_counter()
    data = DataConfig(path=str(path))
    columns = detect.guess(data, sources.read_plain(data)).columns
    profiles.profile(sources.read(data.changed(columns=columns)), columns)
    return {"seconds": time.perf_counter() - began, "peak": peak()}


def command(path: Path) -> dict[str, float]:
    """Time the verb, from its start to its end."""
    words = [sys.executable, "-m", "modelstudio", "profile", str(path), "--target", "churn"]
    began = time.perf_counter()
    told = subprocess.run([*words, "--json"], stdout=subprocess.PIPE, check=True).stdout
    took = time.perf_counter() - began
    assert {each["kind"] for each in json.loads(told)["findings"]} >= {"missing", "id_like"}
    return {"seconds": took, "peak": peak(of_child=True)}


def wide(path: Path) -> dict[str, float]:
    """Take the processor time of verbs on a table of many columns."""
    return {
        "profile": processor_seconds("profile", str(path), "--json"),
        "new": processor_seconds("new", str(path.with_suffix(".mstudio")), "--data", str(path)),
    }


def processor_seconds(*words: str) -> float:
    """Return the processor time that the command takes."""
    before = os.times()
    command = [sys.executable, "-m", "modelstudio", *words]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    used = after.children_user - before.children_user
    return used + after.children_system - before.children_system


def make_wide(path: Path, columns: int) -> None:
    """Write 20 rows of numbers and two classes."""
    import numpy as np
    import polars as pl

    numbers = np.random.default_rng(0).normal(size=(20, columns - 1)).round(4)
    frame = pl.DataFrame(numbers, schema=[f"gene_{at}" for at in range(columns - 1)])
    frame.with_columns(label=pl.Series(["yes", "no"] * 10)).write_csv(path)


def tensors(path: Path) -> dict[str, float]:
    """Prepare the table as its guesses say."""
    from modelstudio.data import detect, sources
    from modelstudio.data.prepare import fit_recipe
    from modelstudio.project.model import DataConfig

    began = time.perf_counter()
    data = DataConfig(path=str(path))
    guessed = detect.guess(data, sources.read_plain(data))
    for _ in fit_recipe(data.changed(columns=guessed.columns, recipe=guessed.recipe)):
        pass
    return {"seconds": time.perf_counter() - began, "peak": peak()}


def larger_than_memory(path: Path) -> dict[str, float]:
    """Profile, prepare and train on a table that is mapped."""
    import torch

    from modelstudio.data import detect, sources
    from modelstudio.data import profile as profiles
    from modelstudio.data.batches import TensorData
    from modelstudio.data.prepare import fit_recipe
    from modelstudio.data.sources import mapped
    from modelstudio.engine.train import epoch_order
    from modelstudio.project.model import DataConfig

    mapped.LIMIT = HELD
    with anonymous() as imported:
        torch.nn.Linear(1, 1)(torch.zeros(1, 1)).sum().backward()
        time.sleep(0.1)
    with anonymous() as read:
        data = DataConfig(path=str(path))
        guessed = detect.guess(data, sources.read_plain(data))
        data = data.changed(columns=guessed.columns, recipe=guessed.recipe)
        profiles.profile(sources.read(data), guessed.columns)
    with anonymous() as prepared:
        made = sources.finish(fit_recipe(data))
    with anonymous() as trained:
        tensors = TensorData.from_encoded(made.train, made.fitted.fields)
        inputs, target = (field.name for field in made.fitted.fields)
        model = torch.nn.Linear(made.fitted.fields[0].shape[0], 1)
        optimizer = torch.optim.SGD(model.parameters(), 1e-3)
        for batch in tensors.batches(epoch_order(tensors.rows, 4096, 0, 0), 4096):
            loss = torch.nn.functional.binary_cross_entropy_with_logits
            loss(model(batch[inputs])[:, 0], batch[target]).backward()
            optimizer.step()
            optimizer.zero_grad()
    stages = {"profile": read[0], "tensors": prepared[0], "epoch": trained[0]}
    return {name: most - imported[0] for name, most in stages.items()}


@contextmanager
def anonymous() -> Iterator[list[float]]:
    """Note the most memory, in bytes, that the system could not let go of in the meantime."""
    status, most, done = Path("/proc/self/status"), [0.0], threading.Event()

    def watch() -> None:
        while status.exists() and not done.wait(0.01):
            line = next(line for line in status.read_text().splitlines() if "RssAnon" in line)
            most[0] = max(most[0], 1024 * float(line.split()[1]))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        done.set()
        watching.join()


def peak(*, of_child: bool = False) -> float:
    """Return the most memory that this process, or one it started, has taken, in bytes."""
    import resource

    whose = resource.RUSAGE_CHILDREN if of_child else resource.RUSAGE_SELF
    most = resource.getrusage(whose).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)


def scroll(path: Path) -> dict[str, float]:
    """Scroll through the preview, one frame after another."""
    from PySide6.QtWidgets import QApplication

    from modelstudio.ui.main_window import MainWindow
    from modelstudio.ui.theme import themes

    app = QApplication.instance() or QApplication([])
    themes().install(app, "dark")
    window = MainWindow(warm_up=False)
    window.resize(1440, 900)
    window.show()
    window.files.open_data(path, "churn")
    until(lambda: window.document.is_open and window.document.project.data.path is not None)
    window.go("data")
    panel = window.page("data").preview
    until(lambda: panel.model.rowCount() > 1000)
    bar, frames = panel.view.verticalScrollBar(), []
    for frame in range(FRAMES):
        began = time.perf_counter()
        bar.setValue((frame + 1) * bar.maximum() // (FRAMES + 1))
        panel.view.viewport().repaint()
        app.processEvents()
        frames.append(1000 * (time.perf_counter() - began))
    window.document.close()
    window.close()
    frames.sort()
    return {"p50_ms": frames[FRAMES // 2], "p95_ms": frames[int(0.95 * FRAMES)], "max": frames[-1]}


def until(done: Callable[[], bool], seconds: float = 300.0) -> None:
    """Let the window work until something is done."""
    from PySide6.QtWidgets import QApplication

    end = time.perf_counter() + seconds
    while not done():
        QApplication.processEvents()
        if time.perf_counter() > end:
            raise SystemExit("the window does not get on")


WORKS = (
    *(head, describe, describe_process, profile, command, wide, tensors, larger_than_memory),
    scroll,
)
WORK = {work.__name__: work for work in WORKS}


def alone(name: str, path: Path, rows: int = 0) -> dict[str, float]:
    """Do something in a process of its own and return what it measured."""
    command = [sys.executable, __file__, "--alone", name, "--path", str(path), "--rows", str(rows)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def beside_polars(
    kind: str, turns: Sequence[dict[str, dict[str, float]]], polars_as: str = "describe"
) -> dict[str, float]:
    """Return the medians of what took turns with polars."""
    pairs = [(each[kind]["seconds"], each[polars_as]["seconds"]) for each in turns]
    ours, polars = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for mine, other in pairs)
    medians = {"ours_seconds": ours, "polars_seconds": polars, "ratio": ratio}
    return {name: round(median, 2) for name, median in medians.items()}


def main() -> None:
    """Print the measures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--alone")
    parser.add_argument("--path", type=Path)
    asked = parser.parse_args()
    if asked.alone:
        work = WORK.get(asked.alone)
        print(json.dumps(work(asked.path) if work else make(asked.path, asked.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MODELSTUDIO_HOME"] = folder
        path, part, less = (Path(folder) / f"{name}.csv" for name in ("large", "tenth", "less"))
        few = 2 * asked.rows // 5
        alone("make", path, asked.rows)
        alone("make", part, asked.rows // 10)
        alone("make", less, few)
        size = path.stat().st_size
        first = statistics.median(alone("head", path)["seconds"] for _ in range(asked.pairs))
        for width, name in zip((5_000, 20_000), ("narrower", "wide"), strict=True):
            make_wide(Path(folder) / f"{name}.csv", width)
        few_columns, many_columns = (
            alone("wide", Path(folder) / f"{name}.csv") for name in ("narrower", "wide")
        )
        kinds = ("describe", "profile", "describe_process", "command")
        turns = [{kind: alone(kind, path) for kind in kinds} for _ in range(asked.pairs)]
        made, streamed = alone("tensors", path), alone("larger_than_memory", path)
        growth = alone("larger_than_memory", less)
        measures = {
            "file": {"rows": asked.rows, "mb": round(size / 1e6)},
            "head": {"seconds": round(first, 3)},
            **{kind: beside_polars(kind, turns) for kind in ("profile", "command")},
            "of_processes": beside_polars("command", turns, "describe_process"),
            "wide": {
                name: {
                    "seconds": round(many, 1),
                    "of_a_quarter": round(many / few_columns[name], 1),
                }
                for name, many in many_columns.items()
            },
            "memory": {
                "profile_ratio": round(max(each["profile"]["peak"] for each in turns) / size, 2),
                "command_ratio": round(max(each["command"]["peak"] for each in turns) / size, 2),
                "tensors_ratio": round(made["peak"] / size, 2),
                "tensors_seconds": round(made["seconds"], 1),
            },
            "mapped": {
                name: {
                    "mb": round(most / 1e6),
                    "ratio": round(most / size, 2),
                    "bytes_a_row": round((most - growth[name]) / (asked.rows - few), 1),
                }
                for name, most in streamed.items()
            },
            "scroll": {key: round(value, 1) for key, value in alone("scroll", part).items()},
        }
    print(json.dumps(measures, indent=2))


if __name__ == "__main__":
    main()
