"""The recipe panel: steps from top to bottom, what each did, and what reaches the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout

from modelstudio.project.model import DataConfig
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import Step
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.edits import fitting_columns
from modelstudio.ui.pages.data.popups import AddStepPopup, StepChoice
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.step_card import StepCard
from modelstudio.ui.pages.data.step_list import StepList
from modelstudio.ui.pages.data.target_card import TargetCard
from modelstudio.ui.pages.data.wording import effect_tag, inputs_text, step_summary, step_title
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ElidedLabel,
    IconLabel,
    PanelHeader,
    button,
    grow,
    icon_button,
    label,
    row,
    rule,
    scroll,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.data.fitting import StepEffect

_LEARNT = (
    "Medians, limits, scales and categories are learnt from the training rows, then applied to "
    "validation and test rows and to every row that the exported model is asked about. So nothing "
    "of the test rows leaks into training."
)


class RecipePanel(QFrame):
    """List, add, reorder, change and delete steps; the page carries each wish out."""

    selected = Signal(object)
    added = Signal(object)
    edited = Signal(int, object)
    removed = Signal(int)
    moved = Signal(int, int)
    scaling_changed = Signal(str)
    negatives_changed = Signal(object)
    separator_changed = Signal(object)
    inputs_wanted = Signal()

    def __init__(
        self, add_action: QAction, popup: AddStepPopup, may_move: Callable[[int, int], bool]
    ):
        super().__init__(objectName="data.recipe")
        self.setAccessibleName(tr("Recipe"))
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 296)
        self._data = DataConfig()
        self._open: int | None = None
        self.header = PanelHeader(tr("Recipe"), name="data.recipe.header")
        self.add_button = button(
            tr("Add step"),
            "secondary",
            "plus",
            add_action.toolTip(),
            "data.add_step_button",
            small=True,
        )
        self.header.add(self.add_button)
        self.add_button.clicked.connect(self.open_popup)
        add_action.triggered.connect(self.open_popup)
        self.popup = popup
        self.popup.chosen.connect(self.added)
        self.list = StepList(may_move, tr("Recipe steps"), "data.steps")
        self.list.moved.connect(self.moved)
        self.target = TargetCard()
        self.target.scaling_changed.connect(self.scaling_changed)
        self.target.negatives_changed.connect(self.negatives_changed)
        self.target.separator_changed.connect(self.separator_changed)
        self.list.column.insertWidget(0, self.target)
        self._inputs = ElidedLabel("", "label")
        self._inputs.setObjectName("data.inputs")
        self.see = button(tr("See them"), "link", name="data.inputs.see", small=True)
        self.see.clicked.connect(self.inputs_wanted)
        foot = row(
            IconLabel("network", "textTertiary"),
            wide(self._inputs),
            self.see,
            margins=(16, 7, 12, 7),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(_Band())
        layout.addWidget(rule())
        steps = scroll(self.list, "data.recipe.scroll")
        steps.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(steps, 1)
        layout.addWidget(rule())
        layout.addWidget(foot)
        self._suggested: tuple[Step, ...] = ()

    @property
    def open_step(self) -> int | None:
        """Place of the step whose settings are in sight."""
        return self._open

    @property
    def cards(self) -> list[StepCard]:
        """The steps as shown, in order."""
        return self.list.cards

    def set_data(self, data: DataConfig) -> None:
        """Show the recipe of these data choices; forms that stay keep their focus."""
        old, self._data = self._data.recipe, data
        if [type(step) for step in old] != [type(step) for step in data.recipe]:
            self._rebuild()
            if self._open is not None:
                self.select(None)
        for card, step in zip(self.cards, data.recipe, strict=True):
            fitting = fitting_columns(data, step)
            card.show_step(step, step_title(step), step_summary(step, fitting), fitting)
        self._show_open()
        on = sum(step.enabled for step in data.recipe)
        self.header.set_detail(tr("{} of {} on").format(on, len(data.recipe)))
        self.target.set_data(data)

    def set_effects(self, effects: Sequence[StepEffect]) -> None:
        """Show what each step did; cards without an effect show nothing."""
        for at, (card, step) in enumerate(zip(self.cards, self._data.recipe, strict=True)):
            effect = effects[at] if at < len(effects) else None
            card.show_effect(*effect_tag(step, effect))

    def set_fault(self, place: int | None, sentence: str) -> None:
        """Mark the step that failed; those after it wait."""
        for at, card in enumerate(self.cards):
            if at == place:
                card.show_effect("", "error", sentence)
            elif place is not None and at > place and card.step.enabled:
                card.show_effect(tr("waits"), "neutral")

    def set_fields(self, fields: Sequence[FieldSpec]) -> None:
        """Say how many numbers reach the network."""
        self._inputs.set_full_text(inputs_text(fields))
        self.see.setVisible(bool(fields))
        self.target.set_fields(fields)

    def set_suggestions(self, steps: Sequence[Step]) -> None:
        """Put these steps first when one is added."""
        self._suggested = tuple(steps)

    def select(self, place: int | None) -> None:
        """Unfold a step; the same again folds it."""
        self._open = None if place == self._open else place
        self._show_open()
        self.selected.emit(self._open)

    def show_card(self, place: int) -> None:
        """Unfold a step and give it the keyboard."""
        if self._open != place:
            self.select(place)
        self.focus_card(place)

    def focus_card(self, place: int) -> None:
        """Give a step the keyboard; past the ends, the first or the last."""
        if self.cards:
            self.cards[min(max(place, 0), len(self.cards) - 1)].setFocus()

    def open_popup(self) -> None:
        """Offer the steps that can be added."""
        self.popup.set_choices(self._choices())
        self.popup.open_below(self.add_button)

    def _choices(self) -> list[StepChoice]:
        choices = [
            StepChoice(step, step_title(step), step_summary(step), suggested=True)
            for step in self._suggested
            if step not in self._data.recipe
        ]
        for kind in Step.members():
            step = kind()
            reason = ""
            if step.kinds and not fitting_columns(self._data, step):
                reason = tr("No feature is of the kind {}").format(_either(step.kinds))
            choices.append(StepChoice(step, step.label, step.purpose(), reason=reason))
        return choices

    def _rebuild(self) -> None:
        cards = []
        for at, step in enumerate(self._data.recipe):
            card = StepCard(at + 1, step, ())
            card.selected.connect(lambda at=at: self.select(at))
            card.edited.connect(lambda step, at=at: self.edited.emit(at, step))
            card.removed.connect(lambda at=at: self.removed.emit(at))
            card.moved_by.connect(lambda by, at=at: self.moved.emit(at, at + by))
            card.walked.connect(lambda by, at=at: self.focus_card(at + by))
            cards.append(card)
        self.list.set_cards(cards)

    def _show_open(self) -> None:
        for at, card in enumerate(self.cards):
            if card.is_open != (at == self._open):
                card.set_open(at == self._open)


class _Band(QFrame):
    """The promise that stands above every recipe."""

    def __init__(self) -> None:
        super().__init__(objectName="data.fitted_band")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        text = tr("Fitted on training rows only")
        self.setAccessibleName(text)
        why = icon_button("info", tr("What is learnt, and from which rows"), "data.fitted_band.why")
        self._told = label(
            tr(_LEARNT), "label", "secondary", wrap=True, name="data.fitted_band.text"
        )
        self._told.setContentsMargins(16, 0, 16, 10)
        self._told.hide()
        why.clicked.connect(lambda: self._told.setVisible(self._told.isHidden()))
        why.setToolTip(tr(_LEARNT))
        line = row(
            IconLabel("lock", "success"),
            label(text, "label", "success"),
            None,
            why,
            margins=(16, 2, 8, 2),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(line)
        layout.addWidget(self._told)

    def paintEvent(self, event: QEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("successTint"))


def _either(kinds: Sequence[str]) -> str:
    """Write some kinds in a sentence."""
    *first, last = (tr(kind) for kind in kinds)
    return tr("{} or {}").format(", ".join(first), last) if first else last
