"""The Export page."""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Explanation, ExportReport, RunInfo
from modelstudio.errors import StudioError
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages import Page
from modelstudio.ui.pages.export.code_panel import CodePanel
from modelstudio.ui.pages.export.columns import TestRow, TryField, test_rows, try_fields
from modelstudio.ui.pages.export.facts import ModelFacts, facts_of, listed
from modelstudio.ui.pages.export.onnx_panel import OnnxPanel, tensor_usage
from modelstudio.ui.pages.export.records import ExportRecord, keep, records
from modelstudio.ui.pages.export.targets import TargetsPanel
from modelstudio.ui.pages.export.try_panel import TryPanel
from modelstudio.ui.widgets import Banner, column, count_text, splitter

if TYPE_CHECKING:
    from modelstudio.engine.runs import RunStore
    from modelstudio.project.model import Project
    from modelstudio.ui.main_window import MainWindow


class ExportPage(Page):
    """Targets at the left, options and check in the middle, one row to try at the right."""

    page_id = "export"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self._runs: tuple[RunInfo, ...] = ()
        self._snapshot: Project | None = None
        self._record: ExportRecord | None = None
        self._several = False
        self._path_for = ""
        self._busy = False
        self._rows: tuple[TestRow, ...] = ()
        self.export_job, self.columns_job, self.usage_job, self.try_job, self.rows_job = (
            LatestJob(self.jobs, self) for _ in range(5)
        )
        self.targets = TargetsPanel()
        self.onnx = OnnxPanel()
        self.code = CodePanel()
        self.try_ = TryPanel()
        self.banner = Banner("error", "", name="export.banner", closable=True)
        self._banner_room = column(self.banner, margins=(12, 8, 12, 8))
        self._banner_room.hide()
        self.banner.closed.connect(self._banner_room.hide)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.onnx)
        self._middle.addWidget(self.code)
        split = splitter(
            Qt.Orientation.Horizontal,
            self.targets,
            column(self._banner_room, self._middle, spacing=0),
            self.try_,
            sizes=(272, 712, 376),
            name="export.split",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)
        self._connect()

    def _connect(self) -> None:
        self.targets.target_chosen.connect(self._choose_target)
        self.targets.run_chosen.connect(self._choose_run)
        self.targets.recent_opened.connect(_show_in_folder)
        self.onnx.asked.connect(self.export)
        self.onnx.cancelled.connect(self._cancel)
        self.onnx.threshold_clicked.connect(lambda: self.main.go("evaluate"))
        self.onnx.folder_asked.connect(self._open_folder)
        self.actions_["export.run"].triggered.connect(self._export_from_key)
        self.addAction(self.actions_["export.try"])
        self.actions_["export.try"].triggered.connect(self.try_now)
        self.code.saved.connect(self._code_saved)
        self.code.failed.connect(self.main.show_error)
        self.try_.edited.connect(self.try_now)
        self.try_.row_asked.connect(self._fill_test_row)
        self.export_job.events.connect(self._progress)
        self.export_job.finished.connect(self._exported)
        self.export_job.failed.connect(self._failed)
        self.export_job.cancelled.connect(lambda: self._set_busy(False))
        self.columns_job.finished.connect(self._show_columns)
        self.columns_job.failed.connect(self._failed_quietly)
        self.usage_job.finished.connect(self.onnx.explain)
        self.usage_job.failed.connect(lambda error: self.onnx.leave_unexplained(str(error)))
        self.rows_job.finished.connect(self._take_rows)
        self.rows_job.failed.connect(self._failed_quietly)
        self.try_job.finished.connect(self._show_answer)
        self.try_job.failed.connect(lambda error: self.try_.show_problem(str(error)))
        self.main.run_controller.finished.connect(self._run_ended)
        self.document.replaced.connect(self._project_replaced)

    def shown(self) -> None:
        self._refresh()

    def toggle_panel(self, side: str) -> None:
        panel = {"left": self.targets, "right": self.try_}.get(side)
        if panel is not None:
            panel.setVisible(panel.isHidden())

    # The model

    @property
    def run_id(self) -> str | None:
        """The run to export."""
        return self.targets.run_choice.currentData()

    def _store(self) -> RunStore:
        from modelstudio.engine.run import store

        return store(self.document.path, self.document.project)

    def _base(self) -> Path | None:
        return self.document.path.parent if self.document.path else None

    def _refresh(self) -> None:
        """Read the list of runs anew."""
        try:
            store = self._store()
            runs, last = store.list(), store.last_finished()
        except StudioError as error:
            self._failed(error)
            return
        chosen, known = self.run_id, {run.id for run in self._runs}
        fresh = last is not None and last.id not in known
        self._runs = tuple(run for run in reversed(runs) if run.has_weights)
        box = self.targets.run_choice
        box.clear()
        for run in self._runs:
            best = tr("best epoch {}").format(run.best_epoch)
            text = f"{tr('Run {}').format(run.number)} · {tr('imported') if run.imported else best}"
            box.addItem(text, run.id)
        wanted = last.id if last is not None and (fresh or chosen is None) else chosen
        box.setCurrentIndex(max(box.findData(wanted), 0) if self._runs else -1)
        box.setEnabled(bool(self._runs))
        self._choose_run()

    def _run_ended(self, _end: object) -> None:
        if self.isVisible():
            self._refresh()

    def _choose_run(self) -> None:
        for job in (self.columns_job, self.usage_job, self.try_job, self.rows_job):
            job.cancel()  # what they find is of the run before
        run = next((run for run in self._runs if run.id == self.run_id), None)
        exports = records(self.document.project.id)
        self.targets.show_recent(exports)
        if run is None:
            self._snapshot = self._record = None
            self.targets.show_facts([(tr("Train the network first"), "")])
            self.onnx.show_facts(None)
            self.onnx.show_record(None, classes=True)
            self.try_.set_tensors(False)
            self.try_.set_ready(False)
            self._show_code(self.document.project)
            return
        try:
            self._snapshot = snapshot = self._store().project(run.id)
        except StudioError as error:
            self._failed(error)
            return
        facts = facts_of(snapshot, self._store().decision(run.id).threshold, imported=run.imported)
        self._record = next((one for one in exports if one.run == run.id and one.exists), None)
        self.targets.show_facts(listed(run, facts))
        self.onnx.show_facts(facts)
        self._several = facts.several
        if self._path_for != run.id:  # a path that was typed for this run stays
            self._path_for = run.id
            self.onnx.path.set_value(str(self._suggested(run)))
        tensors = bool(facts.tensors)
        self.onnx.show_record(self._record, classes=bool(facts.classes), tensors=tensors)
        self.try_.set_tensors(tensors)
        self._rows = ()
        self._show_state(facts)
        self._show_code(snapshot)
        if tensors:
            self.try_.show_fields(())
            self.try_.set_ready(False)
            self.onnx.show_usage(tensor_usage(Path(self.onnx.path.text()).name, facts.tensors))
            return
        base = self._base()
        self.columns_job.start(lambda: try_fields(snapshot, base), name="columns")
        self._explain(run.id)

    def _explain(self, run_id: str) -> None:
        """Read what the file takes, with an example of its use."""
        project, path, file_name = self.document.project, self.document.path, self.onnx.path.text()

        def source() -> Explanation:
            from modelstudio.engine.exporting import explain_export

            return explain_export(path, project, run_id, file_name)

        self.usage_job.start(source, name="usage")

    def _suggested(self, run: RunInfo) -> Path:
        if self._record is not None:
            return Path(self._record.path)
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in self.document.name)
        return (self._base() or Path.home()) / f"{name.strip('-') or 'model'}-r{run.number}.onnx"

    def _show_state(self, facts: ModelFacts) -> None:
        """Mark the target: checked, or outdated when the threshold was changed since."""
        card, record = self.targets.cards["onnx"], self._record
        if self._busy:
            card.set_state(tr("Running"), "accent")
        elif record is None:
            card.set_state("", "neutral")
        elif record.threshold != facts.threshold:
            card.set_state(tr("Outdated"), "warning")
        else:
            card.set_state(
                *((tr("Checked"), "success") if record.same else (tr("Differs"), "warning"))
            )
        if record is not None:
            good = record.same and record.threshold == facts.threshold
            self.set_badge("done" if good else "warning", card.state)

    def _show_code(self, project: Project) -> None:
        if self._middle.currentWidget() is not self.code:
            return
        from modelstudio.engine.run import python_code

        try:
            self.code.show_code(python_code(project), self.document.name)
        except StudioError as error:
            self.code.show_code(f"# {error}\n", self.document.name)

    def _choose_target(self, key: str) -> None:
        self._middle.setCurrentWidget(self.code if key == "python" else self.onnx)
        self._show_code(self._snapshot or self.document.project)

    def _project_replaced(self) -> None:
        for job in (
            self.export_job,
            self.columns_job,
            self.usage_job,
            self.try_job,
            self.rows_job,
        ):
            job.cancel()
        self._runs, self._snapshot, self._record, self._path_for = (), None, None, ""
        self._set_busy(False)
        self._banner_room.hide()
        self.targets.run_choice.clear()
        if self.isVisible():
            self._refresh()

    # Exporting

    def _export_from_key(self) -> None:
        self.main.go("export")
        self.export()

    def export(self) -> None:
        """Write the file and check it."""
        run_id, text = self.run_id, self.onnx.path.text().strip()
        if run_id is None or self._busy or not text:
            return
        out = Path(text).expanduser()
        if not out.is_absolute():
            out = (self._base() or Path.home()) / out
        if not out.suffix:
            out = out.with_suffix(".onnx")
        project, path = self.document.project, self.document.path
        self._banner_room.hide()
        self._set_busy(True)

        def source() -> Generator[Any, None, tuple[str, ExportReport]]:
            from modelstudio.engine.exporting import export_onnx

            report = yield from export_onnx(path, project, run_id, out)
            return run_id, report

        self.export_job.start(source, name="export")

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.onnx.set_busy(busy)
        if busy:
            self.targets.cards["onnx"].set_state(tr("Running"), "accent")

    def _progress(self, batch: list[Any]) -> None:
        for event in batch:
            if isinstance(event, Progress):
                share = event.done / event.total if event.total else None
                self.onnx.progress.set_progress(share, event.text)

    def _exported(self, result: tuple[str, ExportReport]) -> None:
        run_id, report = result
        self._set_busy(False)
        kept = self._store()
        facts = facts_of(
            kept.project(run_id),
            kept.decision(run_id).threshold,
            imported=kept.info(run_id).imported,
        )
        record = ExportRecord.of(report, run_id, facts.threshold)
        keep(self.document.project.id, record)
        name = report.path.name
        self.main.status.set_event(tr("Exported {}").format(name))
        self.toasts.show_toast(
            tr("{} is written").format(name),
            tr("Checked on {} rows").format(count_text(report.rows_checked)),
            kind="success" if record.same else "warning",
            action=tr("Show"),
            on_action=lambda: _show_in_folder(str(report.path)),
        )
        self._choose_run()

    def _failed(self, error: Exception) -> None:
        self._set_busy(False)
        self.targets.cards["onnx"].set_state(tr("Failed"), "error")
        text = error.message if isinstance(error, StudioError) else str(error)
        fix = error.fix if isinstance(error, StudioError) and error.fix else ""
        self.banner.set_text(f"<b>{text}</b> {fix}")
        self.banner.show()
        self._banner_room.show()
        self.onnx.show_record(self._record, classes=True)

    def _cancel(self) -> None:
        self.export_job.cancel()
        self._set_busy(False)
        self._choose_run()

    def _open_folder(self) -> None:
        if self._record is not None:
            _show_in_folder(self._record.path)

    def _code_saved(self, path: Path) -> None:
        self.targets.cards["python"].set_state(tr("Saved"), "success")
        self.toasts.show_toast(tr("{} is written").format(path.name), kind="success")

    # Trying

    def _show_columns(self, fields: tuple[TryField, ...]) -> None:
        self.try_.show_fields(fields)
        self.try_.set_ready(self._record is not None)
        self.try_now()

    def try_now(self) -> None:
        """Ask the exported file about the row in the form."""
        values = self.try_.values()
        if self._record is None or not values:
            return
        path = Path(self._record.path)

        def source() -> tuple[Any, float]:
            from modelstudio.engine.exporting import try_row

            began = time.perf_counter()
            answer = try_row(path, values)
            return answer, time.perf_counter() - began

        self.try_job.start(source, name="try")

    def _show_answer(self, result: tuple[Any, float]) -> None:
        threshold = self._record.threshold if self._record else None
        self.try_.show_answer(result[0], threshold, result[1], several=self._several)

    def _fill_test_row(self) -> None:
        if self._rows:
            self._take_rows(self._rows)
            return
        run_id, snapshot = self.run_id, self._snapshot
        if run_id is None or snapshot is None:
            return
        project, path = self.document.project, self.document.path
        self.rows_job.start(lambda: test_rows(project, path, run_id, snapshot), name="test rows")

    def _take_rows(self, rows: tuple[TestRow, ...]) -> None:
        self._rows = rows
        if rows:
            chosen = random.choice(rows)
            self.try_.set_values(chosen.values, chosen.true)
            self.try_now()

    def _failed_quietly(self, error: Exception) -> None:
        self.try_.show_problem(str(error))


def _show_in_folder(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).parent)))
