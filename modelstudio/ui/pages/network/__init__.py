"""The network page."""

from modelstudio.ui.pages.network.page import NetworkPage

__all__ = ["NetworkPage"]
