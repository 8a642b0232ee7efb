"""The command line."""

from modelstudio.cli import folds, imports, profiling, reference  # noqa: F401  register their verbs
from modelstudio.cli.verbs import main

__all__ = ["main"]
