"""What the Data page says above everything else: a fault with its way out, and a note."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.ui.widgets import Banner, column


class Notices(QWidget):
    """One banner for a fault, one for a note; both are hidden until there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = Banner("error", "", name="data.banner")
        self.note = Banner("info", "", name="data.note")
        self._mend: Callable[[], object] | None = None
        self.fault.triggered.connect(lambda: self._mend and self._mend())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._holders = {}
        for banner in (self.fault, self.note):
            holder = column(banner, margins=(12, 8, 12, 8), tone="panel")
            layout.addWidget(holder)
            self._holders[banner] = holder
            self._show(banner, on=False)
        self.note.closed.connect(self._holders[self.note].hide)

    def tell_fault(
        self, html: str, action: str = "", call: Callable[[], object] | None = None
    ) -> None:
        """Say what is wrong and offer what mends it; nothing takes the banner away."""
        self._mend = call
        self.fault.set_text(html, action)
        self._show(self.fault, on=bool(html))

    def tell_note(self, text: str) -> None:
        """Say something worth knowing; nothing takes the banner away."""
        self.note.set_text(text)
        self._show(self.note, on=bool(text))

    def _show(self, banner: Banner, *, on: bool) -> None:
        banner.setVisible(on)
        self._holders[banner].setVisible(on)
