"""The inspector: what is known of the selection, and the fields that can be set."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
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
from modelstudio.ui.actions import Actions, tr
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network.block_form import BlockForm
from modelstudio.ui.pages.network.code_card import TrustCard, open_code
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.edits import totals
from modelstudio.ui.pages.network.look import hue_role, layer_icon
from modelstudio.ui.pages.network.units import blocks_text, memory_text, short_count
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ElidedLabel,
    Flow,
    IconLabel,
    action_button,
    button,
    column,
    count_text,
    grow,
    icon_button,
    label,
    row,
    rule,
    scroll,
    toned,
)

WIDTH, LEAST = 296, 264
_WORDS = 140
"""Of the least width, what holds text and grows with it."""


class Inspector(QFrame):
    """One block, several alike, or the totals of the network."""

    weights_wanted = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, editor: Editor, document: Document, actions: Actions):
        super().__init__(objectName="network.inspector")
        toned(self, "panel")
        grow(self, lambda extra: self.setMinimumWidth(LEAST - _WORDS + extra), _WORDS)
        self.setAccessibleName(tr("Inspector"))
        self._editor, self._document = editor, document
        self._icon = IconLabel("network")
        self._title = ElidedLabel("", "panelTitle")
        self._detail = ElidedLabel("", "label", "tertiary")
        guide = action_button(actions["help.guide"], text=False)
        self.more = icon_button("more", tr("What can be done with the block"), "network.more")
        self.more.clicked.connect(self._ask_for_menu)
        self._tools = row(guide, self.more, spacing=0)
        head = row(
            *(self._icon, self._title, self._detail, self._tools), spacing=8, margins=(16, 0, 8, 0)
        )
        preferred = QSizePolicy.Policy.Preferred
        self._title.setSizePolicy(preferred, preferred)  # it takes what it needs, the detail less
        line = head.layout()
        assert isinstance(line, QHBoxLayout)
        line.setStretchFactor(self._detail, 1)
        head.setFixedHeight(theme().size("panelHeader"))

        self.card = ShapeCard()
        self._body = QVBoxLayout()
        self._body.setContentsMargins(16, 16, 12, 16)
        self._body.setSpacing(12)
        self._body.addWidget(self.card)
        self.trust = TrustCard(editor)
        self._body.addWidget(self.trust)
        self._body.setAlignment(Qt.AlignmentFlag.AlignTop)
        inside = QWidget()
        inside.setLayout(self._body)
        copies = actions["network.duplicate"]
        name = "network.duplicate.button"
        duplicate = button(tr("Duplicate"), "secondary", "copy", copies.toolTip(), name)
        duplicate.clicked.connect(copies.trigger)
        self._weights = button(tr("See weights"), "secondary", "eye", name="network.weights")
        self._weights.setToolTip(tr("What the block has learnt in a run"))
        self._weights.clicked.connect(self.weights_wanted)
        for made in (duplicate, self._weights):
            made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            made.setIconSize(QSize(18, 16))
        verbs = row(duplicate, self._weights, spacing=6, margins=10)
        self._foot = column(rule(), verbs, spacing=0)
        self._hint = label("", "label", "tertiary", wrap=True)
        self._body.addWidget(self._hint)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.area = scroll(inside, "network.inspector.scroll")
        for part in (head, rule(), self.area, self._foot):
            box.addWidget(part)

        self.form: BlockForm | None = None
        self._folded = True
        editor.changed.connect(self.refresh)
        editor.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the selection as it is now."""
        nodes = self._editor.nodes
        self._show_head(nodes)
        self._foot.setVisible(bool(nodes))
        self._tools.setVisible(bool(nodes))
        self._weights.setVisible(len(nodes) == 1)
        self._hint.setVisible(not nodes and not self._editor.path)
        self._hint.setText(self._ends())
        self._show_card(nodes)
        self.trust.show_block(nodes[0].id if len(nodes) == 1 else "")
        ids = tuple(node.id for node in nodes)
        kinds = tuple(type(node.layer) for node in nodes)
        if self.form is not None and (self.form.ids, self.form.kinds) != (ids, kinds):
            self._drop_form()
        if self.form is not None:
            self.form.refresh(nodes)
        elif nodes:
            self.form = BlockForm(self._editor, self._document, nodes, folded=self._folded)
            self._body.addWidget(self.form)

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
            if self.form.fields is not None and self.form.fields.advanced is not None:
                self._folded = self.form.fields.advanced.folded
            self._body.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None

    def _show_head(self, nodes: tuple[Node, ...]) -> None:
        if not nodes:
            self._icon.set_icon("network")
            self._title.set_full_text(self._editor.trail()[-1][0])
            number = len(self._editor.graph.nodes)
            self._detail.set_full_text(blocks_text(number) if number else "")
        elif len(nodes) == 1:
            layer = nodes[0].layer
            self._icon.set_icon(layer_icon(layer), hue_role(layer.category))
            self._title.set_full_text(nodes[0].name)
            self._detail.set_full_text(layer.label)
        else:
            kinds = {node.layer.label for node in nodes}
            self._icon.set_icon("network")
            self._title.set_full_text(blocks_text(len(nodes)))
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

    def _ask_for_menu(self) -> None:
        self.menu_wanted.emit(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def open_code(self) -> bool:
        """Show the code of the selected block; return False when it has none."""
        node = self._editor.single
        return node is not None and open_code(self, self._editor, node.id)

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


def _shape_text(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(format_shape(shape) for shape in shapes)
