"""What stands above the pictures: files that cannot be read, and copies of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import IconLabel, button, count_text, label, row, semibold
from modelstudio.ui.widgets.notices import SIGNS
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.picture_profile import Looked

_SHOW_AFTER_MS = 400

_BESIDE = 64
"""Pixels of the sign, the margins and what is between."""

_TONES = {"info": "accentTint", "warning": "warningTint", "error": "errorTint"}


class PicturesBanner(QFrame):
    """Hidden while there is nothing to say; a search that ends soon is not told."""

    files_wanted = Signal()
    drop_wanted = Signal()
    removal_wanted = Signal()
    review_wanted = Signal()
    search_wanted = Signal()
    cancel_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="data.pictures.banner")
        self._kind = "warning"
        self._sign = IconLabel("warn", "warning")
        self.text = label("", wrap=True, name="data.pictures.banner.text")
        offers = (
            ("files", "secondary", tr("Show files"), self.files_wanted),
            ("drop", "secondary", tr("Leave out files"), self.drop_wanted),
            ("remove", "secondary", tr("Leave out copies"), self.removal_wanted),
            ("review", "ghost", tr("Review copies"), self.review_wanted),
            ("search", "secondary", tr("Look for them"), self.search_wanted),
            ("cancel", "secondary", tr("Cancel"), self.cancel_wanted),
        )
        self.text.setToolTip(
            tr(
                "A leak is a picture that lies in two parts: the network would be judged by what "
                "it has seen."
            )
        )
        self.buttons = {}
        for name, kind, words, signal in offers:
            each = button(words, kind, name=f"data.pictures.{name}", small=True)
            each.clicked.connect(signal)
            self.buttons[name] = each
        self._choices = row(*self.buttons.values(), None, spacing=8)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(16, 6, 8, 6)
        self._layout.setSpacing(6)
        self._layout.addWidget(row(self._sign, wide(self.text), spacing=8), 1)
        self._layout.addWidget(self._choices)
        self.setMinimumHeight(44)
        self._late = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._late.timeout.connect(self.show)
        self.hide()

    def tell_progress(self, looked: Looked) -> None:
        """Say how far the search is and what it found until now."""
        words = tr("Looking for copies and damaged files: {} of {}").format(
            count_text(looked.done), count_text(looked.total)
        )
        met = []
        if looked.unreadable:
            met.append(tr("{} cannot be read").format(count_text(looked.unreadable)))
        if looked.copies:
            met.append(tr("{} copied").format(count_text(looked.copies)))
        self._say("info", words + (f" · {', '.join(met)}" if met else ""), "cancel")
        if self.isHidden() and not self._late.isActive():
            self._late.start()

    def offer_search(self, count: int) -> None:
        """Offer a search that takes long."""
        told = counted(count, tr("picture"))
        self._say("info", tr("{} were not searched for copies and damage").format(told), "search")
        self.show()

    def tell(self, broken: int, copies: int, alike: int, leaks: int) -> None:
        """Say what is wrong with the pictures in use; with nothing wrong it hides."""
        self._late.stop()
        told = []
        if broken:
            words = tr("<b>{} cannot be read</b> and {} not used.")
            verb = tr("is") if broken == 1 else tr("are")
            told.append(words.format(counted(broken, tr("file")), verb))
        if copies or alike:
            told.append(_copies_text(copies, alike, leaks))
        names = ["files", "drop"] * bool(broken) + ["remove"] * bool(copies)
        names += ["review"] * bool(copies or alike)
        self._say("error" if leaks else "warning", " ".join(told), *names)
        self.buttons["drop"].setText(tr("Leave out {}").format(counted(broken, tr("file"))))
        self.buttons["files"].setText(tr("Show {}").format(counted(broken, tr("file"))))
        self.buttons["review"].setText(tr("Review copies") if copies else tr("Review"))
        self.setVisible(bool(told))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_choices()

    def paintEvent(self, event: QEvent) -> None:
        now, painter = theme(), QPainter(self)
        painter.fillRect(self.rect(), now.color(_TONES[self._kind]))
        painter.fillRect(0, self.height() - 1, self.width(), 1, now.color("border"))

    def _say(self, kind: str, text: str, *names: str) -> None:
        self._sign.set_icon(*SIGNS[kind])
        self.text.setText(semibold(text))
        self.setAccessibleName(text.replace("<b>", "").replace("</b>", ""))
        for name, each in self.buttons.items():
            each.setVisible(name in names)
        self._kind = kind
        self._place_choices()
        self.update()

    def _place_choices(self) -> None:
        """Put the buttons beside the words, or below where these would need several lines."""
        words = QFontMetrics(theme().font("panelTitle")).horizontalAdvance(self.accessibleName())
        if (choices := self._choices.layout()) is not None:
            choices.invalidate()
        fits = words + self._choices.sizeHint().width() + _BESIDE <= self.width()
        ways = QBoxLayout.Direction
        self._layout.setDirection(ways.LeftToRight if fits else ways.TopToBottom)


def _copies_text(copies: int, alike: int, leaks: int) -> str:
    """Say how many are copies, how many look alike, and how many lie in another part."""
    told = []
    if copies:
        told.append(tr("1 exact copy") if copies == 1 else tr("{} exact copies").format(copies))
    if alike:
        told.append(counted(alike, tr("look-alike")))
    text = tr(" and ").join(told)
    if leaks and leaks == copies + alike:
        text += tr(" in another part, a leak") if leaks == 1 else tr(", all of them leaks")
    elif leaks:
        text += tr(", {} of them leaks").format(count_text(leaks))
    return f"{text}."
