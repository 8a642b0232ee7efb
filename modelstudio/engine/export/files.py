"""What the caller of an exported file does with pictures and sounds first, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.inputs import InputField
from modelstudio.data.shaping import WHITES, file_steps
from modelstudio.data.sounds import QUIETEST, Listening
from modelstudio.recipe.steps import (
    Colours,
    CropCentre,
    MelSpectrogram,
    PadPictures,
    Resize,
    Step,
)

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
    """Say how the files of a field are opened, shaped and handed over; nothing of other fields."""
    steps = [each.step for each in fitted.steps]
    if field.spec.kind == "image":
        yield from _pictures(file_steps(steps, field.columns[0]), field)
    elif field.spec.kind == "spectrogram":
        yield from _sounds(file_steps(steps, field.columns[0], "audio"), field)


def _pictures(steps: Sequence[Step], field: InputField) -> Iterator[str]:
    colours = next((step for step in reversed(steps) if isinstance(step, Colours)), Colours())
    mode, white = colours.mode, WHITES[colours.depth]
    deep = "" if white == WHITES["16 bits"] else f"; of a grey of 16 bits {white:,} is white"
    yield (
        f"Open each picture of {field.columns[0]} the right way up, as its EXIF says, in 8 bits a "
        f"channel{deep}"
    )
    behind = "" if mode == "colour and transparency" else "; what is transparent becomes white"
    yield f"Bring it to {_COLOURS[mode]}{behind}"
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
    yield f"Give {_given(field, 'uint8')}, 0 dark to 255 light; the file scales it"


def _sounds(steps: Sequence[Step], field: InputField) -> Iterator[str]:
    step = next(step for step in reversed(steps) if isinstance(step, MelSpectrogram))
    listening = Listening(step)
    yield f"Open each sound of {field.columns[0]} and mix its channels to one"
    yield f"Resample it to {step.rate:,} samples a second; keep {listening.samples:,}, or add zeros"
    yield (
        f"Take the power of windows of {listening.window:,} samples every {listening.hop:,} (Hann, "
        f"{listening.points:,} points, divided by the square of the window's sum)"
    )
    yield (
        f"Sum it in {step.bands} triangular mel bands from 0 Hz to half the rate (HTK), add "
        f"{QUIETEST:g} and take the natural logarithm"
    )
    yield f"Give {_given(field, 'float')}; the file scales it"


def _given(field: InputField, dtype: str) -> str:
    shape = ", ".join(map(str, ("batch", *field.spec.shape)))
    return f"{field.spec.name} as {dtype} ({shape})"
