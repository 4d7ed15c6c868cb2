"""`ciq report`: writes the reports of a run again, from its run file."""

from pathlib import Path
from typing import Annotated

import typer

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite
from ciq_schemas.transcript.records import ExitCode


def report(
    run_file: Annotated[Path, typer.Argument(metavar="RUN", help="A run.ndjson, or the directory that contains it.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where to write; default: beside the run file.")
    ] = None,
    summary: options.SummaryFile = None,
    badge: options.BadgeFile = None,
) -> None:
    """Write junit.xml and report.html of a run again. Sends nothing and judges nothing.

    When GITHUB_STEP_SUMMARY names a file, the summary is appended to it.
    """
    need_suite("report")
    from ciq_conformance.runner.outputs import Extras, write_reports
    from ciq_conformance.runner.reading import read_run_file
    from ciq_schemas.transcript.records import RunFileError

    try:
        path, records = read_run_file(run_file)
    except RunFileError as error:
        raise options.usage(str(error)) from error
    directory = output or path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise options.usage(f"cannot write to {directory}: {error.strerror}") from error
    written, problems = write_reports(records, directory, Extras.of(summary, badge))
    for label, path in written.items():
        typer.echo(f"{label}: {path}")
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(ExitCode.SUITE_ERROR)
