"""The Export page: the model as a file for other programs, checked, and tried out."""

from modelstudio.ui.pages.export.page import ExportPage

__all__ = ["ExportPage"]
