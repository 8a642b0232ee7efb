"""The runs of a project: an SQLite index and a directory each.

``name.runs/`` lies beside ``name.mstudio``. ``index.sqlite`` (WAL) holds the list and the history
of every run, so that several processes may watch while one writes. A run's directory holds what it
takes to repeat, use or resume it:

    project.json        the whole project it was trained from
    recipe.json         the fitted recipe
    best.safetensors    weights of the best epoch
    last.pt             weights, optimizer, generators and counters, to resume from
    held_out.safetensors  of a fold: the answers to the rows that it did not train on
    decision.json       threshold of the positive class

Nothing here needs torch; `modelstudio.engine.session` writes the weight files and
`modelstudio.engine.trained` reads them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelstudio.engine import run_index
from modelstudio.engine.disk import told
from modelstudio.engine.results import EpochRecord, RunInfo
from modelstudio.engine.run_writer import RunWriter
from modelstudio.errors import RunError, StudioError
from modelstudio.project.files import dumps, loads, read_json, write_text
from modelstudio.project.model import Project
from modelstudio.resources import app_home


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about using a run; it goes into predictions and exports."""

    threshold: float = 0.5


def data_key(project: Project) -> str:
    """Return a short hash of what decides the data of a run."""
    raw = project.data.model_dump(mode="json", exclude={"fields"})
    return _digest(raw)


def network_key(project: Project) -> str:
    """Return a short hash of the network; moving blocks does not change it."""
    raw = project.network.to_dict()
    nodes = [{**node, "position": None} for node in raw["nodes"]]
    return _digest([nodes, raw["edges"]])


def _digest(raw: object) -> str:
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# Where runs lie


def store_folder(project_path: Path | None, project_id: str) -> Path:
    """Return the folder for the runs of a project.

    That is ``name.runs`` beside its file, or the folder with its id whose own project file is gone,
    as after renaming the file. Without a file, or where nothing may be written, it is a folder of
    the application's own.
    """
    hidden = app_home() / "runs" / project_id
    if project_path is None:
        return hidden
    beside = project_path.with_suffix(".runs")
    if _project_id(beside) not in {None, project_id}:
        beside = project_path.with_name(f"{project_path.stem}-{project_id[:8]}.runs")
    if not beside.exists():
        for other in sorted(project_path.parent.glob("*.runs")):
            gone = not other.with_suffix(project_path.suffix).exists()
            if gone and _project_id(other) == project_id:
                return other
    if (beside / "index.sqlite").exists() or os.access(beside.parent, os.W_OK):
        return beside
    return hidden


def _project_id(folder: Path) -> str | None:
    """Return the id of the project that a folder of runs belongs to."""
    try:
        return (folder / "project.id").read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def adopt_runs(project: Project, project_path: Path) -> None:
    """Move the runs that a project made before it had a file to their place beside it."""
    hidden, target = app_home() / "runs" / project.id, store_folder(project_path, project.id)
    if hidden == target or not hidden.is_dir() or target.exists():
        return
    if any(run.status in {"running", "paused"} for run in RunStore(hidden).list()):
        raise RunError(
            "The runs cannot be moved beside the project while one of them is going on.",
            fix="Stop the run, then save again.",
        )
    with told(target):
        shutil.move(hidden, target)


class RunStore:
    """The runs in one folder, which is made when the first run is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = folder / "index.sqlite"

    def connect(self) -> sqlite3.Connection:
        """Open the index, which is made if needed."""
        return run_index.connect(self._index)

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Open the index for one transaction."""
        with told(self._index), contextlib.closing(self.connect()) as db, db:
            yield db

    def _change(self, sql: str, *values: object) -> None:
        with self.database() as db:
            db.execute(sql, values)
            db.execute("UPDATE changes SET n = n + 1")

    def version(self) -> int:
        """Return a number that grows with every change of list or history."""
        if not self._index.exists():
            return -1
        with self.database() as db:
            return int(db.execute("SELECT n FROM changes").fetchone()[0])

    # Reading

    def list(self) -> tuple[RunInfo, ...]:
        """Return the runs, oldest first."""
        return self._runs("deleted = 0 ORDER BY number")

    def info(self, run_id: str) -> RunInfo:
        """Return one run, by its id or its number.

        Raises
        ------
        RunError
            When there is no such run.
        """
        found = self._runs("deleted = 0 AND (id = ? OR number = ?)", run_id, run_id)
        if not found:
            known = ", ".join(str(run.number) for run in self.list()[-8:])
            raise RunError(
                f"There is no run {run_id}.",
                where=str(self.folder),
                fix=f"Known runs: {known}." if known else "Train the network first.",
            )
        return found[0]

    def last_finished(self) -> RunInfo | None:
        """Return the latest run with weights; an interrupted one only if there is no other.

        A run on one of several folds counts only if there is none on all training rows.
        """
        usable = [
            run
            for run in self.list()
            if run.status not in {"running", "paused", "failed"} and self.best_file(run.id).exists()
        ]
        return max(
            usable,
            key=lambda run: (run.status != "interrupted", run.fold is None, run.number),
            default=None,
        )

    def usable(self, run_id: str | None) -> RunInfo:
        """Return a run that has weights: the named one or the last finished.

        Raises
        ------
        RunError
            When there is none.
        """
        run = self.info(run_id) if run_id is not None else self.last_finished()
        if run is None:
            raise RunError("This project has no finished run.", fix="Train the network first.")
        if not self.best_file(run.id).exists():
            raise RunError(
                f"Run {run.number} ended before its first epoch, so it has no weights.",
                fix="Choose another run or train again.",
            )
        return run

    def _runs(self, where: str, *values: object) -> tuple[RunInfo, ...]:
        if not self._index.exists():
            return ()
        with self.database() as db:
            rows = db.execute(f"SELECT * FROM runs WHERE {where}", values).fetchall()
        return tuple(run_index.run_info(row) for row in rows)

    def history(self, run_id: str) -> tuple[EpochRecord, ...]:
        """Return the finished epochs of a run."""
        if not self._index.exists():
            return ()
        with self.database() as db:
            rows = db.execute("SELECT * FROM epochs WHERE run = ? ORDER BY epoch", (run_id,))
            return tuple(run_index.epoch_record(row) for row in rows)

    def series(self, series: str) -> tuple[RunInfo, ...]:
        """Return the runs on the folds of one cross-validation, oldest first."""
        return tuple(run for run in self.list() if run.fold and run.fold.series == series)

    def path(self, run_id: str) -> Path:
        """Return the directory of a run."""
        return self.folder / run_id

    def best_file(self, run_id: str) -> Path:
        """Return the file with the weights of the best epoch."""
        return self.path(run_id) / "best.safetensors"

    def last_file(self, run_id: str) -> Path:
        """Return the file that a run is resumed from."""
        return self.path(run_id) / "last.pt"

    def project(self, run_id: str) -> Project:
        """Return the project as it was when the run began."""
        return loads(self._text(run_id, "project.json"), f"The project of run {run_id}")

    def recipe_text(self, run_id: str) -> str:
        """Return the fitted recipe as JSON."""
        return self._text(run_id, "recipe.json")

    def _text(self, run_id: str, name: str) -> str:
        try:
            return (self.path(run_id) / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise RunError(
                f"The file {name} of run {run_id} is missing or damaged.",
                where=str(self.path(run_id)),
                fix="Choose another run or train again.",
            ) from None

    # Changing

    def create(
        self, project: Project, recipe: str, *, parameters: int, name: str = "", series: str = ""
    ) -> RunWriter:
        """Begin a run: note what it is made from and own it until the writer is closed.

        ``series`` is what the runs on all folds of the same data have in common. Where something
        cannot be written nothing of the run is left.
        """
        run_id = f"{time.strftime('%y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        folder = self.path(run_id)
        with told(folder):
            folder.mkdir(parents=True)
        try:
            if _project_id(self.folder) is None:
                write_text(self.folder / "project.id", project.id)
            write_text(folder / "project.json", dumps(project))
            write_text(folder / "recipe.json", recipe)
            return self._begin(run_id, project, parameters, name, series)
        except StudioError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _begin(
        self, run_id: str, project: Project, parameters: int, name: str, series: str
    ) -> RunWriter:
        """Put a run on the list."""
        writer, split = RunWriter(self, run_id), project.data.split
        with self.database() as db:
            db.execute("BEGIN IMMEDIATE")
            run_index.widen(db)
            number = db.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()[0]
            db.execute(
                "INSERT INTO runs (id, number, name, status, started, parameters, data_key,"
                " network_key, owner, beat, series, fold, folds)"
                " VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    number,
                    name or f"Run {number}",
                    time.time(),
                    parameters,
                    data_key(project),
                    network_key(project),
                    writer.owner,
                    time.time(),
                    series,
                    split.fold + 1 if series else 0,
                    split.folds if series else 0,
                ),
            )
            db.execute("UPDATE changes SET n = n + 1")
        return writer

    def take_over(self, run_id: str) -> RunWriter:
        """Own an ended run again, to resume it.

        Raises
        ------
        RunError
            When it is alive, or there is nothing to resume from.
        """
        run = self.info(run_id)
        with self.database() as db:
            db.execute("BEGIN IMMEDIATE")  # nobody else takes it over between look and change
            run = run_index.run_info(
                db.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
            )
            if run.status in {"running", "paused"}:
                raise RunError(
                    f"Run {run.number} is still going on, here or in another window.",
                    fix="Stop it there first.",
                )
            if not self.last_file(run.id).exists():
                raise RunError(
                    f"Run {run.number} ended before its first checkpoint.", fix="Train again."
                )
            writer = RunWriter(self, run.id, earlier=run.seconds)
            db.execute(
                "UPDATE runs SET status = 'running', reason = '', owner = ?, beat = ? WHERE id = ?",
                (writer.owner, time.time(), run.id),
            )
            db.execute("UPDATE changes SET n = n + 1")
        return writer

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name."""
        self._change("UPDATE runs SET name = ? WHERE id = ?", name.strip() or run_id, run_id)

    def delete(self, run_id: str) -> None:
        """Move a run to the bin inside the folder."""
        run = self.info(run_id)
        if run.status in {"running", "paused"}:
            raise RunError(f"Run {run.number} is still going on.", fix="Stop it first.")
        with told(self.folder):
            (self.folder / "bin").mkdir(exist_ok=True)
            if self.path(run.id).exists():
                shutil.move(self.path(run.id), self.folder / "bin" / run.id)
        self._change("UPDATE runs SET deleted = 1 WHERE id = ?", run.id)

    def restore(self, run_id: str) -> None:
        """Take a run out of the bin."""
        with told(self.folder):
            if (self.folder / "bin" / run_id).exists():
                shutil.move(self.folder / "bin" / run_id, self.path(run_id))
        self._change("UPDATE runs SET deleted = 0 WHERE id = ?", run_id)

    def decision(self, run_id: str) -> Decision:
        """Return what was decided about using a run."""
        raw = read_json(self.path(run_id) / "decision.json")
        threshold = raw.get("threshold", 0.5) if isinstance(raw, dict) else 0.5
        return Decision(float(threshold))

    def set_decision(self, run_id: str, decision: Decision) -> None:
        """Keep what was decided about using a run."""
        text = json.dumps({"threshold": decision.threshold})
        write_text(self.path(run_id) / "decision.json", text)
        self._change("UPDATE runs SET id = id WHERE id = ?", run_id)
