"""Augmentations, each declared once: random changes to training samples, drawn anew every epoch.

What carries them out lives in `modelstudio.data.augment`. Validation, test and prediction never see
them.
"""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from modelstudio.declaration import Declaration
from modelstudio.recipe.fields import FieldSpec, InputKind


class Augmentation(Declaration):
    """One random change; ``kinds`` are the fields it may act on."""

    kinds: ClassVar[tuple[InputKind, ...]] = ()

    enabled: bool = Field(True, description="Switch it off without losing its settings.")
    share: float = Field(
        1.0, gt=0, le=1, description="Share of the samples that are changed, each time anew."
    )

    @classmethod
    def acts_on(cls, field: FieldSpec) -> bool:
        """Tell whether it changes what a field holds."""
        return field.role == "input" and field.kind in cls.kinds


class Move(Augmentation, abstract=True):
    """A change of where things are in a picture; what comes in at the edges is mirrored.

    Moves that follow each other are carried out as one, so that a picture is resampled once.
    """

    kinds = ("image",)


class Flip(Move):
    """Mirror pictures from left to right, or upside down."""

    share: float = Field(
        0.5, gt=0, le=1, description="Share of the pictures that are mirrored, each time anew."
    )
    vertical: bool = Field(
        False, description="Mirror upside down too, as suits pictures taken from above."
    )


class Rotate(Move):
    """Turn pictures by a random angle to either side."""

    degrees: float = Field(10.0, gt=0, le=180, description="Largest angle in degrees.")


class Shift(Move):
    """Move pictures by some whole pixels to any side."""

    amount: float = Field(0.1, gt=0, le=0.5, description="Largest way, as a share of the size.")


class Scale(Move):
    """Make what a picture shows smaller or larger."""

    smallest: float = Field(0.9, ge=0.1, le=1, description="Smallest size; 1 is as it was.")
    largest: float = Field(1.1, ge=1, le=10, description="Largest size; 1 is as it was.")


class RandomCrop(Move, label="Random crop"):
    """Cut out a part anywhere and bring it to the full size."""

    smallest: float = Field(0.8, ge=0.1, lt=1, description="Smallest side of the part; 1 is all.")


class PixelChange(Augmentation, abstract=True):
    """A change of the shades of a picture."""

    kinds = ("image",)


class ColourJitter(PixelChange, label="Colour jitter"):
    """Change light and colours; of grey pictures brightness and contrast."""

    brightness: float = Field(0.2, ge=0, le=1, description="Largest change, as a share.")
    contrast: float = Field(0.2, ge=0, le=1, description="Largest change, as a share.")
    saturation: float = Field(0.2, ge=0, le=1, description="Largest change, as a share.")
    hue: float = Field(
        0.02, ge=0, le=0.5, description="Largest turn of the hues, as a share of the circle."
    )

    @model_validator(mode="after")
    def _change_something(self) -> Self:
        if not (self.brightness or self.contrast or self.saturation or self.hue):
            raise ValueError("one of the changes must be more than 0")
        return self


class Blur(PixelChange):
    """Blur pictures a little, as a lens out of focus does."""

    share: float = Field(
        0.3, gt=0, le=1, description="Share of the pictures that are blurred, each time anew."
    )
    sigma: float = Field(1.0, gt=0, le=3, description="Largest spread in pixels.")


class Noise(PixelChange):
    """Add noise to every pixel, as a camera in the dark does."""

    share: float = Field(
        0.3, gt=0, le=1, description="Share of the pictures that get noise, each time anew."
    )
    amount: float = Field(
        0.05, gt=0, le=1, description="Its standard deviation; 1 is from black to white."
    )


class Cutout(PixelChange):
    """Cover a square anywhere with the mean shade of the picture."""

    share: float = Field(
        0.5, gt=0, le=1, description="Share of the pictures that are covered, each time anew."
    )
    size: float = Field(0.3, gt=0, le=0.9, description="Side of the square; 1 is all.")


class Mix(Augmentation, abstract=True):
    """A change that puts two samples of a batch together; the target becomes shares of both."""

    alpha: float = Field(
        0.2,
        gt=0,
        le=10,
        description="How evenly the two are mixed: small mostly keeps one, 1 takes any share.",
    )


class MixUp(Mix):
    """Lay two samples over each other, all but ids; the target becomes shares of both.

    The ids of categories and words cannot be laid over each other: they stay those of the sample
    with the larger share.
    """

    kinds = ("image", "spectrogram", "features", "window")


class CutMix(Mix):
    """Paste a part of another picture; the target becomes shares of both by area.

    Other inputs stay those of the picture that is pasted upon.
    """

    kinds = ("image",)

    share: float = Field(
        0.5, gt=0, le=1, description="Share of the pictures that are changed, each time anew."
    )
    alpha: float = Field(
        1.0, gt=0, le=10, description="How even the areas are: small mostly keeps one picture."
    )


class SwapNoise(Augmentation, label="Swap noise"):
    """Replace some cells by those of other rows in the same column, however it is encoded.

    It does nothing where users and items are learnt.
    """

    kinds = ("features", "ids")

    amount: float = Field(0.1, gt=0, lt=1, description="Share of the cells that are replaced.")

    @classmethod
    def acts_on(cls, field: FieldSpec) -> bool:
        """Leave texts alone: their words are no cells."""
        return super().acts_on(field) and not _is_text(field)


class WordDropout(Augmentation, label="Word dropout"):
    """Leave out some words of a text; one always stays."""

    kinds = ("ids",)

    amount: float = Field(0.1, gt=0, lt=1, description="Share of the words that are left out.")

    @classmethod
    def acts_on(cls, field: FieldSpec) -> bool:
        """Act on texts, not on categories."""
        return super().acts_on(field) and _is_text(field)


def _is_text(field: FieldSpec) -> bool:
    """Tell the words of a text from the category of a column, both of which are ids."""
    return field.kind == "ids" and bool(field.shape)
