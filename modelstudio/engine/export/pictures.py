"""What the caller of an exported file does with pictures first, in words."""

from __future__ import annotations

from collections.abc import Iterator

from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.inputs import InputField
from modelstudio.data.shaping import file_steps
from modelstudio.recipe.steps import Colours, CropCentre, PadPictures, Resize

_COLOURS = {
    "colour": "three channels: red, green, blue",
    "grey": "one channel of grey (0.299 red + 0.587 green + 0.114 blue)",
    "colour and transparency": "four channels: red, green, blue, opacity",
}
_FITS = {
    "crop": "the edges of other proportions are cut off",
    "stretch": "other proportions are stretched",
    "pad": "other proportions get black bars",
}


def needs_first(fitted: FittedRecipe, field: InputField) -> Iterator[str]:
    """Say how the pictures of a field are opened, shaped and handed over."""
    column = field.columns[0]
    steps = file_steps([each.step for each in fitted.steps], column)
    mode = next((step.mode for step in reversed(steps) if isinstance(step, Colours)), "colour")
    yield f"Open each picture of {column} the right way up, as its EXIF says, in 8 bits a channel"
    white = "" if mode == "colour and transparency" else "; what is transparent becomes white"
    yield f"Bring it to {_COLOURS[mode]}{white}"
    for step in steps:
        match step:
            case Resize():
                yield (
                    f"Resize it to {step.width} x {step.height} pixels, bilinear over all it "
                    f"covers; {_FITS[step.fit]}"
                )
            case CropCentre():
                yield (
                    f"Keep the {step.width} x {step.height} pixels in the middle; what is smaller "
                    "gets a black border"
                )
            case PadPictures():
                yield f"Add a border of {step.pixels} pixels of the shade {step.shade}"
    shape = ", ".join(map(str, ("batch", *field.spec.shape)))
    yield f"Give {field.spec.name} as uint8 ({shape}), 0 dark to 255 light; the file scales it"
