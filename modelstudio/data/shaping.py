"""How pictures are opened and given the same shape."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from modelstudio.errors import DataError
from modelstudio.recipe.steps import ColumnStep, Step
from modelstudio.recipe.steps.pictures import (
    Colours,
    CropCentre,
    Depth,
    PadPictures,
    Resize,
    ScalePixels,
)

MOST_PIXELS = 200_000_000
"""A picture that claims more is not opened: a small file can unpack to fill the memory."""

_TOO_LARGE = f"claims to have more than {MOST_PIXELS // 10**6} million pixels"

_WHITES = (1.0, 255.0, 65535.0)
"""White of a floating-point grey: the least of these that none of its values exceeds."""

WHITES: dict[Depth, int] = {
    "8 bits": 255,
    "10 bits": 1023,
    "12 bits": 4095,
    "14 bits": 16383,
    "16 bits": 65535,
}
"""White of a grey of 16 bits by how many of them the camera used."""

SIXTEEN = ("I;16", "I;16B", "I;16L", "I")
"""What Pillow calls greys of 16 bits."""

_RULES = 2
"""Grows with each change of what a file decodes to, so that what was kept is not taken for it."""

_MODES = {"colour": "RGB", "grey": "L", "colour and transparency": "RGBA"}

Pixels = NDArray[np.uint8]


class Unreadable(Exception):
    """A picture that cannot be used; the message says why, to follow "it".

    Parameters
    ----------
    passing
        Whether it may be read another time, though nothing in it has changed.
    """

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


def out_of_reach(error: Exception) -> Unreadable | None:
    """Return what keeps a file from being read for now; None where its content is at fault."""
    match error:
        case FileNotFoundError():
            why = "does not exist"
        case PermissionError():
            why = "may not be read"
        case MemoryError():
            why = "takes more memory than is free"
        case OSError(strerror=str(reason)):
            why = f"cannot be read now ({reason})"
        case _:
            return None
    return Unreadable(why, passing=True)


@dataclass(frozen=True, slots=True)
class Shaping:
    """The steps that give every picture the same shape.

    Raises
    ------
    DataError
        When none of them gives a size.
    """

    steps: tuple[Step, ...]

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of the pixels."""
        return np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every picture."""
        height = width = 0
        mode = "colour"
        for step in self.steps:
            match step:
                case Resize() | CropCentre():
                    height, width = step.height, step.width
                case PadPictures() if height:
                    height, width = height + 2 * step.pixels, width + 2 * step.pixels
                case Colours():
                    mode = step.mode
        if not height:
            raise DataError(
                "The pictures have no common size.",
                fix="Add Resize pictures or Crop to the centre to the recipe.",
            )
        return len(_MODES[mode]), height, width

    @property
    def white(self) -> int:
        """White of a grey of 16 bits."""
        last = next((each for each in reversed(self.steps) if isinstance(each, Colours)), Colours())
        return WHITES[last.depth]

    @property
    def key(self) -> str:
        """A name that is the same for the same steps only."""
        steps = json.dumps([_RULES, *(step.to_dict() for step in self.steps)], sort_keys=True)
        return hashlib.blake2b(steps.encode(), digest_size=12).hexdigest()

    def decode(self, path: str | Path) -> Pixels:
        """Open a picture and return it as `apply` does; raises `Unreadable`."""
        return self.apply(_eight_bits(raw_picture(path, self.least()), self.white))

    def apply(self, image: Image.Image) -> Pixels:
        """Return a picture as numbers from 0 to 255; shape (channels, height, width)."""
        mode = next((step.mode for step in reversed(self.steps) if isinstance(step, Colours)), None)
        image = _in_mode(image, _MODES[mode or "colour"])
        for step in self.steps:
            match step:
                case Resize():
                    image = _resized(image, step)
                case CropCentre():
                    image = _cropped(image, step.height, step.width)
                case PadPictures():
                    image = ImageOps.expand(image, step.pixels, _shade(image.mode, step.shade))
        array = np.asarray(image)
        return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))

    def least(self) -> tuple[int, int] | None:
        """Return the width and height that are enough to decode; None where all counts."""
        first = next((step for step in self.steps if not isinstance(step, Colours)), None)
        return (first.width, first.height) if isinstance(first, Resize) else None


def open_picture(path: Path | str | IO[bytes], least: tuple[int, int] | None = None) -> Image.Image:
    """Decode a picture to be looked at, as `raw_picture` does, in 8 bits a channel.

    White of a grey of 16 bits is that of the camera which made this one.
    """
    image = raw_picture(path, least)
    return _eight_bits(image, WHITES[depth_of(greatest(image))])


def raw_picture(path: Path | str | IO[bytes], least: tuple[int, int] | None = None) -> Image.Image:
    """Decode a picture the right way up, in the bits that it has.

    Parameters
    ----------
    least
        A JPEG may be decoded smaller, but no smaller than this width and height.

    Raises
    ------
    Unreadable
        When it is no picture, cut short, far too large or out of reach.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise Unreadable(_TOO_LARGE)
                if least is not None:
                    side = max(least)
                    opened.draft("RGB" if opened.mode == "YCbCr" else opened.mode, (side, side))
                image = ImageOps.exif_transpose(opened)
    except Unreadable:
        raise
    except Image.DecompressionBombError:
        raise Unreadable(_TOO_LARGE) from None
    except UnidentifiedImageError:
        raise Unreadable("is no picture") from None
    except Exception as error:  # decoders of damaged files raise whatever they stumble over
        cut = "truncated" in str(error) or "end of" in str(error).lower()
        lasting = Unreadable("is cut short" if cut else "is damaged")
        raise out_of_reach(error) or lasting from None
    return image


def greatest(image: Image.Image) -> int:
    """Return the largest number in a grey of 16 bits; 0 of any other picture."""
    return int(np.asarray(image).max()) if image.mode in SIXTEEN else 0


def depth_of(most: int) -> Depth:
    """Return how many bits a camera used whose pictures hold no larger number; 16 where none."""
    if not most:
        return "16 bits"
    return next((depth for depth, white in WHITES.items() if most <= white), "16 bits")


def _eight_bits(image: Image.Image, white: int) -> Image.Image:
    """Bring 16-bit and floating-point greys to 0 to 255; the range of the type is kept."""
    if image.mode in SIXTEEN:
        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray(np.clip(values * (255 / white), 0, 255).round().astype(np.uint8))
    if image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        most = np.max(values, where=np.isfinite(values), initial=0)
        full = next((each for each in _WHITES if most <= each), _WHITES[-1])
        shades = np.clip(np.nan_to_num(values), 0, full) * (255 / full)
        return Image.fromarray(shades.round().astype(np.uint8))
    return image


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert to grey, colour or colour with transparency; what is transparent becomes white."""
    if image.mode == mode:
        return image
    see_through = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if mode != "RGBA" and see_through:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(behind, image)
    return image.convert(mode)


def _resized(image: Image.Image, step: Resize) -> Image.Image:
    size = (step.width, step.height)
    match step.fit:
        case "stretch":
            return image.resize(size, Image.Resampling.BILINEAR)
        case "pad":
            return ImageOps.pad(image, size, Image.Resampling.BILINEAR, _shade(image.mode, 0))
    return ImageOps.fit(image, size, Image.Resampling.BILINEAR)


def _cropped(image: Image.Image, height: int, width: int) -> Image.Image:
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _shade(mode: str, shade: int) -> int | tuple[int, ...]:
    return shade if mode == "L" else (shade,) * 3 + ((255,) if mode == "RGBA" else ())


def file_steps(steps: Sequence[Step], column: str, kind: str = "image") -> tuple[Step, ...]:
    """Return the steps that act on a column of pictures or sounds."""
    return tuple(
        step
        for step in steps
        if step.stage == "pixels"
        and isinstance(step, ColumnStep)
        and kind in step.kinds
        and (step.columns is None or column in step.columns)
    )


def shaping_of(steps: Sequence[Step], column: str) -> Shaping:
    """Return what gives the pictures of a column their shape."""
    acting = file_steps(steps, column)
    return Shaping(tuple(step for step in acting if not isinstance(step, ScalePixels)))
