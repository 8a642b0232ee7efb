"""The part of an ONNX graph that stands for columns, built step by step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ML_DOMAIN = "ai.onnx.ml"

Sort = Literal["number", "text", "ids"]

_TYPES = {"number": TensorProto.DOUBLE, "text": TensorProto.STRING, "ids": TensorProto.INT64}
_MISSING = {
    "number": "NaN where missing",
    "text": "without spaces at its ends, empty where missing",
    "ids": "0 for none",
}


@dataclass
class Block:
    """A tensor of shape (batch, width) that stands for one column, or for those it became.

    ``sort`` is what its elements are: double, string or int64. ``empty_as`` is what an empty string
    stands for.
    """

    tensor: str
    width: int = 1
    sort: Sort = "number"
    empty_as: str | None = None


def taken(name: str, sort: Sort, told: str = "", *, length: int | str = 1) -> onnx.ValueInfoProto:
    """Return an input of the model, (batch, length)."""
    words = f"{told or sort}; {_MISSING[sort]}"
    return helper.make_tensor_value_info(name, _TYPES[sort], ["batch", length], words)


def apart(prefix: str, names: Collection[str]) -> str:
    """Return a prefix with which none of the names begins."""
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return prefix


@dataclass
class Writer:
    """Collects nodes and constants while the steps are written, one block a column.

    All that is named here begins with ``prefix``.
    """

    prefix: str = "prep/"
    blocks: dict[str, Block] = field(default_factory=dict)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def open(
        self, name: str, sort: Sort, told: str = "", *, length: int | str = 1
    ) -> onnx.ValueInfoProto:
        """Begin with a column and return the input of the model, (batch, length)."""
        self.blocks[name] = Block(name, sort=sort)
        return taken(name, sort, told, length=length)

    def join(self, places: Sequence[int]) -> str:
        """Put the blocks of numbers side by side; ``places`` is where each number stands so far."""
        blocks = [block for block in self.blocks.values() if block.sort == "number"]
        tensor = self.node("Concat", *(block.tensor for block in blocks), axis=1)
        assert len(places) == sum(block.width for block in blocks)
        if list(places) == sorted(places):
            return tensor
        return self.node("Gather", tensor, self.constant(places, np.int64), axis=1)

    def node(
        self, operator: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any
    ) -> str:
        """Add a node with one output, named here if not by the caller, and return that name."""
        output = output or f"{self.prefix}{len(self.nodes)}/{operator}"
        self.nodes.append(
            helper.make_node(
                operator, list(inputs), [output], name=output, domain=domain, **attributes
            )
        )
        return output

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """Add a constant and return its name."""
        name = f"{self.prefix}constant{len(self.constants)}"
        if dtype is str:
            strings = [item.encode() for item in value]
            tensor = helper.make_tensor(name, TensorProto.STRING, [len(strings)], strings)
        else:
            tensor = numpy_helper.from_array(np.asarray(value, dtype=dtype), name)
        self.constants.append(tensor)
        return name

    def read_constants(self) -> list[onnx.TensorProto]:
        """Return the constants that a node reads; onnxruntime warns of any other in a file."""
        read = {name for node in self.nodes for name in node.input}
        return [tensor for tensor in self.constants if tensor.name in read]

    def gap(self, numbers: str) -> str:
        """Return NaN for each row that lacks a number, else 0; shape (batch, 1)."""
        zeros = self.node("Mul", numbers, self.constant(0.0))
        return self.node("ReduceSum", zeros, self.constant([1], np.int64), keepdims=1)

    def finite(self, tensor: str) -> str:
        """Turn infinities into NaN, which stands for a missing number."""
        endless = self.node("IsInf", tensor)
        return self.node("Where", endless, self.constant(np.nan), tensor)

    def number(self, condition: str) -> str:
        """Turn true and false into 1 and 0."""
        return self.node("Cast", condition, to=TensorProto.DOUBLE)

    def codes(self, block: Block, categories: Sequence[str], *, missing: int = -1) -> str:
        """Turn strings into their places among the categories, -1 for any other.

        Parameters
        ----------
        missing
            The place of an empty string, unless that stands for something.
        """
        places = {category: at for at, category in enumerate(categories)}
        places[""] = missing if block.empty_as is None else places.get(block.empty_as, -1)
        return self.node(
            "LabelEncoder",
            block.tensor,
            domain=ML_DOMAIN,
            keys_strings=list(places),
            values_int64s=list(places.values()),
            default_int64=-1,
        )

    def rows(self, tensor: str) -> str:
        """Return the number of rows of a tensor; shape (1,)."""
        first, second = (self.constant([at], np.int64) for at in (0, 1))
        return self.node("Slice", self.node("Shape", tensor), first, second)

    def place(self, tensor: str, edges: Sequence[float]) -> str:
        """Count the edges that a number has reached, int64; NaN has reached none."""
        reached = self.node("GreaterOrEqual", tensor, self.constant([list(edges)]))
        counted = self.node("Cast", reached, to=TensorProto.INT64)
        return self.node("ReduceSum", counted, self.constant([1], np.int64), keepdims=1)

    def looked_up(self, values: Sequence[float], place: str) -> str:
        """Return the number at a place of a list; shape (batch, 1)."""
        return self.node("Gather", self.constant(list(values)), place)
