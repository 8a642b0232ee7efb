"""The split at the bottom of the Data page: the bar, and how the rows are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from random import SystemRandom

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QWidget

from modelstudio.engine.results import PartInfo
from modelstudio.project.empty_parts import empty_parts
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.split_bar import SplitBar
from modelstudio.ui.pages.data.wording import class_shares
from modelstudio.ui.theme import icon, restyle
from modelstudio.ui.widgets import (
    ElidedLabel,
    IconLabel,
    SpinBox,
    Switch,
    button,
    column,
    grow,
    icon_button,
    label,
    row,
    rule,
    toned,
)
from modelstudio.wording import counted

DRIFT = 0.02
"""Class shares of two parts may differ by this much before it is worth a warning."""

_SHUFFLES = "Draw other rows, with a seed that is remembered"


class SplitPanel(QFrame):
    """Edit a `SplitConfig`; ``edited`` gives the new one with a label for undo and a merge key."""

    edited = Signal(object, str, str)
    test_file_wanted = Signal()
    more_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="data.split")
        self.setAccessibleName(tr("Split"))
        toned(self, "panel")
        self._split = SplitConfig()
        self._rows, self._how = 0, ""
        self._folded = False
        self._small = True
        self._title = label(tr("Split"), "panelTitle")
        self._detail = label("", "label", "tertiary", name="data.split.rows")
        self.bar = SplitBar()
        self.bar.changed.connect(self._share_out)
        self.fold_button = icon_button("up", tr("Split settings"), "data.split.fold")
        self.fold_button.clicked.connect(lambda: self.set_folded(not self._folded))
        self.more = icon_button("gear", tr("How rows are shared out"), "data.split.more")
        self.more.clicked.connect(self.more_wanted)
        head = row(self._title, self._detail, self.more, self.fold_button, None, spacing=8)
        self._left = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._left.setSpacing(10)
        self._left.addWidget(head)
        self._left.addWidget(self.bar, 1)
        self._left.addStretch(0)
        self.settings = self._make_settings()
        self._edge = rule(vertical=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._left, 1)
        layout.addWidget(self._edge)
        layout.addWidget(self.settings)
        self.set_small(False)

    @property
    def folded(self) -> bool:
        """True while only one line is in sight."""
        return self._folded

    def set_small(self, small: bool) -> None:
        """Fold where the window is low, with a button to unfold; otherwise show everything."""
        if small != self._small:
            self._small = small
            self.fold_button.setVisible(small)
            self.set_folded(small)

    def set_folded(self, folded: bool) -> None:
        """Fold into a line of 44 px, or unfold."""
        self._folded = folded
        self.bar.set_compact(folded)
        self.fold_button.setIcon(icon("up" if folded else "chev", "textSecondary"))
        for part in (self._edge, self.settings):
            part.setVisible(not folded)
        directions = QBoxLayout.Direction
        self._left.setDirection(directions.LeftToRight if folded else directions.TopToBottom)
        self._left.setContentsMargins(16, *((6, 16, 6) if folded else (12, 16, 8)))
        self.setFixedHeight(44 if folded else 148)

    def set_data(self, data: DataConfig) -> None:
        """Show the split of these data choices."""
        split = self._split = data.split
        other = PurePath(split.test_path).name if split.test_path else None
        shared_out = split.method not in ("column", "last")
        folds = split.folds + (split.method == "time")  # rows before the first fold only train
        validation = (1 - split.test) / folds if split.folds else split.validation
        movable = shared_out and not split.folds, shared_out
        self.bar.set_shares(round(100 * validation), round(100 * split.test), other, movable)
        self.stratify.setChecked(split.stratify)
        classes = data.target is not None and data.target.kind == "category"
        classes = classes or any(field.classes for field in data.fields if field.role == "target")
        classes = classes and data.label_separator is None
        self.stratify.setEnabled(classes and split.method == "random")
        timed = split.method == "time" or bool(split.method == "last" and split.times)
        drawn = not timed or data.negatives is not None
        for part in (self.seed, self.shuffle):
            part.setEnabled(drawn)
        self.shuffle.setToolTip(tr(_SHUFFLES) if drawn else tr("Rows go by time: none are drawn"))
        told = data.target.name if classes and data.target else tr("needs classes")
        self._by.setText(told if split.method == "random" else tr("only at random"))
        how = {
            "group": tr("by {}"),
            "time": tr("in order of {}"),
            "column": tr("as {} says"),
            "last": tr("last of each {}"),
        }
        words = how.get(split.method, "").format(split.by or tr("the rows"))
        if split.folds:
            words += tr(" · fold {} of {}").format(split.fold + 1, split.folds)
        self._how = words.strip(" ·")
        self._tell_rows()
        self.seed.blockSignals(True)
        self.seed.setValue(split.seed)
        self.seed.blockSignals(False)
        self._file.set_full_text(other or tr("From this table"))
        self._file.setToolTip(split.test_path or "")
        self.choose.setVisible(other is None)
        self._forget.setVisible(other is not None)

    def set_parts(self, parts: Sequence[PartInfo]) -> None:
        """Show what the parts hold, and whether they are alike."""
        self.bar.set_parts(parts)
        self._rows = sum(part.rows for part in parts)
        self._tell_rows()
        text, good = agreement(parts)
        if lacking := empty_parts(self._split, {part.name: part.rows for part in parts}):
            text, good = lacking, False
        self._agreement.set_full_text(text)
        self._sign.setVisible(bool(text))
        self._sign.set_icon("okc" if good else "warn", "success" if good else "warning")
        restyle(self._agreement, role="tertiary" if good else "warning")

    def _tell_rows(self) -> None:
        told = [counted(self._rows, "row")] if self._rows else []
        self._detail.setText(" · ".join([*told, *filter(None, [self._how])]))

    def _make_settings(self) -> QWidget:
        self.stratify = Switch(
            True, "data.stratify", tr("Keep class shares alike in every part drawn at random")
        )
        self.stratify.clicked.connect(
            lambda on: self._edit(tr("Stratify") if on else tr("Do not stratify"), stratify=on)
        )
        self._by = label("", "label", "tertiary")
        self.seed = SpinBox("data.seed", tr("Seed of the split"))
        self.seed.valueChanged.connect(
            lambda value: self._edit(tr("Set split seed"), "data.seed", seed=value)
        )
        self.shuffle = button(tr("Shuffle"), "ghost", "redo", name="data.shuffle", small=True)
        self.shuffle.clicked.connect(self._shuffle)
        self._file = ElidedLabel("", "label", "secondary")
        self.choose = button(
            tr("Other file..."), "ghost", "file", name="data.test_file", small=True
        )
        self.choose.setToolTip(tr("Take the test rows from a second table"))
        self.choose.clicked.connect(self.test_file_wanted)
        self._forget = icon_button(
            "x", tr("Take test rows from this table"), "data.test_file.clear"
        )
        self._forget.clicked.connect(
            lambda: self._edit(tr("Test on rows of this table"), test_path=None)
        )
        self._sign = IconLabel("okc", "success", 14)
        self._sign.hide()
        self._agreement = ElidedLabel("", "label", "tertiary")
        file = row(self._file, self.choose, self._forget, spacing=4)
        wide(self._file)
        agree = row(self._sign, self._agreement, spacing=6)
        wide(self._agreement)
        settings = column(
            _line(tr("Stratify"), row(self.stratify, self._by, None)),
            _line(tr("Seed"), row(self.seed, self.shuffle, None)),
            _line(tr("Test rows"), file),
            agree,
            None,
            spacing=4,
            margins=(20, 10, 12, 6),
        )
        grow(settings, settings.setFixedWidth, 328)
        return settings

    def _share_out(self, validation: int, test: int) -> None:
        values = {} if self._split.folds else {"validation": validation / 100}
        if not self._split.test_path:
            values["test"] = test / 100
        self._edit(tr("Change split"), "data.split", **values)

    def _shuffle(self) -> None:
        seed = SystemRandom().randrange(10_000)
        self._edit(
            tr("Shuffle split"), seed=(seed + 1) % 10_000 if seed == self._split.seed else seed
        )

    def _edit(self, words: str, merge_key: str = "", **values: object) -> None:
        self.edited.emit(self._split.changed(**values), words, merge_key)


def _line(text: str, content: QWidget) -> QWidget:
    name: QLabel = label(text, "label", "secondary")
    grow(name, name.setFixedWidth, 76)
    line = row(name, content, spacing=8)
    wide(content)
    line.setFixedHeight(30)
    return line


def agreement(parts: Sequence[PartInfo]) -> tuple[str, bool]:
    """Say how far the class shares of validation and test lie from those of training."""
    by_name = {part.name: dict(class_shares(part)) for part in parts if part.rows}
    train = by_name.pop("train", {})
    if not train or not by_name:
        return "", True
    drift = max(
        abs(shares.get(name, 0) - train.get(name, 0))
        for shares in by_name.values()
        for name in {*shares, *train}
    )
    if drift <= DRIFT:
        words = tr("1 point") if drift <= 0.01 else tr("2 points")
        return tr("Class shares agree within {}").format(words), True
    return tr("Class shares differ by {:.0f} points").format(100 * drift), False
