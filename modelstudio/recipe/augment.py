"""Augmentations, each declared once: random changes to training samples, drawn anew every epoch.

What carries them out lives in `modelstudio.data.augment`.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from modelstudio.declaration import Declaration
from modelstudio.recipe.fields import InputKind


class Augmentation(Declaration):
    """One random change; ``kinds`` are the fields it may act on."""

    kinds: ClassVar[tuple[InputKind, ...]] = ()

    enabled: bool = Field(True, description="Switch it off without losing its settings.")
