"""Small widgets that every page uses.

`ModelForm` is imported when it is first asked for, so that the
window appears before pydantic is loaded.
"""

from typing import TYPE_CHECKING, Any

from modelstudio.ui.widgets.basic import (
    ElidedLabel,
    Flow,
    Splitter,
    Watcher,
    action_button,
    button,
    column,
    grow,
    icon_button,
    label,
    row,
    rule,
    scroll,
    semibold,
    splitter,
    toned,
)
from modelstudio.ui.widgets.controls import (
    ComboBox,
    LineField,
    NumberField,
    SearchField,
    SegmentedControl,
    SpinBox,
    Switch,
    count_text,
    format_number,
    parse_number,
)
from modelstudio.ui.widgets.dialogs import ConfirmDialog, Dialog, MessageDialog, SaveDialog
from modelstudio.ui.widgets.notices import Banner, Tag, TagButton
from modelstudio.ui.widgets.palette import CommandPalette, PaletteEntry
from modelstudio.ui.widgets.panels import (
    EmptyState,
    IconLabel,
    MetricCard,
    PanelHeader,
    Section,
    key_label,
)
from modelstudio.ui.widgets.progress import ProgressPanel, Skeleton
from modelstudio.ui.widgets.toast import Toast, ToastHost

if TYPE_CHECKING:
    from modelstudio.ui.widgets.form import ModelForm

__all__ = [
    "Banner",
    "ComboBox",
    "CommandPalette",
    "ConfirmDialog",
    "Dialog",
    "ElidedLabel",
    "EmptyState",
    "Flow",
    "IconLabel",
    "LineField",
    "MessageDialog",
    "MetricCard",
    "ModelForm",
    "NumberField",
    "PaletteEntry",
    "PanelHeader",
    "ProgressPanel",
    "SaveDialog",
    "SearchField",
    "Section",
    "SegmentedControl",
    "Skeleton",
    "SpinBox",
    "Splitter",
    "Switch",
    "Tag",
    "TagButton",
    "Toast",
    "ToastHost",
    "Watcher",
    "action_button",
    "button",
    "column",
    "count_text",
    "format_number",
    "grow",
    "icon_button",
    "key_label",
    "label",
    "parse_number",
    "row",
    "rule",
    "scroll",
    "semibold",
    "splitter",
    "toned",
]


def __getattr__(name: str) -> Any:
    if name != "ModelForm":
        raise AttributeError(name)
    from modelstudio.ui.widgets.form import ModelForm

    return ModelForm
