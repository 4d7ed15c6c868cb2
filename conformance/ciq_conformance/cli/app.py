"""The command table. Imports only the requested command, so that `ciq mock` starts quickly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Annotated

import typer

from ciq_schemas import __version__


@dataclass(frozen=True, slots=True)
class _Command:
    module: str
    function: str


COMMANDS: Mapping[str, _Command] = MappingProxyType(
    {
        "run": _Command("ciq_conformance.cli.run", "run"),
        "doctor": _Command("ciq_conformance.cli.doctor", "doctor"),
        "receiver": _Command("ciq_conformance.cli.receiver", "receiver"),
        "judge": _Command("ciq_conformance.cli.judge", "judge"),
        "check": _Command("ciq_conformance.cli.check", "check"),
        "report": _Command("ciq_conformance.cli.report", "report"),
        "show": _Command("ciq_conformance.cli.show", "show"),
        "repro": _Command("ciq_conformance.cli.repro", "repro"),
        "compare": _Command("ciq_conformance.cli.compare", "compare"),
        "requirements": _Command("ciq_conformance.cli.requirements", "requirements"),
        "explain": _Command("ciq_conformance.cli.requirements", "explain"),
        "schema": _Command("ciq_conformance.cli.schema", "schema"),
        "mock": _Command("ciq_mock.cli", "mock"),
        "faults": _Command("ciq_conformance.cli.faults", "faults"),
        "dialects": _Command("ciq_mock.variants.dialects.listing", "dialects"),
    }
)


def build(only: str | None = None) -> typer.Typer:
    """Returns the application with the command `only`, or with all commands when that is None or unknown."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(ciq)
    for name in [only] if only in COMMANDS else COMMANDS:
        command = COMMANDS[str(name)]
        function: Callable[..., None] = getattr(import_module(command.module), command.function)
        app.command(name)(function)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ciq {__version__}")
        raise typer.Exit


def ciq(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Conformance kit for Cloud Infinite job queues.

    Try it without any target: `ciq run` runs the suite against the embedded reference mock.

    Then test your own target: `ciq doctor --target http://HOST:PORT` checks the target and the callback path,
    `ciq run --target http://HOST:PORT` judges it, `ciq explain PAU-001` shows the requirement and its source.
    """
