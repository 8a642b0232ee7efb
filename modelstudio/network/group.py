"""A block that holds a network of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator

from modelstudio.network.graph import Graph
from modelstudio.network.layer import Category, Layer, Port


def _read_graph(value: Any) -> Graph:
    if isinstance(value, Graph):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("graph must be the blocks inside and their wires")
    return Graph.from_dict(value)


GraphField = Annotated[
    Graph, PlainValidator(_read_graph), PlainSerializer(lambda graph: graph.to_dict())
]
"""A graph as a field of a pydantic model."""


class GroupInput(Layer, category="Group", label="Group input"):
    """A named port through which a value enters a group."""

    keywords = ("port",)
    inputs = ()

    rank: int | None = Field(None, ge=1, le=8, description="Dimensions it takes; empty for any.")

    def summary(self) -> str:
        """Return that it is a port, in a word."""
        return "in"


class GroupOutput(Layer, category="Group", label="Group output"):
    """A named port through which a value leaves a group."""

    keywords = ("port",)
    inputs = (Port("x", dtype="any"),)
    outputs = ()

    def summary(self) -> str:
        """Return that it is a port, in a word."""
        return "out"


PORTS: tuple[type[Layer], ...] = (GroupInput, GroupOutput)
"""Blocks that stand for the ports of the group around them."""


class Group(Layer, category="Group"):
    """Several blocks drawn as one, run a number of times in a row.

    Each repeat has weights of its own. The ports are the group's input and output blocks, by name.
    """

    keywords = ("subgraph", "block", "repeat", "module")
    model_config = ConfigDict(arbitrary_types_allowed=True)

    category: ClassVar[Category] = "Group"

    graph: GraphField = Field(default_factory=Graph, description="The blocks inside.")
    repeat: int = Field(1, ge=1, le=512, description="How many times in a row it runs.")

    def input_ports(self) -> tuple[Port, ...]:
        """Return a port for each input block inside."""
        found = self.graph.of_type(GroupInput)
        return tuple(Port(node.name, getattr(node.layer, "rank", None), "any") for node in found)

    def output_ports(self) -> tuple[Port, ...]:
        """Return a port for each output block inside."""
        return tuple(Port(node.name, dtype="any") for node in self.graph.of_type(GroupOutput))

    def summary(self) -> str:
        """Return the number of repeats, or of the blocks inside, ports left out."""
        if self.repeat > 1:
            return f"× {self.repeat}"
        number = sum(not isinstance(node.layer, PORTS) for node in self.graph.nodes.values())
        return "1 block" if number == 1 else f"{number} blocks"
