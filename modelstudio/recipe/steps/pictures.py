"""Steps that make every picture an array of the same shape.

They act in their order on each picture by itself; only Scale pixels learns, from the pictures that
train.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from modelstudio.recipe.steps.step import ColumnStep

Depth = Literal["8 bits", "10 bits", "12 bits", "14 bits", "16 bits"]
"""How many bits a camera used of the 16 in which a grey is stored."""


class PictureStep(ColumnStep, abstract=True):
    """A step that acts on columns of pictures."""

    stage = "pixels"
    kinds = ("image",)
    onnx: ClassVar[Literal["exact", "tokens", "none"]] = "none"


class Resize(PictureStep, label="Resize pictures"):
    """Give every picture the same size."""

    height: int = Field(64, ge=1, le=4096, description="Height in pixels.")
    width: int = Field(64, ge=1, le=4096, description="Width in pixels.")
    fit: Literal["crop", "stretch", "pad"] = Field(
        "crop",
        description="What becomes of other proportions: the edges are cut off, the picture is "
        "stretched, or black bars are added.",
    )


class CropCentre(PictureStep, label="Crop to the centre"):
    """Keep the middle of every picture; a smaller one gets a black border."""

    height: int = Field(56, ge=1, le=4096, description="Height in pixels.")
    width: int = Field(56, ge=1, le=4096, description="Width in pixels.")


class PadPictures(PictureStep, label="Pad pictures"):
    """Add a border of one shade around every picture."""

    pixels: int = Field(4, ge=1, le=1024, description="Width of the border in pixels.")
    shade: int = Field(0, ge=0, le=255, description="Its brightness, from 0 black to 255 white.")


class Colours(PictureStep):
    """Give every picture the same colour channels."""

    mode: Literal["colour", "grey", "colour and transparency"] = Field(
        "colour", description="Three channels, one, or four; what is missing is filled in."
    )
    depth: Depth = Field(
        "16 bits",
        description="Of grey pictures stored with 16 bits, how many the camera used: their largest "
        "number becomes white, and what is above it too. Other pictures have their own.",
    )


class ScalePixels(PictureStep, label="Scale pixels"):
    """Shift and scale the brightness of each channel; done on the device, batch by batch."""

    onnx = "exact"

    method: Literal["training pictures", "ImageNet", "0 to 1", "-1 to 1"] = Field(
        "training pictures",
        description="To mean 0 and standard deviation 1 of the pictures that train, with the "
        "figures of ImageNet, or to a fixed range.",
    )
