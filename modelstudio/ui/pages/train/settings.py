"""The settings of the next run; while one goes on, its own, locked but for the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from modelstudio.declaration import Declaration
from modelstudio.engine.results import FOLDS
from modelstudio.project.model import Project, TrainConfig
from modelstudio.project.training import Loss, Optimizer, Schedule
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import epochs_text
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    ModelForm,
    PanelHeader,
    Section,
    SpinBox,
    Tag,
    button,
    count_text,
    format_number,
    grow,
    label,
    row,
    rule,
    scroll,
    toned,
)

_LABEL_WIDTH = 100

LOOP = ("batch_size", "epochs", "early_stopping", "patience")
MACHINE = ("device", "threads", "seed")
STEP = ("clip_norm", "l1")

DEVICES = {"auto": tr("Fastest"), "cpu": "CPU", "cuda": "CUDA", "mps": "MPS"}

ADVANCED = ("beta1", "beta2", "nesterov")
"""Fields of an optimizer that are rarely changed."""


class DeclarationForm(QWidget):
    """Choose a member of a declared family and edit its fields."""

    changed = Signal(object)

    def __init__(self, title: str, name: str, labels: dict[str, str] | None = None):
        super().__init__(objectName=name)
        self._labels = labels or {}
        self._value: Declaration | None = None
        self.choice = ComboBox(f"{name}.type", title)
        self.choice.activated.connect(self._choose)
        self.form: ModelForm | None = None
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.addWidget(label(title, "label", "secondary"), 0, 0)
        grid.addWidget(self.choice, 0, 1)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addLayout(grid)

    @property
    def value(self) -> Declaration | None:
        """What is shown."""
        return self._value

    def set_members(self, members: Sequence[type[Declaration]]) -> None:
        """Offer these classes."""
        offered = [self.choice.itemData(index) for index in range(self.choice.count())]
        if list(members) != offered:
            self.choice.clear()
            for member in members:
                self.choice.addItem(tr(member.label), member)
                at = self.choice.count() - 1
                self.choice.setItemData(at, member.purpose(), Qt.ItemDataRole.ToolTipRole)
            self.choice.setEnabled(bool(members))

    def set_value(self, value: Declaration | None) -> None:
        """Show an instance, without a signal."""
        kind_changed = type(value) is not type(self._value)
        self._value = value
        self.choice.setCurrentIndex(-1 if value is None else self.choice.findData(type(value)))
        if not kind_changed:
            if self.form is not None and value is not None:
                self.form.set_model(value)
            return
        if self.form is not None:
            self._layout.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if value is not None and type(value).model_fields:
            self.form = ModelForm(
                value, advanced=ADVANCED, labels=self._labels, name=self.objectName()
            )
            self.form.changed.connect(lambda *_: self._edit())
            self._layout.addWidget(self.form)
            QWidget.setTabOrder(self.choice, self.form)

    def set_locked(self, locked: bool, *, but: str = "") -> None:
        """Lock the choice and every field, save one."""
        self.choice.setEnabled(not locked and self.choice.count() > 0)
        if self.form is not None:
            self.form.set_locked(locked=locked)
            if but:
                self.form.set_locked({but}, locked=False)

    def summary(self) -> str:
        """Return the choice and its first number."""
        if self._value is None:
            return ""
        numbers = [v for v in self._value.as_values().values() if type(v) is float]
        shown = [format_number(number) for number in numbers[:1]]
        return ", ".join([tr(self._value.label), *shown])

    def _choose(self, index: int) -> None:
        kind = self.choice.itemData(index)
        if kind is not type(self._value):
            self.set_value(kind())
            self.changed.emit(self._value)

    def _edit(self) -> None:
        assert self.form is not None
        assert isinstance(self.form.model, Declaration)
        self._value = self.form.model
        self.changed.emit(self._value)


class SettingsPanel(QWidget):
    """``changed`` gives a field of `TrainConfig` and its value; ``lr_changed`` a live rate.

    ``folds_asked`` wants so many folds to be trained in turn.
    """

    changed = Signal(str, object)
    lr_changed = Signal(float)
    folds_asked = Signal(int)

    def __init__(self) -> None:
        super().__init__(objectName="train.settings")
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 264)
        self._locked = False
        self._split_folds = 0
        self.header = PanelHeader(tr("Settings"), tr("next run"), name="train.settings.header")
        self._lock = self.header.add(Tag(tr("Fixed while running"), name="train.settings.lock"))
        self._lock.hide()

        self._task = ElidedLabel("", "base")
        self._loss = DeclarationForm(tr("Loss"), "train.loss_form")
        self._optimizer = DeclarationForm(tr("Algorithm"), "train.optimizer")
        self._schedule = DeclarationForm(tr("Schedule"), "train.schedule")
        self._families = {
            "loss": self._loss,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }
        self._optimizer.set_members(list(Optimizer.members()))
        self._schedule.set_members(list(Schedule.members()))
        config = TrainConfig()
        self._step, self._loop, self._machine = (
            ModelForm(
                config,
                fields=fields,
                name="train.form",
                choices={"device": DEVICES},
                labels={
                    "batch_size": tr("Batch size"),
                    "early_stopping": tr("Early stopping"),
                    "l1": tr("L1"),
                },
            )
            for fields in (STEP, LOOP, MACHINE)
        )
        self._forms = (self._step, self._loop, self._machine)
        for form in self._forms:
            form.changed.connect(self._edit_field)
            for field in form.fields:
                if isinstance(form.editor(field), QSpinBox):
                    form.editor(field).setSizePolicy(
                        QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
                    )
        for field, family in self._families.items():
            family.changed.connect(lambda value, field=field: self._edit_family(field, value))

        task = QWidget()
        line = QHBoxLayout(task)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        head = label(tr("Task"), "label", "secondary")
        head.setMinimumWidth(_LABEL_WIDTH)
        line.addWidget(head)
        line.addWidget(self._task, 1)
        task.setFixedHeight(28)
        self._sections = {
            "task": _section(tr("Task and loss"), "train.section.task", task, self._loss),
            "optimizer": _section(
                tr("Optimiser"),
                "train.section.optimizer",
                self._optimizer,
                self._schedule,
                self._step,
            ),
            "loop": _section(tr("Loop"), "train.section.loop", self._loop),
            "machine": _section(tr("Machine"), "train.section.machine", self._machine),
        }
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(12, 8, 14, 16)
        inner.setSpacing(6)
        for section in self._sections.values():
            inner.addWidget(section)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(rule())
        layout.addWidget(scroll(body, name="train.settings.scroll"), 1)
        layout.addWidget(rule())
        layout.addWidget(self._make_folds())

    def _make_folds(self) -> QWidget:
        """Return the line at the foot: how many folds, and the button that trains them all."""
        self.folds = SpinBox("train.folds", tr("Folds"))
        self.folds.setRange(2, 100)
        self.folds.setValue(FOLDS)
        self.train_folds = button("", "secondary", "bars", name="train.train_folds", small=True)
        self.train_folds.setToolTip(
            tr(
                "Train once on each fold, a run each: every row is judged by a network that did "
                "not train on it. Scores become mean and spread; test rows take no part."
            )
        )
        self.folds.valueChanged.connect(self._name_folds)
        self.train_folds.clicked.connect(lambda: self.folds_asked.emit(self.folds.value()))
        self._name_folds(FOLDS)
        name = label(tr("Folds"), "label", "secondary")
        line = row(name, self.folds, None, self.train_folds, margins=(16, 8, 16, 8))
        return toned(line, "panel")

    def _name_folds(self, folds: int) -> None:
        self.train_folds.setText(tr("Train all {} folds").format(folds))

    def show_project(self, project: Project) -> None:
        """Show the settings of a project."""
        config = project.training
        target = next((spec for spec in project.data.fields if spec.role == "target"), None)
        fitting = [kind for kind in Loss.members() if target and target.kind in kind.targets]
        self._task.set_full_text(_task_text(target))
        self._loss.set_members(fitting)
        loss = config.loss if type(config.loss) in fitting else None
        self._loss.set_value(loss or (fitting[0]() if fitting else None))
        self._optimizer.set_value(config.optimizer)
        self._schedule.set_value(config.schedule)
        for form in self._forms:
            form.set_model(config)
        self._loop.set_field_visible("patience", config.early_stopping)
        folds = project.data.split.folds
        if folds and folds != self._split_folds:  # else a number that was typed stays
            self.folds.setValue(folds)
        self._split_folds = folds
        self._summarise(config)
        self._apply_lock()

    def set_run(self, number: int | None) -> None:
        """Lock the settings of a run that goes on; None gives those of the next run free."""
        self._locked = number is not None
        running = tr("run {}").format(number) if number else ""
        self.header.set_detail(running if self._locked else tr("next run"))
        self._lock.setVisible(self._locked)
        self._apply_lock()

    @property
    def locked(self) -> bool:
        """True while the settings are those of a run that goes on."""
        return self._locked

    def family(self, field: str) -> DeclarationForm:
        """Return the form of ``loss``, ``optimizer`` or ``schedule``."""
        return self._families[field]

    def editor(self, field: str) -> Any:
        """Return the editor of a plain field."""
        return next(form for form in self._forms if field in form.fields).editor(field)

    def _apply_lock(self) -> None:
        for form in self._forms:
            form.set_locked(locked=self._locked)
        for field, family in self._families.items():
            family.set_locked(self._locked, but="lr" if field == "optimizer" else "")
        for part in (self.folds, self.train_folds):
            part.setEnabled(not self._locked)

    def _edit_field(self, field: str, value: object) -> None:
        if not self._locked:
            self.changed.emit(field, value)

    def _edit_family(self, field: str, value: Declaration) -> None:
        if not self._locked:
            self.changed.emit(field, value)
        elif isinstance(value, Optimizer):
            self.lr_changed.emit(value.lr)

    def _summarise(self, config: TrainConfig) -> None:
        patience = tr("patience {}").format(config.patience) if config.early_stopping else ""
        loop = [
            tr("batch {}").format(config.batch_size),
            epochs_text(config.epochs),
            patience,
        ]
        texts = {
            "task": self._loss.summary(),
            "optimizer": self._optimizer.summary(),
            "loop": ", ".join(part for part in loop if part),
            "machine": f"{DEVICES[config.device]}, {tr('seed {}').format(config.seed)}",
        }
        for key, text in texts.items():
            self._sections[key].set_summary(text)


def _section(title: str, name: str, *content: QWidget) -> Section:
    section = Section(title, name=name)
    section.body.setSpacing(4)
    for widget in content:
        section.body.addWidget(widget)
    return section


def _task_text(target: FieldSpec | None) -> str:
    if target is None:
        return "–"
    if target.kind == "binary":
        return tr("Binary · {}").format(", ".join(target.classes))
    if target.kind == "classes":
        return tr("Classification · {} classes").format(len(target.classes))
    if target.kind == "tokens":
        return tr("Next token · {} of them").format(count_text(target.vocabulary or 0))
    if target.kind == "labels":
        return tr("Labels · {} of them").format(len(target.classes))
    if target.kind == "ranking":
        return tr("Ranking · what is chosen")
    return tr("Regression · {}").format(target.name)
