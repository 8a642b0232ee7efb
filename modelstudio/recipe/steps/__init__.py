"""Recipe steps, each declared once; a module a family, in the order people are shown them."""

from __future__ import annotations

from modelstudio.recipe.steps.step import ColumnStep, Stage, Step, UnknownStep
from modelstudio.recipe.steps.rows import (
    DropDuplicates,
    DropMissingTarget,
    FilterRows,
    LeaveOut,
    SampleRows,
)
from modelstudio.recipe.steps.missing import (
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    MissingIndicator,
)
from modelstudio.recipe.steps.numbers import (
    Bin,
    ClipOutliers,
    Log,
    MinMax,
    Power,
    QuantileScale,
    RobustScale,
    SmoothNoise,
    SmoothRows,
    Standardise,
)
from modelstudio.recipe.steps.categories import (
    Cast,
    GroupRare,
    HashEncode,
    Index,
    OneHot,
    Ordinal,
    TargetEncode,
)
from modelstudio.recipe.steps.dates import DateParts
from modelstudio.recipe.steps.cleaning import CleanText
from modelstudio.recipe.steps.tables import Formula, Rename
from modelstudio.recipe.steps.pictures import (
    Colours,
    CropCentre,
    PadPictures,
    PictureStep,
    Resize,
    ScalePixels,
)
from modelstudio.recipe.steps.sounds import MelSpectrogram
from modelstudio.recipe.steps.series import Windows
from modelstudio.recipe.steps.texts import Passages, Tokenise

__all__ = [
    "Bin",
    "Cast",
    "CleanText",
    "ClipOutliers",
    "Colours",
    "ColumnStep",
    "CropCentre",
    "DateParts",
    "DropDuplicates",
    "DropMissingTarget",
    "FillByModel",
    "FillFromNeighbours",
    "FillMissing",
    "FilterRows",
    "Formula",
    "GroupRare",
    "HashEncode",
    "Index",
    "LeaveOut",
    "Log",
    "MelSpectrogram",
    "MinMax",
    "MissingIndicator",
    "OneHot",
    "Ordinal",
    "PadPictures",
    "Passages",
    "PictureStep",
    "Power",
    "QuantileScale",
    "Rename",
    "Resize",
    "RobustScale",
    "SampleRows",
    "ScalePixels",
    "SmoothNoise",
    "SmoothRows",
    "Stage",
    "Standardise",
    "Step",
    "TargetEncode",
    "Tokenise",
    "UnknownStep",
    "Windows",
]
