"""Blocks that use the same weights, found again from where their weights come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from modelstudio.engine.importing.drawing import Array, Block, Drawing
from modelstudio.engine.importing.onnx_file import Op

Origin = tuple[str, ...]
"""Names in the file of the constants that a block's weights were made from."""

_ARRANGED = frozenset(["Transpose", "Identity", "Cast", "Reshape", "Unsqueeze", "Squeeze"])
"""Operations that give the same numbers again."""


def origins(ops: Iterable[Op], constants: Iterable[str]) -> dict[str, str]:
    """Return for each constant the one whose numbers it holds, perhaps in another order."""
    known = {name: name for name in constants}
    for op in ops:
        if op.kind in _ARRANGED and op.sources[0] in known:
            known[op.results[0]] = known[op.sources[0]]
    return known


def tie(drawing: Drawing, made_from: Mapping[str, Origin]) -> None:
    """Let blocks share weights: those of one layer and origin, and heads with a table of rows.

    A head without shifts whose matrix is that of an Embedding uses the Embedding's. Weights that
    are one number throughout are shared by nobody: files keep them once for any that need them.

    Parameters
    ----------
    made_from
        Origin of the blocks for which it is known, by id.
    """
    owners: dict[Origin, list[Block]] = {}
    tables = [b for b in drawing.blocks.values() if b.layer.type_name == "Embedding" and b.weights]
    for block in drawing.blocks.values():
        if block.shares or not any(map(_varied, block.weights.values())):
            continue
        origin = made_from.get(block.id, ())
        alike = owners.setdefault(origin, []) if origin else []
        owner = next((one for one in alike if _same(one, block)), None)
        if owner is None and "Embedding" in block.layer.ties and set(block.weights) == {"weight"}:
            owner = next((table for table in tables if _equal(table, block)), None)
            owner = drawing.blocks[owner.shares] if owner and owner.shares else owner
        if owner is None:
            alike.append(block)
        else:
            block.shares, block.weights = owner.id, {}


def _varied(array: Array) -> bool:
    return array.size > 1 and bool(array.min() != array.max())


def _same(owner: Block, block: Block) -> bool:
    return owner.layer == block.layer and _equal(owner, block)


def _equal(owner: Block, block: Block) -> bool:
    return owner.weights.keys() == block.weights.keys() and all(
        np.array_equal(array, block.weights[name]) for name, array in owner.weights.items()
    )
