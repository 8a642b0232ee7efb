"""The Data page put together; every edit goes through the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from modelstudio.engine.events import Progress
from modelstudio.engine.results import DataReport, Draft
from modelstudio.errors import DataError, StudioError
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.sources import AudioFolder, ImageFolder, TextFolder
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages import Page, PageProblem
from modelstudio.ui.pages.data import edits
from modelstudio.ui.pages.data.augment_panel import AugmentPanel
from modelstudio.ui.pages.data.checks import EvidencePopup
from modelstudio.ui.pages.data.classes_panel import ClassesPanel
from modelstudio.ui.pages.data.columns_panel import ColumnsPanel
from modelstudio.ui.pages.data.commands import DataCommands, stored_path
from modelstudio.ui.pages.data.feed import DataFeed
from modelstudio.ui.pages.data.inputs_popup import InputsPopup
from modelstudio.ui.pages.data.opening import Opening
from modelstudio.ui.pages.data.pictures_grid import PicturesPanel
from modelstudio.ui.pages.data.popups import AddStepPopup
from modelstudio.ui.pages.data.preview_panel import PreviewPanel
from modelstudio.ui.pages.data.reading_popup import ReadingPopup
from modelstudio.ui.pages.data.recipe import RecipePanel
from modelstudio.ui.pages.data.samples_row import SamplesRow
from modelstudio.ui.pages.data.split_panel import SplitPanel
from modelstudio.ui.pages.data.split_popup import SplitPopup
from modelstudio.ui.pages.data.wording import KIND_ICONS, error_html, step_title
from modelstudio.ui.project_files import DATA_SUFFIXES, table_filter
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    Banner,
    EmptyState,
    PaletteEntry,
    SegmentedControl,
    column,
    row,
    rule,
    splitter,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.fitting import StepEffect
    from modelstudio.data.preview import PictureList, PreviewTable, TableHead
    from modelstudio.ui.main_window import MainWindow

_FOLD_BELOW = 660
"""Height of the page under which the split folds into one line."""

_ROOM_FOR_SAMPLES = 700
"""Height of the page from which the row of samples is shown."""

_NARROW_BELOW = 1280
_WIDE, _NARROW = (312, 328), (312, 296)
"""Widths of the left and the right panel, and those of a page under `_NARROW_BELOW`."""


class DataPage(Page):
    """What the data is, what is done to it, and which rows train."""

    page_id = "data"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.setAccessibleName(tr("Data"))
        self.setAcceptDrops(True)
        self.feed = DataFeed(self.jobs, self)
        self.commands = DataCommands(self.document, self.jobs, self.toasts, self)
        self.opening = Opening(self.jobs, self)
        self.columns = ColumnsPanel()
        self.preview = PreviewPanel()
        self.pictures = PicturesPanel()
        self.classes = ClassesPanel(self.pictures.thumbnails)
        self._listing = LatestJob(self.jobs, self)
        self._as_table = False
        self.recipe = RecipePanel(
            self.actions_["data.add_step"], AddStepPopup(self), self.commands.may_move
        )
        self.split = SplitPanel()
        self.augment = AugmentPanel()
        self.samples = SamplesRow(self.jobs)
        self.evidence = EvidencePopup(self)
        self.inputs = InputsPopup(self)
        self.reading = ReadingPopup(self)
        self.split_options = SplitPopup(self)
        self.banner = Banner("error", "", name="data.banner")
        self.banner.hide()
        self.banner.triggered.connect(lambda: self._on_banner())
        self._on_banner: Any = self._locate
        self.note = Banner("info", "", name="data.note")
        self.note.hide()
        self.empty = EmptyState(
            "data",
            tr("No data yet"),
            tr("Open a file or drop it here.\nIt stays on this computer."),
            tr("Open table..."),
            name="data.empty",
        )
        self.empty.triggered.connect(self.choose_file)
        self._effects: tuple[StepEffect, ...] = ()
        self._narrow = False
        self._stamp: tuple[int, int] | None = None
        self._head: TableHead | None = None
        self._reading_head = False
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        main.palette_providers.append(self._palette_entries)
        self._show_project(anew=True)

    # Layout

    def _lay_out(self) -> None:
        self._left, self._centre = QStackedWidget(), QStackedWidget()
        for stack, panels in (
            (self._left, (self.columns, self.classes)),
            (self._centre, (self.preview, self.pictures)),
        ):
            for panel in panels:
                stack.addWidget(panel)
        self._panels = splitter(
            Qt.Orientation.Horizontal,
            self._left,
            self._centre,
            self._make_right(),
            sizes=(_WIDE[0], 720, _WIDE[1]),
            name="data.panels",
        )
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._samples_rule = rule()
        layout.addWidget(self._panels, 1)
        layout.addWidget(self._samples_rule)
        layout.addWidget(self.samples)
        layout.addWidget(rule())
        layout.addWidget(self.split)
        for part in (self.empty, self.opening.panel_holder, work):
            self._stack.addWidget(part)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._holders = {
            banner: column(banner, margins=(12, 8, 12, 8), tone="panel")
            for banner in (self.banner, self.note)
        }
        for holder in self._holders.values():
            holder.hide()
            outer.addWidget(holder)
        outer.addWidget(self._stack, 1)

    def _make_right(self) -> QWidget:
        """Return recipe and augmentation behind each other, with the choice above them."""
        sides = [("recipe", tr("Recipe")), ("augment", tr("Augmentation"))]
        self.side = SegmentedControl(sides, "recipe", "data.side")
        right = QStackedWidget()
        for part in (self.recipe, self.augment):
            right.addWidget(part)
        self.side.changed.connect(lambda key: right.setCurrentIndex(key == "augment"))
        holder = QWidget()
        toned(holder, "panel")
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(row(self.side, None, margins=(16, 8, 8, 4)))
        layout.addWidget(right, 1)
        self._right_holder = holder
        return holder

    def _connect(self) -> None:
        document, feed = self.document, self.feed
        document.changed.connect(self._project_changed)
        document.replaced.connect(lambda: self._show_project(anew=True))
        feed.started.connect(self.preview.loading.start)
        feed.progressed.connect(self._tell_progress)
        feed.described.connect(self._take_report)
        feed.failed.connect(self._take_failure)
        feed.cancelled.connect(self._stop_waiting)
        feed.rows_found.connect(self._take_rows)
        feed.rows_failed.connect(self._take_rows_failure)
        self.opening.opened.connect(self._take_draft)
        self.opening.failed.connect(self._opening_failed)
        self.opening.shown.connect(lambda: self._stack.setCurrentIndex(1))
        self.opening.ended.connect(self._end_head)
        for reader in (self.opening, self.main.files):
            reader.head_read.connect(self.show_head)
        self.main.files.read_ended.connect(self._end_head)
        self._listing.finished.connect(self._take_pictures)
        self.classes.chosen.connect(self.pictures.set_label)
        self.pictures.chosen.connect(self._choose_example)
        self.augment.edited.connect(self.commands.set_augment)
        self.pictures.table_wanted.connect(lambda: self._show_pictures(False))
        self.preview.as_pictures.clicked.connect(lambda: self._show_pictures(True))
        self.columns.chosen.connect(self.preview.view.show_column)
        self.preview.rows_wanted.connect(feed.ask_rows)
        self.preview.cancel_wanted.connect(self._cancel)
        self.preview.checks.opened.connect(self.show_evidence)
        self.preview.reading.clicked.connect(
            lambda: self.reading.open_below(self.preview.reading, self.data.csv)
        )
        self.recipe.selected.connect(self._show_selected_step)
        self.recipe.inputs_wanted.connect(feed.ask_columns)
        feed.columns_found.connect(self._show_inputs)
        self.reading.file_wanted.connect(self.choose_file)
        self.split.test_file_wanted.connect(self.choose_test_file)
        self.split.more_wanted.connect(
            lambda: self.split_options.open_above(self.split.more, self.data)
        )
        self.evidence.column_wanted.connect(self.show_column)
        self.evidence.row_wanted.connect(self.preview.show_row)
        self.addAction(self.actions_["data.add_step"])
        self._connect_commands()
        self.note.closed.connect(self._holders[self.note].hide)

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
        self.reading.edited.connect(do.set_reading)
        self.split.edited.connect(do.set_split)
        self.split_options.edited.connect(do.set_split)
        self.evidence.fix_wanted.connect(do.mend)
        self.evidence.ignore_wanted.connect(lambda name: do.set_role([name], "ignored"))
        do.step_placed.connect(self.recipe.show_card)
        do.step_removed.connect(self.recipe.focus_card)

    def shown(self) -> None:
        """Look again when the file changed since it was described."""
        if self.data.path is not None and self._stamp != self._stamp_now():
            self._show_project(anew=True)

    def toggle_panel(self, side: str) -> None:
        """Show or hide columns, split or recipe."""
        panel = {"left": self._left, "bottom": self.split, "right": self._right_holder}[side]
        panel.setVisible(panel.isHidden())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.split.set_small(self.height() < _FOLD_BELOW)
        self._show_centre()
        narrow = self.width() < _NARROW_BELOW
        if narrow != self._narrow:
            self._narrow = narrow
            sides = [theme().grown(side) for side in (_NARROW if narrow else _WIDE)]
            self._panels.setSizes([sides[0], self.width() - sum(sides), sides[1]])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.data.path is None and _dropped(event) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event) if self.data.path is None else None
        if path is None:
            event.ignore()
            return
        event.acceptProposedAction()
        self.open_file(path)

    # The project

    @property
    def data(self) -> DataConfig:
        """The data choices of the open project."""
        return self.document.project.data

    def _project_changed(self, old: Project, new: Project) -> None:
        if old.data is not new.data and not self._reading_head:
            self._show_project(anew=old.data.path != new.data.path or old.data.csv != new.data.csv)

    def _show_project(self, *, anew: bool = False) -> None:
        data = self.data
        if anew:
            self.preview.clear()
            self._effects = ()
            self._tell_fault("")
            self.set_badge("none")
            self.set_problems(())
            self.recipe.select(None)
        self._show_stack()
        self._show_centre()
        if data.path is None:
            self.feed.forget()
            self._stop_waiting()
            return
        report = None if anew else self.feed.report
        profiles = {profile.name: profile for profile in report.profiles} if report else {}
        self.columns.set_columns(data.columns, profiles)
        self.preview.set_source(
            Path(data.path).name, report.rows if report else None, len(data.columns)
        )
        related = {relation.name: relation for relation in report.relations} if report else {}
        self.preview.set_columns(data.columns, profiles, related)
        self.recipe.set_data(data)
        self.recipe.set_fields(data.fields)
        self.augment.set_data(data)
        if self._has_pictures:
            self.samples.set_project(self.document.project)
        self.split.set_data(data)
        if self.feed.set_project(self.document.project, self.commands.base, anew=anew):
            self._stamp = self._stamp_now()
            if self._head is not None and self._head.path == self._source():
                self.preview.put(self._head.rows)
                self._head = None
            self.preview.show_waiting()
            self.preview.ask_anew()
            self._list_pictures()
        elif report is not None and not self.feed.busy:
            self._keep_fields(report)

    @property
    def _has_pictures(self) -> bool:
        return any(column.kind == "image" for column in self.data.columns)

    def _show_pictures(self, wanted: bool) -> None:
        """Show the tiles and the classes, or the rows and the columns."""
        self._as_table = not wanted
        self._show_centre()
        (self.pictures.grid if wanted else self.preview.view).setFocus()

    def _show_centre(self) -> None:
        tiles = self._has_pictures and not self._as_table
        self.preview.as_pictures.setVisible(self._has_pictures)
        self._centre.setCurrentIndex(int(tiles))
        self._left.setCurrentIndex(int(tiles))
        for part in (self.samples, self._samples_rule):
            part.setVisible(tiles and self.height() >= _ROOM_FOR_SAMPLES)

    def _choose_example(self, path: str) -> None:
        """Show what training makes of a picture, mixed with some others."""
        others = tuple(each for each in self.pictures.some(12) if each != path)
        self.samples.set_example(path, others)

    def _list_pictures(self) -> None:
        if self._has_pictures:
            self._listing.start(
                partial(_pictures, self.document.project, self.commands.base), "pictures"
            )

    def _take_pictures(self, pictures: PictureList) -> None:
        field = next((each for each in self.data.fields if each.kind == "image"), None)
        shape = "" if field is None else _picture_shape(field.shape)
        self.classes.set_labels(pictures.paths, pictures.labels)
        self.pictures.set_pictures(Path(self.data.path or "").name, pictures, shape)

    def _show_stack(self) -> None:
        self._stack.setCurrentIndex(0 if self.data.path is None else 2)

    # Files

    def choose_file(self) -> None:
        """Ask for a table and take it into this project."""
        if path := self._ask_file(tr("Open a table of data")):
            self.open_file(path)

    def open_file(self, path: Path) -> None:
        """Take a table into this project; roles, recipe and an empty network are drafted."""
        self._tell_fault("")
        self.opening.start(self.document.project, path)

    def show_head(self, head: TableHead) -> None:
        """Show the first rows of a table while all of it is read; nothing can be edited yet."""
        self._head, self._reading_head = head, True
        self.feed.forget()
        self._set_editable(False)
        self._tell_fault("")
        provisional = DataConfig(columns=head.columns)
        self.columns.set_columns(head.columns, {})
        self.recipe.set_data(provisional)
        self.recipe.set_fields(())
        self.split.set_data(provisional)
        self.split.set_parts(())
        self.preview.clear()
        self.preview.set_source(head.path.name, None, len(head.columns))
        self.preview.set_columns(head.columns, {}, {})
        self.preview.put(head.rows)
        self.preview.loading.start()
        self.preview.loading.tell(tr("Reading {}").format(head.path.name))
        self._stack.setCurrentIndex(2)

    def _end_head(self) -> None:
        """Go back to the project; its own rows follow those in sight if it is of the same table."""
        if self._reading_head:
            self._reading_head = False
            self._set_editable(True)
            self._show_project(anew=True)
        self._show_stack()

    def _set_editable(self, on: bool) -> None:
        preview = self.preview
        controls = (preview.mode, preview.mark, preview.reading)
        for part in (self.columns, self.recipe, self.split, *controls):
            part.setEnabled(on)
        preview.view.header.setSectionsClickable(on)

    def _cancel(self) -> None:
        """Give up what is waited for: a table that is being read, or a description."""
        if self.opening.running:
            self.opening.cancel()
        elif self._reading_head:
            self.main.files.cancel_reading()
        else:
            self.feed.cancel()

    def choose_test_file(self) -> None:
        """Ask for a second table whose rows are the test rows."""
        if path := self._ask_file(tr("Choose the table with the test rows")):
            self.commands.set_test_file(path)

    def _locate(self) -> None:
        title = tr("Where is {}?").format(Path(self.data.path or "").name)
        folder = isinstance(self.data.source, ImageFolder | AudioFolder | TextFolder)
        if path := (self._ask_folder if folder else self._ask_file)(title):
            self.commands.locate(path)
            self._show_project(anew=True)

    def _ask_folder(self, title: str) -> Path | None:
        start = str(self.commands.base or Path.home())
        path = QFileDialog.getExistingDirectory(self, title, start)
        return Path(path) if path else None

    def _ask_file(self, title: str) -> Path | None:
        folder = str(self.commands.base or Path.home())
        path, _ = QFileDialog.getOpenFileName(self, title, folder, table_filter())
        return Path(path) if path else None

    def _take_draft(self, draft: Draft, path: Path) -> None:
        data = draft.project.data
        data = data.changed(path=stored_path(Path(data.path or path), self.commands.base))
        self.document.edit(tr("Open {}").format(path.name), draft.project.changed(data=data))
        error = draft.error
        told = error.message if error is not None else None
        self._show_note(" ".join(note for note in draft.notes if note != told))
        if error is not None:
            self._tell_fault(error_html(error))

    def _opening_failed(self, error: Exception) -> None:
        self._tell_fault(error_html(error), tr("Open another file..."), self.choose_file)

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

    def _tell_progress(self, progress: Progress) -> None:
        self.preview.loading.tell(progress.text)

    def _take_report(self, report: DataReport, seconds: float) -> None:
        self._stop_waiting()
        self._tell_fault("")
        self._effects = report.effects
        self._keep_fields(report)
        self.split.set_parts(report.parts)
        self.preview.checks.set_findings(report.findings)
        self.recipe.set_fields(report.fields)
        self._show_project()
        self.recipe.set_effects(report.effects)
        self.recipe.set_suggestions(
            [
                finding.suggested_step
                for finding in report.findings
                if finding.suggested_step
                and edits.handled_by(self.data, finding.suggested_step) is None
            ]
        )
        self.preview.set_changes(self._changed_cells(self.recipe.open_step))
        self.set_problems(
            [
                PageProblem(finding.severity, finding.text, partial(self._go_to_finding, finding))
                for finding in report.findings
                if finding.severity in {"warning", "error"}
            ]
        )
        self.set_badge("done", tr("The data is ready"))
        self._list_pictures()
        if self.isVisible():
            self.main.status.set_event(tr("Recipe applied in {} ms").format(round(1000 * seconds)))

    def _keep_fields(self, report: DataReport) -> None:
        """Let the project remember what was worked out from the file."""
        data = self.data.changed(fields=report.fields, fingerprint=report.fingerprint)
        self.document.refresh(self.document.project.changed(data=data))

    def _take_failure(self, error: Exception) -> None:
        self._stop_waiting()
        self.preview.checks.set_findings(())
        self.split.set_parts(())
        self.recipe.set_effects(())
        place = failed_step(error)
        self.recipe.set_fault(place, str(error))
        if self._stamp_now() is None:
            name = Path(self.data.path or "").name
            words = tr("<b>{} is missing.</b> The file was moved or the drive is not connected.")
            self._tell_fault(words.format(name), tr("Locate..."), self._locate)
            self.preview.show_notice(tr("The rows show again once the file is found."))
        elif place is None:
            own = isinstance(error, StudioError) and error.where == str(self._source())
            action = tr("Open another file...") if own else ""
            self._tell_fault(error_html(error), action, self.choose_file)
        fault = PageProblem("error", str(error), lambda: self.main.go("data"), stops_training=True)
        self.set_problems([fault])

    def _source(self) -> Path:
        return (self.commands.base or Path()) / (self.data.path or "")

    def _stamp_now(self) -> tuple[int, int] | None:
        """Return time and size of the data file; None when it is not there."""
        try:
            stat = self._source().stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _take_rows(self, table: PreviewTable) -> None:
        self.preview.put(table)

    def _take_rows_failure(self, error: Exception) -> None:
        if self._stamp_now() is not None:
            self.preview.show_notice(str(error))

    def _stop_waiting(self) -> None:
        self.preview.loading.stop()

    def _tell_fault(self, html: str, action: str = "", call: Any = None) -> None:
        self._on_banner = call
        self.banner.set_text(html, action)
        self.banner.setVisible(bool(html))
        self._holders[self.banner].setVisible(bool(html))

    def _show_note(self, text: str) -> None:
        self.note.set_text(text)
        self.note.setVisible(bool(text))
        self._holders[self.note].setVisible(bool(text))

    # Findings

    def show_evidence(self, finding: Finding) -> None:
        """Show why a finding was made, and what would mend it."""
        report = self.feed.report
        profiles = report.profiles if report else ()
        profile = next((each for each in profiles if each.name == finding.column), None)
        roles = {column.name: column.role for column in self.data.columns}
        self.evidence.open_below(
            self.preview.checks.tag_of(finding),
            finding,
            profile,
            roles.get(finding.column or "") == "feature",
            self._settled(finding),
        )

    def _settled(self, finding: Finding) -> str:
        """Say what deals with a finding already."""
        fix, step = finding.fix, finding.suggested_step
        if step is not None and (place := edits.handled_by(self.data, step)) is not None:
            return tr("Step {} of the recipe deals with it.").format(place + 1)
        if fix is not None and edits.mend(self.data, fix) == self.data:
            return tr("That is done already.")
        return ""

    def _go_to_finding(self, finding: Finding) -> None:
        self.main.go("data")
        if finding.column:
            self.show_column(finding.column)
        self.show_evidence(finding)

    def _palette_entries(self) -> Iterable[PaletteEntry]:
        for each in self.data.columns:
            yield PaletteEntry(
                each.name,
                tr("Columns"),
                partial(self.show_column, each.name),
                KIND_ICONS[each.kind],
                tr(each.role.capitalize()),
            )


def _pictures(project: Project, base: Path | None) -> object:
    from modelstudio.engine import run

    return run.list_pictures(project, base)


def _picture_shape(shape: tuple[int | str, ...]) -> str:
    """Write channels, height and width as ``28 × 28, grey``."""
    channels, height, width = shape
    colours = {1: tr("grey"), 3: tr("colour")}.get(int(channels), tr("with transparency"))
    return f"{width} × {height}, {colours}"


def _dropped(event: QDropEvent) -> Path | None:
    """Return the one table or folder that is dropped on a project without data."""
    urls = event.mimeData().urls()
    path = Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
    if path is None or not (path.is_dir() or path.suffix.lower() in DATA_SUFFIXES):
        return None
    return path


def failed_step(error: Exception) -> int | None:
    """Return the place of the step that an error names."""
    return error.step if isinstance(error, DataError) else None
