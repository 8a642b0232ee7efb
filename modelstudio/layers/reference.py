"""Every layer type as plain data, and as the reference page of the guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from modelstudio.network.layer import Category, Layer, Port
from modelstudio.network.mismatch import rank_text

COMMAND = "modelstudio layers --markdown > resources/guide/layers.md"
"""What remakes the page."""

_RANKS = {
    1: "one number for each sample",
    2: "rows",
    3: "sequences or channels x length",
    4: "maps",
    5: "volumes",
}
_ORDERS = {"steps": "steps x width", "channels": "channels x length"}
_TYPES = {
    "list of pair of string": "names and values",
    "pair of integer": "two whole numbers",
    "list of integer": "whole numbers",
    "list of number": "numbers",
    "integer": "whole number",
    "boolean": "yes or no",
    "string": "text",
    "network": "blocks",
}
_DTYPES = {"float": "numbers", "int": "ids", "any": "any values"}


def layer_list() -> list[dict[str, Any]]:
    """Return every layer type by category, with its fields and ports, as JSON objects."""
    return [_layer(kind) for category in get_args(Category) for kind in members(category)]


def members(category: str) -> list[type[Layer]]:
    """Return the layer types of a category, in order of declaration."""
    return [kind for kind in Layer.members() if kind.category == category]


def _layer(kind: type[Layer]) -> dict[str, Any]:
    made = kind()
    defaults = made.model_dump(mode="json")
    schemas = kind.model_json_schema()["properties"] if kind.model_fields else {}
    return {
        "type": kind.__name__,
        "label": kind.label,
        "category": kind.category,
        "description": kind.purpose(),
        "keywords": list(kind.keywords),
        "fields": [_field(kind, name, schemas[name], defaults[name]) for name in kind.model_fields],
        "inputs": [_port(port) for port in made.input_ports()],
        "outputs": [_port(port) for port in made.output_ports()],
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "ranks": list(port.ranks),
        "dtype": port.dtype,
        "variadic": port.variadic,
        "optional": port.optional,
        "order": port.order,
    }


def _field(kind: type[Layer], name: str, schema: Mapping[str, Any], default: Any) -> dict[str, Any]:
    info = kind.model_fields[name]
    options = schema.get("anyOf", [schema])
    plain = [option for option in options if option.get("type") != "null"]
    title = info.title or name.replace("_", " ")
    found: dict[str, Any] = {
        "name": name,
        "title": title[:1].upper() + title[1:],
        "type": " or ".join(dict.fromkeys(_type(option) for option in plain)),
        "default": default,
        "optional": len(plain) < len(options),
        "description": info.description or "",
    }
    for option in plain:
        found |= _limits(option)
    return found


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "choice"
    if schema.get("type") == "array":
        parts = schema.get("prefixItems") or [schema.get("items", {})]
        size = schema.get("maxItems")
        pair = size == 2 and size == schema.get("minItems")
        return f"{'pair' if pair else 'list'} of {_type(parts[0])}"
    return str(schema.get("type", "network"))


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return bounds and choices; those of a list are those of its parts, and its length."""
    if schema.get("type") == "array":
        parts = schema.get("prefixItems") or [schema.get("items", {})]
        lengths = {"minItems": "min_length", "maxItems": "max_length"}
        found = {name: schema[key] for key, name in lengths.items() if key in schema}
        return _limits(parts[0]) | found
    names = {
        "minimum": "minimum",
        "maximum": "maximum",
        "exclusiveMinimum": "above",
        "exclusiveMaximum": "below",
        "enum": "choices",
    }
    return {names[key]: value for key, value in schema.items() if key in names}


# The page


def reference_page() -> str:
    """Return the reference page of the guide, as Markdown."""
    lines = [
        "# Layers",
        "",
        "Every block of the palette, with its inputs and settings. The batch is left out of all "
        "shapes.",
        "",
        f"This page is made by `{COMMAND}`.",
    ]
    for category in get_args(Category):
        kinds = members(category)
        if kinds:
            lines += ["", f"## {category}"]
        for kind in kinds:
            lines += ["", *layer_section(kind)]
    return "\n".join(lines) + "\n"


def layer_section(kind: type[Layer]) -> list[str]:
    """Return what the page says of one layer type, as lines of Markdown."""
    known = _layer(kind)
    lines = [f"### {known['label']}", "", known["description"]]
    ports = [*_ports("Takes", known["inputs"]), *_ports("Gives", known["outputs"])]
    lines += ["", *ports] if ports else []
    if known["fields"]:
        lines += ["", "| Setting | Values | Default | |", "|---|---|---|---|"]
        lines += [_row(field) for field in known["fields"]]
    return lines


def _ports(verb: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one line for what a block takes or gives; what is usual is not said."""
    if not ports or (verb == "Gives" and len(ports) == 1):
        return
    said = []
    for port in ports:
        words = _RANKS | ({3: _ORDERS[port["order"]]} if port["order"] else {})
        kinds = rank_text(port["ranks"], words)
        text = f"`{port['name']}` ({kinds or _DTYPES[port['dtype']]}"
        if kinds and port["dtype"] == "int":
            text += " of ids"
        text += ", one or more wires" if port["variadic"] else ""
        text += ", may be left open" if port["optional"] else ""
        said.append(f"{text})")
    yield f"{verb} {', '.join(said)}."


def _row(field: Mapping[str, Any]) -> str:
    default = field["default"]
    if field["type"] == "network" or (isinstance(default, str) and "\n" in default):
        default = None
    elif isinstance(default, bool):
        default = "yes" if default else "no"
    elif isinstance(default, list):
        default = ", ".join(map(str, default))
    shown = "" if default is None else f"{default}"
    cells = (field["title"], _values(field), shown, field["description"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _values(field: Mapping[str, Any]) -> str:
    """Say which values a field takes."""
    if choices := field.get("choices"):
        return ", ".join(map(str, choices))
    words = field["type"]
    for name, spoken in _TYPES.items():
        words = words.replace(name, spoken)
    least, most = field.get("min_length"), field.get("max_length")
    if most is not None and field["type"].startswith("list"):
        length = f"{most}" if least == most else f"{least} to {most}" if least else f"up to {most}"
        words = f"{length} {words}"
    limits = {
        "{minimum:,} to {maximum:,}": "minimum" in field and "maximum" in field,
        "{minimum:,} or more": "minimum" in field and "maximum" not in field,
        "at most {maximum:,}": "maximum" in field and "minimum" not in field,
        "above {above:,}": "above" in field,
        "below {below:,}": "below" in field,
    }
    return ", ".join([words, *(text.format(**field) for text, holds in limits.items() if holds)])
