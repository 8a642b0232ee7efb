"""The layers on offer: by category, by words, and by what fits a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar, get_args

import modelstudio.layers  # noqa: F401  fills the registry
from modelstudio.network.analysis import Shape
from modelstudio.network.group import PORTS
from modelstudio.network.layer import Category, Layer
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.edits import misfit
from modelstudio.ui.pages.network.my_blocks import my_blocks
from modelstudio.ui.pages.network.search import SCATTERED, Stock, rank

_S = TypeVar("_S", bound=Stock)


def misplaced(layer: Stock, *, inside: bool) -> str:
    """Say why a block does not belong inside, or outside, of a group; empty when it does."""
    if inside and layer.category == "Input and output":
        text = tr("{0} stays outside of groups. Use Group input or Group output in here.")
    elif not inside and layer in PORTS:
        text = tr("{0} belongs inside a group. Open a group first.")
    else:
        return ""
    return text.format(layer.label)


class Offer(NamedTuple):
    """What could be added, and why it does not fit where it would go; empty when it does."""

    layer: Stock
    reason: str = ""


def by_category() -> Iterator[tuple[Category, list[type[Layer]]]]:
    """Yield the categories that have layers, in palette order; groups are made, not added.

    Ports of groups are apart, in `PORTS`.
    """
    for category in get_args(Category):
        found = [layer for layer in Layer.members() if layer.category == category]
        if found and category != "Group":
            yield category, found


def matching(layers: Sequence[_S], words: str) -> list[_S]:
    """Return the layers that words mean, best first.

    Names that hold the letters here and there are meant only where nothing fits better.
    """
    if not words.strip():
        return list(layers)
    ranked = [(found, layer) for layer in layers if (found := rank(layer, words)) is not None]
    exact = any(found < SCATTERED for found, _ in ranked)
    kept = [pair for pair in ranked if not (exact and pair[0] == SCATTERED)]
    return [layer for _, layer in sorted(kept, key=lambda pair: pair[0])]


def offers(
    words: str, shape: Shape | None, *, before: bool = False, inside: bool = False
) -> list[Offer]:
    """Return the layers and saved blocks for a place, fitting ones first.

    Parameters
    ----------
    words
        What was typed.
    shape
        The value that would go in, where it is known.
    before
        True when the block is to feed another, so that it needs an output.
    inside
        True inside of a group: its ports stand for the ends of the network.
    """
    layers: list[Stock] = [layer for _, members in by_category() for layer in members]
    layers += (*PORTS, *my_blocks().blocks)
    layers = [layer for layer in layers if not misplaced(layer, inside=inside)]
    found = [Offer(layer, _unfit(layer, shape, before)) for layer in matching(layers, words)]
    return [o for o in found if not o.reason] + [o for o in found if o.reason]


def _unfit(layer: Stock, shape: Shape | None, before: bool) -> str:
    if before:
        return "" if layer.outputs else "gives nothing"
    if shape is None:
        return ""
    if not layer.inputs:
        return "takes no input"
    return misfit(layer.inputs[0], shape) or ""
