"""The command line. The verbs stand in ``--help`` in the order in which they are imported."""

from modelstudio.cli import making, verbs, folds, imports, profiling, reference  # noqa: F401, I001
from modelstudio.cli.app import main

__all__ = ["main"]
