"""The Data page: columns, checks, rows before and after, recipe and split."""

from modelstudio.ui.pages.data.page import DataPage

__all__ = ["DataPage"]
