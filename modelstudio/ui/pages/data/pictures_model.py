"""The pictures of a project as a list: what the folder has, and what the project says of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from modelstudio.project.model import DataConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.picture_edits import chosen_classes, left_out

if TYPE_CHECKING:
    from modelstudio.data.preview import PictureList

Which = Literal["all", "class", "left out", "broken"]
"""Pictures that can be looked at alone; of a class goes with its name."""

PATH, NAME, STATE = (Qt.ItemDataRole.UserRole + at for at in range(3))
"""Path of the file, its name in the project, and what is said of it: `State`."""

_ROOT = QModelIndex()


class State(NamedTuple):
    """What the grid shows of a picture besides itself."""

    left_out: bool
    moved: bool
    broken: bool


class Filter(NamedTuple):
    """What is in sight: a part, pictures of a sort, and words in the name of the file."""

    part: str = ""
    which: Which = "all"
    label: str = ""
    words: str = ""


class PicturesModel(QAbstractListModel):
    """The pictures that pass the filter.

    ``changed`` says that the same pictures look different: views paint anew, and move nothing.
    """

    changed = Signal()

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._list: PictureList | None = None
        self._order: list[int] = []
        self._shown: list[int] = []
        self._left_out: frozenset[str] = frozenset()
        self._moved: dict[str, str] = {}
        self._broken: Mapping[int, str] = {}
        self._filter = Filter()
        self.labels: tuple[str, ...] = ()

    @property
    def listed(self) -> PictureList | None:
        """All pictures, whether they pass the filter or not."""
        return self._list

    @property
    def used(self) -> list[int]:
        """Rows of the pictures that are not left out."""
        names = self._list.names if self._list is not None else ()
        return [row for row, name in enumerate(names) if name not in self._left_out]

    @property
    def broken(self) -> Mapping[int, str]:
        """Why a file cannot be read, by its row; those that are left out are not among them."""
        assert self._list is not None
        names = self._list.names
        return {row: why for row, why in self._broken.items() if names[row] not in self._left_out}

    def some(self, count: int) -> list[str]:
        """Return the paths of some pictures that are used, of all classes."""
        if self._list is None:
            return []
        names, paths = self._list.names, self._list.paths
        used = (paths[row] for row in self._order if names[row] not in self._left_out)
        return list(islice(used, count))

    def set_list(self, pictures: PictureList) -> None:
        """Show other pictures, those of all classes mixed."""
        if self._list is None or pictures.paths != self._list.paths:
            place: dict[str, int] = {}
            rank = []
            for told in pictures.labels:
                rank.append(place.get(told, 0))
                place[told] = rank[-1] + 1
            self._order = sorted(range(len(rank)), key=rank.__getitem__)
            self._broken = {}
        self._list = pictures
        self._label()

    def set_data(self, data: DataConfig) -> None:
        """Follow what the project says of single pictures."""
        now = (left_out(data), chosen_classes(data))
        if now != (self._left_out, self._moved):
            self._left_out, self._moved = now
            self._label()

    def set_broken(self, broken: Mapping[int, str]) -> None:
        """Tell why some files cannot be read, by their rows."""
        if broken != self._broken:
            self._broken = broken
            self._narrow()

    def set_filter(self, wanted: Filter) -> None:
        """Show some of the pictures."""
        if wanted != self._filter:
            self._filter = wanted
            self._narrow()

    def _label(self) -> None:
        if self._list is not None:
            pairs = zip(self._list.names, self._list.labels, strict=True)
            self.labels = tuple(self._moved.get(name, told) for name, told in pairs)
        self._narrow()

    def _narrow(self) -> None:
        """Apply the filter anew; the same pictures keep their places and their selection."""
        everything = self._filter == Filter()
        shown = self._order if everything else list(filter(self._passes, self._order))
        if shown != self._shown:
            self.beginResetModel()
            self._shown = shown
            self.endResetModel()
        else:
            self.changed.emit()

    def _passes(self, row: int) -> bool:
        assert self._list is not None
        part, which, label, words = self._filter
        if part and self._list.parts[row] != part:
            return False
        match which:
            case "class" if self.labels[row] != label:
                return False
            case "left out" if self._list.names[row] not in self._left_out:
                return False
            case "broken" if row not in self._broken:
                return False
        return not words or words in PurePath(self._list.names[row]).name.lower()

    def places(self, paths: Collection[str]) -> dict[str, int]:
        """Return where some pictures are among those in sight."""
        if self._list is None or not paths:
            return {}
        known = self._list.paths
        return {known[row]: at for at, row in enumerate(self._shown) if known[row] in paths}

    def own_label(self, index: QModelIndex) -> str:
        """Return the class that the source has for a picture."""
        return "" if self._list is None else self._list.labels[self._shown[index.row()]]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if self._list is None or not index.isValid():
            return None
        row = self._shown[index.row()]
        name = self._list.names[row]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.labels[row] or PurePath(name).name
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join((name, *self._told(row)))
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join((PurePath(name).name, *self._told(row)))
            case _ if role == PATH:
                return self._list.paths[row]
            case _ if role == NAME:
                return name
            case _ if role == STATE:
                return State(name in self._left_out, name in self._moved, row in self._broken)
        return None

    def _told(self, row: int) -> list[str]:
        """Return the lines about a picture: its class, its part, and what is unusual."""
        assert self._list is not None
        name, part = self._list.names[row], self._list.parts[row]
        told = [self.labels[row]] if self.labels[row] else []
        if name in self._moved and (own := self._list.labels[row]):
            told.append(tr("moved here from {}").format(own))
        if row in self._broken:
            told.append(tr("the file {}").format(self._broken[row]))
        if name in self._left_out:
            told.append(tr("left out; Delete takes it back"))
        elif part:
            told.append(tr(part.capitalize()))
        return told
