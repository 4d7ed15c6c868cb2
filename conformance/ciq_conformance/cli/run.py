"""`ciq run`: the conformance run. Builds the configuration from the options and calls `execute`."""

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from ciq_conformance.cli import options
from ciq_conformance.cli.console_output import output_may_fail
from ciq_conformance.cli.extras import need_suite
from ciq_conformance.cli.show_in_terminal import for_console
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Footer, Header, Level

if TYPE_CHECKING:
    from ciq_conformance.runner.execution import RunResult
    from ciq_reports.console import ConsoleReporter

DEFAULT_OUTPUT = Path("ciq-report")


def run(
    target: options.Target = None,
    profile: options.ProfileFile = None,
    requirement: Annotated[
        list[str] | None,
        typer.Option("--only", "-k", metavar="GLOB", help="Only these ids or items: PAU-*, PRI-001-media."),
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option("--area", metavar="NAME", help="Only this area: pause, workflow; may be repeated."),
    ] = None,
    level: Annotated[list[Level] | None, typer.Option("--level", help="Only this level; may be repeated.")] = None,
    feature: options.Features = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="GLOB", help="Show these ids or items as skipped.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Directory for run.ndjson, junit.xml, report.html.")
    ] = DEFAULT_OUTPUT,
    summary: options.SummaryFile = None,
    badge: options.BadgeFile = None,
    baseline: options.Baseline = None,
    known_flaky: options.KnownFlaky = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option("--write-baseline", metavar="FILE", help="Write the failed MUST and SHOULD of this run there."),
    ] = None,
    bucket: options.Bucket = None,
    region: options.Region = None,
    callback_bind: options.CallbackBind = None,
    callback_url: options.CallbackUrl = None,
    ca_file: options.CaFile = None,
    timeout_factor: options.TimeoutFactor = None,
    restart_command: options.RestartCommand = None,
    serial: Annotated[bool, typer.Option("--serial", help="Run the features one after the other.")] = False,
    shuffle: Annotated[
        int | None,
        typer.Option(
            "--shuffle", metavar="SEED", min=0, help="Run the scenarios in a random order; the seed reproduces it."
        ),
    ] = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="SECONDS", min=1, help="Cut the run short after this time.")
    ] = None,
    explore: Annotated[
        int, typer.Option("--explore", metavar="N", min=0, help="Also run N random histories on each feature.")
    ] = 0,
    fuzz: Annotated[
        float,
        typer.Option(
            "--fuzz", metavar="SECONDS", min=0, help="Also send malformed requests to each feature for this long."
        ),
    ] = 0.0,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, help="Reproduce the histories and malformed requests of a run."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show passing verdicts and all settings.")] = False,
) -> None:
    """Judge a target, requirement by requirement.

    Runs scenarios against the target through its public API, receives its callbacks, judges the transcript and restores
    the queues. Settings come from flags, then CIQ_* variables, then ciq.toml, then defaults.
    When GITHUB_STEP_SUMMARY names a file, the summary is appended to it.

    Exit codes: 0 every selected MUST passed; 1 a MUST failed or was blocked, or a baseline entry is stale; 2 wrong
    usage or profile, nothing was sent; 3 target or callback path not reachable; 4 the suite itself failed; 5 nothing
    was judged, a MUST remained inconclusive, or the target could not be restored.
    """
    need_suite("run")
    from ciq_conformance.driver.extra_testing import ExtraTesting
    from ciq_conformance.judge.baseline import BaselineError
    from ciq_conformance.judge.selection import Selection, select_items
    from ciq_conformance.runner.execution import RunConfig, RunConfigError, execute
    from ciq_reports.console import ConsoleReporter
    from ciq_schemas.requirement import UnknownRequirementError, load_registry

    loaded = options.loaded_profile(
        profile=profile,
        target=target,
        bucket=bucket,
        region=region,
        features=feature,
        callback_bind=callback_bind,
        callback_url=callback_url,
        ca_file=ca_file,
        timeout_factor=timeout_factor,
        restart_command=restart_command,
    )
    extra_testing = ExtraTesting(histories=explore, fuzz_seconds=fuzz, seed=seed, scripts=output)
    selection = Selection(
        requirements=tuple(requirement or ()),
        areas=tuple(area or ()),
        levels=tuple(level or ()),
        skip=tuple(skip or ()),
        opened=extra_testing.opened,
    )
    try:
        items = select_items(load_registry(), loaded.profile.features, selection)
    except UnknownRequirementError as error:
        raise options.usage(str(error)) from error
    if not items:
        typer.echo(
            "nothing to judge: no requirement matches these features, levels and ids "
            "(EXP-* need --explore N, FUZ-* need --fuzz SECONDS, RCV-* are judged by ciq receiver)",
            err=True,
        )
        raise typer.Exit(ExitCode.NOTHING_PROVEN)
    console = Console()
    with output_may_fail():
        for setting in loaded.settings:
            if verbose or setting.origin != "default":
                console.print(f"  {setting.name} = {setting.value} ({setting.origin})", style="dim", markup=False)
    reporter = ConsoleReporter(console, verbose=verbose)

    def listen(record: AnyRecord) -> None:
        if not isinstance(record, (Header, Footer)):  # `begin` and `end` show these
            with output_may_fail():
                reporter.feed(for_console(record))

    def announce(header: Header, scenarios: int) -> None:
        with output_may_fail():
            reporter.begin(header, scenarios)

    config = RunConfig(
        loaded=loaded,
        skip=selection.skip,
        output=output,
        serial=serial,
        shuffle=shuffle,
        deadline=deadline,
        extra_testing=extra_testing,
        baseline=baseline,
        known_flaky=known_flaky,
        write_baseline=write_baseline,
        listeners=(listen,),
        announce=announce,
    )
    try:
        result = execute(config, items)
    except (RunConfigError, BaselineError) as error:
        reporter.end(None)
        raise options.usage(str(error)) from error
    except Exception as error:
        reporter.end(None)
        typer.echo(f"the suite failed before it could judge:\n{traceback.format_exc()}", err=True)
        raise typer.Exit(ExitCode.SUITE_ERROR) from error
    raise typer.Exit(conclude(result, reporter, output, summary, badge))


def conclude(
    result: "RunResult", reporter: "ConsoleReporter", output: Path, summary: Path | None, badge: Path | None
) -> ExitCode:
    """Writes the reports, prints the summary and the remaining messages."""
    from ciq_conformance.runner.outputs import Extras, write_reports

    written, problems = write_reports(result.records, output, Extras.of(summary, badge))
    if result.run_file is not None:
        written = {"run file": result.run_file, **written}
    code = ExitCode.SUITE_ERROR if problems else result.exit_code
    footer = result.footer and msgspec.structs.replace(result.footer, exit_code=code)
    messages = [
        *(f"unreachable: {result.unreachable}" for _ in (1,) if result.unreachable),
        *(f"cut short: {result.stopped}" for _ in (1,) if result.stopped),
        *(f"NOT RESTORED: {left}" for left in result.not_restored),
        *(f"baseline: {entry.item} {entry.advice}" for entry in result.stale),
        *(f"the suite failed: {result.trouble}" for _ in (1,) if result.trouble),
        *problems,
    ]
    with output_may_fail():
        reporter.end(footer, written)
        for message in messages:
            typer.echo(message, err=True)
    return code
