"""The index of a folder of runs: an SQLite file with their list and their history."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path

from modelstudio.engine.liveness import is_alive
from modelstudio.engine.results import EpochRecord, Fold, RunInfo

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '', started REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0,
    epochs INTEGER NOT NULL DEFAULT 0, best_epoch INTEGER NOT NULL DEFAULT 0,
    metrics TEXT NOT NULL DEFAULT '{}', parameters INTEGER NOT NULL, data_key TEXT NOT NULL,
    network_key TEXT NOT NULL, owner TEXT, beat REAL, deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS epochs (
    run TEXT NOT NULL, epoch INTEGER NOT NULL, train_loss REAL, val_loss REAL,
    metrics TEXT NOT NULL, lr REAL NOT NULL, seconds REAL NOT NULL, best INTEGER NOT NULL,
    PRIMARY KEY (run, epoch)
);
CREATE TABLE IF NOT EXISTS changes (n INTEGER NOT NULL);
INSERT INTO changes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM changes);
"""

_LATER = (
    ("series", "TEXT NOT NULL DEFAULT ''"),
    ("fold", "INTEGER NOT NULL DEFAULT 0"),
    ("folds", "INTEGER NOT NULL DEFAULT 0"),
)
"""Columns of the runs that came later; they are added when a run is, reading does without."""


def connect(index: Path) -> sqlite3.Connection:
    """Open an index, which is made if needed; where nothing may be written it is only read."""
    if not index.exists():
        index.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(index, timeout=10)) as fresh:
            fresh.execute("PRAGMA journal_mode=WAL")
            fresh.executescript(_SCHEMA)
    place, read_only = str(index), not os.access(index.parent, os.W_OK)
    if read_only:  # else a path: the address of a shared folder of Windows is none for SQLite
        place = f"{index.resolve().as_uri()}?immutable=1"
    db = sqlite3.connect(place, uri=read_only, timeout=10, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def run_info(row: sqlite3.Row) -> RunInfo:
    """Return a run of the list; one whose owner is gone was interrupted."""
    status, reason = row["status"], row["reason"]
    if status in {"running", "paused"} and not is_alive(row["owner"], row["beat"]):
        status, reason = "interrupted", "The program ended while it was training."
    return RunInfo(
        id=row["id"],
        number=row["number"],
        name=row["name"],
        status=status,
        started=row["started"],
        seconds=row["seconds"],
        epochs=row["epochs"],
        best_epoch=row["best_epoch"],
        metrics=json.loads(row["metrics"]),
        parameters=row["parameters"],
        data_key=row["data_key"],
        network_key=row["network_key"],
        reason=reason,
        fold=_fold(row),
    )


def _fold(row: sqlite3.Row) -> Fold | None:
    if "series" not in row.keys() or not row["series"]:  # noqa: SIM118  a row holds values
        return None
    return Fold(row["series"], row["fold"], row["folds"])


def epoch_record(row: sqlite3.Row) -> EpochRecord:
    """Return a finished epoch of a run's history."""
    return EpochRecord(
        row["epoch"],
        row["train_loss"],
        row["val_loss"],
        json.loads(row["metrics"]),
        row["lr"],
        row["seconds"],
        bool(row["best"]),
    )


def widen(db: sqlite3.Connection) -> None:
    """Give the index the columns that came later."""
    known = {row["name"] for row in db.execute("PRAGMA table_info(runs)")}
    for name, kind in _LATER:
        if name not in known:
            db.execute(f"ALTER TABLE runs ADD COLUMN {name} {kind}")
