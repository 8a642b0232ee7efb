"""The Train page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.engine.events import BatchEnd, EpochEnd, FoldsEnd, RunEnd, RunStarted
from modelstudio.engine.results import RunInfo
from modelstudio.errors import StudioError
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import epochs_text
from modelstudio.ui.pages import Page
from modelstudio.ui.pages.train.curves import CurvesPanel
from modelstudio.ui.pages.train.history import RunCurves
from modelstudio.ui.pages.train.lower import LowerTabs
from modelstudio.ui.pages.train.run_log import RunLog
from modelstudio.ui.pages.train.runs_panel import RunsPanel
from modelstudio.ui.pages.train.settings import SettingsPanel
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import Banner, column, icon_button, splitter

if TYPE_CHECKING:
    from modelstudio.engine.runs import RunStore
    from modelstudio.ui.main_window import MainWindow

POLL_MS = 1000
"""How often the run store is asked whether anything changed, while the page is in sight."""

NARROW, LOW = 1360, 800
"""Window width below which the runs are an overlay, and height below which charts are tabs."""


class TrainPage(Page):
    """Settings at the left, curves and events in the middle, runs at the right."""

    page_id = "train"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.run = main.run_controller
        self._curves: dict[str, RunCurves] = {}
        self._version: int | None = None
        self._narrow: bool | None = None

        self.settings = SettingsPanel()
        self.curves = CurvesPanel()
        self.tabs = LowerTabs()
        self.log = RunLog(self.tabs.events)
        self.runs = RunsPanel(lambda run_id: self._store().project(run_id))
        self.banner = Banner("error", "", name="train.banner", closable=True)
        self._banner_room = column(self.banner, margins=(12, 8, 12, 8))
        self._banner_room.hide()
        self.banner.closed.connect(self._banner_room.hide)
        self._open_runs = icon_button("table", tr("Runs"), "train.open_runs", checkable=True)
        self._open_runs.toggled.connect(self._show_overlay)
        self.curves.header.add(self._open_runs)
        self._centre = splitter(
            Qt.Orientation.Vertical,
            self.curves,
            self.tabs,
            sizes=(600, 190),
            name="train.centre.split",
        )
        self._split = splitter(
            Qt.Orientation.Horizontal,
            self.settings,
            column(self._banner_room, self._centre, spacing=0),
            self.runs,
            sizes=(312, 712, 336),
            name="train.split",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._split)
        self._clock = QTimer(self, interval=POLL_MS)
        self._clock.timeout.connect(self._poll)
        self._connect()
        self._project_replaced()
        self._state_changed(self.run.state)

    def _connect(self) -> None:
        self.settings.changed.connect(self._edit)
        self.settings.lr_changed.connect(self._change_lr)
        self.settings.folds_asked.connect(self.run.start_folds)
        self.curves.empty.triggered.connect(self.actions_["train.start"].trigger)
        self.tabs.epoch_clicked.connect(self.curves.set_cursor)
        self.tabs.currentChanged.connect(lambda _: self._draw_lower())
        self.curves.drawn.connect(self._draw_lower)
        self.runs.selected.connect(lambda _: self._draw())
        self.runs.model.overlaid.connect(self._draw)
        self.runs.model.renamed.connect(self._rename)
        self.runs.evaluate_asked.connect(self._evaluate)
        self.runs.reuse_asked.connect(self._reuse)
        self.runs.resume_asked.connect(self.run.resume_run)
        self.runs.train_from_asked.connect(self.run.start)
        self.runs.delete_asked.connect(self._delete)
        self.run.state_changed.connect(self._state_changed)
        self.run.events.connect(self._receive)
        self.run.failed.connect(self._failed)
        self.document.changed.connect(self._project_changed)
        self.document.replaced.connect(self._project_replaced)
        self.document.path_changed.connect(lambda _: self._poll())

    def shown(self) -> None:
        self._poll()

    def toggle_panel(self, side: str) -> None:
        if side == "right" and self._narrow:
            self._open_runs.toggle()
            return
        sides: dict[str, QWidget] = {
            "left": self.settings,
            "bottom": self.tabs,
            "right": self.runs,
        }
        panel = sides[side]
        panel.setVisible(panel.isHidden())

    # The project

    def _edit(self, field: str, value: object) -> None:
        project = self.document.project
        name = {"lr": "learning rate"}.get(field, field.replace("_", " "))
        try:
            training = project.training.changed(**{field: value})
            changed = project.changed(training=training)
        except StudioError as error:
            self.main.show_error(error)
            return
        self.document.edit(tr("Set {}").format(name), changed, merge_key=f"train.{field}")

    def _project_changed(self, old: Project, new: Project) -> None:
        if not self.settings.locked and (
            old.training is not new.training or old.data.fields is not new.data.fields
        ):
            self.settings.show_project(new)
        if old.data is not new.data or old.network is not new.network:
            self._refresh()

    def _project_replaced(self) -> None:
        self._curves.clear()
        self._version = None
        self.log.clear()
        self._banner_room.hide()
        if not self.settings.locked:
            self.settings.show_project(self.document.project)
        self._poll()

    # Runs

    def _store(self) -> RunStore:
        from modelstudio.engine.run import store

        return store(self.document.path, self.document.project)

    def _poll(self) -> None:
        """Refresh when the store changed, by this window or another process."""
        try:
            version = self._store().version()
        except StudioError:
            return
        if version != self._version:
            self._version = version
            self._refresh()

    def _refresh(self) -> None:
        from modelstudio.engine.cross_validation import as_fold
        from modelstudio.engine.runs import data_key, network_key

        project = self.document.project
        try:
            runs = self._store().list()
        except StudioError as error:
            self._say(str(error))
            runs = ()
        keys = network_key(project), data_key(project)
        places = {(run.fold.number, run.fold.of) for run in runs if run.fold is not None}
        folds = {place: data_key(as_fold(project, *place)) for place in places}
        stale = frozenset(
            run.id
            for run in runs
            if (run.network_key, run.data_key)
            != ((keys[0], folds[run.fold.number, run.fold.of]) if run.fold else keys)
        )
        self.runs.set_runs(runs, stale)
        self._draw()

    def _history(self, run: RunInfo) -> RunCurves:
        """Return the curves of a run; those not watched live follow the store."""
        curves = self._curves.get(run.id)
        if curves is None:
            curves = self._curves[run.id] = RunCurves(run.id, self.curves.amount)
        live = self.run.run is not None and self.run.running and self.run.run.run == run.id
        if not live and curves.epochs < run.epochs:
            curves.add_epochs(self._store().history(run.id))
        return curves

    def _draw(self) -> None:
        """Give the selected run and those shown over it to the charts."""
        main, live = self.runs.current(), self.run.run
        here = live is not None and main is not None and live.run == main.id
        state = self.run.state if here or main is None else ""
        if main is not None and not self.run.running:
            self.log.recall(main, self._store().history)
        shown = self.runs.model.shown
        others = [run for run in self.runs.model.runs if run.id in shown and run != main]
        self.curves.show_runs(
            (main, self._history(main)) if main else None,
            [(run, self._history(run)) for run in others],
            state="" if state == "idle" else state,
        )

    def _draw_lower(self) -> None:
        main = self.runs.current()
        self.tabs.draw(self._history(main) if main else None, main.number if main else 0)

    def _rename(self, run_id: str, name: str) -> None:
        self._store().rename(run_id, name)
        self._poll()

    def _delete(self, run_ids: list[str]) -> None:
        runs = [run for run in self.runs.model.runs if run.id in run_ids]
        runs = [run for run in runs if run.status not in ("running", "paused")]
        if not runs:
            return
        store = self._store()
        for run in runs:
            store.delete(run.id)
        self._poll()

        def undo() -> None:
            for run in runs:
                store.restore(run.id)
            self._poll()

        title = tr("Run {} deleted").format(runs[0].number)
        if len(runs) > 1:
            title = tr("{} runs deleted").format(len(runs))
        self.toasts.show_toast(title, kind="trash", action=tr("Undo"), on_action=undo)

    def _reuse(self, run_id: str) -> None:
        """Take over a run's training settings."""
        training = self._store().project(run_id).training
        project = self.document.project.changed(training=training)
        self.document.edit(tr("Take over settings of a run"), project)
        self.toasts.show_toast(
            tr("Settings taken over for the next run"),
            kind="success",
            action=tr("Undo"),
            on_action=self.document.undo,
        )

    def _evaluate(self, run_id: str) -> None:
        self.main.go("evaluate")
        page = self.main.page("evaluate")
        if page is not None and hasattr(page, "choose_run"):
            folds = any(run.id == run_id and run.fold for run in self.runs.model.runs)
            page.choose_run(run_id, "folds" if folds else "")

    # The run that goes on

    def _state_changed(self, state: str) -> None:
        idle = state == "idle"
        if state == "starting":
            self.log.clear()
            self._banner_room.hide()
        snapshot = self.run.snapshot
        if not idle and snapshot is not None and not self.settings.locked:
            self.settings.show_project(snapshot)
        number = self.run.run.number if self.run.run is not None else 0
        self.settings.set_run(None if idle else number)
        self.runs.resume.setEnabled(idle)
        if idle:
            self.settings.show_project(self.document.project)
        self._poll()
        self._draw()

    def _receive(self, batch: list[Any]) -> None:
        run = self.run.run
        if run is None:
            return
        curves = self._curves.setdefault(run.run, RunCurves(run.run, self.curves.amount))
        curves.planned = run.epochs
        curves.add_batches(event for event in batch if isinstance(event, BatchEnd))
        curves.add_epochs(event for event in batch if isinstance(event, EpochEnd))
        for event in batch:
            self.log.tell(event, self.run.fold)
            if isinstance(event, FoldsEnd):
                self._poll()
                self.runs.model.overlay(event.summary.runs.values())
            elif isinstance(event, RunEnd):
                words = tr("Run {} after {}.").format(event.status, epochs_text(event.epochs))
                self.main.status.set_event(words)
        if any(isinstance(event, RunStarted) for event in batch):
            self.log.watch(run.run)
            self.settings.set_run(run.number)
            self._poll()
            self.runs.select(run.run)
            self._draw()
        self.curves.schedule()

    def _change_lr(self, lr: float) -> None:
        self.run.set_lr(lr)
        self.log.add("info", tr("Learning rate set to {}").format(f"{lr:g}"))

    def _failed(self, error: Exception) -> None:
        self._say(str(error))
        self.log.add("error", str(error))
        self._poll()

    def _say(self, text: str) -> None:
        self.banner.set_text(f"<b>{tr('Training stopped.')}</b> {text}")
        self.banner.show()
        self._banner_room.show()

    # Room

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        window = self.window()
        grown = theme().grown
        self.curves.set_compact(window.height() < grown(LOW))
        narrow = window.width() < grown(NARROW)
        if narrow != self._narrow:
            self._narrow = narrow
            self._open_runs.setVisible(narrow)
            self._open_runs.setChecked(False)
            if narrow:
                self.runs.setParent(self)
                self.runs.hide()
            else:
                self._split.addWidget(self.runs)
                self._split.setSizes(list(self._split.first_sizes))
                self.runs.show()
        if narrow:
            top = self.curves.header.height() + 1
            wide = grown(336)
            self.runs.setGeometry(self.width() - wide, top, wide, self.height() - top)

    def _show_overlay(self, shown: bool) -> None:
        if self._narrow:
            self.runs.setVisible(shown)
            self.runs.raise_()
