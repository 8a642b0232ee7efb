"""The palette: importing this package declares every layer type."""

from modelstudio.layers.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from modelstudio.layers.convolution import Conv1d, Conv2d, Conv3d
from modelstudio.layers.custom import Custom
from modelstudio.layers.heads import (
    ClassificationHead,
    MultiLabelHead,
    NextTokenHead,
    RegressionHead,
)
from modelstudio.layers.io import Input, Output
from modelstudio.layers.linear import Embedding, Linear
from modelstudio.layers.merge import Add, Concatenate, Multiply
from modelstudio.layers.normalise import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm
from modelstudio.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool1d, MaxPool2d
from modelstudio.layers.regularise import Dropout
from modelstudio.layers.separable import DepthwiseSeparableConv1d, DepthwiseSeparableConv2d
from modelstudio.layers.shape import Flatten, Permute, Reshape
from modelstudio.layers.transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from modelstudio.network.group import Group, GroupInput, GroupOutput

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "ClassificationHead",
    "Concatenate",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Custom",
    "DepthwiseSeparableConv1d",
    "DepthwiseSeparableConv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Group",
    "GroupInput",
    "GroupNorm",
    "GroupOutput",
    "Input",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MultiLabelHead",
    "Multiply",
    "NextTokenHead",
    "Output",
    "Permute",
    "ReLU",
    "RegressionHead",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
