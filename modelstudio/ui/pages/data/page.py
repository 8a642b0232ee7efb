"""The Data page put together; every edit goes through the document."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from modelstudio.engine.results import DataReport, Draft
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.sources import Source
from modelstudio.ui.actions import tr
from modelstudio.ui.database import shown_name
from modelstudio.ui.pages import Page
from modelstudio.ui.pages.data import palette_entries
from modelstudio.ui.pages.data.again_row import AgainRow
from modelstudio.ui.pages.data.augment_panel import AugmentPanel
from modelstudio.ui.pages.data.close_up import CloseUp
from modelstudio.ui.pages.data.columns_panel import ColumnsPanel
from modelstudio.ui.pages.data.commands import DataCommands, stored_path
from modelstudio.ui.pages.data.early_rows import EarlyRows
from modelstudio.ui.pages.data.evidence import EvidenceDesk
from modelstudio.ui.pages.data.faults import Faults
from modelstudio.ui.pages.data.feed import DataFeed
from modelstudio.ui.pages.data.inputs_popup import InputsPopup
from modelstudio.ui.pages.data.notices import Notices
from modelstudio.ui.pages.data.opening import Opening
from modelstudio.ui.pages.data.picture_edits import PictureEdits
from modelstudio.ui.pages.data.pictures_side import PicturesSide
from modelstudio.ui.pages.data.popups import AddStepPopup
from modelstudio.ui.pages.data.preview_panel import PreviewPanel
from modelstudio.ui.pages.data.reading_popup import ReadingPopup
from modelstudio.ui.pages.data.recipe import RecipePanel
from modelstudio.ui.pages.data.source_files import SourceFiles
from modelstudio.ui.pages.data.split_panel import SplitPanel
from modelstudio.ui.pages.data.split_popup import SplitPopup
from modelstudio.ui.pages.data.tab_order import put_in_order
from modelstudio.ui.pages.data.waiting import Waiting
from modelstudio.ui.pages.data.wording import error_html, step_title
from modelstudio.ui.pages.data.workbench import Side, Workbench
from modelstudio.ui.widgets import EmptyState

if TYPE_CHECKING:
    from modelstudio.data.fitting import StepEffect
    from modelstudio.ui.main_window import MainWindow


class DataPage(Page):
    """What the data is, what is done to it, and which rows train."""

    page_id = "data"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.setAccessibleName(tr("Data"))
        self.feed = DataFeed(self.jobs, self)
        self.commands = DataCommands(self.document, self.jobs, self.toasts, self)
        self.opening = Opening(self.jobs, self)
        self.columns = ColumnsPanel()
        self.preview = PreviewPanel()
        self.close_up = CloseUp(self.jobs)
        self.preview.add_below(self.close_up)
        picture_edits = PictureEdits(self.document, self.toasts, self)
        self.pictures_side = PicturesSide(self.jobs, self.commands, picture_edits, self)
        self.pictures = self.pictures_side.panel
        self.classes = self.pictures_side.classes
        self.waiting = Waiting(self.preview.loading, self.pictures.loading)
        self.samples = self.pictures_side.samples
        self._as_table = False
        self.recipe = RecipePanel(
            self.actions_["data.add_step"], AddStepPopup(self), self.commands.may_move
        )
        self.split = SplitPanel()
        self.augment = AugmentPanel()
        self.evidence_desk = EvidenceDesk(self)
        self.evidence = self.evidence_desk.popup
        self.inputs = InputsPopup(self)
        self.reading = ReadingPopup(self)
        self.again = AgainRow(self.jobs)
        self.reading.add_again(self.again)
        self.split_options = SplitPopup(self)
        self.files = SourceFiles(self.commands, self.jobs, self)
        self.notices = Notices()
        self.banner, self.note = self.notices.fault, self.notices.note
        self.empty = EmptyState(
            "data",
            tr("No data yet"),
            tr("Open a file or drop it here.\nIt stays on this computer."),
            tr("Open table..."),
            name="data.empty",
        )
        self.empty.triggered.connect(self.files.choose)
        self._effects: tuple[StepEffect, ...] = ()
        self._stamp: tuple[int, int] | None = None
        self._stack = QStackedWidget()
        self.early = EarlyRows(self)
        self.faults = Faults(self)
        self._lay_out()
        self._connect()
        main.palette_providers.append(partial(palette_entries.entries, self))
        self._show_project(anew=True)
        put_in_order(self)

    def _lay_out(self) -> None:
        sides = Side(self.recipe, self.augment)
        self.side = sides.choice
        self.work = Workbench(sides, self.split)
        self.work.add_view("table", self.columns, self.preview)
        self.work.add_view("pictures", self.classes, self.pictures, self.samples, width=264)
        for part in (self.empty, self.opening.panel_holder, self.work):
            self._stack.addWidget(part)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.notices)
        outer.addWidget(self._stack, 1)

    def _connect(self) -> None:
        document, feed = self.document, self.feed
        document.changed.connect(self._project_changed)
        document.replaced.connect(lambda: self._show_project(anew=True))
        feed.started.connect(self.waiting.start)
        feed.progressed.connect(self.waiting.tell_progress)
        feed.described.connect(self._take_report)
        self.evidence_desk.doubted.connect(self._tell_findings)
        feed.rows_found.connect(self.preview.put)
        self.opening.opened.connect(self._take_draft)
        self.opening.shown.connect(lambda: self._stack.setCurrentIndex(1))
        self.early.ended.connect(lambda: self._show_project(anew=True))
        for reader in (self.opening.ended, self.main.files.read_ended):
            reader.connect(self.show_work)
        self.pictures_side.found.connect(self._tell_findings)
        self.augment.hovered.connect(self.samples.strip.outline)
        self.augment.edited.connect(self.commands.set_augment)
        self.pictures.table_wanted.connect(lambda: self._show_pictures(False))
        self.preview.as_pictures.clicked.connect(lambda: self._show_pictures(True))
        self.columns.chosen.connect(self.preview.view.show_column)
        self.preview.rows_wanted.connect(feed.ask_rows)
        self.preview.cell_chosen.connect(self.close_up.show_cell)
        self.preview.column_opened.connect(feed.ask_column)
        feed.column_seen.connect(self.preview.add_view)
        self.close_up.wanted.connect(self.preview.offer_below)
        self.close_up.row_wanted.connect(lambda row: self.preview.show_row(row, ""))
        for cancelled in (self.preview.cancel_wanted, self.pictures.loading.cancelled):
            cancelled.connect(self._cancel)
        self.preview.checks.opened.connect(self.evidence_desk.show)
        self.preview.checks.again_wanted.connect(lambda: self._show_project(anew=True))
        self.preview.reading.clicked.connect(self._show_reading)
        self.files.tables_found.connect(self.reading.offer_tables)
        self.reading.table_wanted.connect(self._open_table)
        self.again.renewed.connect(lambda: self._show_project(anew=True))
        self.again.failed.connect(lambda error: self.notices.tell_fault(error_html(error)))
        self.recipe.selected.connect(self._show_selected_step)
        self.recipe.inputs_wanted.connect(feed.ask_columns)
        feed.columns_found.connect(self._show_inputs)
        self.files.chosen.connect(self.open_file)
        self.files.located.connect(lambda: self._show_project(anew=True))
        self.reading.file_wanted.connect(self.files.choose)
        self.split.test_file_wanted.connect(self.files.choose_test)
        self.split.more_wanted.connect(
            lambda: self.split_options.open_above(self.split.more, self.data)
        )
        self.evidence.column_wanted.connect(self.show_column)
        self.evidence.row_wanted.connect(self.preview.show_row)
        self.addAction(self.actions_["data.add_step"])
        self._connect_commands()

    def _connect_commands(self) -> None:
        do = self.commands
        self.columns.role_wanted.connect(do.set_role)
        self.columns.role_cycled.connect(do.cycle_role)
        self.columns.kind_wanted.connect(do.set_kind)
        self.recipe.added.connect(do.add_step)
        self.recipe.edited.connect(do.edit_step)
        self.recipe.removed.connect(do.remove_step)
        self.recipe.moved.connect(do.move_step)
        self.recipe.scaling_changed.connect(do.set_target_scaling)
        self.recipe.negatives_changed.connect(do.set_negatives)
        self.recipe.separator_changed.connect(do.set_label_separator)
        self.reading.edited.connect(do.set_reading)
        self.split.edited.connect(do.set_split)
        self.split_options.edited.connect(do.set_split)
        self.evidence.fix_wanted.connect(do.mend)
        self.evidence.ignore_wanted.connect(lambda name: do.set_role([name], "ignored"))
        do.step_placed.connect(self.recipe.show_card)
        do.step_removed.connect(self.recipe.focus_card)

    def shown(self) -> None:
        """Look again when the file changed since it was described."""
        if self.data.path is not None and self._stamp != self.files.stamp:
            self._show_project(anew=True)
        elif self.feed.report is not None:
            self.evidence_desk.ask_runs(self.feed.report.fingerprint)

    def toggle_panel(self, side: str) -> None:
        """Show or hide columns, split or recipe."""
        self.work.toggle(side)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.work.fit(self.size())

    def focusNextPrevChild(self, forward: bool) -> bool:
        put_in_order(self)
        return super().focusNextPrevChild(forward)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.files.drag(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.files.drop(event)

    # The project

    @property
    def data(self) -> DataConfig:
        """The data choices of the open project."""
        return self.document.project.data

    def _project_changed(self, old: Project, new: Project) -> None:
        if old.data is not new.data and not self.early.reading:
            self._show_project(anew=old.data.path != new.data.path or old.data.csv != new.data.csv)

    def _show_project(self, *, anew: bool = False) -> None:
        data = self.data
        if anew:
            self.preview.clear()
            self._effects = ()
            self.notices.tell_fault("")
            self.set_badge("none")
            self.set_problems(())
            self.recipe.select(None)
            self.evidence_desk.forget()
            self.pictures_side.look_again()
        self.show_work()
        self._show_centre()
        if data.path is None:
            self.feed.forget()
            self.waiting.stop()
            return
        self.preview.model.folder = self.files.folder
        report = None if anew else self.feed.report
        profiles = {profile.name: profile for profile in report.profiles} if report else {}
        self.columns.set_columns(data.columns, profiles)
        self.preview.set_source(
            shown_name(data.path), report.rows if report else None, len(data.columns)
        )
        related = {relation.name: relation for relation in report.relations} if report else {}
        self.preview.set_columns(data.columns, profiles, related)
        self.recipe.set_data(data)
        self.recipe.set_fields(data.fields)
        self.augment.set_data(data)
        self.pictures_side.set_project(self.document.project)
        self.split.set_data(data)
        for sheet in (self.split_options, self.reading):
            if sheet.isVisible():
                sheet.set_data(data)
        if self.feed.set_project(self.document.project, self.commands.base, anew=anew):
            self._stamp = self.files.stamp
            self.waiting.tell_file(shown_name(data.path))
            self.early.keep(self.files.path)
            self.preview.show_waiting()
            self.preview.ask_anew()
            self.close_up.set_project(self.document.project, self.commands.base)
            self.pictures_side.list_pictures(self.document.project)
        elif report is not None and not self.feed.busy:
            self._keep_fields(report)

    def _show_pictures(self, wanted: bool) -> None:
        """Show the tiles and the classes, or the rows and the columns."""
        self._as_table = not wanted
        self._show_centre()
        (self.pictures.grid if wanted else self.preview.view).setFocus()

    def _show_centre(self) -> None:
        pictures = self.pictures_side.wanted
        self.preview.as_pictures.setVisible(pictures)
        self.work.show_view("pictures" if pictures and not self._as_table else "table")

    def show_work(self) -> None:
        """Show the panels, or that there is no data yet."""
        nothing = self.data.path is None and not self.early.reading
        self._stack.setCurrentIndex(0 if nothing else 2)

    # Files

    def open_file(self, path: Path) -> None:
        """Take a table into this project; roles, recipe and an empty network are drafted."""
        self.notices.tell_fault("")
        self.opening.start(self.document.project, path)

    def _show_reading(self) -> None:
        """Show how the file is read, and soon which of its tables."""
        self.again.set_data(self.data)
        self.reading.open_below(self.preview.reading, self.data)
        self.files.list_tables()

    def _open_table(self, source: Source) -> None:
        """Take another sheet or table of the same source."""
        self.notices.tell_fault("")
        self.opening.start(self.document.project, self.files.place, source)

    def _cancel(self) -> None:
        """Give up what is waited for: a table that is being read, or a description."""
        if self.opening.running:
            self.opening.cancel()
        elif self.early.reading:
            self.main.files.cancel_reading()
        else:
            self.feed.cancel()

    def _take_draft(self, draft: Draft, path: Path) -> None:
        data = draft.project.data
        data = data.changed(path=stored_path(data.path or path, self.commands.base))
        self.document.edit(tr("Open {}").format(path.name), draft.project.changed(data=data))
        error = draft.error
        told = error.message if error is not None else None
        self.notices.tell_note(" ".join(note for note in draft.notes if note != told))
        if error is not None:
            self.notices.tell_fault(error_html(error))

    # Places

    def show_column(self, name: str) -> None:
        """Bring a column into sight, in the list and in the table."""
        self.main.go("data")
        self.columns.show_column(name)
        self.preview.view.show_column(name)

    def _show_selected_step(self, place: int | None) -> None:
        title = step_title(self.data.recipe[place]) if place is not None else ""
        self.preview.select_step(place, title, self._changed_cells(place))

    def _changed_cells(self, place: int | None) -> Counter[str]:
        """Count what the steps until then changed in each column; most change the same cells."""
        changed: Counter[str] = Counter()
        for effect in self._effects[: place + 1] if place is not None else ():
            changed |= Counter(dict(effect.changed))
        return changed

    def _show_inputs(self, columns: tuple[str, ...]) -> None:
        idle = {column.name for column in self.data.columns if column.role != "feature"}
        names = [name for name in columns if name not in idle]
        self.inputs.open_above(self.recipe, self.data.fields, names)

    # What the file says

    def _take_report(self, report: DataReport, seconds: float) -> None:
        self.waiting.stop()
        self.notices.tell_fault("")
        self._effects = report.effects
        self._keep_fields(report)
        self.split.set_parts(report.parts)
        self.recipe.set_fields(report.fields)
        self._show_project()
        self.recipe.set_effects(report.effects)
        self.recipe.set_suggestions(self.evidence_desk.open_steps(report.findings))
        self.preview.set_changes(self._changed_cells(self.recipe.open_step))
        self._tell_findings()
        self.evidence_desk.ask_runs(report.fingerprint)
        self.set_badge("done", tr("The data is ready"))
        self.pictures_side.list_pictures(self.document.project)
        if self.isVisible():
            took = f"{round(1000 * seconds)} ms" if seconds < 1 else f"{seconds:.1f} s"
            self.main.status.set_event(tr("Recipe applied in {}").format(took))

    def _tell_findings(self) -> None:
        """Show what was found in the table and in the pictures."""
        if (report := self.feed.report) is not None:
            from modelstudio.data.findings import ordered

            doubts = self.evidence_desk.doubts
            found = ordered((*report.findings, *doubts, *self.pictures_side.findings))
            if found:
                self.preview.checks.set_findings(found)
            else:
                self.preview.checks.tell(tr("Nothing stands out"))
            self.set_problems(self.evidence_desk.problems(found))

    def _keep_fields(self, report: DataReport) -> None:
        """Let the project remember what was worked out from the file."""
        data = self.data.changed(fields=report.fields, fingerprint=report.fingerprint)
        self.document.refresh(self.document.project.changed(data=data))
