"""What the base install lacks: says what to install instead of failing at an import."""

from importlib.util import find_spec

import typer

from ciq_schemas.transcript.records import ExitCode

_SUITE = ("jinja2", "pytest", "pytest_httpserver", "requests")


def need_suite(command: str) -> None:
    """Leave with exit code 2 and a hint when the extra `suite` is not installed."""
    missing = [name for name in _SUITE if find_spec(name) is None]
    if missing:
        typer.echo(
            f"ciq {command} needs {', '.join(missing)}, which the base install does not bring: "
            "pip install 'ciq-kit[suite]'",
            err=True,
        )
        raise typer.Exit(ExitCode.USAGE)
