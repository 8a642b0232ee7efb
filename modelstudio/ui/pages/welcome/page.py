"""The welcome page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from modelstudio.errors import StudioError
from modelstudio.resources import sample
from modelstudio.ui.actions import key_text, tr
from modelstudio.ui.data_files import SUFFIX, dropped_path
from modelstudio.ui.journal import Recovery, recoveries
from modelstudio.ui.pages import Page
from modelstudio.ui.pages.welcome.recents import RecentList
from modelstudio.ui.pages.welcome.templates import Gallery, Template
from modelstudio.ui.theme import paint_icon, restyle, theme
from modelstudio.ui.widgets import (
    Banner,
    ConfirmDialog,
    IconLabel,
    ProgressPanel,
    SearchField,
    button,
    column,
    grow,
    icon_button,
    label,
    row,
    scroll,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

SAMPLES = (
    ("penguins.csv", "Penguins: three species", "species"),
    ("churn.csv", "Customers: stay or leave", "churn"),
    ("diamonds.csv", "Diamonds: price", "price"),
)

STEPS = (
    ("data", "Data", "Open a table. Types are guessed; the recipe cleans it."),
    ("network", "Network", "A fitting network is drafted. Drag blocks; shapes update at once."),
    ("train", "Train", "Watch loss and accuracy live. The best weights are kept."),
    ("evaluate", "Evaluate", "Scores, confusion matrix and ROC on rows it has never seen."),
    ("export", "Export", "One ONNX file with the preprocessing inside, checked on real rows."),
)


class Tile(QAbstractButton):
    """A wide button: icon, title, detail."""

    def __init__(
        self, name: str, icon_name: str, title: str, detail: str, *, primary: bool = False
    ):
        super().__init__(objectName=name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(detail)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._spec = (icon_name, title, detail, primary)

    def sizeHint(self) -> QSize:
        return QSize(240, theme().grown(64))

    def paintEvent(self, event: QPaintEvent) -> None:
        icon_name, title, detail, primary = self._spec
        now, hot = theme(), self.underMouse() or self.isDown()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        ground = (
            ("accentFillHover" if hot else "accentFill")
            if primary
            else ("hover" if hot else "window")
        )
        painter.setBrush(now.color(ground))
        edge = now.color("accentFill" if primary else "borderStrong")
        painter.setPen(QPen(now.color("focusRing"), 2) if self.hasFocus() else QPen(edge, 1))
        painter.drawRoundedRect(body, 8, 8)
        place = QRectF(18, self.height() / 2 - 10, 20, 20)
        paint_icon(painter, place, icon_name, "onAccent" if primary else "accent")
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for y, style, role, text in (
            (now.grown(13), "panelTitle", "onAccent" if primary else "text", title),
            (now.grown(32), "label", "onAccent" if primary else "textSecondary", detail),
        ):
            painter.setFont(now.font(style))
            painter.setPen(now.color(role))
            painter.drawText(QRectF(52, y, self.width() - 60, now.grown(19)), flags, text)


class WelcomePage(Page):
    """Recent projects at the left; data, templates and the way through at the right."""

    page_id = "welcome"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.setAcceptDrops(True)
        self._files = main.files
        self._banners: list[Banner] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._make_left(), 1)
        layout.addWidget(scroll(self._make_right(), "welcome.start"), 2)
        self._files.recents_changed.connect(self._show_recents)
        self._files.reading.connect(self._show_reading)
        self._files.progressed.connect(lambda progress: self.progress.tell(progress))
        self._files.read_ended.connect(lambda: self._drop_stack.setCurrentIndex(0))
        QTimer.singleShot(0, self, self._show_recoveries)

    def shown(self) -> None:
        """Greet by the hour and look for files that went missing."""
        hour = datetime.now().hour
        greeting = (
            tr("Good morning") if 4 <= hour < 12 else tr("Good afternoon") if hour < 18 else ""
        )
        self._greeting.setText(greeting or tr("Good evening"))
        self._show_recents()

    def _make_left(self) -> QWidget:
        self._greeting = label("", "pageTitle")
        self._hint = label("", "base", "secondary", wrap=True)
        self.search = SearchField(tr("Find a project"), "welcome.search")
        self.search.hide()
        self.search.textChanged.connect(self._show_recents)
        find = icon_button("search", tr("Find a project"), "welcome.find", checkable=True)
        find.toggled.connect(self._toggle_search)
        self.recents = RecentList()
        self.recents.opened.connect(self._open_recent)
        self.recents.removed.connect(self._files.forget)
        self.recents.duplicated.connect(self._duplicate)
        self._no_recents = column(
            IconLabel("folder", "textTertiary", 24),
            label(tr("Your projects will appear here"), "panelTitle"),
            label(
                tr("Open a table of your own, or take a template: it comes with its data."),
                "label",
                "secondary",
                wrap=True,
            ),
            None,
            spacing=8,
            margins=(12, 16, 12, 0),
        )
        open_project = button(
            tr("Open project..."), "secondary", "folder", name="welcome.open_project"
        )
        open_project.setToolTip(key_text("Ctrl+O"))
        open_project.clicked.connect(self.actions_["project.open"].trigger)
        empty = button(tr("New empty"), "ghost", name="welcome.new")
        empty.clicked.connect(self.actions_["project.new"].trigger)
        indent = (12, 0, 12, 0)
        left = column(
            row(self._greeting, None, margins=indent),
            row(self._hint, margins=indent),
            14,
            row(label(tr("Recent projects"), "panelTitle"), None, find, margins=indent),
            row(self.search, margins=indent),
            self.recents,
            self._no_recents,
            row(open_project, empty, None, margins=indent),
            spacing=4,
            margins=(16, 32, 16, 16),
        )
        left.setObjectName("welcome_left")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        grow(left, left.setMaximumWidth, 360)
        return left

    def _make_right(self) -> QWidget:
        open_csv = Tile(
            "welcome.open_csv", "table", tr("Open table"), tr("CSV, Excel, Parquet"), primary=True
        )
        open_csv.clicked.connect(self.actions_["data.open"].trigger)
        folder = Tile("welcome.open_folder", "image", tr("Open folder"), tr("pictures or texts"))
        folder.clicked.connect(self.actions_["data.open_folder"].trigger)
        samples = Tile("welcome.samples", "star", tr("Try sample data"), tr("three real tables"))
        samples.clicked.connect(lambda: self._show_samples(samples))
        blank = Tile("welcome.blank", "network", tr("Draw a network"), tr("bring data later"))
        blank.clicked.connect(self.actions_["project.new"].trigger)
        self.gallery = Gallery()
        self.gallery.chosen.connect(self._start_template)
        self._notices = QVBoxLayout()
        self._notices.setSpacing(8)
        links = QHBoxLayout()
        for sign, text, action_id in (
            ("keyboard", tr("Keyboard shortcuts"), "help.shortcuts"),
            ("gear", tr("Settings"), "view.settings"),
            ("info", tr("About"), "help.about"),
        ):
            link = button(text, "ghost", sign, name=f"welcome.{action_id}")
            link.clicked.connect(self.actions_[action_id].trigger)
            links.addWidget(link)
        links.addStretch(1)
        templates = row(
            label(tr("Templates"), "panelTitle"),
            label(tr("with a small table, or a network to study"), "label", "secondary"),
            None,
        )
        right = column(
            self._notices,
            label(tr("Start from data"), "panelTitle"),
            row(open_csv, folder, samples, blank, spacing=16),
            4,
            self._make_drop_zone(),
            18,
            templates,
            self.gallery,
            18,
            label(tr("From data to model in five steps"), "panelTitle"),
            _make_steps(),
            None,
            links,
            spacing=10,
            margins=(32, 32, 32, 16),
        )
        return right

    def _make_drop_zone(self) -> QWidget:
        self.drop_zone = QFrame(objectName="welcome.drop_zone")
        self.drop_zone.setAccessibleName(tr("Drop a file here"))
        self.drop_zone.setProperty("dropzone", "idle")
        inside = QHBoxLayout(self.drop_zone)
        inside.addStretch(1)
        inside.addWidget(IconLabel("down", "textSecondary", 20))
        inside.addSpacing(6)
        words = tr("Drop a table, a folder or a project here. The data stays on this computer.")
        inside.addWidget(label(words, "base", "secondary"))
        inside.addStretch(1)
        self.progress = ProgressPanel("", name="welcome.reading")
        self.progress.cancelled.connect(self._files.cancel_reading)
        holder = QWidget()
        holder.setFixedHeight(104)
        self._drop_stack = QStackedLayout(holder)
        self._drop_stack.addWidget(self.drop_zone)
        self._drop_stack.addWidget(self.progress)
        return holder

    # Recent projects

    def _show_recents(self) -> None:
        entries = self._files.recents.entries
        self.recents.model_.show(entries, self.search.text())
        self.recents.setVisible(bool(entries))
        self._no_recents.setVisible(not entries)
        self._hint.setText(
            tr("Go on where you stopped, or start from data.")
            if entries
            else tr("Start from data, or take a template.")
        )

    def _toggle_search(self, shown: bool) -> None:
        self.search.setVisible(shown)
        self.search.clear()
        if shown:
            self.search.setFocus()

    def _open_recent(self, path: Path) -> None:
        if path.is_file():
            self._files.open(path)
            return
        found, _ = QFileDialog.getOpenFileName(
            self,
            tr("Locate {}").format(path.name),
            str(path.parent),
            tr("Model Studio (*.mstudio)"),
        )
        if found:
            self._files.forget(path)
            self._files.open(Path(found))

    def _duplicate(self, path: Path) -> None:
        from modelstudio.project.files import load_project, save_project

        copy = next(
            name
            for number in range(2, 10_000)
            if not (name := path.with_name(f"{path.stem} {number}{SUFFIX}")).exists()
        )
        try:
            project = load_project(path)
            save_project(project.changed(id=type(project)().id, name=copy.stem), copy)
        except StudioError as error:
            self.main.show_error(error, tr("The project could not be duplicated"))
            return
        self._files.open(copy)

    # Unsaved edits that a crash left behind

    def _show_recoveries(self) -> None:
        known = [entry.path for entry in self._files.recents.entries]
        for kept in recoveries(known)[:2]:
            text = tr("<b>Unsaved edits of {name}</b> from {time:%d %b, %H:%M} were found.")
            banner = Banner(
                "warning",
                text.format(name=kept.name, time=kept.time),
                tr("Restore"),
                name="welcome.recovery",
            )
            banner.triggered.connect(lambda kept=kept, banner=banner: self._restore(kept, banner))
            banner.closed.connect(lambda kept=kept, banner=banner: self._discard(kept, banner))
            self._notices.addWidget(banner)

    def _restore(self, kept: Recovery, banner: Banner) -> None:
        self._files.recover(kept)
        banner.setVisible(kept.file.exists() and not self.document.is_open)

    def _discard(self, kept: Recovery, banner: Banner) -> None:
        if ConfirmDialog.ask(
            self,
            tr("Discard the unsaved edits of {}?").format(kept.name),
            tr("The saved project stays as it is."),
            tr("Discard"),
        ):
            kept.discard()
        else:
            banner.show()

    # Data

    def _show_samples(self, tile: QWidget) -> None:
        menu = QMenu(tile)
        for file, text, target in SAMPLES:
            menu.addAction(tr(text)).triggered.connect(
                lambda _=False, file=file, target=target: self._files.open_data(
                    sample(file), target
                )
            )
        menu.exec(tile.mapToGlobal(tile.rect().bottomLeft()))
        menu.deleteLater()

    def _start_template(self, template: Template) -> None:
        if template.sample:
            self._files.open_data(sample(template.sample), template.target)
        else:
            self._files.open_example(template.example, tr(template.title))

    def _show_reading(self, name: str) -> None:
        self.progress.set_title(tr("Reading {}").format(name))
        self.progress.set_progress(None)
        self._drop_stack.setCurrentIndex(1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event) is not None:
            event.acceptProposedAction()
            restyle(self.drop_zone, dropzone="over")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        restyle(self.drop_zone, dropzone="idle")

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self.drop_zone, dropzone="idle")
        self.main.dropEvent(event)


def _make_steps() -> QWidget:
    """Return the five stages side by side, each with what it does."""
    parts = []
    for number, (sign, title, words) in enumerate(STEPS, start=1):
        head = row(
            IconLabel(sign, "accent", 16), label(f"{number}  {tr(title)}", "panelTitle"), None
        )
        step = column(
            head, label(tr(words), "label", "secondary", wrap=True), None, margins=(14, 12, 14, 12)
        )
        step.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        parts.append(toned(step, "card"))
    return row(*parts, spacing=12)
