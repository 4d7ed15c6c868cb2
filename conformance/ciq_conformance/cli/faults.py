"""`ciq faults`: what the reference mock can be told to get wrong, and which requirement each breaks."""

from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ciq_conformance.runner.embedded import KnownFault, known_faults, uncovered
from ciq_schemas.requirement import UnknownRequirementError, load_registry

_PIPED_WIDTH = 160


def faults(
    globs: Annotated[
        list[str] | None, typer.Argument(metavar="[GLOB]...", help="Ids of requirements, such as PAU-*, or names.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one array.")] = False,
) -> None:
    """List the faults of the reference mock: `ciq mock --fault NAME` runs it with one, or with several.

    Each names the requirement that must turn red when the suite judges a mock with it.
    """
    every = known_faults()
    found = [fault for fault in every if not globs or any(_fits(fault, glob) for glob in globs)]
    if not found:
        raise typer.BadParameter(_nothing_fits(globs or []))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode([asdict(fault) for fault in found])).decode())
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPED_WIDTH)
    console.print(_table(found, without=() if globs else uncovered(every)))


def _fits(fault: KnownFault, glob: str) -> bool:
    return fnmatchcase(fault.breaks, glob.upper()) or fnmatchcase(fault.name, glob.lower())


def _nothing_fits(globs: list[str]) -> str:
    for glob in globs:
        try:
            load_registry().select([glob])
        except UnknownRequirementError as error:
            return f"no fault is called {glob!r}, and {error}"
    return f"no fault breaks {', '.join(globs)}: `ciq faults` lists those there are"


def _table(found: list[KnownFault], *, without: tuple[str, ...]) -> Table:
    table = Table(
        title=f"{len(found)} faults of {len({fault.breaks for fault in found})} requirements",
        caption=f"without a fault: {', '.join(without)}" if without else None,
    )
    table.add_column("requirement", no_wrap=True)
    table.add_column("fault", no_wrap=True)
    table.add_column("what the mock does then", ratio=1)
    table.add_column("seam", no_wrap=True)
    for fault in sorted(found, key=lambda one: (one.breaks, one.name)):
        table.add_row(fault.breaks, fault.name, Text(fault.says), fault.seam)
    return table
