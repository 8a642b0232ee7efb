"""How the bundled networks are drawn; `write` makes their files anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from modelstudio.layers import (
    GELU,
    Add,
    BatchNorm2d,
    Concatenate,
    Conv2d,
    ConvTranspose2d,
    DotProduct,
    Dropout,
    Embedding,
    GlobalAvgPool,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    LayerNorm,
    Linear,
    MaxPool2d,
    MultiheadAttention,
    Output,
    PositionalEncoding,
    ReLU,
    ResidualBlock,
    Select,
    Tanh,
    TransformerEncoder,
)
from modelstudio.network.graph import Edge, Graph, Node, Note
from modelstudio.network.layer import Layer
from modelstudio.project.files import dumps
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec

COLUMN, ROW = 224.0, 80.0
"""Canvas pixels from block to block, across and down."""

SPREAD = 0.02
"""Standard deviation of the first vectors in BERT and GPT."""


class Drawing:
    """A graph in the making: each block lies below the one before unless it is told where."""

    def __init__(self, note: str = "") -> None:
        notes = (Note("note", note, (0.0, -80.0), (COLUMN * 2, 48.0)),) if note else ()
        self.graph = Graph(notes=notes)
        self.last = ""
        self.place = (0, -1)

    def add(
        self, name: str, layer: Layer, *sources: str, at: tuple[int, int] | None = None
    ) -> Drawing:
        """Add a block, wired in port order to ``sources``, or to the block before it.

        A source is a name, with a port behind a point where the block has several outputs.
        """
        self.place = at or (self.place[0], self.place[1] + 1)
        across, down = self.place
        self.graph = self.graph.add(Node(name, name, layer, (across * COLUMN, down * ROW)))
        ports = layer.input_ports()
        before = [self.last] if self.last and ports and not sources else sources
        for index, source in enumerate(before):
            block, _, port = source.partition(".")
            port = port or self.graph.nodes[block].layer.output_ports()[0].name
            target = ports[min(index, len(ports) - 1)].name
            self.graph = self.graph.connect(Edge(block, port, name, target))
        self.last = name
        return self

    def group(self, repeat: int = 1) -> Group:
        """Return what was drawn as a group."""
        return Group(graph=self.graph, repeat=repeat)


def image(*shape: int) -> FieldSpec:
    """Return a picture (channels, height, width)."""
    return FieldSpec(name="image", role="input", kind="features", shape=shape)


def ids(name: str, vocabulary: int, *shape: int | str) -> FieldSpec:
    """Return ids, one a sample or one a step."""
    return FieldSpec(
        name=name, role="input", kind="ids", shape=shape, dtype="int", vocabulary=vocabulary
    )


def project(name: str, drawing: Drawing, *fields: FieldSpec) -> Project:
    """Return a project without data, but for the shapes of its fields."""
    return Project(
        id=name.lower().replace(" ", "_").replace("-", "_"),
        name=name,
        data=DataConfig(fields=fields),
        network=drawing.graph,
    )


# Pictures


def resnet18() -> Project:
    """Deep residual learning for image recognition (He et al. 2015), as in torchvision."""
    drawing = (
        Drawing("ResNet-18: pictures to scores of 1000 classes. 11,689,512 parameters.")
        .add("image", Input(field="image"))
        .add("conv1", Conv2d(out_channels=64, kernel_size=7, stride=2, bias=False))
        .add("bn1", BatchNorm2d())
        .add("relu1", ReLU())
        .add("pool1", MaxPool2d(kernel_size=3, stride=2, padding=1))
    )
    for number, channels in enumerate((64, 128, 256, 512)):
        stage = (
            Drawing()
            .add("maps", GroupInput(rank=4))
            .add("res1", ResidualBlock(out_channels=channels, stride=2 if number else 1))
            .add("res2", ResidualBlock())
            .add("deeper", GroupOutput())
        )
        drawing.add(f"stage{number + 1}", stage.group(), at=(1, number))
    drawing.add("pool2", GlobalAvgPool(), at=(2, 0))
    drawing.add("fc1", Linear(out_features=1000)).add("scores", Output())
    return project("ResNet-18", drawing, image(3, 224, 224))


def double(channels: int) -> Group:
    """Return two 3 x 3 convolutions, each normalised and activated."""
    drawing = Drawing().add("maps", GroupInput(rank=4))
    for number in (1, 2):
        drawing.add(f"conv{number}", Conv2d(out_channels=channels, bias=False))
        drawing.add(f"bn{number}", BatchNorm2d())
        drawing.add(f"relu{number}", ReLU())
    return drawing.add("filtered", GroupOutput()).group()


def unet() -> Project:
    """U-Net (Ronneberger et al. 2015), padded and normalised as in milesial/Pytorch-UNet."""
    widths = (64, 128, 256, 512, 1024)
    drawing = Drawing("U-Net: a score of 2 classes for every pixel. 31,037,698 parameters.")
    drawing.add("image", Input(field="image"))
    drawing.add("double_conv", double(widths[0]))
    for level, channels in enumerate(widths[1:], 1):
        down = (
            Drawing()
            .add("maps", GroupInput(rank=4))
            .add("pool", MaxPool2d())
            .add("double_conv", double(channels))
            .add("smaller", GroupOutput())
        )
        drawing.add(f"down{level}", down.group())
    for level in (3, 2, 1, 0):
        channels, skip = widths[level], f"down{level}" if level else "double_conv"
        up = (
            Drawing()
            .add("maps", GroupInput(rank=4), at=(0, 0))
            .add("skip", GroupInput(rank=4), at=(1, 0))
            .add("up", ConvTranspose2d(out_channels=channels), "maps", at=(0, 1))
            .add("join", Concatenate(), "skip", "up", at=(0, 2))
            .add("double_conv", double(channels))
            .add("larger", GroupOutput())
        )
        drawing.add(f"up{level}", up.group(), drawing.last, skip, at=(2, 9 - level))
    drawing.add("conv", Conv2d(out_channels=2, kernel_size=1))
    drawing.add("pixels", Output())
    return project("U-Net", drawing, image(3, 96, 96))


# Text


def bert() -> Project:
    """BERT mini (Turc et al. 2019): google/bert_uncased_L-4_H-256_A-4."""
    embeddings = (
        Drawing()
        .add("tokens", GroupInput(rank=2), at=(0, 0))
        .add("word", Embedding(embedding_dim=256, num_embeddings=30_522, std=SPREAD))
        .add("segments", GroupInput(rank=2), at=(1, 0))
        .add("segment", Embedding(embedding_dim=256, num_embeddings=2, std=SPREAD))
        .add("joined", Add(), "word", "segment", at=(0, 2))
        .add("place", PositionalEncoding(kind="learned", max_length=512))
        .add("ln", LayerNorm(eps=1e-12))
        .add("drop", Dropout(p=0.1))
        .add("vectors", GroupOutput())
    )
    block = TransformerEncoder(heads=4, feedforward=1024, norm="after")
    layer = (
        Drawing()
        .add("vectors", GroupInput(rank=3), at=(0, 0))
        .add("tokens", GroupInput(rank=2), at=(1, 0))
        .add("block", block, "vectors", "tokens", at=(0, 1))
        .add("deeper", GroupOutput())
        .add("same_tokens", GroupOutput(), "tokens", at=(1, 2))
    )
    drawing = (
        Drawing("BERT mini: text to one vector. Padding has id 0. 11,170,560 parameters.")
        .add("tokens", Input(field="tokens"), at=(0, 0))
        .add("segments", Input(field="segments"), at=(1, 0))
        .add("embeddings", embeddings.group(), "tokens", "segments", at=(0, 1))
        .add("layer", layer.group(repeat=4), "embeddings", "tokens")
        .add("first", Select(), "layer.deeper")
        .add("pooler", Linear(out_features=256))
        .add("tanh", Tanh())
        .add("pooled", Output())
    )
    return project("BERT mini", drawing, ids("tokens", 30_522, "T"), ids("segments", 2, "T"))


def gpt() -> Project:
    """GPT of 6 blocks for characters: nanoGPT, config/train_shakespeare_char.py."""
    width, share = 384, Dropout(p=0.2)
    norm = LayerNorm(bias=False)
    block = (
        Drawing()
        .add("vectors", GroupInput(rank=3), at=(0, 0))
        .add("ln1", norm, at=(1, 1))
        .add("attention", MultiheadAttention(heads=6, causal=True, dropout=0.2, bias=False))
        .add("drop1", share)
        .add("add1", Add(), "vectors", "drop1", at=(0, 4))
        .add("ln2", norm, at=(1, 5))
        .add("fc1", Linear(out_features=4 * width, bias=False))
        .add("gelu", GELU())
        .add("fc2", Linear(out_features=width, bias=False))
        .add("drop2", share)
        .add("add2", Add(), "add1", "drop2", at=(0, 10))
        .add("deeper", GroupOutput())
    )
    drawing = (
        Drawing("GPT of 6 blocks: scores of the next character. 10,745,088 parameters.")
        .add("tokens", Input(field="tokens"))
        .add("embed", Embedding(embedding_dim=width, std=SPREAD))
        .add("place", PositionalEncoding(kind="learned", max_length=256))
        .add("drop", share)
        .add("block", block.group(repeat=6))
        .add("ln", norm)
        .add("head", Linear(out_features=65, bias=False))
        .add("next", Output())
    )
    head = replace(drawing.graph.nodes["head"], shares="embed")
    drawing.graph = drawing.graph.put(head)
    return project("GPT", drawing, ids("tokens", 65, "T"))


# Recommendation


def two_tower() -> Project:
    """Two towers whose vectors are multiplied: how well an item suits a user."""
    drawing = Drawing("Two towers: one logit for each pair of user and item.")
    for column, (name, known) in enumerate({"user": 6_040, "item": 3_706}.items()):
        tower = (
            Drawing()
            .add("vector", GroupInput(rank=2))
            .add("fc1", Linear(out_features=128))
            .add("relu", ReLU())
            .add("fc2", Linear(out_features=64))
            .add("meaning", GroupOutput())
        )
        drawing.add(name, Input(field=name), at=(column, 0))
        drawing.add(f"{name}_embed", Embedding(embedding_dim=64, num_embeddings=known + 1))
        drawing.add(f"{name}_tower", tower.group())
    drawing.add("dot", DotProduct(), "user_tower", "item_tower", at=(0, 3))
    drawing.add("rated", Output())
    return project("Two-tower recommender", drawing, ids("user", 6_041), ids("item", 3_707))


EXAMPLES: dict[str, Callable[[], Project]] = {
    "resnet18": resnet18,
    "unet": unet,
    "bert": bert,
    "gpt": gpt,
    "two_tower": two_tower,
}
"""How each bundled network is drawn, by the name of its file."""


def write(folder: Path) -> None:
    """Write every example as a project file."""
    for name, draw in EXAMPLES.items():
        (folder / f"{name}.mstudio").write_text(dumps(draw()), encoding="utf-8")
