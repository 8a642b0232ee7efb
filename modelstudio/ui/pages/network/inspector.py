"""The inspector: what is known of the selection, and the fields that can be set."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from modelstudio.network.analysis import Shape, format_shape
from modelstudio.network.graph import Node
from modelstudio.network.layer import UnknownLayer
from modelstudio.ui.actions import Actions, tr
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.edits import totals
from modelstudio.ui.pages.network.look import hue_role, layer_icon
from modelstudio.ui.pages.network.sketch import Sketch, has_sketch
from modelstudio.ui.pages.network.units import memory_text, short_count
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    Flow,
    IconLabel,
    LineField,
    ModelForm,
    Switch,
    action_button,
    column,
    count_text,
    label,
    row,
    rule,
    scroll,
    semibold,
    toned,
)

WIDTH, LEAST = 296, 264
_FIELD_NAMES = {"Input": ("field", "input"), "Output": ("target", "target")}
"""Layers that name a field of the data, by which setting, and of which role."""

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
}
"""Settings that fold away."""


class Inspector(QFrame):
    """One block, several alike, or the totals of the network."""

    def __init__(self, editor: Editor, document: Document, actions: Actions):
        super().__init__(objectName="network.inspector")
        toned(self, "panel")
        self.setMinimumWidth(LEAST)
        self.setAccessibleName(tr("Inspector"))
        self._editor, self._document = editor, document
        self._icon = IconLabel("network")
        self._title = label("", "panelTitle")
        self._detail = ElidedLabel("", "label", "tertiary")
        head = row(self._icon, self._title, self._detail, spacing=8, margins=(16, 0, 12, 0))
        self._detail.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        head.setFixedHeight(theme().size("panelHeader"))

        self.card = ShapeCard()
        self._body = QVBoxLayout()
        self._body.setContentsMargins(16, 16, 16, 16)
        self._body.setSpacing(12)
        self._body.addWidget(self.card)
        self._body.setAlignment(Qt.AlignmentFlag.AlignTop)
        inside = QWidget()
        inside.setLayout(self._body)
        duplicate = action_button(actions["network.duplicate"], "secondary")
        delete = action_button(actions["network.delete"], "secondary")
        self._foot = column(
            rule(), row(duplicate, delete, spacing=8, margins=(16, 10, 16, 10)), spacing=0
        )
        self._hint = label("", "label", "tertiary", wrap=True)
        self._body.addWidget(self._hint)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for part in (head, rule(), scroll(inside, "network.inspector.scroll"), self._foot):
            box.addWidget(part)

        self.form: BlockForm | None = None
        editor.changed.connect(self.refresh)
        editor.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the selection as it is now."""
        nodes = self._editor.nodes
        self._show_head(nodes)
        self._foot.setVisible(bool(nodes))
        self._hint.setVisible(not nodes)
        self._hint.setText(self._ends())
        self._show_card(nodes)
        kinds = {type(node.layer) for node in nodes}
        signature = tuple(node.id for node in nodes) if len(kinds) == 1 else ()
        if self.form is not None and (
            self.form.ids != signature or self.form.kind is not next(iter(kinds))
        ):
            self._drop_form()
        if self.form is None and signature:
            self.form = BlockForm(self._editor, self._document, nodes)
            self._body.addWidget(self.form)
        elif self.form is not None:
            self.form.refresh(nodes)

    def _ends(self) -> str:
        """Say what the network reads and predicts."""
        fields = self._document.project.data.fields
        into = [f"{f.name} ({format_shape(('B', *f.shape))})" for f in fields if f.role == "input"]
        out = [field.name for field in fields if field.role == "target"]
        if not fields:
            return tr("Open a table on the Data page, and the shapes of its fields appear here.")
        lines = (tr("From the data: {0}."), tr("To predict: {0}."))
        pairs = zip(lines, (into, out), strict=True)
        return " ".join(line.format(", ".join(names)) for line, names in pairs if names)

    def _drop_form(self) -> None:
        if self.form is not None:
            self._body.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None

    def _show_head(self, nodes: tuple[Node, ...]) -> None:
        if not nodes:
            self._icon.set_icon("network")
            self._title.setText(tr("Network"))
            number = len(self._editor.graph.nodes)
            self._detail.set_full_text(tr("{0} blocks").format(number) if number else "")
        elif len(nodes) == 1:
            layer = nodes[0].layer
            self._icon.set_icon(layer_icon(layer), hue_role(layer.category))
            self._title.setText(nodes[0].name)
            self._detail.set_full_text(layer.label)
        else:
            kinds = {node.layer.label for node in nodes}
            self._icon.set_icon("network")
            self._title.setText(tr("{0} blocks").format(len(nodes)))
            self._detail.set_full_text(kinds.pop() if len(kinds) == 1 else "")

    def _show_card(self, nodes: tuple[Node, ...]) -> None:
        analysis = self._editor.analysis
        if len(nodes) == 1:
            info = self._editor.info(nodes[0].id)
            known = info.state in ("ok", "off")
            into = _shape_text(info.inputs)
            out = _shape_text(info.outputs) if known else tr("not known")
            costs = (info.parameters, info.macs, info.memory) if known else None
            self.card.show_block(into, out, costs)
        elif nodes:
            self.card.show_totals(totals(analysis.nodes, (node.id for node in nodes)))
        else:
            self.card.show_totals((analysis.parameters, analysis.macs, analysis.memory))

    def focus_name(self) -> None:
        """Put the cursor into the name of the block."""
        if self.form is not None:
            self.form.name_field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.form.name_field.selectAll()


class ShapeCard(QFrame):
    """Shape in and out and what a block costs, or the costs of several in full."""

    def __init__(self) -> None:
        super().__init__(objectName="network.shape_card")
        toned(self, "card")
        self._into = ElidedLabel("", "mono", mode=Qt.TextElideMode.ElideMiddle)
        self._out = ElidedLabel("", "mono", mode=Qt.TextElideMode.ElideMiddle)
        self._out.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        shapes = QHBoxLayout()
        shapes.addWidget(self._into, 1)
        shapes.addWidget(IconLabel("right", "textTertiary", 12))
        shapes.addWidget(self._out, 1)
        self._costs = [label("", "label", "secondary") for _ in range(3)]
        line = Flow(spacing=10)
        for cost in self._costs:
            line.addWidget(cost)
        self._single = QWidget()
        single = QVBoxLayout(self._single)
        single.setContentsMargins(0, 0, 0, 0)
        single.setSpacing(6)
        single.addLayout(shapes)
        single.addLayout(line)
        self._sums = [label("", "label") for _ in range(3)]
        self._several = QWidget()
        several = QGridLayout(self._several)
        several.setContentsMargins(0, 0, 0, 0)
        several.setVerticalSpacing(6)
        heads = (tr("Parameters"), tr("MACs a sample"), tr("Memory a sample"))
        for line_number, (head, value) in enumerate(zip(heads, self._sums, strict=True)):
            several.addWidget(label(head, "label", "secondary"), line_number, 0)
            several.addWidget(value, line_number, 1, Qt.AlignmentFlag.AlignRight)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 10, 12, 10)
        box.addWidget(self._single)
        box.addWidget(self._several)

    def show_block(self, into: str, out: str, costs: tuple[int, int, int] | None) -> None:
        """Show shapes and costs of one block, where they are known."""
        self._into.set_full_text(into or "–")
        self._out.set_full_text(out or "–")
        texts = ("– params", "– MACs", "–")
        if costs is not None:
            texts = (
                tr("{0} params").format(count_text(costs[0])),
                tr("{0} MACs").format(short_count(costs[1])),
                memory_text(costs[2]),
            )
        self._show(self._single, self._costs, texts)
        self.setAccessibleName(" ".join((into, out, *texts)))

    def show_totals(self, costs: tuple[int, int, int]) -> None:
        """Show the costs of several blocks together."""
        texts = (count_text(costs[0]), short_count(costs[1]), memory_text(costs[2]))
        self._show(self._several, self._sums, texts)
        self.setAccessibleName(" ".join(texts))

    def _show(self, shown: QWidget, parts: list[QLabel], texts: tuple[str, ...]) -> None:
        for half in (self._single, self._several):
            half.setVisible(half is shown)
        for part, text in zip(parts, texts, strict=True):
            part.setText(text)


class BlockForm(QWidget):
    """Name, fields and switches of one block, or of several of one type."""

    def __init__(self, editor: Editor, document: Document, nodes: tuple[Node, ...]):
        super().__init__(objectName="network.block")
        self._editor, self._document = editor, document
        self.ids = tuple(node.id for node in nodes)
        self.kind = type(nodes[0].layer)
        layer = nodes[0].layer
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        top = QGridLayout()
        top.setHorizontalSpacing(8)
        top.setVerticalSpacing(4)
        top.setColumnMinimumWidth(0, 100)
        top.setColumnStretch(1, 1)
        box.addLayout(top)
        self.name_field = LineField("", "network.name", tr("Name"))
        self._name_error = label("", "axis", "error", wrap=True, name="network.name.error")
        self._name_error.hide()
        if len(nodes) == 1:
            top.addWidget(label(tr("Name"), "label", "secondary"), 0, 0)
            top.addWidget(self.name_field, 0, 1)
            top.addWidget(self._name_error, 1, 1)
            self.name_field.changed.connect(self._rename)

        self.data_field: ComboBox | None = None
        setting, self._role = _FIELD_NAMES.get(self.kind.__name__, ("", ""))
        self._setting = setting
        if setting:
            self.data_field = ComboBox(f"network.form.{setting}", tr(setting.capitalize()))
            top.addWidget(label(tr(setting.capitalize()), "label", "secondary"), 2, 0)
            top.addWidget(self.data_field, 2, 1)
            self.data_field.activated.connect(self._choose_field)

        editable = not isinstance(layer, UnknownLayer)
        exclude = {"graph", "raw", setting}
        shown = [name for name in self.kind.model_fields if name not in exclude]
        advanced = tuple(name for name in shown if name in _ADVANCED)
        self.fields: ModelForm | None = None
        if shown and editable:
            self.fields = ModelForm(layer, shown, advanced=advanced, name="network.form")
            self.fields.changed.connect(editor.set_field)
            self.fields.field_focused.connect(self._help)
            box.addWidget(self.fields)
        self._card = HelpCard()
        box.addWidget(self._card)
        switches = QGridLayout()
        switches.setHorizontalSpacing(8)
        switches.setVerticalSpacing(4)
        switches.setColumnMinimumWidth(0, 100)
        switches.setColumnStretch(1, 1)
        box.addLayout(switches)
        self.enabled = Switch(True, "network.enabled", tr("Block is on"))
        self.frozen = Switch(False, "network.frozen", tr("Freeze weights"))
        self.enabled.clicked.connect(lambda _: editor.toggle())
        self.frozen.clicked.connect(editor.freeze)
        self._freeze_label = label(tr("Freeze weights"), "label", "secondary")
        switches.addWidget(label(tr("Block is on"), "label", "secondary"), 0, 0)
        switches.addWidget(self.enabled, 0, 1, Qt.AlignmentFlag.AlignLeft)
        switches.addWidget(self._freeze_label, 1, 0)
        switches.addWidget(self.frozen, 1, 1, Qt.AlignmentFlag.AlignLeft)
        self.purpose = label(self.kind.purpose(), "label", "tertiary", wrap=True)
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
        self._show_fields(nodes)
        self.enabled.setChecked(any(node.enabled for node in nodes))
        self.frozen.setChecked(all(node.frozen for node in nodes))
        weights = any(self._editor.info(node.id).parameters for node in nodes)
        for part in (self.frozen, self._freeze_label):
            part.setVisible(weights or first.frozen)

    def _show_fields(self, nodes: tuple[Node, ...]) -> None:
        if self.data_field is None:
            return
        current = getattr(nodes[0].layer, self._setting)
        names = [f.name for f in self._document.project.data.fields if f.role == self._role]
        self.data_field.clear()
        if self._role == "target":
            self.data_field.addItem(tr("The only target"), "")
        for name in dict.fromkeys([*names, *([current] if current else [])]):
            text = name if name in names else tr("{0} (not in the data)").format(name)
            self.data_field.addItem(text, name)
        self.data_field.setCurrentIndex(self.data_field.findData(current))

    def _choose_field(self) -> None:
        if self.data_field is not None:
            self._editor.set_field(self._setting, self.data_field.currentData())

    def _rename(self, name: str) -> None:
        reason = self._editor.rename(self.ids[0], name)
        self._name_error.setText(reason)
        self._name_error.setVisible(bool(reason))

    def _help(self, field: str) -> None:
        info = self.kind.model_fields[field]
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


def _shape_text(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(format_shape(shape) for shape in shapes)
