"""Steps that make every sound an array of the same shape."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from modelstudio.recipe.steps.step import ColumnStep


class MelSpectrogram(ColumnStep, label="Mel spectrogram"):
    """Turn sounds into pictures of how loud each pitch is over time, in logarithms.

    They are brought to mean 0 and standard deviation 1 of the sounds that train.
    """

    stage = "pixels"
    kinds = ("audio",)
    onnx = "none"

    rate: int = Field(
        16_000, ge=1_000, le=192_000, description="Samples a second; all sounds are brought to it."
    )
    seconds: float = Field(
        1.0,
        ge=0.05,
        le=600,
        description="Length of a sound: the rest of a longer one is left out, a shorter one ends "
        "in silence.",
    )
    bands: int = Field(64, ge=4, le=512, description="Bands of pitch, as the ear tells them apart.")
    window: float = Field(
        0.032, gt=0.001, le=1, description="Seconds of sound that a column of the picture shows."
    )
    hop: float = Field(0.016, gt=0.0005, le=1, description="Seconds from one column to the next.")

    @model_validator(mode="after")
    def _fit_a_window(self) -> Self:
        if self.window > self.seconds:
            raise ValueError("the window must not be longer than the sounds")
        return self
