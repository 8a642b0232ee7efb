"""How a program opens a picture or a sound and makes of it what the exported file takes."""

from __future__ import annotations

import math
import wave
from collections.abc import Sequence

from PIL import Image

from modelstudio.data.shaping import file_steps, shaping_of
from modelstudio.data.sounds import QUIETEST, Listening
from modelstudio.engine.export.program import Program
from modelstudio.recipe.steps import (
    Colours,
    CropCentre,
    MelSpectrogram,
    PadPictures,
    Resize,
    Step,
)

_MODES = {"colour": "RGB", "grey": "L", "colour and transparency": "RGBA"}


def picture(made: Program, steps: Sequence[Step], column: str, path: str) -> str:
    """Write how a picture is opened and shaped; return the expression of its pixels."""
    made.needs("from PIL import Image, ImageOps")
    shaping = shaping_of(steps, column)
    chosen = next((s.mode for s in reversed(shaping.steps) if isinstance(s, Colours)), "colour")
    mode = _MODES[chosen]
    made.lines.append(f"picture = Image.open({path!r})")
    if (least := shaping.least()) is not None:
        side = max(least)
        told = "a JPEG need not be opened larger"
        made.lines.append(f"picture.draft(picture.mode, ({side}, {side}))  # {told}")
    made.lines.append("picture = ImageOps.exif_transpose(picture)")
    if _deep(path):
        made.add(
            f"""
            shades = np.asarray(picture, dtype=np.float64) * {255 / shaping.white!r}  # to 8 bits
            picture = Image.fromarray(np.clip(shades, 0, 255).round().astype(np.uint8))
            """
        )
    if mode != "RGBA":
        made.add(
            """
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                white = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(white, picture)
            """
        )
    made.lines.append(f"picture = picture.convert({mode!r})")
    made.lines += [line for step in shaping.steps if (line := _shaped(step, mode))]
    axes = "[None, None]" if mode == "L" else ".transpose(2, 0, 1)[None]"
    return f"np.asarray(picture){axes}"


def _deep(path: str) -> bool:
    try:
        with Image.open(path) as opened:
            return opened.mode.startswith("I")
    except OSError:
        return False


def _shaped(step: Step, mode: str) -> str:
    bilinear = "Image.Resampling.BILINEAR"
    match step:
        case Resize(fit="stretch"):
            return f"picture = picture.resize(({step.width}, {step.height}), {bilinear})"
        case Resize(fit="pad"):
            size = f"({step.width}, {step.height})"
            return f"picture = ImageOps.pad(picture, {size}, {bilinear}, {_shade(mode, 0)})"
        case Resize():
            return f"picture = ImageOps.fit(picture, ({step.width}, {step.height}), {bilinear})"
        case CropCentre():
            return (
                f"left, top = (picture.width - {step.width}) // 2, "
                f"(picture.height - {step.height}) // 2\n"
                f"picture = picture.crop((left, top, left + {step.width}, top + {step.height}))"
            )
        case PadPictures():
            shade = _shade(mode, step.shade)
            return f"picture = ImageOps.expand(picture, {step.pixels}, {shade})"
    return ""


def _shade(mode: str, shade: int) -> str:
    return str(shade if mode == "L" else (shade,) * 3 + ((255,) if mode == "RGBA" else ()))


def sound(made: Program, steps: Sequence[Step], column: str, path: str) -> str:
    """Write how a sound becomes a spectrogram; return the expression of that."""
    acting = file_steps(steps, column, "audio")
    step = next(each for each in reversed(acting) if isinstance(each, MelSpectrogram))
    heard = Listening(step)
    if _is_plain(path):
        made.needs("import wave")
        made.add(
            f"""
            with wave.open({path!r}) as file:  # 16 bits a sample
                rate = file.getframerate()
                raw = file.readframes({math.ceil(step.seconds)} * rate + 1)
                sound = np.frombuffer(raw, "<i2").reshape(-1, file.getnchannels()) / 32768
            """
        )
    else:
        made.needs("import soundfile")
        made.lines.append(f"sound, rate = soundfile.read({path!r}, always_2d=True)")
    made.add(
        f"""
        sound = sound[: int(np.ceil({step.seconds} * rate)) + 1].mean(axis=1)
        if rate != {step.rate}:
            count = max(1, round(len(sound) * {step.rate} / rate))
            sound = np.fft.irfft(np.fft.rfft(sound)[: count // 2 + 1], count) * count / len(sound)
        sound = np.pad(sound[:{heard.samples}], (0, max(0, {heard.samples} - len(sound))))
        frames = np.lib.stride_tricks.sliding_window_view(sound, {heard.window})[::{heard.hop}]
        bell = np.hanning({heard.window})
        power = np.abs(np.fft.rfft(frames * bell, {heard.points})) ** 2 / bell.sum() ** 2
        highest = 2595 * np.log10(1 + {step.rate} / 2 / 700)
        edges = 700 * (10 ** (np.linspace(0, highest, {step.bands} + 2) / 2595) - 1)
        low, peak, high = edges[:-2], edges[1:-1], edges[2:]
        pitch = np.fft.rfftfreq({heard.points}, 1 / {step.rate})[:, None]
        bands = np.minimum((pitch - low) / (peak - low), (high - pitch) / (high - peak))
        loud = np.log(power @ np.maximum(0, bands) + {QUIETEST})
        """
    )
    return "loud.T[None, None].astype(np.float32)"


def _is_plain(path: str) -> bool:
    """Tell whether Python alone can read a sound: a WAV file of 16 bits."""
    try:
        with wave.open(path) as file:
            return bool(file.getsampwidth() == 2)
    except (OSError, EOFError, wave.Error):
        return False
