"""The document: edits, undo, files, and what a crash leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.errors import ProjectError
from modelstudio.project.files import autosave_path, load_project, save_project
from modelstudio.project.model import Project
from modelstudio.ui.document import AUTOSAVE_MS, Document
from modelstudio.ui.journal import journal_folder, recoveries, recovery_for


@pytest.fixture
def document(qtbot: QtBot):
    made = Document()
    made.new(Project(name="churn"))
    yield made
    made.close()


def with_epochs(document: Document, epochs: int) -> Project:
    project = document.project
    return project.changed(training=project.training.changed(epochs=epochs))


def test_an_edit_tells_old_and_new_and_shares_the_rest(document: Document, qtbot: QtBot) -> None:
    before = document.project
    with qtbot.waitSignals([document.changed, document.clean_changed, document.history_changed]):
        document.edit("Set epochs", with_epochs(document, 7))
    assert document.project.training.epochs == 7
    assert document.project.network is before.network
    assert document.undo_label == "Set epochs"
    assert not document.is_clean


def test_an_edit_that_changes_nothing_is_none(document: Document, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(document.changed):
        document.edit("Nothing", with_epochs(document, document.project.training.epochs))
    assert not document.can_undo


def test_undo_and_redo(document: Document) -> None:
    first = document.project
    document.edit("One", with_epochs(document, 1))
    document.edit("Two", with_epochs(document, 2))
    document.undo()
    assert document.project.training.epochs == 1
    assert document.redo_label == "Two"
    document.undo()
    assert document.project is first
    assert document.is_clean
    assert not document.can_undo
    document.redo()
    assert document.project.training.epochs == 1


def test_edits_with_one_merge_key_are_one_undo(document: Document) -> None:
    first = document.project
    for epochs in (1, 2, 3):
        document.edit("Set epochs", with_epochs(document, epochs), merge_key="epochs")
    document.undo()
    assert document.project is first


def test_refresh_makes_no_undo_entry(document: Document, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.changed):
        document.refresh(document.project.changed(name="fields"))
    assert not document.can_undo
    assert document.is_clean


def test_saving_names_the_project_and_is_read_back(document: Document, tmp_path: Path) -> None:
    document.edit("Set epochs", with_epochs(document, 7))
    with pytest.raises(ProjectError):
        document.save()
    path = tmp_path / "loans.mstudio"
    document.save(path)
    assert document.is_clean
    assert document.name == document.project.name == "loans"
    assert load_project(path) == document.project


def test_a_failed_save_keeps_file_and_edits(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "loans.mstudio"
    document.save(path)
    before = path.read_bytes()
    document.edit("Set epochs", with_epochs(document, 7))
    with pytest.raises(ProjectError, match="folder does not exist"):
        document.save(tmp_path / "gone" / "x.mstudio")
    assert path.read_bytes() == before
    assert document.path == path
    assert document.project.training.epochs == 7
    assert not document.is_clean


def test_someone_elses_save_is_noticed(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "loans.mstudio"
    document.save(path)
    assert not document.changed_on_disk()
    save_project(with_epochs(document, 12345), path)
    assert document.changed_on_disk()


def test_a_broken_file_leaves_the_open_project(document: Document, tmp_path: Path) -> None:
    path = tmp_path / "half.mstudio"
    path.write_text('{"format_version": 1, "network": {', encoding="utf-8")
    project = document.project
    with pytest.raises(ProjectError, match="cut off"):
        document.load(path)
    assert document.project is project


def test_edits_are_journalled_beside_the_file_after_two_seconds(
    document: Document, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "loans.mstudio"
    document.save(path)
    assert AUTOSAVE_MS == 2000
    document._autosave.setInterval(10)
    document.edit("Set epochs", with_epochs(document, 7))
    qtbot.waitUntil(autosave_path(path).exists, timeout=3000)
    assert load_project(path).training.epochs != 7
    assert load_project(autosave_path(path)).training.epochs == 7
    document.save()
    assert not autosave_path(path).exists()


def test_a_project_without_a_file_is_journalled_in_the_application_folder(
    document: Document,
) -> None:
    document.edit("Set epochs", with_epochs(document, 7))
    document.write_journal()
    (file,) = journal_folder().glob("*.json")
    assert json.loads(file.read_text())["path"] is None
    assert recoveries([]) == [], "its owner is alive"
    document.close()
    assert not file.exists()


def crash(document: Document) -> None:
    """End a document as a killed process would: locks go, files stay."""
    document._autosave.stop()
    document._journal.detach()


def test_a_crash_loses_nothing_that_was_journalled(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "loans.mstudio"
    first = Document()
    first.new(Project())
    first.save(path)
    first.edit("Set epochs", with_epochs(first, 7))
    first.write_journal()
    assert recovery_for(path) is None, "its owner is alive"
    crash(first)

    kept = recovery_for(path)
    assert kept is not None
    assert kept.name == "loans"
    second = Document()
    second.recover(kept)
    assert second.project.training.epochs == 7
    assert second.path == path
    assert not second.is_clean
    assert autosave_path(path).exists(), "a second crash must not lose them either"
    second.save()
    assert load_project(path).training.epochs == 7
    assert recovery_for(path) is None
    second.close()


def test_a_crash_without_a_file_is_found_by_the_journal(qtbot: QtBot) -> None:
    first = Document()
    first.new(Project(name="nameless"))
    first.edit("Set epochs", with_epochs(first, 7))
    first.write_journal()
    crash(first)
    (kept,) = recoveries([])
    assert kept.path is None
    assert kept.name == "nameless"
    assert kept.read().training.epochs == 7
    kept.discard()
    assert recoveries([]) == []


def test_a_damaged_journal_is_passed_over(tmp_path: Path, qtbot: QtBot) -> None:
    (journal_folder() / "broken.json").write_text("{", encoding="utf-8")
    path = tmp_path / "loans.mstudio"
    autosave_path(path).write_text("[]", encoding="utf-8")
    assert recoveries([path]) == []
