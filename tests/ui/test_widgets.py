"""The small widgets: forms from models, choices, toasts, dialogs, search."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.engine.events import Progress
from modelstudio.ui.widgets import (
    Banner,
    ConfirmDialog,
    EmptyState,
    Flow,
    MessageDialog,
    MetricCard,
    ModelForm,
    NumberField,
    ProgressPanel,
    SaveDialog,
    Section,
    SegmentedControl,
    Switch,
    Tag,
    ToastHost,
    format_number,
    label,
    parse_number,
)
from modelstudio.ui.widgets.dialogs import Dialog
from modelstudio.ui.widgets.palette import match_score


class Shade(Enum):
    LIGHT = "light"
    DARK = "dark"


class Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int = Field(32, ge=1, le=4096, description="Number of filters.")
    rate: float = Field(0.001, gt=0, le=1, title="Learning rate", description="Size of a step.")
    padding: Literal["same", "valid"] = Field("same", description="Keep the size, or not.")
    bias: bool = Field(True, description="Add a number to each channel.")
    name: str = Field("conv1", min_length=1, description="What it is called.")
    kernel: tuple[int, int] = Field((3, 3), description="Sides of the filter.")
    stride: int | tuple[int, int] = Field(1, description="Step of the filter.")
    clip: float | None = Field(None, gt=0, description="Largest norm.")
    columns: tuple[str, ...] | None = Field(None, description="Which columns.")
    shade: Shade = Field(Shade.LIGHT, description="How it looks.")
    groups: int = Field(1, ge=1, description="Divides the channels.")

    @model_validator(mode="after")
    def _groups_divide(self) -> Block:
        if self.channels % self.groups:
            raise ValueError("groups must divide channels")
        return self


@pytest.fixture
def form(qtbot: QtBot) -> ModelForm:
    made = ModelForm(Block(), advanced=("groups",), name="block")
    qtbot.addWidget(made)
    made.told = []
    made.changed.connect(lambda field, value: made.told.append((field, value)))
    made.show()
    return made


def type_into(qtbot: QtBot, editor: QWidget, text: str) -> None:
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_a_form_has_an_editor_for_every_field(form: ModelForm) -> None:
    assert set(form.fields) == set(Block.model_fields)
    for field in form.fields:
        editor = form.editor(field)
        assert editor.objectName() == f"block.{field}"
        assert editor.accessibleName()
        assert Block.model_fields[field].description in editor.toolTip()
    assert form.editor("rate").accessibleName() == "Learning rate"
    assert form.advanced.folded


def test_every_kind_of_field_can_be_edited(form: ModelForm, qtbot: QtBot) -> None:
    type_into(qtbot, form.editor("channels"), "64")
    type_into(qtbot, form.editor("rate"), "3e-4")
    form.editor("padding").setCurrentIndex(1)
    form.editor("padding").activated.emit(1)
    form.editor("bias").click()
    type_into(qtbot, form.editor("name"), "conv2")
    type_into(qtbot, form.editor("clip"), "1,5")
    type_into(qtbot, form.editor("columns"), "age, fare")
    assert form.told == [
        ("channels", 64),
        ("rate", 3e-4),
        ("padding", "valid"),
        ("bias", False),
        ("name", "conv2"),
        ("clip", 1.5),
        ("columns", ("age", "fare")),
    ]
    type_into(qtbot, form.editor("clip"), " ")
    type_into(qtbot, form.editor("columns"), " ")
    assert form.model.clip is None
    assert form.model.columns is None
    assert form.model.channels == 64


def test_a_value_out_of_range_is_refused_in_words(form: ModelForm, qtbot: QtBot) -> None:
    type_into(qtbot, form.editor("channels"), "5000")
    assert form.told == []
    assert form.model.channels == 32
    assert form.error("channels") == "From 1 to 4,096."
    assert form.editor("channels").property("invalid") == "true"
    type_into(qtbot, form.editor("rate"), "0")
    assert form.error("rate") == "More than 0 and at most 1."
    type_into(qtbot, form.editor("rate"), "fast")
    assert form.error("rate") == "More than 0 and at most 1."
    type_into(qtbot, form.editor("rate"), "0.5")
    type_into(qtbot, form.editor("channels"), "48")
    assert form.told == [("rate", 0.5), ("channels", 48)]
    assert form.error("channels") == ""
    assert form.editor("channels").property("invalid") == "false"


def test_fields_that_do_not_go_together_are_refused(form: ModelForm, qtbot: QtBot) -> None:
    type_into(qtbot, form.editor("groups"), "5")
    assert form.error("groups").lower() == "groups must divide channels."
    assert form.told == []


def test_buttons_of_a_number_stop_at_the_limits(form: ModelForm) -> None:
    channels = form.editor("channels")
    form.set_model(Block(channels=4096))
    channels.stepUp()
    assert form.told == []
    channels.stepDown()
    assert form.told == [("channels", 4095)]


def test_a_closed_chain_keeps_both_sides_the_same(form: ModelForm, qtbot: QtBot) -> None:
    kernel = form.editor("kernel")
    first, second = kernel._parts
    type_into(qtbot, first, "5")
    assert form.told == [("kernel", (5, 5))]
    kernel._chain.click()
    type_into(qtbot, second, "7")
    assert form.told[-1] == ("kernel", (5, 7))
    type_into(qtbot, form.editor("stride")._parts[0], "2")
    assert form.told[-1] == ("stride", 2)


def test_another_model_is_shown_without_telling(form: ModelForm, qtbot: QtBot) -> None:
    type_into(qtbot, form.editor("channels"), "5000")
    form.set_model(Block(channels=8, padding="valid", bias=False, kernel=(1, 3), clip=2.0))
    assert form.told == []
    assert form.error("channels") == ""
    assert form.editor("channels").value() == 8
    assert form.editor("padding").currentText() == "Valid"
    assert not form.editor("bias").isChecked()
    assert [part.value() for part in form.editor("kernel")._parts] == [1, 3]
    assert form.editor("clip").text() == "2"


def test_differing_values_are_mixed_and_locked_fields_are_off(form: ModelForm) -> None:
    form.set_mixed({"channels", "name", "padding", "bias"})
    assert form.editor("name").placeholderText() == "mixed"
    assert form.editor("padding").currentIndex() == -1
    assert form.editor("bias").mixed
    form.set_locked({"rate"})
    assert not form.editor("rate").isEnabled()
    assert form.editor("channels").isEnabled()


def test_the_focused_field_is_told(form: ModelForm, qtbot: QtBot) -> None:
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    with qtbot.waitSignal(form.field_focused, check_params_cb=lambda field: field == "name"):
        form.editor("name").setFocus()


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 0.001), ("0,5", 0.5), (" 12 ", 12.0), ("nan", None), ("inf", None), ("", None)],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float | None) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.001, "0.001"), (1e-5, "1e-5"), (3.5e-7, "3.5e-7"), (0.0, "0"), (256.0, "256")],
)
def test_numbers_are_written_shortly(number: float, text: str) -> None:
    assert format_number(number) == text
    assert parse_number(text) == number


def test_arrows_step_a_number(qtbot: QtBot) -> None:
    field = NumberField(0.001, "rate", "Learning rate")
    qtbot.addWidget(field)
    with qtbot.waitSignal(field.changed):
        qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.value == 0.0011
    qtbot.keyClick(field, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert field.value < 0.0011


def test_a_segment_is_chosen(qtbot: QtBot) -> None:
    control = SegmentedControl([("raw", "Raw"), ("final", "Final")], "raw", "preview")
    qtbot.addWidget(control)
    with qtbot.waitSignal(control.changed, check_params_cb=lambda value: value == "final"):
        control.segment("final").click()
    with qtbot.assertNotEmitted(control.changed):
        control.set_value("raw")
    assert control.value == "raw"


def test_a_section_folds_and_shows_its_values(qtbot: QtBot) -> None:
    content = label("inside")
    section = Section("Loop", content, name="loop")
    qtbot.addWidget(section)
    section.show()
    assert content.isVisible()
    section.set_folded(True)
    section.set_summary("50 epochs")
    assert not content.isVisible()
    assert section.folded


def test_empty_state_and_banner_tell_their_action(qtbot: QtBot) -> None:
    empty = EmptyState("data", "No data yet", "Open a file.", "Open CSV...", name="empty")
    banner = Banner("error", "<b>fashion is missing.</b>", "Locate...", name="banner")
    for widget, signal in ((empty, empty.triggered), (banner, banner.triggered)):
        qtbot.addWidget(widget)
        widget.show()
        with qtbot.waitSignal(signal):
            widget.findChild(QPushButton).click()
    close = banner.findChild(QWidget, "banner.close")
    assert not close.isVisible(), "an error stays"
    banner.set_kind("warning")
    assert close.isVisible()
    with qtbot.waitSignal(banner.closed):
        close.click()
    assert not banner.isVisible()


def test_bold_is_a_weight_that_the_font_has() -> None:
    assert "font-weight: 600" in label("<b>Gone.</b> Locate it.").text()
    banner = Banner("error", "<b>Gone.</b> Locate it.")
    assert banner.text() == "<b>Gone.</b> Locate it."
    assert any("font-weight: 600" in part.text() for part in banner.findChildren(QLabel))
    banner.deleteLater()


def test_small_things_say_what_they_show(qtbot: QtBot) -> None:
    card = MetricCard("Accuracy", "92.4 %", "91.0 to 93.7", name="accuracy")
    tag = Tag("Done", "success")
    switch = Switch(False, "bias", "Bias")
    progress = ProgressPanel("Reading", name="reading")
    for widget in (card, tag, switch, progress):
        qtbot.addWidget(widget)
        widget.show()
        assert not widget.grab().isNull()
    assert card.accessibleName() == "Accuracy 92.4 % 91.0 to 93.7"
    card.set_value("0.5", kind="error")
    assert card.value_text() == "0.5"
    tag.set("Stop", "error")
    assert tag.property("tag") == "error"
    with qtbot.waitSignal(switch.toggled):
        qtbot.keyClick(switch, Qt.Key.Key_Space)
    for told, shown in (((3000,), "Reading, 3,000 rows"), ((3, 6), "Reading")):
        progress.tell(Progress("Reading", *told))
        assert shown in [part.text() for part in progress.findChildren(QLabel)]
    with qtbot.waitSignal(progress.cancelled):
        progress.cancel.click()


def test_tags_wrap_to_the_width(qtbot: QtBot) -> None:
    box = QWidget()
    qtbot.addWidget(box)
    flow = Flow(box, spacing=4)
    for index in range(6):
        flow.addWidget(Tag(f"A longer tag {index}"))
    assert flow.heightForWidth(150) > 3 * flow.heightForWidth(2000)


# Toasts


@pytest.fixture
def host(qtbot: QtBot) -> ToastHost:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    return ToastHost(window, bottom=28)


def test_three_toasts_at_most(host: ToastHost) -> None:
    for number in range(5):
        host.show_toast(f"Run {number}")
    assert [toast.title for toast in host.shown] == ["Run 2", "Run 3", "Run 4"]
    bottoms = [toast.geometry().bottom() for toast in host.shown]
    assert bottoms == sorted(bottoms)
    assert bottoms[-1] < 600 - 28
    host.clear()
    assert host.shown == ()


def test_the_text_of_an_enlarged_dialog_stays_below_its_title(qtbot: QtBot) -> None:
    dialog = Dialog(None, "The project could not be opened", "It is cut off.", "cut_off")
    qtbot.addWidget(dialog)
    dialog.resize(1280, 720)
    dialog.show()
    assert dialog.heading.geometry().bottom() < 60
    assert dialog.text.y() < 80
    assert dialog.text.alignment() & Qt.AlignmentFlag.AlignTop


@pytest.mark.parametrize("words", [4, 12, 60])
def test_a_toast_is_as_high_as_its_text(host: ToastHost, words: int) -> None:
    detail = "A table of the server " * words
    toast = host.show_toast("The data could not be read", detail, "error", "Show")
    QApplication.processEvents()
    text = next(each for each in toast.findChildren(QLabel) if each.text() == detail)
    assert text.height() >= text.heightForWidth(text.width())
    assert toast.rect().contains(text.geometry())


def test_a_toast_goes_by_itself_and_waits_under_the_pointer(host: ToastHost, qtbot: QtBot) -> None:
    toast = host.show_toast("conv3 deleted", kind="trash")
    assert toast._clock.interval() == 6000
    here = toast.rect().center().toPointF()
    QApplication.sendEvent(toast, QEnterEvent(here, here, here))
    assert not toast._clock.isActive()
    toast._clock.setInterval(10)
    with qtbot.waitSignal(toast.gone, timeout=2000):
        QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    assert host.shown == ()


def test_a_toast_undoes(host: ToastHost) -> None:
    undone: list[str] = []
    toast = host.show_toast("conv3 deleted", "", "trash", "Undo", lambda: undone.append("conv3"))
    toast.action.click()
    assert undone == ["conv3"]
    assert host.shown == ()


# Dialogs


def answer_next(qtbot: QtBot, act: object) -> None:
    """Do ``act`` to the dialog that opens next."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is None:
            QTimer.singleShot(5, look)
        else:
            act(dialog)

    QTimer.singleShot(0, look)


def press(name: str) -> object:
    return lambda dialog: dialog.findChild(QPushButton, name).click()


def escape(dialog: QWidget) -> None:
    dialog.reject()


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        (press("save_dialog.save"), "save"),
        (press("save_dialog.discard"), "discard"),
        (press("save_dialog.cancel"), "cancel"),
        (escape, "cancel"),
    ],
)
def test_save_dialog(qtbot: QtBot, act: object, answer: str) -> None:
    answer_next(qtbot, act)
    assert SaveDialog.ask(None, "loans") == answer


def test_the_safe_button_is_the_default_and_the_destructive_one_is_at_the_left(
    qtbot: QtBot,
) -> None:
    seen: dict[str, object] = {}

    def look(dialog: QWidget) -> None:
        buttons = {found.objectName(): found for found in dialog.findChildren(QPushButton)}
        seen["default"] = next(name for name, found in buttons.items() if found.isDefault())
        seen["order"] = sorted(
            buttons,
            key=lambda name: buttons[name].mapTo(dialog, buttons[name].rect().topLeft()).x(),
        )
        dialog.reject()

    answer_next(qtbot, look)
    assert not ConfirmDialog.ask(None, "Delete run 3?", "It goes to the bin.", "Delete")
    assert seen["default"] == "confirm_dialog.cancel"
    assert seen["order"] == ["confirm_dialog.confirm", "confirm_dialog.cancel"]


def test_a_report_can_be_copied(qtbot: QtBot) -> None:
    def copy(dialog: QWidget) -> None:
        dialog.findChild(QPushButton, "message_dialog.copy").click()
        dialog.accept()

    answer_next(qtbot, copy)
    MessageDialog.show_message(None, "That did not work", "A sentence.", "Traceback ...")
    assert QApplication.clipboard().text() == "Traceback ..."


# Search


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("und", "Undo", "Round trip"),
        ("nl", "Next layer", "Channels"),
        ("conv", "Conv2d", "Clip outliers in a vector"),
    ],
)
def test_fuzzy_search_prefers_beginnings(query: str, better: str, worse: str) -> None:
    high, low = match_score(query, better), match_score(query, worse)
    assert high is not None
    assert low is None or high > low


def test_fuzzy_search_wants_every_letter() -> None:
    assert match_score("xyz", "Export") is None
    assert match_score("", "Export") is not None
