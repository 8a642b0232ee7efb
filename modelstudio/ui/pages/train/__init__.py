"""The Train page: settings, live curves, runs."""

from modelstudio.ui.pages.train.page import TrainPage

__all__ = ["TrainPage"]
