"""A project on the penguins, ready to be trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelstudio.project.model import Project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.train import TrainPage


@pytest.fixture
def open_page(window: MainWindow, penguins: Project) -> Callable[..., TrainPage]:
    """Return a function that opens the project with some training settings on the Train page."""

    def open_with(**settings: object) -> TrainPage:
        training = penguins.training.changed(threads=1, **settings)
        window.document.new(penguins.changed(training=training))
        window.go("train")
        page = window.page("train")
        assert isinstance(page, TrainPage)
        return page

    return open_with
