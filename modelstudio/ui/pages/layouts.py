"""Small things done to the layouts of boxes."""

from __future__ import annotations

from PySide6.QtWidgets import QBoxLayout, QLayout, QWidget


def stretch(box: QWidget, *places: int) -> QWidget:
    """Let the items at these places of a row or column take what room is left; return the box."""
    layout = box.layout()
    assert isinstance(layout, QBoxLayout)
    for place in places:
        layout.setStretch(place, 1)
    return box


def clear(layout: QLayout) -> None:
    """Take every widget out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
