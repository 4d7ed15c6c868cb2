"""`ciq schema`: lists, prints and exports the schemas of the contract."""

from pathlib import Path
from typing import Annotated

import typer

from ciq_conformance.cli import options
from ciq_conformance.cli.console_output import output_may_fail
from ciq_schemas.published import published_schemas, schema_named
from ciq_schemas.suggestions import nearest
from ciq_schemas.transcript.records import ExitCode

_ACTIONS = ("list", "show", "export")


def schema(
    action: Annotated[str, typer.Argument(metavar="[list|show|export]", help="What to do.")] = "list",
    argument: Annotated[
        str | None, typer.Argument(metavar="[NAME|DIR]", help="The schema to show, or the folder to write to.")
    ] = None,
) -> None:
    """List the schemas of the contract, print one, or export all: XSD, RELAX NG, JSON Schema, OpenAPI, AsyncAPI.

    The XSD 1.0 files have the order in which the mock writes. The tolerant XSD 1.1 and RELAX NG files accept children
    in any order and unknown elements, as the documents do; XSD 1.0 cannot express that.
    """
    if action not in _ACTIONS:
        raise options.usage(f"expected list, show or export, not {action!r}")
    if action == "list":
        width = max(len(entry.name) for entry in published_schemas())
        with output_may_fail():
            for entry in published_schemas():
                typer.echo(f"{entry.name:{width}}  {entry.kind:19}  {entry.title}")
        return
    if argument is None:
        raise options.usage("ciq schema show NAME" if action == "show" else "ciq schema export DIR")
    if action == "show":
        _show(argument)
    else:
        _export(Path(argument))


def _show(name: str) -> None:
    found = schema_named(name)
    if found is None:
        near = nearest(name, [entry.name for entry in published_schemas()])
        advice = f"; did you mean {near}?" if near else "; `ciq schema list` names them"
        raise options.usage(f"no schema has the name {name}{advice}")
    with output_may_fail():
        typer.echo(found.text(), nl=False)


def _export(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for entry in published_schemas():
            (folder / entry.name).write_text(entry.text(), encoding="utf-8")
    except FileExistsError as error:
        raise options.usage(f"cannot write to {folder}: {error.strerror}") from error
    except OSError as error:
        typer.echo(f"cannot write to {folder}: {error.strerror}", err=True)
        raise typer.Exit(ExitCode.SUITE_ERROR) from error
    typer.echo(f"{len(published_schemas())} schemas written to {folder}")
