"""`ciq repro`: writes a failed requirement of a run as a stand-alone script."""

from pathlib import Path
from typing import Annotated

import typer

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite


def repro(
    run_file: Annotated[Path, typer.Argument(metavar="RUN", help="A run.ndjson, or the directory that contains it.")],
    requirement: Annotated[str, typer.Argument(metavar="ID", help="A requirement that failed or warned: PRI-001.")],
    feature: Annotated[
        str, typer.Option("--feature", metavar="NAME", help="Feature; default: the first one that deviates.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The script; default: repro-ID-FEATURE.py beside the run."),
    ] = None,
) -> None:
    """Write a script that shows one deviation again. It needs only Python; the command sends nothing.

    The script sends the recorded requests of the scenario with fresh ids to the target of its command line. It prints
    what was expected and what it observes, and exits with 1 when the deviation shows again, with 0 when it
    does not, and with 3 when requests alone cannot show it; then it names the `ciq run` that can.
    """
    need_suite("repro")
    from ciq_conformance.registry import load_checks
    from ciq_conformance.repro.case import MissingCaseError, case_of
    from ciq_conformance.repro.script import script_name, write_script
    from ciq_conformance.runner.reading import read_run_file
    from ciq_schemas.requirement import UnknownRequirementError, load_registry
    from ciq_schemas.transcript.records import RunFileError

    load_checks()
    try:
        path, records = read_run_file(run_file)
        case = case_of(records, load_registry().get(requirement).id, feature)
        target = output or path.parent / script_name(case)
        write_script(case, target)
    except (RunFileError, UnknownRequirementError, MissingCaseError) as error:
        raise options.usage(str(error)) from error
    except OSError as error:
        raise options.usage(f"cannot write the script: {error}") from error
    typer.echo(f"script: {target}")
    typer.echo(f"run it: python3 {target} http://HOST:PORT")
