"""The verb that describes a file or folder and says what in it deserves a look."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelstudio.cli.app import verb
from modelstudio.cli.arguments import JsonOfRows
from modelstudio.cli.follow import follow
from modelstudio.cli.moved import Moved, told_place
from modelstudio.cli.places import QueryOption, SheetOption, chosen
from modelstudio.cli.reading import (
    DatesOption,
    DecimalsOption,
    EncodingOption,
    MissingOption,
    options,
)
from modelstudio.cli.show import print_json, print_table
from modelstudio.engine import projects
from modelstudio.engine.profiling import profile_project, profile_source
from modelstudio.engine.run import store
from modelstudio.project.files import SUFFIX, load_project
from modelstudio.wording import counted


@verb
def profile(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_FOLDER",
            help="A table, a folder of pictures, sounds or texts, a text, the address of a "
            "database, or a project.",
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="Column to predict; guessed if left out.")
    ] = None,
    test_data: Annotated[
        Path | None, typer.Option(help="Compare the rows with those of this test file.")
    ] = None,
    data: Moved = None,
    decimals: DecimalsOption = None,
    dates: DatesOption = None,
    missing: MissingOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    query: QueryOption = None,
    again: Annotated[
        bool,
        typer.Option(help="Ask the database of a project anew; else its rows that are kept count."),
    ] = False,
    as_json: JsonOfRows = False,
) -> None:
    """Describe the columns of data and say what deserves a look before training."""
    if (path := Path(source)).suffix.lower() == SUFFIX:
        settings = (target, test_data, decimals, dates, missing, encoding, sheet, query)
        if any(settings):
            raise typer.BadParameter("a project has its own settings; give it alone")
        project = projects.at_place(load_project(path), data)
        if again:
            projects.read_again(project)
        with told_place("profile", path):
            work = profile_project(project, path.resolve().parent, store(path, project))
            found = follow(work, quiet=as_json)
    elif data is not None:
        raise typer.BadParameter("--data is for a project whose data was moved")
    else:
        if test_data is not None:
            projects.check_place(test_data)
        csv = options(decimals, dates, missing, encoding)
        read = chosen(source, sheet, query)
        found = follow(profile_source(source, target, test_data, csv, read), quiet=as_json)
    told = [finding for finding in found.findings if finding.is_problem]
    if as_json:
        print_json(
            {
                "rows": found.rows,
                "target": found.target,
                "columns": list(found.columns),
                "findings": [finding.to_dict() for finding in told],
                "notes": list(found.notes),
            }
        )
        return
    print(counted(found.rows, "row"))
    for note in found.source_notes:
        print(note)
    keys = ("name", "kind", "role", "missing", "distinct")
    rows = [tuple(column[key] for key in keys) for column in found.columns]
    print_table(("Column", *(key.capitalize() for key in keys[1:])), rows)
    for finding in told:
        where = ", ".join(str(row + 1) for row in finding.rows[:5])
        print(f"{finding.kind}: {finding.text}" + (f" (rows {where})" if where else ""))
