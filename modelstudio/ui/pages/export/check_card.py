"""The outcome of the check after an export."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.figures import size_text, time_text
from modelstudio.ui.pages.export.records import ExportRecord
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import ElidedLabel, IconLabel, label, row, rule, toned


class CheckCard(QFrame):
    """Difference, agreeing rows, size and time; green only when every answer is the same."""

    def __init__(self) -> None:
        super().__init__(objectName="export.check")
        toned(self, "card")
        self._sign = IconLabel("okc", "success", 18)
        self._title = label("", "dialogTitle")
        self._sentence = label("", "label", "secondary", wrap=True)
        figures = QWidget()
        line = QHBoxLayout(figures)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(16)
        self._values: list[QLabel] = []
        self._names: list[ElidedLabel] = []
        for index in range(4):
            if index:
                line.addWidget(rule(vertical=True))
            value, name = label("", "figure"), ElidedLabel("", "label", "secondary")
            cell = QVBoxLayout()
            cell.setSpacing(2)
            cell.addWidget(value)
            cell.addWidget(name)
            line.addLayout(cell, 1)
            self._values.append(value)
            self._names.append(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(row(self._sign, self._title, None, spacing=10))
        layout.addWidget(figures)
        layout.addWidget(self._sentence)

    def show_record(self, record: ExportRecord, *, classes: bool, tensors: bool = False) -> None:
        """Show the check of an export.

        Parameters
        ----------
        classes
            Whether the model names classes.
        tensors
            Whether it takes tensors, and was checked on random numbers.
        """
        good = record.same
        self._sign.set_icon(*(("okc", "success") if good else ("warn", "warning")))
        self._title.setText(
            tr("The exported file gives the same answers")
            if good
            else tr("The exported file does not give the same answers everywhere")
        )
        restyle(self, check="good" if good else "warning")
        agreeing = tr("{:,} of {:,}").format(record.rows_agreeing, record.rows_checked)
        alike = tr("same class, real rows") if classes else tr("same value, real rows")
        told = (
            (_power(record.max_abs_diff), tr("largest difference")),
            (agreeing, tr("same answer, random numbers") if tensors else alike),
            (size_text(record.size_bytes), tr("file size")),
            (time_text(record.seconds_per_row), tr("a row, on the CPU")),
        )
        for value, name, (figure, words) in zip(self._values, self._names, told, strict=True):
            value.setText(figure)
            name.set_full_text(words)
        self._sentence.setText(" ".join(self._remarks(record)))
        self._sentence.setVisible(bool(self._sentence.text()))
        self.setAccessibleName(f"{self._title.text()}. {agreeing}, {_power(record.max_abs_diff)}")

    @staticmethod
    def _remarks(record: ExportRecord) -> list[str]:
        remarks = []
        if not record.same:
            differing = record.rows_checked - record.rows_agreeing
            remarks.append(
                tr("{} rows differ.").format(differing)
                if differing
                else tr("No row could be checked.")
            )
        if record.needs_first:
            steps = ", ".join(record.needs_first)
            remarks.append(tr("Before the file is used, the caller must do: {}.").format(steps))
        return remarks


def _power(value: float) -> str:
    """Write a small difference: ``3e-7``."""
    if value == 0:
        return "0"
    digits, _, exponent = f"{value:.0e}".partition("e")
    return f"{digits}e{int(exponent)}"
