"""How each recipe step is written into ONNX, equal to `modelstudio.data.steps` in double."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    ClipOutliers,
    FillMissing,
    MinMax,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)

ML_DOMAIN = "ai.onnx.ml"


@dataclass
class Block:
    """A tensor of shape (batch, width) that stands for one raw column.

    ``text`` says that it still holds strings; ``empty_as`` is what an empty string stands for then.
    """

    tensor: str
    width: int = 1
    text: bool = False
    empty_as: str | None = None


@dataclass
class Writer:
    """Collects nodes and constants while the steps are written, one block a raw column."""

    blocks: dict[str, Block] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def open(self, columns: Sequence[Column]) -> list[onnx.ValueInfoProto]:
        """Begin with the raw columns and return the inputs of the model, each (batch, 1)."""
        inputs = []
        for column in columns:
            text = column.kind != "number"
            kind = TensorProto.STRING if text else TensorProto.DOUBLE
            told = f"{column.kind}; {'empty' if text else 'NaN'} where missing"
            self.blocks[column.name] = Block(column.name, text=text)
            inputs.append(helper.make_tensor_value_info(column.name, kind, ["batch", 1], told))
        return inputs

    def join(self) -> tuple[str, int]:
        """Put all blocks side by side; return the tensor and its width."""
        blocks = list(self.blocks.values())
        tensor = self.node("Concat", *(block.tensor for block in blocks), axis=1)
        return tensor, sum(block.width for block in blocks)

    def node(
        self, operator: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any
    ) -> str:
        """Add a node with one output, named here if not by the caller, and return that name."""
        output = output or f"prep/{len(self.nodes)}/{operator}"
        self.nodes.append(
            helper.make_node(
                operator, list(inputs), [output], name=output, domain=domain, **attributes
            )
        )
        return output

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """Add a constant and return its name."""
        name = f"prep/constant{len(self.constants)}"
        if dtype is str:
            strings = [item.encode() for item in value]
            tensor = helper.make_tensor(name, TensorProto.STRING, [len(strings)], strings)
        else:
            tensor = numpy_helper.from_array(np.asarray(value, dtype=dtype), name)
        self.constants.append(tensor)
        return name

    def codes(self, block: Block, categories: Sequence[str]) -> str:
        """Turn strings into their places among the categories, -1 for any other."""
        keys, places = list(categories), list(range(len(categories)))
        if block.empty_as in keys and "" not in keys:
            places.append(keys.index(block.empty_as))
            keys.append("")
        return self.node(
            "LabelEncoder",
            block.tensor,
            domain=ML_DOMAIN,
            keys_strings=keys,
            values_int64s=places,
            default_int64=-1,
        )


def write_fill(state: Mapping[str, Any], w: Writer) -> None:
    """Put a number where NaN is; what an empty text stands for is kept for the encoding."""
    for name, value in state.items():
        block = w.blocks[name]
        if block.text:
            if block.empty_as is None:
                block.empty_as = value
        else:
            empty = w.node("IsNaN", block.tensor)
            block.tensor = w.node("Where", empty, w.constant(value), block.tensor)


def write_clip(state: Mapping[str, Any], w: Writer) -> None:
    """Pull numbers back to the limits."""
    for name, (low, high) in state.items():
        block = w.blocks[name]
        block.tensor = w.node("Clip", block.tensor, w.constant(low), w.constant(high))


def write_scale(state: Mapping[str, Any], w: Writer) -> None:
    """Shift and scale numbers."""
    for name, (shift, factor, *rest) in state.items():
        block = w.blocks[name]
        centred = w.node("Sub", block.tensor, w.constant(shift))
        block.tensor = w.node("Mul", centred, w.constant(factor))
        if rest:
            block.tensor = w.node("Add", block.tensor, w.constant(rest[0]))


def write_one_hot(state: Mapping[str, Any], w: Writer) -> None:
    """Compare the place of each category with 0, 1, 2 ...; an unseen one equals none."""
    for name, categories in state.items():
        codes = w.codes(w.blocks[name], categories)
        places = w.constant([range(len(categories))], np.int64)
        hits = w.node("Equal", codes, places)
        tensor = w.node("Cast", hits, to=TensorProto.DOUBLE)
        w.blocks[name] = Block(tensor, len(categories))


def write_ordinal(state: Mapping[str, Any], w: Writer) -> None:
    """Turn the place of each category into a number."""
    for name, categories in state.items():
        codes = w.codes(w.blocks[name], categories)
        w.blocks[name] = Block(w.node("Cast", codes, to=TensorProto.DOUBLE))


WRITERS: dict[type[Step], Callable[[Mapping[str, Any], Writer], None]] = {
    FillMissing: write_fill,
    ClipOutliers: write_clip,
    Standardise: write_scale,
    MinMax: write_scale,
    OneHot: write_one_hot,
    Ordinal: write_ordinal,
}
"""One writer for each step that declares ``onnx = "exact"`` and changes cells."""
