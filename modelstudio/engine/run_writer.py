"""The one owner of a run while it goes on: it writes the history and shows that it lives."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from modelstudio.engine.disk import told, write_file
from modelstudio.engine.events import EpochEnd
from modelstudio.engine.liveness import BEAT, new_owner
from modelstudio.errors import RunError

if TYPE_CHECKING:
    from modelstudio.engine.runs import RunStore

Status = Literal["running", "paused", "finished", "stopped", "interrupted", "failed"]


class RunWriter:
    """The one owner of a run while it goes on; a thread shows that it lives.

    Parameters
    ----------
    earlier
        Seconds the run took before it was resumed.
    """

    def __init__(self, store: RunStore, run_id: str, *, earlier: float = 0.0) -> None:
        self.store = store
        self.run_id = run_id
        self.owner = new_owner()
        self._earlier = earlier
        self._since = time.monotonic()
        self._done = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=f"run {run_id}", daemon=True)
        with told(store.folder):
            self._db = store.connect()

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._heart.join()
        self._db.close()

    def _beat(self) -> None:
        while not self._done.wait(BEAT):
            with contextlib.suppress(RunError), self.store.database() as db:
                db.execute(
                    "UPDATE runs SET beat = ? WHERE id = ? AND owner = ?",
                    (time.time(), self.run_id, self.owner),
                )

    @property
    def seconds(self) -> float:
        """Seconds the run has taken, earlier parts included."""
        return self._earlier + time.monotonic() - self._since

    def rewind(self, epoch: int) -> None:
        """Forget epochs after ``epoch``; they are going to be trained again."""
        with self._transaction() as db:
            db.execute("DELETE FROM epochs WHERE run = ? AND epoch > ?", (self.run_id, epoch))

    def write(self, name: str, data: bytes) -> None:
        """Put a file into the run's directory in one step."""
        write_file(self.store.path(self.run_id) / name, data)

    def set_status(self, status: Status) -> None:
        """Show another state of a run that goes on."""
        with self._transaction() as db:
            self._set(db, status=status)

    def epoch(self, event: EpochEnd) -> None:
        """Add an epoch to the history."""
        values = asdict(event) | {"run": self.run_id, "metrics": json.dumps(dict(event.metrics))}
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO epochs VALUES"
                " (:run, :epoch, :train_loss, :val_loss, :metrics, :lr, :seconds, :best)",
                values,
            )
            self._set(db, epochs=event.epoch, seconds=self.seconds)
            if event.best:
                loss = event.train_loss if event.val_loss is None else event.val_loss
                seen = {k: v for k, v in event.metrics.items() if not k.startswith("train_")}
                best = {"loss": loss, **seen}
                self._set(db, best_epoch=event.epoch, metrics=json.dumps(best))

    def end(self, status: Status, *, reason: str = "") -> None:
        """Note how the run ended and give it up."""
        with self._transaction() as db:
            self._set(db, status=status, reason=reason, seconds=self.seconds, owner=None)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with told(self.store.folder), self._db:
            yield self._db
            self._db.execute("UPDATE changes SET n = n + 1")

    def _set(self, db: sqlite3.Connection, **values: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE runs SET {names} WHERE id = ?", (*values.values(), self.run_id))
