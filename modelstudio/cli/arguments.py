"""Arguments and options that several verbs take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.errors import ProjectError
from modelstudio.project.files import SUFFIX, check_folder

MOST_EPOCHS = 100_000

LARGEST_SEED = 2**31 - 1


class Part(StrEnum):
    """A part of the split, as an option."""

    train = "train"
    validation = "validation"
    test = "test"


class Device(StrEnum):
    """A device, as an option."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Task(StrEnum):
    """What can be learnt, as an option."""

    classify = "classify"
    regress = "regress"
    next_token = "next token"
    forecast = "forecast"
    recommend = "recommend"


class Format(StrEnum):
    """What a model can be exported to."""

    onnx = "onnx"


ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="A .mstudio file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
JsonOfRows = Annotated[
    bool, typer.Option("--json", help="Print JSON for scripts; rows are counted from 0.")
]
Run = Annotated[
    str | None, typer.Option(help="Number or id of a run; the last finished one if left out.")
]
Out = Annotated[Path, typer.Option("--out", help="File to write.")]
Seed = Annotated[
    int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed of weights and order.")
]
DeviceOption = Annotated[Device | None, typer.Option(help="Where to compute.")]


def training_changes(
    seed: int | None, epochs: int | None, device: Device | None
) -> dict[str, object]:
    """Return the settings of training that were given."""
    wishes = {"seed": seed, "epochs": epochs, "device": device.value if device else None}
    return {name: value for name, value in wishes.items() if value is not None}


def check_new_project(out: Path) -> None:
    """Refuse a name for a new project that is none, that is taken, or that has no folder.

    Raises
    ------
    ProjectError
        With what to do instead.
    """
    from modelstudio.data.sources.files import is_text, shown

    if not is_text(str(out)):
        raise ProjectError(f"{shown(out)} is not written in UTF-8.", fix="Choose another name.")
    if out.suffix != SUFFIX:
        raise ProjectError(
            f"{out.name} does not end in {SUFFIX}.", fix=f"Call it {out.with_suffix(SUFFIX).name}."
        )
    if out.exists():
        raise ProjectError(
            f"{out.name} exists already.", where=str(out), fix="Choose another name or remove it."
        )
    check_folder(out)
