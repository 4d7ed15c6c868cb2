"""`ciq faults`: lists the faults of the reference mock and the requirement that each breaks."""

from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ciq_conformance.runner.embedded import KnownFault, client_faults, known_faults, uncovered
from ciq_schemas.requirement import Requirement, UnknownRequirementError, load_registry

_PIPED_WIDTH = 160
_CLIENT_AREA = "tls"
"""Shown as the area of faults that break no requirement."""


def faults(
    globs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GLOB]...", help="Ids of requirements (`PAU-*`), areas (`pause`), or names (`*-restart`)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one array.")] = False,
) -> None:
    """List the faults of the reference mock, by area and by the requirement that each breaks.

    The suite must report that requirement as failed for a mock with the fault. To try one, use two terminals:

        ciq mock --port 8080 --fault last-of-many-leaks
        ciq run --target http://127.0.0.1:8080 --feature media --area pause

    --fault may be given several times. Faults that only a restart shows (ciq faults explore) need ciq mock --data DIR
    and ciq run --explore 1 --restart-command CMD. Faults of TLS (ciq faults tls) test clients.
    Results of all other faults: reports/published/kill-matrix.html.
    """
    known = known_faults()
    found = [fault for fault in known if not globs or any(_fits(fault, glob) for glob in globs)]
    for_clients = [
        (name, text)
        for name, text in client_faults()
        if not globs or any(fnmatchcase(word, glob.lower()) for glob in globs for word in (name, _CLIENT_AREA))
    ]
    if not found and not for_clients:
        raise typer.BadParameter(_nothing_fits(globs or []))
    if as_json:
        rows = [asdict(fault) | {"area": _requirement(fault).area} for fault in found]
        rows += [
            {
                "name": name,
                "breaks": "",
                "description": text,
                "replaces": "settings",
                "shows_on": None,
                "area": _CLIENT_AREA,
            }
            for name, text in for_clients
        ]
        typer.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPED_WIDTH)
    if found:
        console.print(_table(found, without=() if globs else uncovered(known)))
    if for_clients:
        console.print("Faults that test clients and break no requirement (with ciq mock --tls):")
        for name, text in for_clients:
            console.print(f"  {name:<24}{text}", highlight=False)


def _requirement(fault: KnownFault) -> Requirement:
    return load_registry().get(fault.breaks)


def _fits(fault: KnownFault, glob: str) -> bool:
    names = (fault.name, _requirement(fault).area)
    return fnmatchcase(fault.breaks, glob.upper()) or any(fnmatchcase(name, glob.lower()) for name in names)


def _nothing_fits(globs: list[str]) -> str:
    for glob in globs:
        try:
            load_registry().select([glob])
        except UnknownRequirementError as error:
            return f"no fault is called {glob!r}, and {error}"
    return f"no fault breaks {', '.join(globs)}: `ciq faults` lists them all"


def _table(found: list[KnownFault], *, without: tuple[str, ...]) -> Table:
    table = Table(
        title=f"{len(found)} faults of {len({fault.breaks for fault in found})} requirements",
        caption=f"without a fault: {', '.join(without)}" if without else None,
    )
    table.add_column("requirement", no_wrap=True)
    table.add_column("fault", no_wrap=True)
    table.add_column("what the faulty mock does", ratio=1)
    table.add_column("override", no_wrap=True)
    ordered = sorted(found, key=lambda one: (one.breaks, one.name))
    areas = dict.fromkeys(_requirement(fault).area for fault in ordered)
    for area in areas:
        own = [fault for fault in ordered if _requirement(fault).area == area]
        table.add_section()
        table.add_row(
            Text(area, style="bold"), "", Text(f"{len(own)} fault{'s' if len(own) > 1 else ''}", style="bold")
        )
        for fault in own:
            requirement = _requirement(fault)
            table.add_row(f"{requirement.id} {requirement.level}", fault.name, Text(fault.description), fault.replaces)
    return table
