"""The verb that lists the layer types."""

from __future__ import annotations

from typing import Annotated

import typer

from modelstudio.cli.app import verb
from modelstudio.cli.arguments import Json
from modelstudio.cli.show import print_json, print_table


@verb
def layers(
    as_json: Json = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference page of the guide.")
    ] = False,
) -> None:
    """List the layer types with their settings and ports, by category."""
    import modelstudio.layers  # noqa: F401
    from modelstudio.layers.reference import layer_list, reference_page

    if as_markdown:
        print(reference_page(), end="")
        return
    known = layer_list()
    if as_json:
        print_json(known)
        return
    for category in dict.fromkeys(layer["category"] for layer in known):
        print(f"\n{category}")
        rows = [
            (layer["type"], _ports(layer["inputs"]), layer["description"])
            for layer in known
            if layer["category"] == category
        ]
        print_table(("Type", "Takes", "What it does"), rows)


def _ports(ports: list[dict[str, object]]) -> str:
    """Write the inputs in short: ``query, key, mask?`` or ``x...``."""
    marks = ("..." if port["variadic"] else "?" if port["optional"] else "" for port in ports)
    return ", ".join(f"{port['name']}{mark}" for port, mark in zip(ports, marks, strict=True))
