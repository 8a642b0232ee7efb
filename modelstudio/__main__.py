"""Start the window (no arguments, a file to open, ``demo``) or the command line (a verb)."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

SUFFIXES = (".mstudio", ".onnx", ".py")
"""Endings of projects, and of networks to import; importing what knows of them would delay the
window."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not wants_window(given):
        return _command_line(given)
    if not has_display():
        if given in (["demo"], ["--demo"]):
            print("There is no display, so the demo runs in the terminal.", file=sys.stderr)
            return _command_line(["demo", "--headless"])
        print("There is no display to open a window on.", file=sys.stderr)
        print("Use a verb instead; modelstudio --help lists them.", file=sys.stderr)
        return 1
    try:
        from modelstudio.ui.app import main as open_window
    except ImportError as error:
        print(f"The window cannot be opened: {error}.", file=sys.stderr)
        print("Install the system libraries that the README lists for Qt.", file=sys.stderr)
        return 1
    demo = given in (["demo"], ["--demo"])
    return open_window(Path(given[0]) if given and not demo else None, demo)


def wants_window(arguments: Sequence[str]) -> bool:
    """Tell whether the arguments ask for the window: nothing, ``demo``, a file, ``net.py:Net``.

    A file or folder of data opens it too; one that is called like a verb needs a ``./`` before it.
    """
    if len(arguments) > 1:
        return False
    first = arguments[0] if arguments else "demo"
    file, _, name = first.rpartition(":")
    named = name.isidentifier() and file.lower().endswith(".py")
    if first in {"demo", "--demo"} or named or first.lower().endswith(SUFFIXES):
        return True
    return bool(first) and Path(first).exists() and not _is_verb(first)


def _is_verb(name: str) -> bool:
    from modelstudio.cli.app import is_verb

    return is_verb(name)


def has_display() -> bool:
    """Tell whether a window could be shown; only Linux may be without."""
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _command_line(arguments: list[str]) -> int:
    try:
        gc.disable()  # what is imported stays, and to look through it again and again takes time
        from modelstudio.cli import main as run

        gc.freeze()
        gc.enable()
        return run(arguments)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
