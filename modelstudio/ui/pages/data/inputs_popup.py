"""Which numbers reach the network, by the field they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import Sheet
from modelstudio.ui.pages.data.wording import field_text, inputs_text
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import label


class InputsPopup(Sheet):
    """The fields that the data offers to the network."""

    def __init__(self, parent: QWidget):
        super().__init__(parent, "data.inputs_popup", 400)
        self.setAccessibleName(tr("Inputs of the network"))
        self._title = label("", "panelTitle")
        self.list = QListWidget(objectName="data.inputs_popup.list")
        self.list.setAccessibleName(tr("Inputs of the network"))
        self.list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self.list)

    def open_above(
        self, panel: QWidget, fields: Sequence[FieldSpec], names: Sequence[str] = ()
    ) -> None:
        """Show the fields at the foot of a panel."""
        inputs = [field for field in fields if field.role == "input"]
        self._title.setText(inputs_text(fields))
        self.list.clear()
        own = {field.name for field in inputs if field.kind != "features"}
        for field in inputs:
            QListWidgetItem(field_text(field), self.list)
            if field.kind == "features":
                for name in names:
                    if name not in own:
                        QListWidgetItem(f"    {name}", self.list).setToolTip(name)
        line = self.list.sizeHintForRow(0) + 2 * self.list.spacing()
        around = self._title.sizeHint().height() + 40
        tall = min(theme().grown(420), around + line * self.list.count())
        self.setFixedHeight(tall)
        corner = panel.mapToGlobal(
            QPoint(panel.width() - self.width() - 12, panel.height() - tall - 44)
        )
        self.open_at(corner)
