from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from modelstudio.engine.runs import Decision
from modelstudio.errors import ExportError, RunError
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.export import ExportPage
from modelstudio.ui.pages.export.records import ExportRecord, records
from modelstudio.ui.pages.export.try_panel import TryPanel


def export(page: ExportPage, qtbot: QtBot) -> None:
    with qtbot.waitSignals([page.export_job.finished, page.try_job.finished], timeout=20_000):
        page.actions_["export.run"].trigger()


def test_without_a_run_nothing_can_be_exported(window: MainWindow, churn: Project) -> None:
    window.document.new(churn)
    window.go("export")
    page = window.page("export")
    assert not page.onnx.export.isEnabled()
    assert not page.onnx.path.isEnabled()
    assert page.try_.empty.isVisible()


def test_an_export_is_written_checked_and_remembered(
    page: ExportPage, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    export(page, qtbot)
    assert (tmp_path / "model.onnx").exists()
    assert page.onnx.card.isVisible()
    assert page.onnx.card.property("check") == "good"
    assert page.targets.cards["onnx"].state == "Checked"
    (record,) = records(window.document.project.id)
    assert record.path == str(tmp_path / "model.onnx")
    assert record.threshold == 0.5
    assert page.onnx.show_folder.isEnabled()


def test_the_card_is_green_only_when_every_answer_is_the_same(
    page: ExportPage, engine: Any, qtbot: QtBot
) -> None:
    engine.agreeing = 63
    export(page, qtbot)
    assert page.onnx.card.property("check") == "warning"
    assert "1 rows differ" in page.onnx.card._sentence.text()
    assert page.targets.cards["onnx"].state == "Differs"


@pytest.mark.parametrize(
    ("rows", "agreeing", "difference", "same"),
    [(10, 10, 9e-5, True), (10, 10, 0.2, True), (10, 9, 0.0, False), (0, 0, 0.0, False)],
)
def test_what_counts_as_the_same(rows: int, agreeing: int, difference: float, same: bool) -> None:
    record = ExportRecord("m.onnx", "r", 0.0, None, 18, 1, rows, agreeing, difference, 0.0)
    assert record.same is same


def test_another_threshold_makes_the_file_outdated(page: ExportPage, qtbot: QtBot) -> None:
    export(page, qtbot)
    page._store().set_decision(page.run_id, Decision(0.3))
    page.shown()
    assert page.targets.cards["onnx"].state == "Outdated"
    assert "0.30" in page.onnx._lines["threshold"][1].full_text()


def test_a_failed_export_says_why_and_can_be_tried_again(
    page: ExportPage, engine: Any, qtbot: QtBot
) -> None:
    engine.error = ExportError("The folder is read-only.", fix="Choose another one.")
    with qtbot.waitSignal(page.export_job.failed, timeout=20_000):
        page.onnx.export.click()
    assert page.banner.isVisible()
    assert "read-only" in page.banner.text()
    assert page.targets.cards["onnx"].state == "Failed"
    engine.error = None
    export(page, qtbot)
    assert not page.banner.isVisible()


def test_the_form_has_the_columns_with_typical_values(page: ExportPage, qtbot: QtBot) -> None:
    export(page, qtbot)
    names = [column.name for column in page.document.project.data.features]
    assert [field.name for field in page.try_.fields] == names
    values = page.try_.values()
    assert values["tenure"] == 29.0
    assert values["contract"] == "Month-to-month"


def test_an_edited_value_asks_the_file_again(page: ExportPage, engine: Any, qtbot: QtBot) -> None:
    export(page, qtbot)
    editor = page.try_._editors["tenure"]
    for text, answer in (("72", "No"), ("0", "Yes")):
        with qtbot.waitSignal(page.try_job.finished, timeout=20_000):
            editor.setText(text)
            editor.editingFinished.emit()
        assert page.try_.answer_text() == answer
        assert engine.asked[-1]["tenure"] == float(text)
    editor.setText("many")
    editor.editingFinished.emit()
    assert page.try_.answer_text() == "No answer"
    assert editor.property("invalid") == "true"


def test_an_empty_field_is_a_missing_value(page: ExportPage, engine: Any, qtbot: QtBot) -> None:
    export(page, qtbot)
    with qtbot.waitSignal(page.try_job.finished, timeout=20_000):
        page.try_._editors["tenure"].setText("")
        page.try_._editors["tenure"].editingFinished.emit()
    assert engine.asked[-1]["tenure"] is None


def test_names_stand_beside_their_fields(page: ExportPage, qtbot: QtBot) -> None:
    export(page, qtbot)
    editor = page.try_._editors["tenure"]
    qtbot.waitUntil(lambda: editor.width() > 0 and editor.isVisible())
    head = next(
        each for each in editor.parentWidget().findChildren(QLabel) if each.text() == "tenure"
    )
    assert head.geometry().right() < editor.geometry().left()


def test_a_test_row_fills_the_form_and_tells_its_truth(
    page: ExportPage, engine: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(page, qtbot)
    monkeypatch.setattr("random.choice", lambda rows: rows[1])
    with qtbot.waitSignals([page.rows_job.finished, page.try_job.finished], timeout=20_000):
        page.try_.test_row.click()
    assert "the true answer is Yes" in page.try_._truth.text()
    lines = Path(page.document.project.data.path).read_text().splitlines()
    header, row = lines[0].split(","), lines[1 + 5].split(",")
    told = dict(zip(header, row, strict=True))
    values = page.try_.values()
    assert values["tenure"] == float(told["tenure"])
    assert values["contract"] == told["contract"]


def test_rows_that_come_after_another_run_was_chosen_are_not_taken(
    page: ExportPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(page, qtbot)
    chosen = threading.Event()

    def late(*_: object) -> tuple[str, ...]:
        chosen.wait(10)
        return ("a row of the run before",)

    monkeypatch.setattr("modelstudio.ui.pages.export.page.test_rows", late)
    page.try_.test_row.click()
    page.targets.run_chosen.emit()
    chosen.set()
    qtbot.waitUntil(lambda: not page.jobs.running, timeout=20_000)
    assert page._rows == ()


def test_an_imported_network_is_exported_as_tensors(
    window: MainWindow, engine: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    fields = (
        FieldSpec(name="ids", role="input", kind="ids", shape=("T",), dtype="int", vocabulary=9),
        FieldSpec(name="x", role="input", kind="features", shape=(3, 8), dtype="float"),
        FieldSpec(name="y", role="target", kind="binary", shape=(), dtype="float"),
    )
    project = Project(name="net", data=DataConfig(fields=fields))
    window.document.new(project)
    window.go("export")
    page = window.page("export")
    with page._store().create(project, "{}", parameters=3) as writer:
        writer.end("finished")
    page._store().best_file(writer.run_id).write_bytes(b"weights")
    page.shown()
    page.onnx.path.set_value(str(tmp_path / "net.onnx"))
    assert "ids (batch×T), x (batch×3×8)" in page.onnx._lines["recipe"][1].full_text()
    assert not page.onnx.threshold.isVisible()
    with qtbot.waitSignal(page.export_job.finished, timeout=20_000):
        page.actions_["export.run"].trigger()
    assert page.targets.cards["onnx"].state == "Checked"
    assert page.try_.empty.isVisible()
    said = [words.text() for words in page.try_.empty.findChildren(QLabel)]
    assert "This file takes tensors" in said
    assert "train from this run's weights" in " ".join(said)
    code = page.onnx._usage.toPlainText()
    compile(code, "usage", "exec")
    assert "'ids': np.zeros((1, 16), np.int64)" in code
    assert not page.columns_job.running


def test_what_the_file_takes_is_told_with_an_example(
    page: ExportPage, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(page.usage_job.finished, timeout=20_000):
        page.shown()
    assert page.onnx._lines["recipe"][1].full_text() == "takes 2 raw columns"
    assert page.onnx.card_text.text() == "The file takes 2 raw columns. It gives No, Yes."
    assert page.onnx._usage.toPlainText() == f"model = {str(tmp_path / 'model.onnx')!r}"


def test_a_damaged_run_is_not_explained(
    page: ExportPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RunError("The files of run 1 are damaged.")

    monkeypatch.setattr("modelstudio.engine.exporting.explain_export", refuse)
    with qtbot.waitSignal(page.usage_job.failed, timeout=20_000):
        page.shown()
    assert "damaged" in page.onnx._lines["recipe"][1].full_text()
    assert not page.onnx._usage.toPlainText()


def test_python_code_is_shown_and_saved(
    page: ExportPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.targets.cards["python"].click()
    assert "nn.Module" in page.code.code
    out = tmp_path / "net.py"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    with qtbot.waitSignal(page.code.saved):
        page.code.findChild(object, "export.save_code").click()
    assert out.read_text() == page.code.code


def test_each_label_from_the_threshold_on_is_told(qtbot: QtBot) -> None:
    panel = TryPanel()
    qtbot.addWidget(panel)
    chances = {"action": 0.8, "comedy": 0.2, "drama": 0.9}
    panel.show_answer(chances, 0.5, 0.001, several=True)
    assert panel.answer_text() == "action, drama"
    panel.show_answer(chances, 0.95, 0.001, several=True)
    assert panel.answer_text() == "No label"
