"""What can be set of the selected blocks: name, fields, weights, switches; and what it means."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from modelstudio.layers.custom import Custom
from modelstudio.network.graph import Node
from modelstudio.network.layer import UnknownLayer
from modelstudio.ui.actions import tr
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network.code_card import CodeCard
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.sharing import possible_owners, share
from modelstudio.ui.pages.network.sketch import Sketch, has_sketch
from modelstudio.ui.widgets import (
    ComboBox,
    LineField,
    ModelForm,
    Switch,
    label,
    semibold,
    toned,
)

_DATA_FIELDS = {"field": "input", "target": "target"}
"""Settings that name a field of the data, and of which role."""

_HIDDEN = {"graph", "raw", "source", "settings", *_DATA_FIELDS}
"""Fields of layers that have another editor than the form."""

_ADVANCED = {
    "dilation",
    "groups",
    "bias",
    "weights",
    "margin",
    "padding_mode",
    "output_padding",
    "eps",
    "momentum",
    "affine",
    "ceil_mode",
    "count_include_pad",
    "align_corners",
    "padding_id",
}
"""Settings that fold away."""


def common_fields(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Return the settings that all blocks have, with the same values allowed."""
    first, *others = (type(node.layer).model_fields for node in nodes)
    return tuple(
        name
        for name, info in first.items()
        if all(
            name in fields
            and (fields[name].annotation, fields[name].metadata) == (info.annotation, info.metadata)
            for fields in others
        )
    )


class BlockForm(QWidget):
    """Edits one block, or what several have in common; where they differ it says "mixed"."""

    def __init__(
        self, editor: Editor, document: Document, nodes: tuple[Node, ...], *, folded: bool = True
    ):
        super().__init__(objectName="network.block")
        self._editor, self._document = editor, document
        self.ids = tuple(node.id for node in nodes)
        self.kinds = tuple(type(node.layer) for node in nodes)
        layer, single = nodes[0].layer, len(nodes) == 1
        names = common_fields(nodes)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        top = _grid(box)
        self.name_field = LineField("", "network.name", tr("Name"))
        self._name_error = label("", "axis", "error", wrap=True, name="network.name.error")
        self._name_error.hide()
        if single:
            _row(top, tr("Name"), self.name_field)
            top.addWidget(self._name_error, top.rowCount(), 1)
            self.name_field.changed.connect(self._rename)

        self._setting = next((name for name in _DATA_FIELDS if name in names), "")
        self.data_field: ComboBox | None = None
        if self._setting:
            title = tr(self._setting.capitalize())
            self.data_field = ComboBox(f"network.form.{self._setting}", title)
            _row(top, title, self.data_field)
            self.data_field.activated.connect(self._choose_field)

        self.code: CodeCard | None = None
        if single and isinstance(layer, Custom):
            self.code = CodeCard(editor, nodes[0].id)
            box.addWidget(self.code)
        shown = [name for name in names if name not in _HIDDEN]
        self.fields: ModelForm | None = None
        if shown and not isinstance(layer, UnknownLayer):
            advanced = tuple(name for name in shown if name in _ADVANCED)
            self.fields = ModelForm(layer, shown, advanced=advanced, name="network.form")
            self.fields.changed.connect(editor.set_field)
            self.fields.field_focused.connect(self._help)
            if self.fields.advanced is not None:
                self.fields.advanced.set_folded(folded)
            box.addWidget(self.fields)
        self._helped = ""
        self._card = HelpCard()
        box.addWidget(self._card)
        self._weights_grid = _grid(box)
        self.shares = ComboBox("network.shares", tr("Weights"))
        self.shares.setToolTip(tr("Own weights, or those of another block of the same kind."))
        self.shares.activated.connect(self._share)
        self._shares_label = _row(self._weights_grid, tr("Weights"), self.shares)
        self.enabled = Switch(True, "network.enabled", tr("Block is on"))
        self.frozen = Switch(False, "network.frozen", tr("Freeze weights"))
        self.enabled.clicked.connect(lambda _: editor.toggle())
        self.frozen.clicked.connect(editor.freeze)
        _row(self._weights_grid, tr("Block is on"), self.enabled)
        self._freeze_label = _row(self._weights_grid, tr("Freeze weights"), self.frozen)
        self.purpose = label("", "label", "tertiary", wrap=True)
        box.addWidget(self.purpose)
        box.addStretch(1)
        self.refresh(nodes)

    def refresh(self, nodes: tuple[Node, ...]) -> None:
        """Show the blocks as they are now; what somebody types and is not valid stays."""
        first = nodes[0]
        if len(nodes) == 1:
            self.name_field.set_value(first.name)
        if self.fields is not None:
            if self.fields.model != first.layer:
                self.fields.set_model(first.layer)
            self.fields.set_mixed(
                [
                    name
                    for name in self.fields.fields
                    if any(getattr(n.layer, name) != getattr(first.layer, name) for n in nodes)
                ]
            )
        if self.code is not None:
            self.code.refresh()
        if self._helped:
            self._help(self._helped)
        self._show_fields(nodes)
        self._show_weights(nodes)
        self._show_switch(self.enabled, {node.enabled for node in nodes})
        self._show_switch(self.frozen, {node.frozen for node in nodes})
        alike = len(set(self.kinds)) == 1
        told = self.code.purpose if self.code is not None else self.kinds[0].purpose()
        self.purpose.setText(
            told
            if alike
            else tr("These blocks differ. Only the settings that all of them have are shown.")
        )

    def _show_switch(self, switch: Switch, states: set[bool]) -> None:
        switch.mixed = len(states) > 1
        switch.setChecked(True in states)
        switch.update()

    def _show_fields(self, nodes: tuple[Node, ...]) -> None:
        if self.data_field is None:
            return
        current = {getattr(node.layer, self._setting) for node in nodes}
        role = _DATA_FIELDS[self._setting]
        names = [f.name for f in self._document.project.data.fields if f.role == role]
        self.data_field.clear()
        if role == "target":
            self.data_field.addItem(tr("The only target"), "")
        for name in dict.fromkeys([*names, *sorted(filter(None, current))]):
            text = name if name in names else tr("{0} (not in the data)").format(name)
            self.data_field.addItem(text, name)
        if len(current) == 1:
            self.data_field.setCurrentIndex(self.data_field.findData(current.pop()))
        else:
            self.data_field.setPlaceholderText(tr("mixed"))
            self.data_field.setCurrentIndex(-1)

    def _show_weights(self, nodes: tuple[Node, ...]) -> None:
        """Offer the weights of other blocks, and freezing, where there are weights."""
        first = nodes[0]
        weights = any(self._editor.info(node.id).parameters for node in nodes)
        for part in (self.frozen, self._freeze_label):
            part.setVisible(weights or first.frozen)
        others = possible_owners(self._editor, first.id) if len(nodes) == 1 else {}
        self.shares.clear()
        self.shares.addItem(tr("Own"), None)
        for address, name in others.items():
            self.shares.addItem(tr("Shared with {0}").format(name), address)
        self.shares.setCurrentIndex(self.shares.findData(first.shares))
        for part in (self.shares, self._shares_label):
            part.setVisible(bool(others))

    def _share(self) -> None:
        share(self._editor, self.ids[0], self.shares.currentData())
        self.refresh(self._editor.nodes)

    def _choose_field(self) -> None:
        if self.data_field is not None:
            self._editor.set_field(self._setting, self.data_field.currentData())

    def _rename(self, name: str) -> None:
        reason = self._editor.rename(self.ids[0], name)
        self._name_error.setText(reason)
        self._name_error.setVisible(bool(reason))

    def _help(self, field: str) -> None:
        self._helped = field
        info = self.kinds[0].model_fields[field]
        title = info.title or field.replace("_", " ").capitalize()
        value = getattr(self._editor.nodes[0].layer, field) if self._editor.nodes else None
        self._card.show_field(field, title, info.description or "", value)


class HelpCard(QFrame):
    """What the focused field means, with a small drawing where one helps."""

    def __init__(self) -> None:
        super().__init__(objectName="network.help")
        toned(self, "card")
        self._sketch = Sketch()
        self._text = label("", "label", "secondary", wrap=True)
        box = QHBoxLayout(self)
        box.setContentsMargins(12, 10, 12, 10)
        box.setSpacing(12)
        box.addWidget(self._sketch, 0, Qt.AlignmentFlag.AlignTop)
        box.addWidget(self._text, 1)
        self.hide()

    def show_field(self, field: str, title: str, text: str, value: object) -> None:
        """Explain a field."""
        self._text.setText(semibold(f"<b>{title}</b><br>{text}"))
        self._sketch.setVisible(has_sketch(field))
        self._sketch.draw(field, value)
        self.setVisible(bool(text))


def _grid(box: QVBoxLayout) -> QGridLayout:
    """Add two columns to a box: labels and what they name."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(4)
    grid.setColumnMinimumWidth(0, 100)
    grid.setColumnStretch(1, 1)
    box.addLayout(grid)
    return grid


def _row(grid: QGridLayout, text: str, widget: QWidget) -> QWidget:
    """Add a line to a grid and return its label."""
    head = label(text, "label", "secondary", wrap=True)
    head.setBuddy(widget)
    at = grid.rowCount()
    grid.addWidget(head, at, 0)
    align = Qt.AlignmentFlag.AlignLeft if isinstance(widget, Switch) else Qt.AlignmentFlag(0)
    grid.addWidget(widget, at, 1, align)
    return head
