"""`ciq judge`: derives the verdicts of a run file again, offline."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ciq_conformance.cli import options
from ciq_conformance.cli.console_output import output_may_fail
from ciq_conformance.cli.extras import need_suite
from ciq_conformance.cli.show_in_terminal import for_console
from ciq_schemas.transcript.records import ExitCode, Footer, Level


def judge(
    run_file: Annotated[Path, typer.Argument(metavar="RUN", help="A run.ndjson, or the directory that contains it.")],
    requirement: Annotated[
        list[str] | None,
        typer.Option("--only", "-k", metavar="GLOB", help="Only these ids or items; default: those of the run."),
    ] = None,
    level: Annotated[list[Level] | None, typer.Option("--level", help="Only this level; may be repeated.")] = None,
    feature: options.Features = None,
    skip: Annotated[list[str] | None, typer.Option("--skip", metavar="GLOB", help="Show these as skipped.")] = None,
    baseline: options.Baseline = None,
    known_flaky: options.KnownFlaky = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the judged run and its reports there.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show passing verdicts.")] = False,
) -> None:
    """Judge a recorded run again with the checks of this version of the kit. Sends nothing.

    Exit codes are those of `ciq run`.
    """
    need_suite("judge")
    from ciq_conformance.judge.baseline import BaselineError
    from ciq_conformance.judge.selection import Selection
    from ciq_conformance.profile_values import ValueProblem, features
    from ciq_conformance.runner.offline import judge_again
    from ciq_conformance.runner.outputs import write_reports
    from ciq_conformance.runner.reading import read_run_file
    from ciq_reports.console import ConsoleReporter
    from ciq_schemas.requirement import UnknownRequirementError
    from ciq_schemas.transcript.records import RunFileError, write_record

    try:
        path, records = read_run_file(run_file)
        selection = Selection(
            requirements=tuple(requirement or ()),
            levels=tuple(level or ()),
            features=features(feature) if feature else (),
            skip=tuple(skip or ()),
        )
        judged = judge_again(records, selection, baseline=baseline, known_flaky=known_flaky)
    except (RunFileError, UnknownRequirementError, BaselineError) as error:
        raise options.usage(str(error)) from error
    except ValueProblem as problem:
        raise options.usage(f"--feature: expected {problem}") from problem
    written: dict[str, Path] = {}
    problems: list[str] = []
    if output is not None:
        try:
            output.mkdir(parents=True, exist_ok=True)
            target = output / path.name
            with target.open("wb") as stream:
                for record in judged.records:
                    write_record(stream, record)
            written = {"run file": target}
        except FileExistsError as error:
            raise options.usage(f"cannot write to {output}: {error.strerror}") from error
        except OSError as error:
            problems = [f"cannot write {output / path.name}: {error.strerror}"]
        reports, unwritten = write_reports(judged.records, output)
        written, problems = {**written, **reports}, [*problems, *unwritten]
    code = ExitCode.SUITE_ERROR if problems else judged.exit_code
    reporter = ConsoleReporter(Console(), verbose=verbose)
    footer = judged.records[-1]
    with output_may_fail():
        for record in judged.records[:-1]:
            reporter.feed(for_console(record))
        reporter.end(msgspec.structs.replace(footer, exit_code=code) if isinstance(footer, Footer) else None, written)
        messages = [f"cut short: {judged.cut_short}"] if judged.cut_short else []
        messages += [f"baseline: {entry.item} {entry.advice}" for entry in judged.stale]
        for message in messages + problems:
            typer.echo(message, err=True)
    raise typer.Exit(code)
