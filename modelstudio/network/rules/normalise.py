"""Rules of normalisations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, rule


@rule("torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d", "torch.nn.BatchNorm3d")
def batch_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each channel over the batch."""
    return Outcome(shapes[0], 2 * settings["num_features"] if settings.get("affine", True) else 0)


@rule("torch.nn.LayerNorm")
def layer_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each sample over its last dimensions."""
    affine = settings.get("elementwise_affine", True)
    wide = math.prod(settings["normalized_shape"])
    learned = (2 if settings.get("bias", True) else 1) * wide
    return Outcome(shapes[0], learned if affine else 0)


@rule("torch.nn.GroupNorm")
def group_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each sample over groups of channels."""
    return Outcome(shapes[0], 2 * settings["num_channels"] if settings.get("affine", True) else 0)


@rule("torch.nn.InstanceNorm1d", "torch.nn.InstanceNorm2d", "torch.nn.InstanceNorm3d")
def instance_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each channel of each sample."""
    return Outcome(shapes[0], 2 * settings["num_features"] if settings.get("affine") else 0)


@rule("torch.nn.RMSNorm")
def rms_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Divide each sample by its root mean square over its last dimensions."""
    affine = settings.get("elementwise_affine", True)
    return Outcome(shapes[0], math.prod(settings["normalized_shape"]) if affine else 0)


@rule("torch.nn.LocalResponseNorm")
def local_response_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Divide each number by its neighbours in other channels."""
    return Outcome(shapes[0])
