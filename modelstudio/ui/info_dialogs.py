"""Settings, keyboard shortcuts and the about box."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

import modelstudio
from modelstudio import trust
from modelstudio.errors import StudioError
from modelstudio.ui.actions import GROUPS, SPECS, Actions, key_text, tr
from modelstudio.ui.preferences import TEXT_SCALES, THEMES, Preferences
from modelstudio.ui.widgets import (
    Dialog,
    SegmentedControl,
    SpinBox,
    button,
    key_label,
    label,
    row,
    scroll,
)


class SettingsDialog(Dialog):
    """Settings of the window; they take effect at once."""

    @classmethod
    def show_for(
        cls, parent: QWidget, preferences: Preferences, changed: Callable[[Preferences], object]
    ) -> None:
        """Show the settings and hand every change to ``changed``."""
        text = tr("They hold for every project and take effect at once.")
        dialog = cls(parent, tr("Settings"), text, "settings")
        names = {"system": tr("As the desktop"), "dark": tr("Dark"), "light": tr("Light")}
        chosen = SegmentedControl(
            [(key, names[key]) for key in THEMES], preferences.theme, "settings.theme"
        )
        size = SpinBox("settings.text_scale", tr("Text size"), TEXT_SCALES[0], TEXT_SCALES[-1])
        size.setSuffix(" %")
        size.setSingleStep(10)
        size.setValue(preferences.text_scale)
        size.setFixedWidth(120)

        def tell() -> None:
            changed(preferences.changed(theme=chosen.value, text_scale=size.value()))

        chosen.changed.connect(tell)
        size.valueChanged.connect(tell)
        for text, control in ((tr("Theme"), chosen), (tr("Text size"), size)):
            head = label(text, "label", "secondary")
            head.setFixedWidth(100)
            dialog.body.addWidget(row(head, control, None))
        head = label(tr("Python code"), "label", "secondary")
        head.setFixedWidth(100)
        dialog.body.addWidget(row(head, *_trust_controls(), None))
        dialog.add_button(tr("Close"), "close", "primary")
        dialog.run()


def _trust_controls() -> tuple[QWidget, QWidget]:
    """Return what says how much code may run, and the way to take that back."""
    said = label("", name="settings.trusted")
    take_back = button(tr("Take trust back"), "secondary", name="settings.distrust", small=True)

    def show() -> None:
        many = trust.number()
        words = tr("1 text is trusted") if many == 1 else tr("{} texts are trusted").format(many)
        said.setText(words if many else tr("None is trusted"))
        take_back.setEnabled(many > 0)

    def forget() -> None:
        try:
            trust.forget()
        except StudioError as error:
            said.setText(str(error))
        else:
            show()

    take_back.setToolTip(tr("Ask again before any Python of a project or an import runs"))
    take_back.clicked.connect(forget)
    show()
    return said, take_back


class ShortcutsDialog(Dialog):
    """Every key, by place."""

    @classmethod
    def show_for(cls, parent: QWidget, actions: Actions) -> None:
        """Show the keys of all commands."""
        dialog = cls(parent, tr("Keyboard shortcuts"), "", "shortcuts")
        dialog.text.hide()
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 1)
        group = ""
        for spec in SPECS:
            if not spec.shortcut:
                continue
            if spec.group != group:
                group = spec.group
                head = label(tr(GROUPS[group]), "section", "secondary")
                head.setContentsMargins(0, 8 if grid.count() else 0, 0, 0)
                grid.addWidget(head, grid.rowCount(), 0, 1, 2)
            at = grid.rowCount()
            grid.addWidget(label(tr(spec.text)), at, 0)
            key = key_label(key_text(actions[spec.id].shortcut()))
            grid.addWidget(key, at, 1, Qt.AlignmentFlag.AlignRight)
        area = scroll(table, "shortcuts.list")
        area.setMinimumHeight(460)
        dialog.body.addWidget(area)
        dialog.add_button(tr("Close"), "close", "primary")
        dialog.run()


class AboutDialog(Dialog):
    """Version and licences."""

    @classmethod
    def show_for(cls, parent: QWidget) -> None:
        """Show what this program is."""
        text = tr(
            "Design neural networks, train them on clean data, judge and export them.\n\n"
            "MIT licence. Qt and PySide6 are used under the LGPL; the fonts Inter and JetBrains "
            "Mono under the SIL Open Font License."
        )
        title = tr("Model Studio {}").format(modelstudio.__version__)
        dialog = cls(parent, title, text, "about")
        dialog.add_button(tr("Close"), "close", "primary")
        dialog.run()
