"""What the page does to single pictures: leave them out, take them back, change their class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import QObject

from modelstudio.errors import DataError, StudioError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import ImageFolder
from modelstudio.ui.actions import tr
from modelstudio.ui.document import Document
from modelstudio.ui.widgets import ToastHost
from modelstudio.wording import counted


def left_out(data: DataConfig) -> frozenset[str]:
    """Return the names of the pictures that are left out."""
    return frozenset(data.source.left_out) if isinstance(data.source, ImageFolder) else frozenset()


def chosen_classes(data: DataConfig) -> dict[str, str]:
    """Return the classes that the project gives to single pictures, by their names."""
    return dict(data.source.classes) if isinstance(data.source, ImageFolder) else {}


def leave_out(data: DataConfig, names: Collection[str]) -> DataConfig:
    """Use some pictures no more."""
    source = _folder(data)
    return data.changed(source=source.changed(left_out=(*source.left_out, *names)))


def take_back(data: DataConfig, names: Collection[str]) -> DataConfig:
    """Use pictures again that were left out."""
    source, back = _folder(data), frozenset(names)
    kept = tuple(name for name in source.left_out if name not in back)
    return data.changed(source=source.changed(left_out=kept))


def set_classes(data: DataConfig, classes: Mapping[str, str]) -> DataConfig:
    """Give pictures other classes; an empty one gives back what the folder says.

    Raises
    ------
    DataError
        When the pictures have no classes to choose from.
    """
    source, target = _folder(data), data.target
    if target is None or target.kind != "category":
        what = tr("number") if target is not None else tr("unknown")
        raise DataError(
            tr("The pictures have no classes: what is known of each is a {}.").format(what),
            fix=tr("Choose a column of categories as the target."),
        )
    chosen = {**dict(source.classes), **classes}
    return data.changed(
        source=source.changed(classes={name: told for name, told in chosen.items() if told})
    )


def _folder(data: DataConfig) -> ImageFolder:
    if not isinstance(data.source, ImageFolder):
        raise DataError(
            tr("Single files can be left out of a folder of pictures only."),
            fix=tr("Take rows out of a table with a step of the recipe."),
        )
    return data.source


class PictureEdits(QObject):
    """Carry out the edits through the document, each with a toast that takes it back."""

    def __init__(self, document: Document, toasts: ToastHost, parent: QObject):
        super().__init__(parent)
        self._document = document
        self._toasts = toasts

    def leave_out(self, names: Collection[str]) -> None:
        """Use some pictures no more; their files stay."""
        gone = left_out(self._data)
        new = [name for name in names if name not in gone]
        told = counted(len(new), tr("picture"))
        if new and self._edit(tr("Leave out {}").format(told), lambda: leave_out(self._data, new)):
            self._toasts.show_toast(
                tr("{} left out").format(told),
                tr("Not used for training or tests. Nothing is deleted from the disk."),
                "success",
                tr("Undo"),
                lambda: self.take_back(new),
            )

    def take_back(self, names: Collection[str]) -> None:
        """Use pictures again that were left out."""
        gone = left_out(self._data)
        if back := [name for name in names if name in gone]:
            words = tr("Take back {}").format(counted(len(back), tr("picture")))
            self._edit(words, lambda: take_back(self._data, back))

    def toggle(self, names: Collection[str]) -> None:
        """Leave pictures out, or take them back if all are out already."""
        (self.take_back if left_out(self._data).issuperset(names) else self.leave_out)(names)

    def set_class(self, own: Mapping[str, str], label: str) -> None:
        """Give pictures a class.

        Parameters
        ----------
        own
            The class that the source has for each picture, by its name.
        """
        before = chosen_classes(self._data)
        moved = {
            name: "" if told == label else label
            for name, told in own.items()
            if before.get(name, told) != label
        }
        if not moved:
            return
        told = counted(len(moved), tr("picture"))
        words = tr("Move {} to {}").format(told, label)
        if self._edit(words, lambda: set_classes(self._data, moved)):
            back = {name: before.get(name, "") for name in moved}
            self._toasts.show_toast(
                tr("{} moved to {}").format(told, label),
                tr("The files stay in their folders."),
                "success",
                tr("Undo"),
                lambda: self._edit(
                    tr("Move {} back").format(told), lambda: set_classes(self._data, back)
                ),
            )

    @property
    def _data(self) -> DataConfig:
        return self._document.project.data

    def _edit(self, words: str, change: Callable[[], DataConfig]) -> bool:
        try:
            data = change()
        except StudioError as error:
            self._toasts.show_toast(tr("That is not possible"), str(error), "warning")
            return False
        self._document.edit(words, self._document.project.changed(data=data))
        return True
