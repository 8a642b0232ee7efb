"""Where one starts: recent projects, data, templates."""

from modelstudio.ui.pages.welcome.page import WelcomePage

__all__ = ["WelcomePage"]
