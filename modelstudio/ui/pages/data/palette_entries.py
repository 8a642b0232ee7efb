"""What the command palette offers on the Data page: its columns, and what its buttons do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QWidget

from modelstudio.ui.actions import GROUPS, tr
from modelstudio.ui.pages.data.wording import KIND_ICONS
from modelstudio.ui.widgets import PaletteEntry

if TYPE_CHECKING:
    from modelstudio.ui.pages.data.page import DataPage


def entries(page: DataPage) -> Iterator[PaletteEntry]:
    """Yield the columns, then the buttons that can be pressed now, then the sides to look at."""
    if page.data.path is None:
        return
    for each in page.data.columns:
        role = tr(each.role.capitalize())
        go = partial(page.show_column, each.name)
        yield PaletteEntry(each.name, tr("Columns"), go, KIND_ICONS[each.kind], role)
    group = tr(GROUPS["data"])
    for words, pressed, icon in _buttons(page):
        if pressed.isEnabled() and pressed.isVisibleTo(_whole(page, pressed)):
            yield PaletteEntry(words, group, partial(_press, page, pressed), icon)
    for side, icon in (("recipe", "filter"), ("augment", "refresh")):
        if page.side.value != side:
            segment = page.side.segment(side)
            words = tr("Show {}").format(segment.text().lower())
            yield PaletteEntry(words, group, partial(_press, page, segment), icon)


def _buttons(page: DataPage) -> tuple[tuple[str, QAbstractButton, str], ...]:
    banner = page.pictures_side.banner.buttons
    return (
        (tr("Review copies of pictures"), banner["review"], "copy"),
        (tr("Leave out copies of pictures"), banner["remove"], "trash"),
        (tr("Look for copies and damaged files"), banner["search"], "search"),
        (tr("Show files that cannot be read"), banner["files"], "warn"),
        (tr("Leave out files that cannot be read"), banner["drop"], "trash"),
        (tr("Show as a table"), page.pictures.as_table, "table"),
        (tr("Show as pictures"), page.preview.as_pictures, "grid"),
        (tr("Draw augmented samples again"), page.samples.again, "refresh"),
        (tr("Balance batches"), page.classes.advice.batches, ""),
        (tr("Weight loss by class"), page.classes.advice.loss, ""),
        (tr("How the file is read"), page.preview.reading, "gear"),
        (tr("Show or hide the chosen row"), page.preview.below, "panel_bottom"),
        (tr("Mark or unmark changes"), page.preview.mark, ""),
        (tr("Search columns"), page.columns.search_button, "search"),
        (tr("Read the data again"), page.preview.checks.again, "refresh"),
        (tr("Inputs that reach the network"), page.recipe.see, "network"),
        (tr("Add augmentation"), page.augment.add_button, "plus"),
        (tr("How rows are shared out"), page.split.more, "gear"),
        (tr("Shuffle the split"), page.split.shuffle, "redo"),
        (tr("Take the test rows from a second table"), page.split.choose, "file"),
    )


def _whole(page: DataPage, pressed: QAbstractButton) -> QWidget:
    """Return what a button has to be in sight of; settings of the split may be folded."""
    settings = page.split.settings
    return settings if settings.isAncestorOf(pressed) else page


def _press(page: DataPage, pressed: QAbstractButton) -> None:
    page.main.go(page.page_id)
    pressed.click()
