"""The Evaluate page: how good a run is, where it errs, and which threshold it should have."""

from modelstudio.ui.pages.evaluate.page import EvaluatePage

__all__ = ["EvaluatePage"]
