"""Every layer as data, as a table and as the page of the guide, which must be up to date."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelstudio.__main__ import main
from modelstudio.layers import Conv2d, Custom
from modelstudio.layers.reference import COMMAND, layer_list, reference_page
from modelstudio.network.layer import Layer
from modelstudio.resources import resource


def layer(name: str) -> dict[str, Any]:
    return next(known for known in layer_list() if known["type"] == name)


def field(name: str, of: str) -> dict[str, Any]:
    return next(known for known in layer(of)["fields"] if known["name"] == name)


def test_every_layer_is_listed_with_all_its_fields_and_ports() -> None:
    known = {item["type"]: item for item in layer_list()}
    assert set(known) == {kind.__name__ for kind in Layer.members()}
    for kind in Layer.members():
        item = known[kind.__name__]
        assert [one["name"] for one in item["fields"]] == list(kind.model_fields)
        assert len(item["inputs"]) == len(kind().input_ports())
        assert item["category"] == kind.category
        assert item["keywords"] == list(kind.keywords)
        assert all(one["description"] and one["title"] for one in item["fields"])
        assert all({"type", "default", "optional"} <= one.keys() for one in item["fields"])
    json.dumps(layer_list(), allow_nan=False)


def test_bounds_choices_and_types_are_those_of_the_layer() -> None:
    channels = field("out_channels", "Conv2d")
    assert channels["type"] == "integer"
    assert channels["default"] == Conv2d().out_channels
    assert (channels["minimum"], channels["maximum"]) == (1, 65_536)
    assert field("kernel_size", "Conv2d")["type"] == "pair of integer"
    assert field("kernel_size", "Conv2d")["minimum"] == 1
    kernel, order = field("kernel_size", "Conv3d"), field("order", "Permute")
    assert (kernel["min_length"], kernel["max_length"], kernel["maximum"]) == (3, 3, 1024)
    assert (order["min_length"], order["max_length"]) == (1, 7)
    assert field("padding", "Conv2d")["choices"] == ["same", "valid", "custom"]
    assert field("bias", "Conv2d")["type"] == "boolean"
    assert field("rank", "GroupInput")["optional"]
    dropout = field("dropout", "ClassificationHead")
    assert (dropout["type"], dropout["minimum"], dropout["below"]) == ("number", 0, 1)
    (port,) = layer("Conv2d")["inputs"]
    assert port == {
        "name": "x",
        "ranks": [4],
        "dtype": "float",
        "variadic": False,
        "optional": False,
        "order": "",
    }
    assert layer("LSTM")["inputs"][0]["order"] == "steps"
    assert layer("Conv1d")["inputs"][0]["order"] == "channels"
    assert layer("Add")["inputs"][0]["variadic"]
    assert layer("Embedding")["inputs"][0]["dtype"] == "int"
    assert layer("Output")["outputs"] == []


def test_the_page_of_the_guide_is_up_to_date() -> None:
    """Remake it with the command that the page names."""
    committed = resource("guide", "layers.md").read_text(encoding="utf-8")
    assert committed == reference_page(), f"remake it: {COMMAND}"


def test_the_page_says_what_a_field_takes() -> None:
    page = reference_page()
    assert COMMAND in page
    assert "| Kernel size | 3 whole numbers, 1 to 1,024 | 3, 3, 3 |" in page
    row = "| Output channels | whole number, 1 to 65,536 | 32 | Number of filters. |"
    assert row in page
    assert "Takes `x` (numbers, one or more wires)." in page
    assert f"### {Custom.label}" in page


def test_the_table_is_by_category(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [lines[i + 1] for i, line in enumerate(lines[:-1]) if not line]
    assert heads == list(dict.fromkeys(item["category"] for item in layer_list()))
    assert any(line.split()[:2] == ["Add", "x..."] for line in lines)
    assert main(["layers", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == layer_list()
    assert main(["layers", "--markdown"]) == 0
    assert capsys.readouterr().out == reference_page()
