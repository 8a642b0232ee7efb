"""A project on the penguins, ready to be trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelstudio.engine.run import new_project
from modelstudio.project.model import Project
from modelstudio.resources import resource
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.train import TrainPage


@pytest.fixture(scope="session")
def penguins() -> Project:
    """Return an untouched project on the penguins."""
    return new_project(resource("samples", "penguins.csv")).project


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
