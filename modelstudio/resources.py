"""Where icons, fonts, samples and tokens lie: in the checkout or inside the installed package."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def resources() -> Path:
    """Return the folder of the bundled resources.

    A wheel carries them as ``modelstudio/_resources``; in a checkout they lie beside the package.
    """
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def resource(*parts: str) -> Path:
    """Return the path of one bundled file or folder."""
    return resources().joinpath(*parts)


def sample(name: str) -> Path:
    """Return a bundled sample data set, such as ``churn.csv``."""
    return resource("samples", name)


def app_home() -> Path:
    """Return the folder for settings, recents and journals of unnamed projects, created if needed.

    The environment variable ``MODELSTUDIO_HOME`` overrides the platform's own place.
    """
    if chosen := os.environ.get("MODELSTUDIO_HOME"):
        home = Path(chosen)
    elif sys.platform == "win32":
        home = Path(os.environ.get("APPDATA", Path.home() / "AppData/Roaming")) / "Model Studio"
    elif sys.platform == "darwin":
        home = Path.home() / "Library/Application Support/Model Studio"
    else:
        home = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "modelstudio"
    home.mkdir(parents=True, exist_ok=True)
    return home
