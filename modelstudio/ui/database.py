"""Open database...: a SQLite file or the address of a server, and what of it is read."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import ComboBox, Dialog, button, label, row

if TYPE_CHECKING:
    from modelstudio.recipe.sources import Database
    from modelstudio.ui.main_window import MainWindow

_SETTLE_MS = 400
"""From the last key until the tables of what was typed are looked for."""


_STATE_HEIGHT = 68
"""Room for four lines of what goes on, in pixels, so that the dialog keeps its size."""


class Wish(NamedTuple):
    """Where a database is, a file or an address, and what of it is read."""

    place: str
    source: Database


class DatabaseDialog(Dialog):
    """Asks for a database, lists its tables in a job, and takes one of them or a query."""

    def __init__(self, parent: QWidget | None, jobs: JobRunner, folder: str):
        text = tr(
            "A SQLite file, or the address of a PostgreSQL, MySQL or MariaDB server. Nothing in it "
            "is changed."
        )
        super().__init__(parent, tr("Open a database"), text, "database_dialog")
        self._folder = folder
        self.place = QLineEdit(
            objectName="database_dialog.place",
            placeholderText=tr("postgresql://user@host/name"),
        )
        self.place.setAccessibleName(tr("File or address"))
        choose = button(tr("Choose file..."), "secondary", "file", name="database_dialog.choose")
        choose.clicked.connect(self._choose)
        self.password = QLineEdit(
            objectName="database_dialog.password",
            echoMode=QLineEdit.EchoMode.Password,
            placeholderText=tr("Not saved with the project"),
        )
        self.password.setAccessibleName(tr("Password"))
        self.table = ComboBox("database_dialog.table", tr("Table"))
        self.table.setPlaceholderText(tr("None known yet"))
        self.query = QPlainTextEdit(objectName="database_dialog.query", tabChangesFocus=True)
        self.query.setPlaceholderText(tr("SELECT * FROM sales WHERE year > 2020"))
        self.query.setAccessibleName(tr("Query"))
        self.query.setProperty("mono", True)
        self.query.setProperty("field", True)
        self.query.setFixedHeight(96)
        self.state = label("", "label", "tertiary", wrap=True, name="database_dialog.state")
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.state.setFixedHeight(_STATE_HEIGHT)
        form = QFormLayout()
        form.setContentsMargins(0, 8, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("File or address"), self.place)
        form.addRow("", row(choose, None))
        form.addRow(tr("Password"), self.password)
        form.addRow(tr("Table"), self.table)
        form.addRow(tr("Or a query"), self.query)
        self.body.addLayout(form)
        self.body.addWidget(self.state)
        restyle(self.query)
        self.add_button(tr("Cancel"), "cancel")
        self.open_button = self.add_button(tr("Open"), "open", "primary")
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.list_tables)
        self._listing = LatestJob(jobs, self)
        self._listing.finished.connect(self._show_tables)
        self._listing.failed.connect(self._show_fault)
        for part in (self.place, self.password):
            part.textChanged.connect(self._place_changed)
        self.query.textChanged.connect(lambda: self._tell())
        self.finished.connect(lambda _: self._listing.cancel())
        self._tell()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        for part in (self.heading, self.text):
            part.setMinimumHeight(part.heightForWidth(part.width()))
        self.place.setFocus()

    def wish(self) -> Wish:
        """Return what was filled in; without a query the table that is chosen."""
        from modelstudio.recipe.sources import Database

        query = self.query.toPlainText().strip() or self.table.currentText()
        return Wish(self._place, Database(query=query))

    def list_tables(self) -> None:
        """Look for the tables of the place, beside the window."""
        self._settle.stop()
        if not self._place:
            return
        self._listing.start(partial(_tables, self._place), "tables")
        self._tell(tr("Looking for tables..."))

    @property
    def _place(self) -> str:
        from modelstudio.data.sources.addresses import with_password

        place = self.place.text().strip()
        return with_password(place, self.password.text()) if "://" in place else place

    def _place_changed(self) -> None:
        self._listing.cancel()
        self.table.clear()
        self._settle.start()
        self._tell()

    def _show_tables(self, names: tuple[str, ...]) -> None:
        self.table.addItems(list(names))
        self.table.setCurrentIndex(0 if names else -1)
        self._tell("" if names else tr("It holds no tables."))

    def _show_fault(self, error: Exception) -> None:
        self._tell(" ".join(str(error).split("\n")), "error")

    def _tell(self, state: str = "", role: str = "tertiary") -> None:
        """Show what goes on, and whether enough is known to open."""
        asked = bool(self.query.toPlainText().strip())
        self.table.setEnabled(self.table.count() > 0 and not asked)
        self.password.setEnabled("://" in self.place.text())
        self.open_button.setEnabled(bool(self._place) and (asked or self.table.count() > 0))
        self.state.setText(state or (tr("The query is read, not the table.") if asked else ""))
        restyle(self.state, role=role)

    def _choose(self) -> None:
        files = tr("SQLite (*.sqlite *.sqlite3 *.db *.db3);;All files (*)")
        path, _ = QFileDialog.getOpenFileName(self, tr("Choose a SQLite file"), self._folder, files)
        if path:
            self.place.setText(path)
            self.list_tables()


class PasswordDialog(Dialog):
    """Asks for the password of a server, which is not saved."""

    def __init__(self, parent: QWidget | None, reason: str):
        super().__init__(parent, tr("Password"), reason, "password_dialog")
        self.password = QLineEdit(
            objectName="password_dialog.password",
            echoMode=QLineEdit.EchoMode.Password,
            placeholderText=tr("Not saved with the project"),
        )
        self.password.setAccessibleName(tr("Password"))
        self.body.addWidget(self.password)
        self.add_button(tr("Cancel"), "cancel")
        self.add_button(tr("Read"), "read", "primary")
        self.password.setFocus()

    @classmethod
    def ask(cls, parent: QWidget | None, reason: str) -> str:
        """Return the password; empty when none was given."""
        dialog = cls(parent, reason)
        return dialog.password.text() if dialog.run() == "read" else ""


def ask_database(main: MainWindow, folder: str, opened: Callable[[Wish], None]) -> None:
    """Ask for a database; ``opened`` takes what was chosen."""
    dialog = DatabaseDialog(main, main.jobs, folder)
    dialog.exec()
    dialog.deleteLater()
    if dialog.answer == "open":
        opened(dialog.wish())


def shown_name(place: str) -> str:
    """Return the last part of a path or an address, which holds no password."""
    return Path(place.partition("?")[0]).name if "://" in place else Path(place).name


def _tables(place: str) -> Generator[None, None, tuple[str, ...]]:
    """Run in a job: list the tables of a database."""
    from modelstudio.data import sources
    from modelstudio.data.sources.beside import waiting
    from modelstudio.project.model import DataConfig
    from modelstudio.recipe.sources import Database

    data = DataConfig(path=sources.placed(place), source=Database())
    return (yield from waiting(None, partial(sources.tables, data)))
