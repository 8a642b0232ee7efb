"""What each recipe step does: learn from training rows, then change any rows the same way.

Every declared step of the stage ``"fitted"`` has an implementation here, found by its class. A
state is JSON, ``{column: what was learnt}``; `modelstudio.engine.export.writers` writes it to ONNX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from modelstudio.data.steps import encode, fill, scale
from modelstudio.recipe.steps import (
    ClipOutliers,
    FillMissing,
    MinMax,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded

State = dict[str, Any]


class Implementation(NamedTuple):
    """How a step learns and acts.

    ``fit`` takes the step, the training rows and the columns it acts on and returns a state;
    ``apply`` takes the state and any rows and returns rows of the same height. ``vocabularies``
    tells of a step that makes ids how many there are in each column, 0 included.

    A step of the stage ``"samples"`` has ``arrange`` too. It takes the state, the encoded rows, the
    frame they came from and the row numbers whose targets are wanted (None for all), and returns
    the samples; ``rows`` of these are where each one stands in the source.
    """

    fit: Callable[[Any, pl.DataFrame, Sequence[str]], State]
    apply: Callable[[Mapping[str, Any], pl.DataFrame], pl.DataFrame]
    vocabularies: Callable[[Mapping[str, Any]], Mapping[str, int]] | None = None
    arrange: Callable[..., Encoded] | None = None


IMPLEMENTATIONS: dict[type[Step], Implementation] = {
    FillMissing: Implementation(fill.fit_fill, fill.apply_fill),
    ClipOutliers: Implementation(scale.fit_clip, scale.apply_clip),
    Standardise: Implementation(scale.fit_standardise, scale.apply_scale),
    MinMax: Implementation(scale.fit_min_max, scale.apply_scale),
    OneHot: Implementation(encode.fit_one_hot, encode.apply_one_hot),
    Ordinal: Implementation(encode.fit_ordinal, encode.apply_ordinal),
}
