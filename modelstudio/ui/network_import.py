"""Import network...: what it asks, the work in another process, and where the network goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from modelstudio.errors import ImportFailed, StudioError
from modelstudio.trust import trust
from modelstudio.ui.actions import tr
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import ComboBox, Dialog, ProgressPanel, label

if TYPE_CHECKING:
    from modelstudio.engine.events import Progress
    from modelstudio.engine.results import ImportReport
    from modelstudio.ui.jobs import Job
    from modelstudio.ui.main_window import MainWindow

SUFFIXES = (".onnx", ".py")

AGREES = 1e-4
"""Answers that differ by more from the original's are warned of."""


class Wishes(NamedTuple):
    """What a person wants of an import."""

    name: str
    arguments: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    replace: bool


class ImportDialog(Dialog):
    """Asks for the class of a Python file, its arguments, and where the network goes."""

    def __init__(self, parent: QWidget | None, path: Path, classes: Sequence[str], open_: bool):
        text = tr("Its blocks are drawn on the canvas, and its weights become a run.")
        title = tr("Import {}").format(path.name)
        super().__init__(parent, title, text, "import_dialog")
        self.classes = ComboBox("import_dialog.class", tr("Class of the module"))
        self.arguments = _line(
            "import_dialog.arguments", tr("Arguments as JSON"), '{"classes": 10}'
        )
        self.shapes = _line("import_dialog.shapes", tr("Shape of one sample"), "3,224,224")
        self.place = ComboBox("import_dialog.place", tr("Where the network goes"))
        self._fault = label("", "label", "danger", wrap=True, name="import_dialog.fault")
        form = QFormLayout()
        if classes:
            self.classes.addItems(list(classes))
            form.addRow(tr("Class"), self.classes)
            form.addRow(tr("Arguments"), self.arguments)
        form.addRow(tr("Shape of one sample"), self.shapes)
        self.place.addItem(tr("A new project"))
        if open_:
            self.place.addItem(tr("In place of this project's network"))
            form.addRow(tr("Where"), self.place)
        hint = tr("Leave the shape empty to have it found. Several inputs: 3,224,224; 10")
        self.body.addLayout(form)
        self.body.addWidget(label(hint, "label", "tertiary", wrap=True))
        self.body.addWidget(self._fault)
        self._fault.hide()
        self.add_button(tr("Cancel"), "cancel")
        self.add_button(tr("Import"), "import", "primary")

    def wishes(self) -> Wishes:
        """Return what was filled in.

        Raises
        ------
        ValueError
            When the arguments are no JSON object, or a shape is none; the message says so.
        """
        try:
            arguments = json.loads(self.arguments.text() or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise ValueError(tr('Write the arguments as a JSON object such as {"classes": 10}.'))
        parts = [part for part in self.shapes.text().split(";") if part.strip()]
        try:
            shapes = tuple(tuple(int(n) for n in part.split(",") if n.strip()) for part in parts)
        except ValueError:
            shapes = ((0,),)
        if any(size < 1 for shape in shapes for size in shape):
            raise ValueError(tr("Write a shape as sizes such as 3,224,224."))
        replaces = self.place.currentIndex() == 1
        return Wishes(self.classes.currentText(), arguments, shapes, replaces)

    def _close_with(self, answer: str) -> None:
        if answer == "import":
            try:
                self.wishes()
            except ValueError as error:
                self._fault.setText(str(error))
                self._fault.show()
                return
        super()._close_with(answer)

    @classmethod
    def ask(
        cls, parent: QWidget | None, path: Path, classes: Sequence[str], open_: bool
    ) -> Wishes | None:
        """Ask; None when it was cancelled."""
        dialog = cls(parent, path, classes, open_)
        if dialog.exec() and dialog.answer == "import":
            wishes = dialog.wishes()
            dialog.deleteLater()
            return wishes
        dialog.deleteLater()
        return None


class TrustDialog(Dialog):
    """Shows Python code and asks whether it may run."""

    def __init__(self, parent: QWidget | None, path: Path, source: str):
        text = tr(
            "Importing runs this file, in a process of its own. Code can do anything that you can:"
            " read, change and send your files. Trust only what you have read or whose author you"
            " know. A file that changes is asked about again."
        )
        super().__init__(parent, tr("Run the code of {}?").format(path.name), text, "trust_dialog")
        where = label(str(path), "label", "secondary", wrap=True, name="trust_dialog.path")
        code = QPlainTextEdit(source, readOnly=True, objectName="trust_dialog.code")
        code.setProperty("mono", True)
        code.setAccessibleName(tr("Code of {}").format(path.name))
        code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        code.setMinimumSize(560, 260)
        self.body.addWidget(where)
        self.body.addWidget(code)
        restyle(code)
        self.add_button(tr("Trust and import"), "trust", "danger", left=True)
        self.add_button(tr("Cancel"), "cancel", "primary")

    @classmethod
    def ask(cls, parent: QWidget | None, path: Path, source: str) -> bool:
        """Ask whether the code may run."""
        return cls(parent, path, source).run() == "trust"


class ImportProgress(Dialog):
    """Shows how far an import has come, with Cancel; the window stays usable."""

    def __init__(self, parent: QWidget | None, path: Path):
        title = tr("Importing {}").format(path.name)
        super().__init__(parent, title, "", "import_progress")
        self.text.hide()
        self.panel = ProgressPanel(tr("Starting"), name="import_progress.panel")
        self.body.addWidget(self.panel)
        self.panel.cancelled.connect(self.reject)

    def show_progress(self, events: Sequence[Progress]) -> None:
        """Show the newest event."""
        newest = events[-1]
        self.panel.set_title(tr(newest.text))
        self.panel.set_progress(newest.done / newest.total if newest.total else None)


class NetworkImport(QObject):
    """Carry out the import of a network from a file."""

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self._main = main
        self._job: Job | None = None
        self.progress: ImportProgress | None = None
        main.actions_["project.import"].triggered.connect(lambda _=False: self.choose())

    @property
    def running(self) -> bool:
        """True while a file is being imported."""
        return self._job is not None

    def choose(self) -> None:
        """Ask for a file and import it."""
        path, _ = QFileDialog.getOpenFileName(
            self._main,
            tr("Import network"),
            str(self._main.document.path.parent if self._main.document.path else Path.home()),
            tr("Networks (*.onnx *.py);;All files (*)"),
        )
        if path:
            self.open(Path(path))

    def open(self, path: Path, name: str = "") -> None:
        """Ask what is needed, and import a file beside the window; ``name`` is offered first."""
        if self.running:
            return
        try:
            wishes = self._wishes(path, name)
        except StudioError as error:
            self._fail(error)
            return
        if wishes is None or not (wishes.replace or self._main.files.may_leave()):
            return
        self._start(path, wishes)

    def cancel(self) -> None:
        """Give the import up; nothing has changed."""
        if self._job is not None:
            self._job.cancel()
        self._end()

    def _wishes(self, path: Path, name: str) -> Wishes | None:
        """Return what to import how; None when it was cancelled or is not trusted."""
        from modelstudio.engine.importing.sources import (
            NotTrusted,
            check_source,
            module_classes,
            read_source,
        )

        python = path.suffix.lower() == ".py"
        classes = module_classes(read_source(path), path) if python else []
        if python and not classes:
            raise ImportFailed(
                tr("{} has no class.").format(path.name), fix=tr("Choose a file with a module.")
            )
        classes.sort(key=lambda known: known != name)
        if name and classes[0] != name:
            check_source(path, name)  # says which there are
        is_open = self._main.document.is_open
        wishes: Wishes | None = Wishes("", {}, (), False)
        if python or is_open:
            wishes = ImportDialog.ask(self._main, path, classes, is_open)
        if wishes is None:
            return None
        try:
            check_source(path, wishes.name)
        except NotTrusted as error:
            if not TrustDialog.ask(self._main, path.resolve(), error.source):
                return None
            trust(error.source)
        return wishes

    def _start(self, path: Path, wishes: Wishes) -> None:
        from modelstudio.engine.network_import import import_network

        document = self._main.document
        onto = document.project if wishes.replace else None
        self.progress = ImportProgress(self._main, path)
        self.progress.rejected.connect(self.cancel)
        self._job = self._main.jobs.start(
            partial(
                import_network,
                path,
                wishes.name,
                place=document.path if wishes.replace else None,
                onto=onto,
                shapes=wishes.shapes,
                arguments=wishes.arguments,
            ),
            name="import_network",
            events=self.progress.show_progress,
            finished=lambda report: self._finish(path, report, onto.id if onto else ""),
            failed=self._fail,
        )
        self.progress.show()

    def _finish(self, path: Path, report: ImportReport, onto: str) -> None:
        """Show the network: in a new project, or as one edit of the one it was meant for."""
        self._end()
        document = self._main.document
        if not onto:
            document.new(report.project)
        elif document.is_open and document.project.id == onto:
            data = document.project.data
            if data.path is None:
                data = data.changed(fields=report.project.data.fields)
            project = document.project.changed(network=report.project.network, data=data)
            document.edit(tr("Import {}").format(path.name), project)
        else:
            return
        self._main.go("network")
        self._main.toasts.show_toast(*told(path, report))

    def _fail(self, error: Exception) -> None:
        self._end()
        self._main.show_error(error, tr("The network could not be imported"))

    def _end(self) -> None:
        self._job = None
        if self.progress is not None:
            self.progress.rejected.disconnect()
            self.progress.close()
            self.progress.deleteLater()
            self.progress = None


def told(path: Path, report: ImportReport) -> tuple[str, str, str]:
    """Return title, text and kind of the message on an import."""
    difference = report.max_abs_diff
    parts = [
        tr("{} of {} blocks, {:,} parameters.").format(
            report.mapped, report.nodes, report.parameters
        )
    ]
    agrees = difference is not None and difference <= AGREES
    if agrees:
        parts.append(tr("The answers agree with the original to {:.1e}.").format(difference))
    else:
        parts += report.notes[:1]
    kind = "success" if agrees and not report.unmapped else "warning"
    return tr("Imported {}").format(path.name), " ".join(parts), kind


def _line(name: str, accessible: str, example: str) -> QLineEdit:
    line = QLineEdit(objectName=name, placeholderText=example)
    line.setAccessibleName(accessible)
    return line
