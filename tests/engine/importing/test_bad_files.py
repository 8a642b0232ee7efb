"""What is broken, cut off, huge or hostile is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from modelstudio.engine.events import drain
from modelstudio.engine.importing.onnx_network import import_onnx
from modelstudio.engine.importing.sources import (
    NotTrusted,
    check_source,
    module_classes,
    split_source,
)
from modelstudio.errors import ImportFailed
from modelstudio.trust import trust


def network(*nodes: onnx.NodeProto, **weights: np.ndarray) -> onnx.ModelProto:
    given_ = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    said = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(list(nodes), "g", [given_], [said], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    return model


WHOLE = network(
    helper.make_node("MatMul", ["x", "w"], ["a"]),
    helper.make_node("Relu", ["a"], ["y"]),
    w=np.ones((4, 3), np.float32),
)


def refused(path: Path) -> ImportFailed:
    with pytest.raises(ImportFailed) as caught:
        drain(import_onnx(path))
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no network", b"\x08\x07", b"{}" * 400])
def test_what_is_no_onnx_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    assert "net.onnx" in refused(path).message


def test_a_file_that_is_missing_or_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.onnx").message
    assert "cannot be read" in refused(tmp_path).message


@given(st.integers(1, len(WHOLE.SerializeToString()) - 1))
@settings(max_examples=60)
def test_a_file_cut_off_anywhere_is_told(at: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        path.write_bytes(WHOLE.SerializeToString()[:at])
        try:
            imported = drain(import_onnx(path))
        except ImportFailed:
            return
        assert imported.graph.nodes


def test_damaged_weights(tmp_path: Path) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(WHOLE)
    model.graph.initializer[0].dims[0] = 1_000_000_000
    onnx.save(model, path := tmp_path / "net.onnx")
    assert "weights 'w'" in refused(path).message


def test_values_that_nothing_gives(tmp_path: Path) -> None:
    onnx.save(network(helper.make_node("Relu", ["nobody"], ["y"])), path := tmp_path / "net.onnx")
    assert "'nobody'" in refused(path).message


def test_a_value_that_is_given_twice(tmp_path: Path) -> None:
    twice = network(*(helper.make_node(kind, ["x"], ["y"]) for kind in ("Relu", "Tanh")))
    path = tmp_path / "net.onnx"
    onnx.save(twice, path)
    assert "Tanh gives 'y', which there is already." in refused(path).message


def test_operations_may_share_a_name(tmp_path: Path) -> None:
    named = network(
        helper.make_node("Relu", ["x"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["y"], name="one"),
    )
    onnx.save(named, path := tmp_path / "net.onnx")
    assert drain(import_onnx(path)).difference == 0


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        (helper.make_node("Softmax", ["x"], ["y"], axis=9), "Softmax does not fit the shapes"),
        (helper.make_node("Relu", ["x"], ["y"], slope=2), "Relu has a setting that there is not"),
        (helper.make_node("Conv", ["x"], ["y"]), "Conv takes too few or too many values"),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), "MatMul takes numbers of types"),
        (helper.make_node("MatMul", ["x", "v"], ["y"]), "MatMul does not fit the shapes"),
    ],
    ids=["axis", "setting", "values", "types", "shapes"],
)
def test_what_cannot_be_run_is_told_plainly(
    node: onnx.NodeProto, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(network(node, w=np.ones((4, 3)), v=np.ones((5, 3), np.float32)), path)
    assert sentence in refused(path).message


def test_weights_outside_of_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\0" * 64)
    (folder := tmp_path / "in").mkdir()
    model = onnx.ModelProto()
    model.CopyFrom(WHOLE)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    assert "cannot be read" in refused(folder / "net.onnx").message


def test_loops_are_not_run(tmp_path: Path) -> None:
    """A loop may go on for ever; it stays as a placeholder."""
    flag = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    number = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [number, flag],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )
    model = network(
        helper.make_node("Loop", ["", "yes"], [], body=body),
        helper.make_node("Relu", ["x"], ["y"]),
        yes=np.array(True),
    )
    onnx.save(model, path := tmp_path / "loop.onnx")
    assert drain(import_onnx(path)).difference == 0


def test_absurd_sizes_are_refused(tmp_path: Path) -> None:
    model = network(
        helper.make_node("ConstantOfShape", ["size"], ["huge"]),
        helper.make_node("Add", ["x", "huge"], ["y"]),
        size=np.array([2**40, 2**20]),
    )
    onnx.save(model, path := tmp_path / "huge.onnx")
    assert "cannot be run" in refused(path).message
    inputs = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2**20, 2**20])
    model = network(helper.make_node("Relu", ["x"], ["y"]))
    model.graph.input[0].CopyFrom(inputs)
    onnx.save(model, path)
    assert "too large" in refused(path).message


@pytest.mark.parametrize("opset", [1, 999])
def test_an_opset_that_nobody_runs(opset: int, tmp_path: Path) -> None:
    model = onnx.ModelProto()
    model.CopyFrom(WHOLE)
    model.opset_import[0].version = opset
    onnx.save(model, path := tmp_path / "net.onnx")
    assert f"opset {opset}," in refused(path).message


def test_a_file_of_which_nothing_can_be_run_stays_in_view(tmp_path: Path) -> None:
    node = helper.make_node("LinearClassifier", ["x"], ["y"], domain="ai.onnx.ml")
    onnx.save(network(node), path := tmp_path / "net.onnx")
    (lost,) = drain(import_onnx(path)).placeholders
    assert lost.operation == "ai.onnx.ml.LinearClassifier"


def test_an_output_that_depends_on_nothing(tmp_path: Path) -> None:
    model = network(helper.make_node("Identity", ["w"], ["y"]), w=np.ones(3, np.float32))
    onnx.save(model, path := tmp_path / "net.onnx")
    assert "depends on its inputs" in refused(path).message


# Python files


def test_source_and_class_are_told_apart() -> None:
    assert split_source("a/net.py:Net") == (Path("a/net.py"), "Net")
    assert split_source("net.onnx") == (Path("net.onnx"), "")
    assert split_source("odd:name.onnx") == (Path("odd:name.onnx"), "")


def test_python_is_run_only_when_it_is_trusted_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("class Net: pass")
    with pytest.raises(NotTrusted, match="nobody has trusted it") as caught:
        check_source(path, "Net")
    assert "--trust" in str(caught.value)
    trust(caught.value.source)
    check_source(path, "Net")
    path.write_text("class Net: x = 1")
    with pytest.raises(NotTrusted):
        check_source(path, "Net")


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("class Net: pass", "", "needs the name of a class"),
        ("class Net: pass", "Other", "has no class Other. Classes: Net"),
        ("class Net", "Net", "is not Python"),
        ("x" * 10 + "\0", "Net", "is not Python"),
    ],
)
def test_what_is_wrong_with_a_python_file(
    text: str, name: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.py"
    path.write_text(text)
    with pytest.raises(ImportFailed, match=sentence):
        check_source(path, name)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(b"\x80\x02")
    with pytest.raises(ImportFailed, match="neither an ONNX nor a Python file"):
        check_source(path)
    (binary := tmp_path / "net.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ImportFailed, match="is not a text"):
        check_source(binary, "Net")


def test_modules_are_offered_first() -> None:
    source = "class A: pass\nclass B(nn.Module): pass\nclass C(torch.nn.Module): pass\n"
    assert module_classes(source, Path("net.py")) == ["C", "B", "A"]
