"""What each recipe step does: learn from training rows, then change any rows the same way.

Every declared step of the stage ``"fitted"`` has an implementation here, found by its class. A
state is JSON, ``{column: what was learnt}``; `modelstudio.engine.export.writers` writes it to ONNX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from modelstudio.data.steps import (
    bend,
    clean,
    dates,
    encode,
    fill,
    impute,
    rolling,
    scale,
    series,
    tables,
    target_mean,
    texts,
)
from modelstudio.data.steps.learning import Change, Target
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    CleanText,
    ClipOutliers,
    DateParts,
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    Formula,
    GroupRare,
    HashEncode,
    Index,
    Log,
    MinMax,
    MissingIndicator,
    OneHot,
    Ordinal,
    Passages,
    Power,
    QuantileScale,
    Rename,
    RobustScale,
    SmoothNoise,
    SmoothRows,
    Standardise,
    Step,
    TargetEncode,
    Tokenise,
    Windows,
)

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded

State = dict[str, Any]


class Implementation(NamedTuple):
    """How a step learns and acts.

    ``fit`` takes the step, the training rows, the columns it acts on and the target of the rows,
    and returns a state; ``apply`` takes the state and any rows and returns rows of the same height.
    ``learn`` gives what is done to the training rows themselves where that differs; it takes the
    step, the state and what ``fit`` takes. ``vocabularies`` tells of a step that makes ids how many
    there are in each column, 0 included.

    A step of the stage ``"samples"`` has ``arrange`` too. It takes the state, the encoded rows, the
    frame they came from and the row numbers whose targets are wanted (None for all), and returns
    the samples; ``rows`` of these are where each one stands in the source. Where the rows of a part
    are one long text, it has ``join`` instead: it takes the state, and what it gives takes the
    encoded rows.

    A step that looks at the rows before has ``follow``, which takes the state; what it gives takes
    rows piece by piece, and which of them belong together.
    """

    fit: Callable[[Any, pl.DataFrame, Sequence[str], Target], State]
    apply: Callable[[Mapping[str, Any], pl.DataFrame], pl.DataFrame]
    learn: Callable[..., Change] | None = None
    vocabularies: Callable[[Mapping[str, Any]], Mapping[str, int]] | None = None
    arrange: Callable[..., Encoded] | None = None
    join: Callable[..., texts.Joining] | None = None
    follow: Callable[[Mapping[str, Any]], rolling.Rolling] | None = None


IMPLEMENTATIONS: dict[type[Step], Implementation] = {
    FillMissing: Implementation(fill.fit_fill, fill.apply_fill),
    FillFromNeighbours: Implementation(impute.fit_neighbours, impute.apply_neighbours),
    FillByModel: Implementation(impute.fit_model, impute.apply_model),
    MissingIndicator: Implementation(fill.fit_indicator, fill.apply_indicator),
    ClipOutliers: Implementation(scale.fit_clip, scale.apply_clip),
    SmoothNoise: Implementation(bend.fit_smooth, bend.apply_bins),
    SmoothRows: Implementation(rolling.fit_rolling, rolling.apply_rolling, follow=rolling.Rolling),
    Log: Implementation(bend.fit_log, bend.apply_log),
    Power: Implementation(bend.fit_power, bend.apply_power),
    Standardise: Implementation(scale.fit_standardise, scale.apply_scale),
    MinMax: Implementation(scale.fit_min_max, scale.apply_scale),
    RobustScale: Implementation(scale.fit_robust, scale.apply_scale),
    QuantileScale: Implementation(bend.fit_quantile, bend.apply_quantile),
    Bin: Implementation(bend.fit_bins, bend.apply_bins),
    GroupRare: Implementation(encode.fit_group, encode.apply_group),
    OneHot: Implementation(encode.fit_one_hot, encode.apply_one_hot),
    Ordinal: Implementation(encode.fit_ordinal, encode.apply_ordinal),
    TargetEncode: Implementation(
        target_mean.fit_target_mean,
        target_mean.apply_target_mean,
        learn=target_mean.learn_target_mean,
    ),
    HashEncode: Implementation(encode.fit_hash, encode.apply_hash),
    Index: Implementation(encode.fit_index, encode.apply_index, vocabularies=encode.index_sizes),
    Cast: Implementation(tables.fit_cast, tables.apply_cast),
    DateParts: Implementation(dates.fit_dates, dates.apply_dates),
    CleanText: Implementation(clean.fit_clean, clean.apply_clean),
    Formula: Implementation(tables.fit_formula, tables.apply_formula),
    Rename: Implementation(tables.fit_rename, tables.apply_rename),
    Windows: Implementation(
        series.fit_windows, series.apply_windows, arrange=series.arrange_windows
    ),
    Tokenise: Implementation(texts.fit_tokens, texts.apply_tokens, vocabularies=texts.token_sizes),
    Passages: Implementation(texts.fit_passages, texts.leave, join=texts.Joining),
}
