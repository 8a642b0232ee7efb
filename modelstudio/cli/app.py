"""The command line as a whole: how a verb is registered, and what becomes of its errors.

Results go to standard output, progress and complaints to standard error. Exit codes: 0; 1 for what
a person can mend; 2 for wrong usage; 130 when interrupted; 141 when nobody reads the output.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from modelstudio import __version__
from modelstudio.cli.usage import empty_value, wrong_usage
from modelstudio.errors import StudioError
from modelstudio.resources import app_home

P = ParamSpec("P")

told: list[str] = []
"""What was complained of so far."""

INTERRUPTED = 130

CLOSED = 141
"""Exit code when nobody reads the output any more, as that of a program that the shell ended."""

app = typer.Typer(
    name="modelstudio",
    help="Design, train, judge and export neural networks. Without arguments the window opens.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"modelstudio {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Design, train, judge and export neural networks. Without arguments the window opens."""


def verb(function: Callable[P, None], *, name: str | None = None) -> Callable[P, None]:
    """Register a verb; what goes wrong in it becomes an exit code and plain lines.

    ``name`` is for a verb that cannot be the name of a function.
    """

    @functools.wraps(function)
    def handled(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except StudioError as error:
            complain(*error.lines())
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            complain("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.BadParameter):
            raise
        except BrokenPipeError:
            close_output()
            raise typer.Exit(CLOSED) from None
        except OSError as error:
            complain(*_unwritable(error))
            raise typer.Exit(1) from None
        except Exception as error:
            complain(
                f"Model Studio made a mistake ({type(error).__name__}).",
                f"The full report is in {_write_report()}.",
            )
            raise typer.Exit(1) from None

    summary = (function.__doc__ or "").partition("\n\n")[0]
    app.command(name, no_args_is_help=False, short_help=summary)(handled)
    return handled


def is_verb(name: str) -> bool:
    """Tell whether a verb has this name."""
    return name in typer.main.get_command(app).commands  # type: ignore[attr-defined]


def main(arguments: list[str] | None = None) -> int:
    """Run a verb and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if (fault := empty_value(given)) is not None:
        complain(fault, "modelstudio --help lists the verbs.")
        return 2
    told.clear()
    try:
        end = app(args=given, prog_name="modelstudio", standalone_mode=False)
        sys.stdout.flush()
        if end == INTERRUPTED and not told:
            complain("Interrupted.")
    except BrokenPipeError:
        close_output()
        return CLOSED
    except OSError as error:
        close_output()
        complain(f"The output cannot be written: {error.strerror or error}.")
        return 1
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "modelstudio"
        complain(wrong_usage(error), f"{where} --help says what it takes.")
        return 2
    return end if isinstance(end, int) else 0


def close_output() -> None:
    """Let nothing more be written where it cannot be, not even at the end of the program."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritable(error: OSError) -> tuple[str, str]:
    """Say what a file, a folder or the output cannot be used for, and what to do."""
    what = error.filename or "The output"
    return (
        f"{what} cannot be used: {error.strerror or error}.",
        "Choose another place, or make room there.",
    )


def complain(*lines: str) -> None:
    """Print lines to standard error."""
    for line in lines:
        print(line, file=sys.stderr)
    told.extend(lines)


def _write_report() -> Path:
    folder = app_home() / "reports"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}.txt"
    head = f"Model Studio {__version__}, Python {sys.version}, {sys.platform}\n\n"
    path.write_text(head + traceback.format_exc(), encoding="utf-8")
    return path
