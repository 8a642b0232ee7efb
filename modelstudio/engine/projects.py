"""Projects from data files: what is not said is guessed; fields and paths follow the files.

``base`` is the folder of the project's file, from which relative paths of data are meant.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from modelstudio.engine.events import Progress, drain, retold
from modelstudio.engine.results import Draft
from modelstudio.engine.unusable import unusable_files
from modelstudio.errors import DataError, DataMoved
from modelstudio.project.model import CsvOptions, DataConfig, Project, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Source, is_connection

if TYPE_CHECKING:
    from modelstudio.data.detect import Task
    from modelstudio.data.prepare import Prepared
    from modelstudio.network.graph import Graph


def new_project(
    data: Path | str,
    *,
    target: str | None = None,
    test_data: Path | None = None,
    split_seed: int | None = None,
    task: Task | None = None,
    csv: CsvOptions | None = None,
    source: Source | None = None,
) -> Draft:
    """Make a project from data: roles, recipe, network and settings are guessed.

    Raises
    ------
    DataError
        When nothing can be learnt from what lies there, or ``target`` is no column of it.
    """
    project = Project(name=Path(data).stem, data=DataConfig(csv=csv or CsvOptions()))
    return drain(opening(project, data, target, test_data, split_seed, task, source))


def opening(
    project: Project,
    data: Path | str,
    target: str | None = None,
    test_data: Path | None = None,
    split_seed: int | None = None,
    task: Task | None = None,
    source: Source | None = None,
) -> Generator[Progress, None, Draft]:
    """Give a project other data; network and training choices stay if there is a network.

    Parameters
    ----------
    data
        A file, a folder, or the address of a database as text.
    source
        What it is and what of it is read, where that was said.
    """
    yield Progress("Looking at the data")
    from modelstudio.data import detect, sources

    seed = project.data.split.seed if split_seed is None else split_seed
    tests = str(sources.absolute(test_data)) if test_data else None
    split = SplitConfig(seed=seed, test_path=tests)
    known = DataConfig(
        path=sources.placed(data),
        source=source or detect.detect(data, task),
        csv=project.data.csv.asked(),
    )
    known = sources.naming(known, target)
    sources.renew(known)
    frame = yield from retold(
        sources.reading_plain(known),
        lambda portion: Progress("Reading the data", portion.done, portion.total),
    )
    info = sources.inspect(known)
    read = known.csv.changed(**{**info.reading, **known.csv.chosen()})
    guessed = detect.guess(known.changed(csv=read), frame, target, task)
    notes = (*info.notes, *guessed.notes)
    config = known.changed(
        csv=known.csv.changed(**{**info.reading, **guessed.csv, **known.csv.chosen()}),
        columns=guessed.columns,
        recipe=guessed.recipe,
        split=split.changed(**guessed.split),
        augment=guessed.augment,
        negatives=guessed.negatives,
        label_separator=guessed.label_separator,
    )
    project = project.changed(data=config)
    try:
        project, prepared = yield from _with_fields(project, None)
    except DataError as error:
        return Draft(project, (*notes, error.message), error)
    rows = len(prepared.train.rows)
    if not project.network.nodes:
        from modelstudio.engine import draft

        project = project.changed(
            network=draft.network(project.data.fields, rows),
            training=draft.settings(project.data.fields, rows, project.training),
        )
    return Draft(project, notes, unusable=unusable_files(prepared.fitted, prepared.clean))


def read_again(project: Project) -> None:
    """Have the rows of a project asked for anew, where they come from a database server."""
    from modelstudio.data import sources

    sources.renew(project.data)


def draft_network(project: Project) -> Graph:
    """Return a sensible starting network for the project's fields."""
    from modelstudio.engine import draft

    rows = draft.rows_for(project.training.batch_size)
    return draft.network(project.data.fields, rows)


def with_target(project: Project, target: str, base: Path | None = None) -> Draft:
    """Make another column the target; the head of the network is changed to fit."""
    from modelstudio.data import detect, sources
    from modelstudio.data.guess import guess_recipe

    data = project.data
    if data.negatives is not None:
        return Draft(with_fitting_head(project, base), ())
    plain = data.changed(columns=())
    guessed = detect.guess(plain, sources.read_plain(plain, base), target)
    kinds = {column.name: column.kind for column in guessed.columns}
    columns = []
    for column in data.columns:
        if column.name == target:
            column = Column(name=target, kind=kinds[target], role="target")
        elif column.role == "target":
            column = Column(name=column.name, kind=column.kind, role="feature")
        columns.append(column)
    untouched = data.recipe == guess_recipe(data.columns)
    recipe = guess_recipe(tuple(columns)) if untouched else data.recipe
    project = project.changed(
        data=data.changed(
            columns=tuple(columns), recipe=recipe, label_separator=guessed.label_separator
        )
    )
    return Draft(with_fitting_head(project, base), guessed.notes)


def with_fitting_head(project: Project, base: Path | None = None) -> Project:
    """Work out the fields from the file, and change the head of the network to fit the target."""
    from modelstudio.engine import draft

    project = refresh_fields(project, base)
    return project.changed(network=draft.with_head(project.network, project.data.fields))


def refresh_fields(project: Project, base: Path | None = None) -> Project:
    """Work out fields and fingerprint from the file; the same project when nothing changed."""
    return drain(_with_fields(project, base))[0]


def _with_fields(
    project: Project, base: Path | None
) -> Generator[Progress, None, tuple[Project, Prepared]]:
    """Return the project with fresh fields, and its data."""
    prepared = yield from prepare(project, base)
    fields, mark = prepared.fitted.fields, prepared.fingerprint
    data = project.data
    if (data.fields, data.fingerprint) != (fields, mark):
        project = project.changed(data=data.changed(fields=fields, fingerprint=mark))
    return project, prepared


def prepare(project: Project, base: Path | None) -> Generator[Progress, None, Prepared]:
    """Read the data and fit the recipe on the training rows.

    Raises
    ------
    DataError
        When the data cannot be used as asked; `DataMoved` when it is not where it was.
    """
    yield Progress("Reading the data")
    from modelstudio.data.prepare import fit_recipe

    if (place := lost_place(project.data, base)) is not None:
        raise data_moved(place)
    return (
        yield from retold(
            fit_recipe(project.data, base),
            lambda doing: Progress(doing) if isinstance(doing, str) else Progress(*doing),
        )
    )


def lost_place(data: DataConfig, base: Path | None) -> Path | None:
    """Return where data of a project should lie and does not, of all places the first."""
    from modelstudio.data.sources import resolve

    given = [path for path in (data.path, data.split.test_path) if path]
    places = [resolve(path, base) for path in given if not is_connection(path)]
    return next((place for place in places if not os.path.lexists(place)), None)


def data_moved(place: Path) -> DataMoved:
    """Say that data is not where it was."""
    return DataMoved(
        f"{place.name} is not where the project looks for its data: there is no {place}.",
        where=str(place),
        fix="Put it back there, or tell where it lies now: Locate on the Data page.",
    )


def at_place(project: Project, place: Path | None) -> Project:
    """Return a project whose data lies elsewhere; None leaves it where it is."""
    from modelstudio.data.sources import absolute

    if place is None:
        return project
    return project.changed(data=project.data.changed(path=str(absolute(place))))


def check_place(place: Path) -> None:
    """Refuse a new place of data where nothing lies, or whose name cannot be kept.

    Raises
    ------
    DataError
        When there is nothing.
    """
    from modelstudio.data.sources.files import check_name, unreadable

    check_name(place.absolute())
    try:
        place.stat()
    except (OSError, ValueError) as error:
        raise unreadable(place.absolute(), error) from None


def found_again(
    kept: Project, now: Project, base: Path | None, moved: Path | None = None
) -> Project:
    """Return what a run kept of its project, with its data where that lies now.

    That is the place it was ``moved`` to; without one that of the project, if it is not where it
    was.
    """
    if moved is not None:
        return at_place(kept, moved)
    old, new = kept.data, now.data
    if new.path is None or type(old.source) is not type(new.source):
        return kept
    if lost_place(old, base) is None or lost_place(new, base) is not None:
        return kept
    split = old.split.changed(test_path=new.split.test_path)
    return kept.changed(data=old.changed(path=new.path, split=split))


def rebase(project: Project, old: Path | None, new: Path | None) -> Project:
    """Rewrite the data paths of a project whose file moves from folder ``old`` to ``new``.

    A path inside the new folder's tree becomes relative to it, any other absolute.
    """
    from modelstudio.data.sources import resolve

    def moved(path: str | None) -> str | None:
        if path is None or is_connection(path):
            return path
        absolute = resolve(path, old)
        if new is not None and absolute.is_relative_to(new.resolve()):
            return absolute.relative_to(new.resolve()).as_posix()
        return str(absolute)

    data = project.data
    split = data.split.changed(test_path=moved(data.split.test_path))
    changed = data.changed(path=moved(data.path), split=split)
    return project if changed == data else project.changed(data=changed)
