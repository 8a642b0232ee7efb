"""Rules of operations on each number."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, rule


@rule(
    *(
        f"torch.nn.{name}"
        for name in (
            "Dropout ReLU LeakyReLU GELU SiLU ELU Sigmoid Tanh Softmax LogSigmoid Identity".split()
        )
    )
)
def same(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Change values, not the shape."""
    return Outcome(shapes[0])


@rule("torch.add", "torch.mul")
def elementwise(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Combine two values of the same shape, or shapes that stretch to the same."""
    first, second = shapes
    return Outcome(tuple(b if a == 1 else a for a, b in zip(first, second, strict=True)))
