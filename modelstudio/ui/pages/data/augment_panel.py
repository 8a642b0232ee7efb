"""The panel of augmentations: random changes to training samples, in their order."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QMenu, QVBoxLayout

from modelstudio.project.model import DataConfig
from modelstudio.recipe.augment import Augmentation, Mix, SwapNoise, WordDropout
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.augment_wording import settings_text
from modelstudio.ui.pages.data.step_card import StepCard
from modelstudio.ui.pages.data.step_list import StepList
from modelstudio.ui.theme import icon
from modelstudio.ui.widgets import (
    PanelHeader,
    button,
    column,
    label,
    rule,
    scroll,
    toned,
)


def fitting(data: DataConfig) -> list[type[Augmentation]]:
    """Return the augmentations that can act on a field of the data."""
    places = any(field.kind == "tokens" for field in data.fields)
    chosen = any(field.kind == "ranking" for field in data.fields)
    return [
        each
        for each in Augmentation.members()
        if any(map(each.acts_on, data.fields))
        and not (places and issubclass(each, Mix | WordDropout | SwapNoise))
        and not (chosen and issubclass(each, SwapNoise))
    ]


class AugmentPanel(QFrame):
    """List, add, reorder, change and delete augmentations.

    ``edited`` gives all of them anew, ``hovered`` the place of the one under the pointer or None.
    """

    edited = Signal(tuple, str)
    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="data.augment")
        self.setAccessibleName(tr("Augmentation"))
        toned(self, "panel")
        self._data = DataConfig()
        self._open: int | None = None
        self.header = PanelHeader(tr("Augmentation"), name="data.augment.header")
        self.header.set_detail(tr("training only"))
        self.add_button = button(
            tr("Add"), "secondary", "plus", name="data.augment.add", small=True
        )
        self.add_button.clicked.connect(self._offer)
        self.header.add(self.add_button)
        self.list = StepList(lambda source, target: True, tr("Augmentations"), "data.augments")
        self.list.moved.connect(self._move)
        self.nothing = label("", "label", "secondary", wrap=True, name="data.augment.nothing")
        self.nothing.setMargin(16)
        body = column(self.nothing, self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, rule()):
            layout.addWidget(part)
        layout.addWidget(scroll(body, "data.augment.scroll"), 1)

    @property
    def cards(self) -> list[StepCard]:
        """The augmentations as shown, in order."""
        return self.list.cards

    def set_data(self, data: DataConfig) -> None:
        """Show the augmentations of these data choices; forms that stay keep their focus."""
        old, self._data = self._data.augment, data
        if [type(step) for step in old] != [type(step) for step in data.augment]:
            self._rebuild()
        for card, step in zip(self.cards, data.augment, strict=True):
            card.show_step(step, tr(step.label), settings_text(step), ())
        for at, card in enumerate(self.cards):
            card.set_open(at == self._open)
        self.add_button.setEnabled(bool(fitting(data)))
        pictures = any(field.kind == "image" for field in data.fields)
        what = tr("Pictures go in unchanged.") if pictures else tr("Samples go in unchanged.")
        why = tr(
            "Random changes, drawn anew every epoch, keep a network from learning the training "
            "samples by heart."
        )
        self.nothing.setText(f"{what} {why}")
        self.nothing.setVisible(not data.augment)

    def menu(self) -> QMenu:
        """Return the menu of what can be added."""
        menu = QMenu(self)
        for kind in fitting(self._data):
            action = menu.addAction(
                icon("image" if "image" in kind.kinds else "table"), tr(kind.label)
            )
            action.setToolTip(kind.purpose())
            action.triggered.connect(lambda _=False, kind=kind: self._add(kind()))
        menu.setToolTipsVisible(True)
        return menu

    def _offer(self) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))

    def _rebuild(self) -> None:
        cards = []
        for at, step in enumerate(self._data.augment):
            card = StepCard(at + 1, step, (), name=f"data.augment{at + 1}")
            card.selected.connect(lambda at=at: self._select(at))
            card.hovered.connect(lambda over, at=at: self.hovered.emit(at if over else None))
            card.edited.connect(lambda step, at=at: self._replace(at, step))
            card.removed.connect(lambda at=at: self._remove(at))
            card.moved_by.connect(lambda by, at=at: self._move(at, at + by))
            card.walked.connect(lambda by, at=at: self._walk(at + by))
            cards.append(card)
        self.list.set_cards(cards)

    def _select(self, at: int) -> None:
        self._open = None if at == self._open else at
        for place, card in enumerate(self.cards):
            card.set_open(place == self._open)

    def _walk(self, at: int) -> None:
        self.cards[min(max(at, 0), len(self.cards) - 1)].setFocus()

    def _add(self, step: Augmentation) -> None:
        self._open = len(self._data.augment)
        self.edited.emit((*self._data.augment, step), tr("Add {}").format(step.label))

    def _replace(self, at: int, step: Augmentation) -> None:
        steps = self._data.augment
        words = tr("Change {}")
        if steps[at].enabled != step.enabled:
            words = tr("Switch on {}") if step.enabled else tr("Switch off {}")
        self.edited.emit((*steps[:at], step, *steps[at + 1 :]), words.format(step.label))

    def _remove(self, at: int) -> None:
        steps = self._data.augment
        self._open = None
        self.edited.emit((*steps[:at], *steps[at + 1 :]), tr("Delete {}").format(steps[at].label))

    def _move(self, source: int, target: int) -> None:
        if not 0 <= target < len(self._data.augment):
            return
        steps = list(self._data.augment)
        steps.insert(target, steps.pop(source))
        self._open = None
        self.edited.emit(tuple(steps), tr("Move {}").format(steps[target].label))
