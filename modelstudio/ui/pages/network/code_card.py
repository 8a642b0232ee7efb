"""The part of the inspector that is about Python: settings of a block, its code, and trust."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field, create_model
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.layers.custom import Custom, may_run, read_source
from modelstudio.network.analysis import Problem
from modelstudio.trust import forget, trust, trusted
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.source_dialog import Answer, SourceDialog
from modelstudio.ui.widgets import ModelForm, button, label, toned

_PREFIX = "set_"
"""Before the names of settings in the form, so that none is taken for a name of pydantic's."""


class CodeCard(QWidget):
    """Settings read off the code of a Python block, and the way to the code."""

    def __init__(self, editor: Editor, node_id: str):
        super().__init__(objectName="network.python")
        self._editor, self._id = editor, node_id
        self._source: str | None = None
        self.form: ModelForm | None = None
        self.edit = button(tr("Edit code..."), "secondary", "code", name="network.python.edit")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)
        self._box.addWidget(self.edit)
        self.distrust = button(tr("Take trust back"), "ghost", name="network.python.distrust")
        self.distrust.setToolTip(tr("Its code runs no more until you trust it again"))
        self.distrust.clicked.connect(self._take_back)
        self._box.addWidget(self.distrust)
        self.edit.clicked.connect(lambda: open_code(self, editor, node_id))

    @property
    def purpose(self) -> str:
        """The first sentence of the block's own docstring, or that of all Python blocks."""
        return read_source(self._source or "").purpose or Custom.purpose()

    def refresh(self) -> None:
        """Show the settings as they are now."""
        node = self._editor.graph.nodes.get(self._id)
        if node is None or not isinstance(node.layer, Custom):
            return
        self.distrust.setVisible(trusted(node.layer.source))
        values = node.layer.values()
        if node.layer.source != self._source:
            self._source = node.layer.source
            self._make_form(values)
        elif self.form is not None and self.form.model.model_dump() != _prefixed(values):
            self.form.set_model(type(self.form.model)(**_prefixed(values)))

    def _make_form(self, values: dict[str, Any]) -> None:
        if self.form is not None:
            self._box.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if values:
            self.form = ModelForm(settings_model(values), name="network.python.form")
            self.form.changed.connect(self._set)
            self._box.insertWidget(0, self.form)

    def _take_back(self) -> None:
        try:
            forget(self._source)
        except StudioError as error:
            self._editor.refused.emit(str(error))
        self._editor.look_again()

    def _set(self, name: str, value: object) -> None:
        node = self._editor.graph.nodes[self._id]
        if isinstance(node.layer, Custom) and isinstance(value, bool | int | float | str):
            settings = node.layer.with_value(name.removeprefix(_PREFIX), value).settings
            self._editor.set_field("settings", settings)


def settings_model(values: dict[str, Any]) -> BaseModel:
    """Return the settings of a block as something that a form can edit."""
    fields: dict[str, Any] = {
        f"{_PREFIX}{name}": (
            type(value),
            Field(title=name.replace("_", " "), description=tr("Argument of __init__.")),
        )
        for name, value in values.items()
    }
    return create_model("Settings", **fields)(**_prefixed(values))


def _prefixed(values: dict[str, Any]) -> dict[str, Any]:
    return {f"{_PREFIX}{name}": value for name, value in values.items()}


class TrustCard(QFrame):
    """Says that code was not run, and leads to it."""

    def __init__(self, editor: Editor):
        super().__init__(objectName="network.trust")
        toned(self, "card")
        self._editor, self._id = editor, ""
        self._text = label("", "label", wrap=True, name="network.trust.text")
        self.run = button(tr("Trust and run..."), "primary", name="network.trust.run")
        self.run.clicked.connect(lambda: open_code(self, self._editor, self._id))
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 10, 12, 10)
        box.setSpacing(8)
        box.addWidget(self._text)
        box.addWidget(self.run)

    def show_block(self, node_id: str) -> None:
        """Show the sentence of a block whose code waits, or nothing."""
        self._id = node_id
        problem = _waiting(self._editor, node_id)
        self._text.setText(problem.message if problem else "")
        self.setVisible(problem is not None)


def _waiting(editor: Editor, node_id: str) -> Problem | None:
    """Return the problem of a block that code in it waits to be trusted."""
    found = (p for p in editor.analysis.problems if p.node == node_id and p.untrusted is not None)
    return next(found, None)


def take_code(editor: Editor, node_id: str, answer: Answer) -> None:
    """Keep the code of a block, and trust it if so decided."""
    if answer.trusted and not may_run(answer.source):
        try:
            trust(answer.source)
        except StudioError as error:
            editor.refused.emit(str(error))
    node = editor.graph.nodes[node_id]
    if isinstance(node.layer, Custom) and answer.source != node.layer.source:
        layer = node.layer.changed(source=answer.source)
        text = tr("Change code of {0}").format(node.name)
        editor.apply(text, editor.graph.put(replace(node, layer=layer)))
    else:
        editor.look_again()


def open_code(parent: QWidget, editor: Editor, node_id: str) -> bool:
    """Show the code of a Python block, or of one inside a group that waits to be trusted.

    Return False when there is none to show.
    """
    node = editor.graph.nodes[node_id]
    if isinstance(node.layer, Custom):
        source: str | None = node.layer.source
    else:
        waiting = _waiting(editor, node_id)
        source = waiting.untrusted if waiting is not None else None
    if source is None:
        return False
    inside = not isinstance(node.layer, Custom)
    answer = SourceDialog.ask(parent.window(), node.name, source, read_only=inside)
    if answer is not None:
        take_code(editor, node_id, answer)
    return True
