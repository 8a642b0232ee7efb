"""The list of runs, what two of them differ in, and what can be done with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QGridLayout, QMenu, QVBoxLayout, QWidget

from modelstudio.engine.results import RunInfo
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import duration, score_text, score_title, score_word, spread_text
from modelstudio.ui.pages.train.runs import NAME, ROW_HEIGHT, RunsModel, RunsView
from modelstudio.ui.theme import icon, restyle
from modelstudio.ui.widgets import (
    ElidedLabel,
    EmptyState,
    PanelHeader,
    button,
    count_text,
    format_number,
    grow,
    label,
    rule,
    scroll,
    toned,
)

RESUMABLE = ("stopped", "interrupted")
"""Statuses of a run that can go on."""

Row = tuple[str, str, str]


class RunsPanel(QWidget):
    """Signals carry the id of the run they are about."""

    selected = Signal(object)
    evaluate_asked = Signal(str)
    reuse_asked = Signal(str)
    resume_asked = Signal(str)
    train_from_asked = Signal(str)
    delete_asked = Signal(list)

    def __init__(self, project_of: Callable[[str], Project]) -> None:
        super().__init__(objectName="train.runs_panel")
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 280)
        self._project_of = project_of
        self.model = RunsModel()
        self.view = RunsView(self.model)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.view.selectionModel().selectionChanged.connect(self._selection_changed)
        self.view.delete_asked.connect(lambda: self.delete_asked.emit(self.selected_ids()))
        self.view.doubleClicked.connect(
            lambda index: self.evaluate_asked.emit(self.model.runs[index.row()].id)
        )
        self.header = PanelHeader(tr("Runs"), name="train.runs.header")
        self.empty = EmptyState(
            "clock",
            tr("Runs will be listed here"),
            tr("Each training keeps its settings, its curves and its best weights."),
            name="train.runs.empty",
        )
        self._details = _Table()
        self.reuse = button(
            tr("Settings to new run"), "secondary", "copy", name="train.reuse", small=True
        )
        self.reuse.setToolTip(tr("Take over the training settings of this run"))
        self.evaluate = button(
            tr("Evaluate"), "secondary", "evaluate", name="train.evaluate", small=True
        )
        self.reuse.clicked.connect(lambda: self._emit(self.reuse_asked))
        self.evaluate.clicked.connect(lambda: self._emit(self.evaluate_asked))
        self.resume = button(tr("Resume"), "secondary", "play", name="train.resume_run", small=True)
        self.resume.setToolTip(tr("Go on with this run where it ended"))
        self.resume.clicked.connect(lambda: self._emit(self.resume_asked))
        foot = QWidget()
        buttons = QGridLayout(foot)
        buttons.setContentsMargins(16, 10, 16, 10)
        buttons.setSpacing(8)
        for item, place in (
            (self.resume, (0, 0, 1, 2)),
            (self.reuse, (1, 0)),
            (self.evaluate, (1, 1)),
        ):
            item.setSizePolicy(item.sizePolicy().Policy.Expanding, item.sizePolicy().Policy.Fixed)
            buttons.addWidget(item, *place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(rule())
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.view, 3)
        self._detail_area = scroll(self._details, name="train.comparison")
        layout.addWidget(rule())
        layout.addWidget(self._detail_area, 2)
        layout.addWidget(rule())
        layout.addWidget(foot)
        self.set_runs((), frozenset())

    def set_runs(self, runs: Sequence[RunInfo], stale: frozenset[str]) -> None:
        """Show the runs, keeping selection and scroll position."""
        chosen = self.selected_ids()
        self.model.set_runs(runs, stale)
        self.header.set_detail(str(len(runs)) if runs else "")
        needed = self.view.horizontalHeader().sizeHint().height() + ROW_HEIGHT * len(runs) + 2
        self.view.setMaximumHeight(max(needed, 4 * ROW_HEIGHT))
        self.empty.setVisible(not runs)
        self.view.setVisible(bool(runs))
        for run_id in chosen:
            row = self.model.row_of(run_id)
            if row >= 0 and run_id not in self.selected_ids():
                flags = self.view.selectionModel().SelectionFlag
                self.view.selectionModel().select(
                    self.model.index(row, 0), flags.Select | flags.Rows
                )
        if runs and not self.selected_ids():
            self.select(self.model.runs[0].id)
        self._show_details()

    def select(self, run_id: str) -> None:
        """Select one run, whichever keys are held."""
        row = self.model.row_of(run_id)
        if row >= 0 and self.selected_ids() != [run_id]:
            choice = self.view.selectionModel()
            flags = choice.SelectionFlag.ClearAndSelect | choice.SelectionFlag.Rows
            choice.setCurrentIndex(self.model.index(row, NAME), flags)

    def selected_ids(self) -> list[str]:
        """Return the selected runs, the current one first."""
        rows = [index.row() for index in self.view.selectionModel().selectedRows()]
        current = self.view.currentIndex().row()
        rows.sort(key=lambda row: (row != current, row))
        return [self.model.runs[row].id for row in rows if row < len(self.model.runs)]

    def current(self) -> RunInfo | None:
        """Return the run whose curves are drawn."""
        ids = self.selected_ids()
        return self.model.runs[self.model.row_of(ids[0])] if ids else None

    def _emit(self, signal: SignalInstance) -> None:
        if (run := self.current()) is not None:
            signal.emit(run.id)

    def _selection_changed(self) -> None:
        self._show_details()
        self.selected.emit(self.current())

    def _show_details(self) -> None:
        runs = [self.model.runs[self.model.row_of(run_id)] for run_id in self.selected_ids()[:2]]
        usable = bool(runs) and runs[0].has_weights
        self.evaluate.setEnabled(usable)
        self.reuse.setEnabled(bool(runs))
        self.resume.setVisible(bool(runs) and runs[0].status in RESUMABLE)
        folds = bool(runs) and runs[0].fold is not None
        self.resume.setText(tr("Go on with the folds") if folds else tr("Resume"))
        self._detail_area.setVisible(bool(runs))
        if len(runs) == 2:
            title = tr("Run {} against run {}").format(runs[0].number, runs[1].number)
            projects = [self._project_of(run.id) for run in runs]
            rows = _differences(*projects) + [
                (name, left, right)
                for (name, left), (_, right) in zip(_facts(runs[0]), _facts(runs[1]), strict=False)
            ]
            self._details.show_rows(title, rows)
        elif runs and runs[0].fold is not None:
            self._show_folds(runs[0])
        elif runs:
            rows = [(name, value, "") for name, value in _facts(runs[0])]
            self._details.show_rows(tr("Run {}").format(runs[0].number), rows, runs[0].reason)

    def _show_folds(self, run: RunInfo) -> None:
        """Show what the folds say together, and the run beside it."""
        from modelstudio.engine.cross_validation import summarise

        assert run.fold is not None
        series = run.fold.series
        runs = [each for each in self.model.runs if each.fold and each.fold.series == series]
        by_time = self._project_of(run.id).data.split.method == "time"
        done = summarise(series, run.fold.of, runs, by_time=by_time)
        rows: list[Row] = [("", tr("Mean ± SD"), tr("Fold {}").format(run.fold.number))]
        for score in done.scores:
            own = score_text(score.name, run.metrics.get(score.name))
            rows.append((score_title(score.name), spread_text(score), own))
            if score.low is not None:
                low, high = (score_text(score.name, end) for end in (score.low, score.high))
                rows.append((tr("95 % interval"), f"{low.removesuffix(' %')} – {high}", ""))
        rows += [(name, "", value) for name, value in _effort(run)]
        finished = tr("{} of {} folds").format(len(done.runs), done.folds)
        told = "" if run.status == "finished" else run.reason
        self._details.show_rows(finished, rows, told, " ".join(done.notes))

    def _open_menu(self, at: QPoint) -> None:
        run = self.current()
        if run is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ended = run.status not in ("running", "paused")
        entries = (
            (tr("Evaluate"), "evaluate", run.has_weights, self.evaluate_asked.emit),
            (tr("Train from its weights"), "weights", run.has_weights, self.train_from_asked.emit),
            (tr("Settings to new run"), "copy", True, self.reuse_asked.emit),
            (
                tr("Resume"),
                "play",
                run.status in RESUMABLE,
                self.resume_asked.emit,
            ),
        )
        for text, drawing, enabled, call in entries:
            action = menu.addAction(icon(drawing), text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _=False, call=call: call(run.id))
        menu.addSeparator()
        rename = menu.addAction(tr("Rename"))
        rename.setShortcut(Qt.Key.Key_F2)
        rename.triggered.connect(
            lambda: self.view.edit(self.model.index(self.model.row_of(run.id), NAME))
        )
        delete = menu.addAction(icon("trash", "error"), tr("Delete"))
        delete.setShortcut(Qt.Key.Key_Delete)
        delete.setEnabled(ended)
        delete.triggered.connect(lambda: self.delete_asked.emit(self.selected_ids()))
        menu.popup(self.view.viewport().mapToGlobal(at))


class _Table(QWidget):
    """Title, sentence, and rows of name, value, other value."""

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "panelTitle")
        self._note = label("", "label", "warning", wrap=True)
        self._foot = label("", "label", "tertiary", wrap=True)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(6)
        self._grid.setHorizontalSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 10)
        layout.setSpacing(10)
        layout.addWidget(self._title)
        layout.addWidget(self._note)
        layout.addLayout(self._grid)
        layout.addWidget(self._foot)
        layout.addStretch(1)
        self._rows: list[tuple[ElidedLabel, ElidedLabel, ElidedLabel]] = []
        self._lines: list[QWidget] = []

    def show_rows(self, title: str, rows: Sequence[Row], note: str = "", foot: str = "") -> None:
        """Fill the table; ``note`` warns above it, ``foot`` explains below."""
        self._foot.setText(foot)
        self._foot.setVisible(bool(foot))
        shares = (4, 6, 3) if foot else (3, 2, 2 if any(row[2] for row in rows) else 0)
        for column, share in enumerate(shares):
            self._grid.setColumnStretch(column, share)
        self._title.setText(title)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        while len(self._rows) < len(rows):
            parts = (
                ElidedLabel("", "table", "secondary"),
                ElidedLabel("", "table"),
                ElidedLabel("", "table", "tertiary"),
            )
            at = 2 * len(self._rows)
            for place, part in enumerate(parts):
                if place:
                    part.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self._grid.addWidget(part, at, place)
            line = rule()
            self._grid.addWidget(line, at + 1, 0, 1, 3)
            self._rows.append(parts)
            self._lines.append(line)
        for index, parts in enumerate(self._rows):
            seen = index < len(rows)
            self._lines[index].setVisible(seen)
            for part in parts:
                part.setVisible(seen)
            if seen:
                for words, text in zip(parts, rows[index], strict=True):
                    words.set_full_text(text)
                parts[2].setVisible(bool(rows[index][2]))
        restyle(self._note)


def _facts(run: RunInfo) -> list[tuple[str, str]]:
    scores = [
        (tr("Best {}").format(score_word(name)), score_text(name, value))
        for name, value in run.metrics.items()
        if not name.startswith("train_")
    ]
    return [*scores, *_effort(run)]


def _effort(run: RunInfo) -> list[tuple[str, str]]:
    best = tr("{} of {}").format(run.best_epoch, run.epochs) if run.epochs else "–"
    return [
        (tr("Best epoch"), best),
        (tr("Parameters"), count_text(run.parameters)),
        (tr("Time"), duration(run.seconds)),
    ]


def _differences(left: Project, right: Project) -> list[Row]:
    """Return the training settings in which two projects differ, and whether data or network do."""
    a, b = (_flat(project.training.model_dump(mode="json")) for project in (left, right))
    rows = [
        (key, _shown(a.get(key)), _shown(b.get(key)))
        for key in dict.fromkeys((*a, *b))
        if a.get(key) != b.get(key)
    ]
    for name, same in (
        (tr("Network"), left.network == right.network),
        (tr("Recipe"), left.data.recipe == right.data.recipe),
        (tr("Split"), left.data.split == right.data.split),
    ):
        if not same:
            rows.append((name, tr("differs"), ""))
    return rows


def _flat(values: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in values.items():
        name = tr({"lr": "Learning rate"}.get(key, key.replace("_", " ").capitalize()))
        if isinstance(value, Mapping):
            found[name] = value.get("type")
            found.update(_flat({k: v for k, v in value.items() if k != "type"}))
        else:
            found[name] = value
    return found


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return tr("on") if value else tr("off")
    if isinstance(value, int | float):
        return format_number(value)
    return "–" if value is None else str(value)
