"""What fits where: the value at a port against what another takes, and what usually follows."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.network.analysis import Analysis, FieldLike, Shape
from modelstudio.network.graph import Edge, Graph
from modelstudio.network.group import GroupInput
from modelstudio.network.layer import Category, Layer, Port
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.edits import misfit
from modelstudio.ui.pages.network.search import Stock

FOLLOWS: dict[Category, tuple[Category, ...]] = {
    "Input and output": ("Convolution", "Recurrent", "Linear"),
    "Convolution": ("Normalise", "Activation", "Pooling", "Convolution"),
    "Linear": ("Activation", "Regularise", "Normalise", "Linear", "Heads", "Input and output"),
    "Normalise": ("Activation", "Linear", "Convolution"),
    "Activation": ("Convolution", "Pooling", "Recurrent", "Linear", "Regularise"),
    "Pooling": ("Convolution", "Merge and shape", "Linear"),
    "Recurrent": ("Linear", "Regularise", "Recurrent"),
    "Attention": ("Normalise", "Merge and shape", "Linear"),
    "Regularise": ("Linear", "Convolution", "Recurrent"),
    "Merge and shape": ("Linear", "Activation", "Normalise", "Convolution"),
    "Group": ("Pooling", "Convolution", "Linear", "Normalise"),
}
"""What usually comes behind a block of a category, likeliest first."""

NEXT: dict[str, tuple[str, ...]] = {
    "Embedding": (
        *("LSTM", "PositionalEncoding", "TransformerEncoder", "GRU", "MultiheadAttention"),
        *("Dropout", "Linear", "Concatenate", "DotProduct", "Flatten"),
    ),
    "EmbeddingBag": ("Linear", "Concatenate", "Dropout", "ClassificationHead"),
    "PositionalEncoding": ("TransformerEncoder", "Dropout", "MultiheadAttention", "LayerNorm"),
    "MultiheadAttention": ("Add", "Dropout", "LayerNorm"),
    "SelfAttention": ("Add", "Dropout", "LayerNorm"),
    "TransformerEncoder": (
        *("TransformerEncoder", "LayerNorm", "Select", "Reduce", "NextTokenHead", "Linear"),
    ),
    "TransformerDecoder": ("TransformerDecoder", "LayerNorm", "NextTokenHead", "Linear"),
    "Flatten": ("Linear", "Dropout", "ClassificationHead", "RegressionHead"),
    "GlobalAvgPool": ("Linear", "Dropout", "ClassificationHead", "RegressionHead"),
    "Add": ("LayerNorm", "ReLU", "Linear", "Dropout"),
}
"""What usually comes behind a layer, where that is more than its category tells."""

COMMON = frozenset(
    "BatchNorm1d BatchNorm2d LayerNorm ReLU Conv1d Conv2d MaxPool1d MaxPool2d Linear LSTM Dropout "
    "Flatten Add Embedding Output".split()
)
"""Of each category, what most networks take."""


class Values:
    """Shapes at the output ports of a network, and which of them are ids."""

    def __init__(self, graph: Graph, analysis: Analysis, fields: Sequence[FieldLike]):
        self._graph = graph
        self._analysis = analysis
        self._id_fields = {field.name for field in fields if field.dtype == "int"}

    def shape(self, node_id: str, port: str) -> Shape | None:
        """Return the shape at an output port, where it is known."""
        info = self._analysis.nodes.get(node_id)
        ports = self._graph.nodes[node_id].layer.output_ports()
        pairs = zip(ports, info.outputs if info else (), strict=False)
        return next((shape for one, shape in pairs if one.name == port), None)

    def ids(self, node_id: str) -> bool | None:
        """Return whether a block hands on ids: an Input of ids, or what only reshapes them.

        None where that is not known, as behind the port of a group.
        """
        while True:
            node = self._graph.nodes[node_id]
            wires = self._graph.incoming[node_id]
            if isinstance(node.layer, GroupInput):
                return None
            if not node.layer.input_ports():
                return getattr(node.layer, "field", None) in self._id_fields
            passes = not node.enabled or node.layer.input_ports()[0].dtype == "any"
            if not wires or not passes:
                return False
            node_id = wires[0].source

    def misfit(self, edge: Edge) -> str | None:
        """Say why the value of a wire does not fit its port, or None where nothing is known."""
        ports = self._graph.nodes[edge.target].layer.input_ports()
        port = next((port for port in ports if port.name == edge.target_port), None)
        if port is None:
            return None
        return unfit(port, self.shape(edge.source, edge.source_port), self.ids(edge.source))


def unfit(port: Port, shape: Shape | None, ids: bool | None) -> str | None:
    """Say why a value does not fit a port."""
    if shape is not None and ids and port.dtype == "float":
        return tr("takes numbers, but gets ids")
    if shape is not None and ids is False and port.dtype == "int":
        return tr("takes ids, but gets numbers")
    return misfit(port, shape)


def likelihood(layer: Stock, follows: Layer | None, ids: bool | None) -> int | None:
    """Rank a layer among what usually comes behind a block, 0 first; None for what seldom does."""
    if ids:
        return 0 if any(port.dtype == "int" for port in layer.inputs) else None
    if follows is None:
        return None
    near, order = NEXT.get(follows.type_name, ()), FOLLOWS.get(follows.category, ())
    if isinstance(layer, type) and layer.__name__ in near:
        return near.index(layer.__name__)
    return len(near) + order.index(layer.category) if layer.category in order else None


def leads_to(layer: Stock, feeds: Layer) -> int | None:
    """Rank a layer among what usually comes before a block, 0 first; None for what seldom does."""
    order = FOLLOWS.get(layer.category, ())
    return order.index(feeds.category) if feeds.category in order else None
