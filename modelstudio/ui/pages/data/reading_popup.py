"""How the file is read: what parts the cells, its encoding, and which words mean nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from modelstudio.data.sources.encoding import TITLES
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.sources import Database, LongText, Source, Table, TextFolder
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import Sheet, wrapped
from modelstudio.ui.widgets import ComboBox, LineField, button, label

_DELIMITERS = {
    None: "Found in the file",
    ",": "Comma",
    ";": "Semicolon",
    "\t": "Tab",
    "|": "Bar",
    " ": "Space",
    "::": "Two colons",
}
_DECIMALS = {None: "Found in the file", "point": "Point, 1234.5", "comma": "Comma, 1234,5"}
_DATES = {
    None: "Found in each column",
    "day first": "Day, month, year",
    "month first": "Month, day, year",
    "year first": "Year, month, day (years of two digits)",
}

_BINARY = (
    *(".parquet", ".pq", ".arrow", ".feather", ".ipc"),
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    *(".sqlite", ".sqlite3", ".db", ".db3"),
)
_JSON = (".json", ".jsonl", ".ndjson")


class ReadingPopup(Sheet):
    """Edit `CsvOptions`; ``edited`` gives the new ones.

    Of a workbook or a database ``table_wanted`` gives the source with another table.
    """

    edited = Signal(object)
    table_wanted = Signal(object)
    file_wanted = Signal()

    def __init__(self, parent: QWidget):
        super().__init__(parent, "data.reading_options", 336)
        self.setAccessibleName(tr("How the file is read"))
        self._csv = CsvOptions()
        self._source: Source = Table()
        self.table = ComboBox("data.csv.table", tr("Sheet or table"))
        self.table.activated.connect(self._take_table)
        self._table_label = label(tr("Table"), "label", "secondary")
        self.delimiter = ComboBox("data.csv.delimiter", tr("Between cells"))
        for value, text in _DELIMITERS.items():
            self.delimiter.addItem(tr(text), value)
        self.encoding = ComboBox("data.csv.encoding", tr("Encoding"))
        self.encoding.addItem(tr("Found in the file"), None)
        for name, title in TITLES.items():
            self.encoding.addItem(tr(title), name)
        self.decimals = self._choice("decimals", tr("Sign before the decimals"), _DECIMALS)
        self.dates = self._choice("dates", tr("Order of dates such as 03/04/2021"), _DATES)
        self.missing = LineField("", "data.csv.missing", tr("Words that mean an empty cell"))
        self.missing.setPlaceholderText(tr("NA, n/a, ?"))
        self.delimiter.activated.connect(
            lambda at: self._edit(delimiter=self.delimiter.itemData(at))
        )
        self.encoding.activated.connect(lambda at: self._edit(encoding=self.encoding.itemData(at)))
        self.missing.changed.connect(self._edit_missing)
        self.other = button(tr("Open another file..."), "secondary", "file", name="data.csv.open")
        self.other.clicked.connect(self._leave)
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 12, 16, 14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(tr("How the file is read"), "panelTitle"), 0, 0, 1, 2)
        rows = (
            (tr("Between cells"), self.delimiter),
            (tr("Encoding"), self.encoding),
            (tr("Decimals"), self.decimals),
            (tr("Dates"), self.dates),
            (tr("Empty words"), self.missing),
        )
        names = [label(text, "label", "secondary") for text, _ in rows]
        for at, (caption, (_, editor)) in enumerate(zip(names, rows, strict=True), start=1):
            grid.addWidget(caption, at, 0)
            grid.addWidget(editor, at, 1)
        told = tr(
            "A cell without text is always empty. NA or None count as text until listed here."
        )
        note = wrapped(told, "axis", "tertiary")
        grid.addWidget(note, 6, 1)
        self._fields: tuple[tuple[QWidget, ...], ...] = (
            (names[0], self.delimiter),
            (names[1], self.encoding),
            (*names[2:], self.decimals, self.dates, self.missing, note),
        )
        grid.addWidget(self._table_label, 7, 0)
        grid.addWidget(self.table, 7, 1)
        grid.addWidget(self.other, 9, 0, 1, 2)

    def open_below(self, widget: QWidget, data: DataConfig) -> None:
        """Show the options under a button."""
        self.set_data(data)
        self.offer_tables(())
        self.open_at(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        fields = (self.delimiter, self.decimals, self.encoding, self.other)
        next(field for field in fields if not field.isHidden()).setFocus()

    def set_data(self, data: DataConfig) -> None:
        """Show how the file of these data choices is read."""
        csv = self._csv = data.csv
        self._source = data.source
        for parts, shown in zip(self._fields, _applying(data), strict=True):
            for part in parts:
                part.setVisible(shown)
        self.delimiter.setCurrentIndex(max(self.delimiter.findData(csv.delimiter), 0))
        if csv.encoding and self.encoding.findData(csv.encoding) < 0:
            self.encoding.addItem(csv.encoding, csv.encoding)
        self.encoding.setCurrentIndex(max(self.encoding.findData(csv.encoding), 0))
        self.decimals.setCurrentIndex(max(self.decimals.findData(csv.decimals), 0))
        self.dates.setCurrentIndex(max(self.dates.findData(csv.dates), 0))
        self.missing.set_value(", ".join(csv.missing))

    def add_again(self, again: QWidget) -> None:
        """Put what reads a database again below the choice of its tables."""
        layout = self.layout()
        assert isinstance(layout, QGridLayout)
        layout.addWidget(again, 8, 1)

    def offer_tables(self, names: tuple[str, ...]) -> None:
        """Offer the tables of the source, if it has several."""
        source = self._source
        taken = source.query if isinstance(source, Database) else getattr(source, "sheet", "")
        self.table.clear()
        self.table.addItem(tr("Found in the file"), "")
        for name in names:
            self.table.addItem(name, name)
        self.table.setCurrentIndex(self.table.findData(taken))
        self.table.setPlaceholderText(tr("A query"))
        for part in (self._table_label, self.table):
            part.setVisible(len(names) > 1)
        if self.isVisible():
            self.fit()

    def _take_table(self, at: int) -> None:
        name = self.table.itemData(at)
        database = isinstance(self._source, Database)
        source = Database(query=name) if database else Table(sheet=name)
        if source != self._source:
            self.close()
            self.table_wanted.emit(source)

    def _choice(self, field: str, name: str, choices: Mapping[str | None, str]) -> ComboBox:
        """Return a box for one of the options, of which None is to be found."""
        box = ComboBox(f"data.csv.{field}", name)
        for value, text in choices.items():
            box.addItem(tr(text), value)
        box.activated.connect(lambda at: self._edit(**{field: box.itemData(at)}))
        return box

    def _edit_missing(self, text: str) -> None:
        words = dict.fromkeys(word.strip() for word in text.split(","))
        self._edit(missing=tuple(word for word in words if word))

    def _edit(self, **values: Any) -> None:
        self._csv = self._csv.edited(**values)
        self.edited.emit(self._csv)

    def _leave(self) -> None:
        self.close()
        self.file_wanted.emit()


def _applying(data: DataConfig) -> tuple[bool, bool, bool]:
    """Tell whether the cells of this data have to be parted, decoded, and their words understood.

    Workbooks and Parquet files say themselves where a cell ends and how it is written; a folder
    has cells where a table of labels lies in it.
    """
    source, ending = data.source, PurePath(data.path or "").suffix.lower()
    table = isinstance(source, Table)
    labels = bool(getattr(source, "labels", ""))
    decoded = labels or isinstance(source, TextFolder | LongText)
    decoded = decoded or (table and ending not in _BINARY)
    parted = labels or (table and decoded and ending not in _JSON)
    return parted, decoded, labels or isinstance(source, Table | Database)
