"""What the command line says of values that an option does not take, and of outputs it has not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

import modelstudio.cli  # noqa: F401  registers the verbs
from modelstudio.cli.app import app
from modelstudio.project.files import write_text
from tests.conftest import Cli


def narrow_options() -> Iterator[tuple[str, str, str, str]]:
    """Yield verb, option, a value that it does not take, and one that it does."""
    for verb, command in typer.main.get_command(app).commands.items():
        for param in command.params:
            kinds: tuple[Any, ...] = (param.type_descriptor.annotation,)
            kinds = (*kinds, *get_args(kinds[0]))
            option = param.opts[-1]
            for kind in kinds:
                if isinstance(kind, type) and issubclass(kind, Enum):
                    yield verb, option, "guess", str(next(iter(kind)).value)
                elif kind is int:
                    for wrong in ("x", "1e3", "nan", "-1", str(10**30), "0.5"):
                        yield verb, option, wrong, f"{param.max:,}"


NARROW = tuple(narrow_options())


def test_every_number_and_choice_is_tried() -> None:
    tried = {(verb, option) for verb, option, *_ in NARROW}
    assert tried >= {
        ("train", "--epochs"),
        ("train", "--device"),
        ("new", "--task"),
        ("new", "--split-seed"),
        ("evaluate", "--split"),
        ("export", "--to"),
    }


def test_a_value_that_an_option_does_not_take(cli: Cli) -> None:
    for verb, option, wrong, right in NARROW:
        code, out, err = cli(verb, option, wrong, "x.mstudio", "y", "z")
        first = err.splitlines()[0]
        assert (code, out) == (2, "")
        assert first.startswith(f"{option} takes ")
        assert right in first
        assert first.endswith(f"not {wrong!r}.")
        assert f"modelstudio {verb} --help" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("new", "p.mstudio", "--data", ""), "--data is empty"),
        (("new", "p.mstudio", "--data="), "--data takes a value"),
        (("train", ""), "An argument is empty"),
        (("evaluate", "p.mstudio", "--run", ""), "--run is empty"),
        (("paint",), "No such command 'paint'"),
        (("train",), "Missing argument 'PROJECT'."),
        (("profile", "p.mstudio", "--target", "x"), "a project has its"),
        (("profile", "p.csv", "--data", "x"), "--data is for a project"),
    ],
)
def test_a_line_that_says_too_little(arguments: tuple[str, ...], told: str, cli: Cli) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert "--help" in err


@pytest.mark.skipif(os.name == "nt", reason="there are other pipes and devices on Windows")
def test_an_output_that_takes_nothing_more(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "modelstudio", "layers", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as closed:
        assert closed.stdout is not None
        closed.stdout.close()
        with Path("/dev/full").open("w") as full:
            filled = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert closed.stderr is not None
        assert (closed.stderr.read(), closed.wait()) == (b"", 141)
    assert filled.returncode == 1
    assert filled.stderr.startswith("The output cannot be ")
    assert len(filled.stderr.splitlines()) <= 2


def test_a_device_is_written_into_and_never_replaced() -> None:
    before = Path(os.devnull).stat().st_mode
    write_text(Path(os.devnull), "x")
    assert Path(os.devnull).stat().st_mode == before
