"""Reports missing optional packages with the command that installs them."""

from importlib.util import find_spec

import typer

from ciq_schemas.transcript.records import ExitCode

_SUITE = ("jinja2", "pytest", "pytest_httpserver", "requests")


def need_suite(command: str) -> None:
    """Exits with code 2 and a hint when the extra `suite` is not installed."""
    missing = [name for name in _SUITE if find_spec(name) is None]
    if missing:
        typer.echo(
            f"ciq {command} needs {', '.join(missing)}, which the base install does not include: "
            "pip install 'ciq-kit[suite]'",
            err=True,
        )
        raise typer.Exit(ExitCode.USAGE)
