"""ONNX files of other programs become blocks that say what the files say."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from modelstudio.engine.events import drain
from modelstudio.engine.importing.conclude import (
    Entry,
    Imported,
    conclude,
    draw_inputs,
    draw_outputs,
)
from modelstudio.engine.importing.drawing import Drawing, palette_layer
from modelstudio.engine.importing.module_file import load
from modelstudio.engine.importing.onnx_network import import_onnx
from modelstudio.network.graph import Graph, Node
from modelstudio.network.group import Group

MODULES = Path(__file__).with_name("networks_of_others.py")
RANDOM = np.random.default_rng(0)

EXAMPLES = {
    "ResNet": [torch.randn(2, 3, 32, 32)],
    "UNet": [torch.randn(2, 1, 16, 16)],
    "TextClassifier": [torch.randint(0, 50, (2, 9))],
    "GruTagger": [torch.randint(0, 50, (2, 9))],
    "Encoder": [torch.randint(0, 50, (2, 16))],
    "VisionTransformer": [torch.randn(2, 3, 16, 16)],
    "MobileNet": [torch.randn(2, 3, 32, 32)],
    "TwoTowers": [torch.randint(0, 20, (2,)), torch.randint(0, 30, (2,)), torch.randn(2, 3)],
    "Tabular": [torch.randn(2, 7)],
    "Tied": [torch.randint(0, 40, (2, 6))],
    "Formulas": [torch.randn(2, 4)],
    "LineReader": [torch.randn(2, 3, 9)],
    "LastStep": [torch.randn(2, 6, 4)],
    "Siamese": [torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8)],
    "ClassToken": [torch.randn(2, 5, 12)],
    "Padded": [torch.randint(0, 5, (2, 9))],
    "Einstein": [torch.randint(0, 20, (2, 9))],
}


def written(name: str, path: Path, *, dynamo: bool) -> nn.Module:
    """Have torch write a module as ONNX, by its new exporter or the old one."""
    module, values = load(MODULES, name, {}), EXAMPLES[name]
    names = [f"in{number}" for number in range(len(values))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            batch = torch.export.Dim("batch")
            torch.onnx.export(
                copy.deepcopy(module),
                tuple(values),
                path,
                dynamo=True,
                verbose=False,
                dynamic_shapes=tuple({0: batch} for _ in values),
            )
        else:
            torch.onnx.export(
                module,
                tuple(values),
                path,
                dynamo=False,
                input_names=names,
                dynamic_axes={given: {0: "batch"} for given in names},
            )
    return module


def built(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[tuple[str, Sequence[int | str | None]]],
    weights: dict[str, np.ndarray],
    *,
    opset: int = 13,
    kind: int = TensorProto.FLOAT,
    output: str = "y",
) -> Path:
    """Write a file by hand."""
    given = [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs]
    said = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(list(nodes), "foreign", given, [said], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 7
    path.write_bytes(model.SerializeToString())
    return path


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def brought_in(path: Path, *shapes: tuple[int, ...]) -> Imported:
    return drain(import_onnx(path, shapes))


def agrees(imported: Imported) -> None:
    assert not imported.placeholders, imported.placeholders
    assert imported.problem == ""
    assert imported.difference is not None
    assert imported.difference < 1e-4


def types(graph: Graph) -> list[str]:
    found = []
    for node in graph.nodes.values():
        inner = node.layer.graph if isinstance(node.layer, Group) else None
        found += types(inner) if inner else [node.layer.type_name]
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_torch_writes_the_old_way(name: str, tmp_path: Path) -> None:
    written(name, path := tmp_path / "net.onnx", dynamo=False)
    agrees(brought_in(path))


@pytest.mark.parametrize("name", ["ResNet", "Encoder", "LineReader"])
def test_what_torch_writes_the_new_way(name: str, tmp_path: Path) -> None:
    written(name, path := tmp_path / "net.onnx", dynamo=True)
    agrees(imported := brought_in(path))
    assert any(isinstance(node.layer, Group) for node in imported.graph.nodes.values())


def test_parameters_are_those_of_the_module(tmp_path: Path) -> None:
    module = written("TextClassifier", path := tmp_path / "net.onnx", dynamo=False)
    imported = brought_in(path)
    assert imported.parameters == sum(weight.numel() for weight in module.parameters())
    assert [field.vocabulary for field in imported.fields if field.role == "input"] == [50]


def test_written_out_functions_are_one_block_again(tmp_path: Path) -> None:
    written("Encoder", path := tmp_path / "net.onnx", dynamo=False)
    found = types(brought_in(path).graph)
    assert found.count("LayerNorm") == 5
    assert found.count("GELU") == 2
    assert found.count("MultiheadAttention") == 2


def test_channels_last_as_keras_writes_them(tmp_path: Path) -> None:
    """NHWC in and out, uneven margins, bias and scale as operations of their own."""
    weights = {
        "w1": floats(8, 3, 3, 3),
        "b1": floats(1, 1, 1, 8),
        "dw": floats(8, 1, 3, 3),
        "scale": np.abs(floats(1, 1, 1, 8)),
        "w2": floats(8, 4),
        "b2": floats(4),
        "axes": np.array([1, 2]),
    }
    nodes = [
        helper.make_node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["a", "w1"], ["b"], strides=[2, 2], auto_pad="SAME_UPPER"),
        helper.make_node("Transpose", ["b"], ["c"], perm=[0, 2, 3, 1]),
        helper.make_node("Add", ["c", "b1"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("Mul", ["e", "scale"], ["f"]),
        helper.make_node("Transpose", ["f"], ["g"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["g", "dw"], ["h"], group=8, pads=[0, 0, 2, 2]),
        helper.make_node("Relu", ["h"], ["h1"]),
        helper.make_node(
            "MaxPool", ["h1"], ["h2"], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"
        ),
        helper.make_node("Transpose", ["h2"], ["i"], perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["i"], ["j"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["j", "w2"], ["k"]),
        helper.make_node("Add", ["k", "b2"], ["l"]),
        helper.make_node("Softmax", ["l"], ["y"], axis=-1),
    ]
    path = built(tmp_path / "keras.onnx", nodes, [("x", ["N", 16, 16, 3])], weights)
    imported = brought_in(path)
    agrees(imported)
    assert imported.fields[0].shape == (16, 16, 3)
    assert imported.fields[1].kind == "classes"
    assert types(imported.graph).count("Permute") == 1


def test_a_chain_of_products_as_scikit_learn_writes_it(tmp_path: Path) -> None:
    weights = {
        "mean": floats(5),
        "std": np.abs(floats(5)) + 1,
        "w1": floats(5, 8),
        "b1": floats(1, 8),
        "w2": floats(3, 8),
        "b2": floats(3),
    }
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["a"]),
        helper.make_node("Div", ["a", "std"], ["b"]),
        helper.make_node("MatMul", ["b", "w1"], ["c"]),
        helper.make_node("Add", ["c", "b1"], ["d"]),
        helper.make_node("Tanh", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "w2", "b2"], ["f"], transB=1, alpha=0.5, beta=2.0),
        helper.make_node("Softmax", ["f"], ["y"], axis=1),
    ]
    imported = brought_in(built(tmp_path / "s.onnx", nodes, [("x", [None, 5])], weights, opset=11))
    agrees(imported)
    assert imported.fields[0].name == "features"


def test_windows_that_reach_beyond_the_edge(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MaxPool", ["x"], ["a"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        helper.make_node(
            "AveragePool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
        ),
        helper.make_node("Flatten", ["b"], ["y"], axis=1),
    ]
    path = built(tmp_path / "ceil.onnx", nodes, [("x", ["N", 3, 11, 8])], {})
    agrees(imported := brought_in(path))
    assert types(imported.graph)[1:3] == ["MaxPool2d", "AvgPool2d"]


def test_old_files_keep_settings_as_attributes(tmp_path: Path) -> None:
    weights = {"w": floats(4, 2, 3, 3), "v": floats(4, 4, 2, 2), "fc": floats(2, 256)}
    nodes = [
        helper.make_node("Pad", ["x"], ["a"], pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="reflect"),
        helper.make_node("Conv", ["a", "w"], ["b"]),
        helper.make_node("Clip", ["b"], ["c"], min=0.0, max=6.0),
        helper.make_node("Slice", ["c"], ["d"], axes=[2, 3], starts=[0, 0], ends=[4, -4]),
        helper.make_node("ConvTranspose", ["d", "v"], ["e"], strides=[2, 2]),
        helper.make_node("LeakyRelu", ["e"], ["f"], alpha=0.2),
        helper.make_node("Dropout", ["f"], ["g"], ratio=0.3),
        helper.make_node("Flatten", ["g"], ["h"], axis=1),
        helper.make_node("Unsqueeze", ["h"], ["i"], axes=[1]),
        helper.make_node("Squeeze", ["i"], ["j"], axes=[1]),
        helper.make_node("Gemm", ["j", "fc", "zero"], ["y"], transB=1),
    ]
    weights["zero"] = np.zeros(2, np.float32)
    path = built(tmp_path / "old.onnx", nodes, [("x", ["N", 2, 8, 8])], weights, opset=9)
    agrees(brought_in(path))


def test_a_batch_of_one_need_not_stay_one(tmp_path: Path) -> None:
    """Files often fix the batch to 1, also in the shapes that they ask for."""
    weights = {"shape": np.array([1, 12]), "w": floats(12, 3)}
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Reshape", ["a", "shape"], ["b"]),
        helper.make_node("MatMul", ["b", "w"], ["y"]),
    ]
    imported = brought_in(built(tmp_path / "one.onnx", nodes, [("x", [1, 3, 4])], weights))
    agrees(imported)
    assert "Flatten" in types(imported.graph)


def test_shapes_worked_out_inside_are_constants(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["batch"]),
        helper.make_node("Unsqueeze", ["batch", "axis"], ["b1"]),
        helper.make_node("Concat", ["b1", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["y"]),
    ]
    weights = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([-1])}
    agrees(brought_in(built(tmp_path / "s.onnx", nodes, [("x", ["N", 3, 4])], weights)))


def test_free_sizes_can_be_told(tmp_path: Path) -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    path = built(tmp_path / "c.onnx", nodes, [("x", ["N", 3, "H", "W"])], {"w": floats(4, 3, 3, 3)})
    imported = brought_in(path, (3, 20, 24))
    agrees(imported)
    assert imported.fields[0].shape == (3, 20, 24)


def test_what_has_no_block_stays_as_a_placeholder(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Mystery", ["a"], ["b"], domain="com.example", depth=3),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Det", ["c"], ["y"]),
    ]
    imported = brought_in(built(tmp_path / "m.onnx", nodes, [("x", ["N", 4])], {"w": floats(4, 4)}))
    assert [lost.operation for lost in imported.placeholders] == ["com.example.Mystery", "onnx.Det"]
    assert imported.difference is None
    assert imported.nodes == 4
    node = imported.graph.named(imported.placeholders[0].name)
    assert node is not None
    assert node.layer.to_dict()["attributes"] == {"depth": 3}
    again = Graph.from_dict(imported.graph.to_dict())
    assert again == imported.graph
    assert imported.placeholders[0].reason in imported.problem


def test_a_pipeline_of_scikit_learn_answers_with_its_probabilities(tmp_path: Path) -> None:
    learners = {"domain": "ai.onnx.ml"}
    nodes = [
        helper.make_node("Scaler", ["x"], ["s"], **learners, offset=[1.0, 2.0], scale=[0.5, 4.0]),
        helper.make_node("MatMul", ["s", "w"], ["m"]),
        helper.make_node("Softmax", ["m"], ["p"], axis=1),
        helper.make_node("ArgMax", ["p"], ["best"], axis=1),
        helper.make_node("ArrayFeatureExtractor", ["names", "best"], ["label"], **learners),
        helper.make_node("ZipMap", ["p"], ["y"], **learners, classlabels_int64s=[7, 8, 9]),
    ]
    weights = {"w": floats(2, 3), "names": np.array([7, 8, 9])}
    path = built(tmp_path / "m.onnx", nodes, [("x", ["N", 2])], weights)
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    model.graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, None))
    onnx.save(model, path)
    imported = brought_in(path)
    agrees(imported)
    assert [field.name for field in imported.fields] == ["features", "target"]


def test_a_choice_of_the_largest_is_left_out(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("ArgMax", ["m"], ["best"], axis=1, keepdims=0),
        helper.make_node("Cast", ["best"], ["y"], to=TensorProto.INT32),
    ]
    path = built(tmp_path / "m.onnx", nodes, [("x", ["N", 4])], {"w": floats(4, 3)})
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32
    onnx.save(model, path)
    imported = brought_in(path)
    agrees(imported)
    assert len(imported.fields[1].classes) == 3


def test_gelu_in_its_shapes(tmp_path: Path) -> None:
    root, half, one = (np.float32(value) for value in (math.sqrt(2), 0.5, 1.0))
    nodes = [
        helper.make_node("Div", ["x", "root"], ["a"]),
        helper.make_node("Erf", ["a"], ["b"]),
        helper.make_node("Add", ["b", "one"], ["c"]),
        helper.make_node("Mul", ["x", "half"], ["d"]),
        helper.make_node("Mul", ["d", "c"], ["y"]),
    ]
    weights = {"root": np.array(root), "half": np.array(half), "one": np.array(one)}
    imported = brought_in(built(tmp_path / "g.onnx", nodes, [("x", ["N", 6])], weights))
    agrees(imported)
    assert types(imported.graph) == ["Input", "GELU", "Output"]


def test_functions_of_mathematics(tmp_path: Path) -> None:
    kinds = ["Abs", "Sqrt", "Exp", "Sin", "Cos", "Erf", "Reciprocal", "Log", "Neg"]
    nodes = [helper.make_node("Add", ["x", "big"], ["v"])]
    weights = {name: np.array(value, np.float32) for name, value in POWERS.items()}
    for number, kind in enumerate(kinds):
        nodes.append(helper.make_node(kind, ["v"], [f"f{number}"]))
    for number, name in enumerate(["two", "half", "inverse", "root"], len(kinds)):
        nodes.append(helper.make_node("Pow", ["v", name], [f"f{number}"]))
    names = [f"f{number}" for number in range(len(kinds) + 4)]
    nodes.append(helper.make_node("Concat", names, ["y"], axis=1))
    imported = brought_in(built(tmp_path / "f.onnx", nodes, [("x", ["N", 3])], weights))
    agrees(imported)
    functions = [node.layer.function for node in imported.graph.nodes.values() if is_math(node)]
    told = [*(kind.lower() for kind in kinds[:-1]), "negative", "square", "sqrt", "reciprocal"]
    assert sorted(functions) == sorted([*told, "sqrt", "reciprocal"])


POWERS = {"big": 9.0, "two": 2.0, "half": 0.5, "inverse": -1.0, "root": -0.5}


def is_math(node: Node) -> bool:
    return node.layer.type_name == "Math"


def test_limits_and_values_with_themselves(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Clip", ["x", "low"], ["a"]),
        helper.make_node("Clip", ["x", "", "high"], ["b"]),
        helper.make_node("Clip", ["x", "low", "high"], ["c"]),
        helper.make_node("Max", ["a", "b", "c"], ["d"]),
        helper.make_node("Min", ["d", "high"], ["e"]),
        helper.make_node("Mul", ["e", "e"], ["f"]),
        helper.make_node("Add", ["f", "f"], ["y"]),
    ]
    weights = {"low": np.array(-0.25, np.float32), "high": np.array(0.5, np.float32)}
    imported = brought_in(built(tmp_path / "l.onnx", nodes, [("x", ["N", 3])], weights))
    agrees(imported)
    found = types(imported.graph)
    assert [found.count(kind) for kind in ("Hardtanh", "Maximum", "Minimum", "Math")] == [
        1,
        2,
        2,
        1,
    ]


def test_what_is_not_a_number_in_one_only_is_a_difference() -> None:
    entry = Entry("x", ("B", 2), "float", np.array([[1, -1]], np.float32))
    for said, apart in ((np.nan, 0.0), (0.0, math.inf)):
        drawing = Drawing()
        x = draw_inputs(drawing, [entry])["x"].wire
        wire = drawing.add(palette_layer("Math", function="log"), x)
        targets = draw_outputs(drawing, {"y": wire})
        answers = {"y": np.array([[0, said]], np.float32)}
        assert conclude(drawing, [entry], targets, answers).difference == apart


@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.parametrize(("name", "shared"), [("Tied", 2), ("Siamese", 2)])
def test_shared_weights_stay_shared(name: str, shared: int, dynamo: bool, tmp_path: Path) -> None:
    module = written(name, path := tmp_path / "net.onnx", dynamo=dynamo)
    agrees(imported := brought_in(path))
    assert imported.parameters == sum(weight.numel() for weight in module.parameters())
    assert len(list(shares(imported.graph))) == shared


def shares(graph: Graph) -> Iterator[str]:
    for node in graph.nodes.values():
        if isinstance(node.layer, Group):
            yield from shares(node.layer.graph)
        elif node.shares:
            yield node.shares


def test_weights_that_only_begin_alike_stay_apart(tmp_path: Path) -> None:
    """A file keeps scales of 1 once, though each normalisation learns its own."""
    nodes = [
        helper.make_node("LayerNormalization", ["x", "ones", "zeros"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("LayerNormalization", ["b", "ones", "zeros"], ["y"]),
    ]
    weights = {"ones": np.ones(6, np.float32), "zeros": np.zeros(6, np.float32)}
    path = built(tmp_path / "n.onnx", nodes, [("x", ["N", 6])], weights, opset=17)
    agrees(imported := brought_in(path))
    assert (imported.parameters, list(shares(imported.graph))) == (24, [])


@pytest.mark.parametrize("opened", ["batch", "both"])
def test_inputs_with_the_steps_first_are_turned(opened: str, tmp_path: Path) -> None:
    module, path = load(MODULES, "StepsFirst", {}), tmp_path / "net.onnx"
    axes = {1: "batch"} if opened == "batch" else {0: "steps", 1: "batch"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids = torch.randint(0, 20, (6, 2))
        torch.onnx.export(
            module, (ids,), path, dynamo=False, input_names=["ids"], dynamic_axes={"ids": axes}
        )
    imported = brought_in(path)
    agrees(imported)
    assert imported.fields[0].shape == ((6,) if opened == "batch" else ("T",))
    assert types(imported.graph) == ["Input", "Embedding", "LSTM", "Linear", "Output"]
    assert imported.parameters == sum(weight.numel() for weight in module.parameters())
