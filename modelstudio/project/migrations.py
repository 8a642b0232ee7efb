"""Steps from one version of the project file to the next, on the raw JSON before it is parsed.

When the meaning of the file changes: raise ``FORMAT_VERSION`` in `modelstudio.project.model` and
add a function here that takes the raw object of the version before and returns the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelstudio.errors import ProjectError
from modelstudio.project.model import FORMAT_VERSION

Raw = dict[str, Any]

MIGRATIONS: Mapping[int, Callable[[Raw], Raw]] = {}
"""From version to the function that leads to the next."""


def migrate(
    raw: Raw,
    migrations: Mapping[int, Callable[[Raw], Raw]] = MIGRATIONS,
    current: int = FORMAT_VERSION,
) -> Raw:
    """Bring a raw project up to the current version; the version itself is taken out.

    Raises
    ------
    ProjectError
        When the file is from a newer program or its version is no whole number.
    """
    values = dict(raw)
    version = values.pop("format_version", None)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProjectError(
            "The file does not say which version of the project format it has.",
            fix="Choose a file that Model Studio saved.",
        )
    if version > current:
        raise ProjectError(
            f"The project was saved by a newer Model Studio (format {version}; this one reads up "
            f"to {current}).",
            fix="Update Model Studio and open it again. The file was not changed.",
        )
    for step in range(version, current):
        values = migrations[step](values)
    return values
