"""What the Data page does to the project, each as one edit with a name for undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from modelstudio.engine.results import Draft
from modelstudio.errors import StudioError
from modelstudio.project.model import CsvOptions, DataConfig, Project, SplitConfig
from modelstudio.recipe.augment import Augmentation
from modelstudio.recipe.columns import Kind, Role
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.sources import is_connection
from modelstudio.recipe.steps import Step
from modelstudio.ui.actions import tr
from modelstudio.ui.document import Document
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data import edits
from modelstudio.ui.pages.data.feed import decided
from modelstudio.ui.pages.data.wording import fix_title, step_title
from modelstudio.ui.widgets import ToastHost
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Fix

_Work = Callable[[Project, Path | None], Draft]


class _Following(NamedTuple):
    """The edit that a network is fitted for: its words, its merge key, how, and what it made."""

    words: str
    merge_key: str
    work: _Work
    project: Project

    def still_holds(self, now: Project) -> bool:
        """Tell whether nothing else that matters was edited since."""
        same = decided(now.data) == decided(self.project.data)
        return same and now.network is self.project.network


class DataCommands(QObject):
    """Carry wishes out through the document; what cannot be is told in a toast.

    ``step_placed`` gives the place of a step that came or moved, ``step_removed`` where one was.
    """

    step_placed = Signal(int)
    step_removed = Signal(int)

    def __init__(self, document: Document, jobs: JobRunner, toasts: ToastHost, parent: QObject):
        super().__init__(parent)
        self._document = document
        self._toasts = toasts
        self._following: _Following | None = None
        self._followed = 0
        self._follower = LatestJob(jobs, self)
        self._follower.finished.connect(self._take_followed)
        self._displaced: tuple[str, str] | None = None

    @property
    def data(self) -> DataConfig:
        """The data choices of the open project."""
        return self._document.project.data

    @property
    def base(self) -> Path | None:
        """Folder that relative paths are meant from."""
        return self._document.path.parent if self._document.path else None

    # Files

    def locate(self, path: Path) -> None:
        """Look for the data at another place."""
        data = self.data.changed(path=stored_path(path, self.base))
        self._edit(tr("Locate {}").format(path.name), data)

    def set_test_file(self, path: Path) -> None:
        """Take the test rows from a second table."""
        split = self.data.split.changed(test_path=stored_path(path, self.base))
        self.set_split(split, tr("Test on {}").format(path.name))

    def set_reading(self, csv: CsvOptions) -> None:
        """Read the file in another way."""
        self._edit(tr("Change how the file is read"), self.data.changed(csv=csv))

    # Columns

    def set_role(self, names: list[str], role: Role) -> None:
        """Give columns a role."""
        words = tr("Set {} to {}").format(_named(names), tr(role))
        self._try(words, lambda: edits.set_role(self.data, names, role))

    def cycle_role(self, name: str, role: Role) -> None:
        """Give a column its next role; a target that was displaced on the way comes back."""
        before = self.data.target
        data = edits.set_role(self.data, [name], role)
        if role == "target":
            self._displaced = (name, before.name) if before else None
        elif self._displaced and self._displaced[0] == name:
            data = edits.set_role(data, [self._displaced[1]], "target")
            self._displaced = None
        self._edit(tr("Set role of {}").format(name), data, f"data.role.{name}")

    def set_kind(self, names: list[str], kind: Kind) -> None:
        """Say what kind of values columns hold."""
        words = tr("Read {} as {}").format(_named(names), tr(kind))
        self._try(words, lambda: edits.set_kind(self.data, names, kind))

    # Findings

    def mend(self, fix: Fix) -> None:
        """Do what a finding suggests."""
        if isinstance(fix, Step):
            self.add_step(fix)
        else:
            self._try(fix_title(fix), lambda: edits.mend(self.data, fix))

    # Recipe

    def add_step(self, step: Step) -> None:
        """Put a step into the recipe, where its sort goes."""
        data, place = edits.add_step(self.data, step)
        self._edit(tr("Add {}").format(step_title(step)), data)
        self.step_placed.emit(place)

    def edit_step(self, place: int, step: Step) -> None:
        """Change the settings of a step, or switch it on or off."""
        words, key = tr("Change {}"), f"data.step{place}"
        if self.data.recipe[place].enabled != step.enabled:
            words, key = tr("Switch on {}") if step.enabled else tr("Switch off {}"), ""
        data = edits.replace_step(self.data, place, step)
        self._edit(words.format(step_title(step)), data, key)

    def remove_step(self, place: int) -> None:
        """Take a step out; the toast brings it back."""
        step = self.data.recipe[place]
        title = step_title(step)
        self._edit(tr("Delete {}").format(title), edits.remove_step(self.data, place))
        self.step_removed.emit(place)
        left = self.data.recipe
        self._toasts.show_toast(
            tr("{} deleted").format(title),
            kind="trash",
            action=tr("Undo"),
            on_action=lambda: self._bring_back(step, place, left),
        )

    def move_step(self, source: int, target: int) -> None:
        """Move a step to another place, if the steps can run in that order."""
        if 0 <= target < len(self.data.recipe):
            words = tr("Move {}").format(step_title(self.data.recipe[source]))
            if self._try(words, lambda: edits.move_step(self.data, source, target)):
                self.step_placed.emit(target)

    def may_move(self, source: int, target: int) -> bool:
        """Return True when the steps can run in that order."""
        try:
            edits.move_step(self.data, source, target)
        except StudioError:
            return False
        return True

    def set_target_scaling(self, value: str) -> None:
        """Scale a number to predict in another way."""
        self._edit(tr("Scale target"), self.data.changed(target_scaling=value))

    def set_negatives(self, negatives: Negatives | None) -> None:
        """Draw what was not chosen in another way, or not at all."""
        before = self.data.negatives
        data = edits.set_negatives(self.data, negatives)
        if before is not None and negatives is not None:
            self._edit(tr("Change negatives"), data, "data.negatives")
            return
        words = tr("Draw what was not chosen") if negatives else tr("Take rows as they are")
        self._take_target_as(words, data)

    def set_label_separator(self, separator: str | None) -> None:
        """Take a cell of the target for several labels, or for one class."""
        words = tr("Take cells as labels") if separator else tr("Take cells as classes")
        stratify = separator is None and self.data.split.stratify
        split = self.data.split.changed(stratify=stratify)
        self._take_target_as(words, self.data.changed(label_separator=separator, split=split))

    def _take_target_as(self, words: str, data: DataConfig) -> None:
        """Change what the target means; the head of the network follows."""
        self._followed += 1
        key = f"data.target{self._followed}"
        self._edit(words, data, key)
        self._follow_target(words, key, _with_fitting_head)

    # Split

    def set_augment(self, steps: tuple[Augmentation, ...], words: str) -> None:
        """Change the augmentations; the same words again are the same edit going on."""
        self._edit(words, self.data.changed(augment=steps), words)

    def set_split(self, split: SplitConfig, words: str, merge_key: str = "") -> None:
        """Share the rows out in another way."""
        self._edit(words, self.data.changed(split=split), merge_key)

    def _bring_back(self, step: Step, place: int, left: tuple[Step, ...]) -> None:
        """Put a deleted step where it was, or where its sort goes if the recipe changed since."""
        if self.data.recipe == left:
            data = self.data.changed(recipe=(*left[:place], step, *left[place:]))
        else:
            data, place = edits.add_step(self.data, step)
        self._edit(tr("Bring back {}").format(step_title(step)), data)
        self.step_placed.emit(place)

    def _try(self, words: str, change: Callable[[], DataConfig]) -> bool:
        try:
            data = change()
        except StudioError as error:
            self._toasts.show_toast(tr("That is not possible"), str(error), "warning")
            return False
        self._edit(words, data)
        return True

    def _edit(self, words: str, data: DataConfig, merge_key: str = "") -> None:
        before, target = self.data.target, data.target
        moved = target is not None and target != before
        if moved and not merge_key:
            self._followed += 1
            merge_key = f"data.target{self._followed}"
        project: Any = self._document.project.changed(data=data)
        self._document.edit(words, project, merge_key or None)
        if target is not None and moved:
            other = before is None or before.name != target.name
            self._follow_target(words, merge_key, _with_target if other else _with_fitting_head)

    # The head of the network follows the target

    def _follow_target(self, words: str, merge_key: str, work: _Work) -> None:
        """Fit fields and network to another target in the background, as part of the same edit."""
        project = self._document.project
        self._following = _Following(words, merge_key, work, project)
        self._follower.start(partial(work, project, self.base), "target")

    def _take_followed(self, draft: Draft) -> None:
        asked, now = self._following, self._document.project
        if asked is None or now.id != asked.project.id:
            return
        target = now.data.target
        if target is None or target != asked.project.data.target:
            return
        if not asked.still_holds(now):
            self._follow_target(asked.words, "", asked.work)
            return
        fitted: Any = now.changed(data=draft.project.data, network=draft.project.network)
        self._document.edit(asked.words, fitted, asked.merge_key or None)
        for note in draft.notes:
            if note.startswith(f"{target.name} has "):
                self._toasts.show_toast(tr("Please check"), note, kind="info")


def _with_target(project: Project, base: Path | None) -> Draft:
    """Run in a job: guess the kind of the target, and fit the network to it."""
    from modelstudio.engine import projects

    assert project.data.target is not None
    return projects.with_target(project, project.data.target.name, base)


def _with_fitting_head(project: Project, base: Path | None) -> Draft:
    """Run in a job: fit the network to a target of another kind."""
    from modelstudio.engine import projects

    return Draft(projects.with_fitting_head(project, base), ())


def stored_path(place: Path | str, base: Path | None) -> str:
    """Return how a path is kept: relative inside the project's folder, otherwise absolute.

    The address of a database is kept as it is.
    """
    if isinstance(place, str) and is_connection(place):
        return place
    path = Path(place).resolve()
    if base is not None and path.is_relative_to(base.resolve()):
        return path.relative_to(base.resolve()).as_posix()
    return str(path)


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "column")
