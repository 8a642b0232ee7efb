"""The command line."""

from modelstudio.cli.verbs import main

__all__ = ["main"]
