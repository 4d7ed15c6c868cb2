"""`ciq receiver`: tests a callback receiver. Builds the configuration from the options and calls `run_receiver`."""

import traceback
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from ciq_conformance.cli import options
from ciq_conformance.cli.console_output import output_may_fail
from ciq_conformance.cli.extras import need_suite
from ciq_conformance.cli.run import DEFAULT_OUTPUT, conclude
from ciq_conformance.cli.show_in_terminal import for_console
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Footer, Header, Level, Setting

_NAMES = {"--feature": "features", "--format": "formats", "--event": "events"}
"""Options that may be repeated, with the names of their settings."""


class Event(StrEnum):
    """An event that a callback rule sends."""

    TASK_FINISH = "TaskFinish"
    WORKFLOW_FINISH = "WorkflowFinish"


def receiver(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Address that the callback rule names, with path and query.")
    ],
    requirement: Annotated[
        list[str] | None,
        typer.Option("--only", "-k", metavar="GLOB", help="Only these ids or items: RCV-04*, RCV-001-media-xml."),
    ] = None,
    level: Annotated[list[Level] | None, typer.Option("--level", help="Only this level; may be repeated.")] = None,
    feature: options.Features = None,
    body_format: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Form of bodies that the callback rule selects; default: both."),
    ] = None,
    event: Annotated[
        list[Event] | None, typer.Option("--event", help="Event that the callback rule sends; default: both.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="GLOB", help="Show these ids or items as skipped.")
    ] = None,
    seen_url: Annotated[
        str,
        typer.Option(
            "--seen-url",
            metavar="URL",
            help='Address with {job_id} that answers how often the job was counted: JSON {"times": N}, or 404.',
        ),
    ] = "",
    seen_command: Annotated[
        str,
        typer.Option("--seen-command", metavar="CMD", help="Command with {job_id} that prints this JSON."),
    ] = "",
    restart_command: Annotated[
        str,
        typer.Option("--restart-command", metavar="CMD", help="Restarts the receiver; returns when the old one ended."),
    ] = "",
    service_bind: Annotated[
        str,
        typer.Option(
            "--service-bind", metavar="HOST:PORT", help="Start a mock of the service there; the receiver asks it back."
        ),
    ] = "",
    explore: Annotated[
        int, typer.Option("--explore", metavar="N", min=0, help="Also play N random histories of deliveries.")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", min=0, help="Reproduce the histories of a run.")
    ] = None,
    canary_bind: Annotated[
        str,
        typer.Option("--canary-bind", metavar="HOST:PORT", help="Where the suite listens for followed entities."),
    ] = "",
    canary_url: Annotated[
        str, typer.Option("--canary-url", metavar="URL", help="That address as the receiver reaches it.")
    ] = "",
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
    timeout_factor: options.TimeoutFactor = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", metavar="SECONDS", min=1, help="Cut the run short after this time.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show passing verdicts and all settings.")] = False,
) -> None:
    """Judge a callback receiver, requirement by requirement.

    Plays the service: sends every documented form of every event to the URL, then repeats, simultaneous and broken
    deliveries, then malformed bodies. No page names the status of an accepted callback, so any 2xx counts.
    With --seen-url or --seen-command the run also judges how often each job was counted.

    Exit codes are those of `ciq run`; 3 means that the receiver is not reachable, redirects, or sends no HTTP response.
    """
    need_suite("receiver")
    from ciq_conformance import profile_values
    from ciq_conformance.judge.baseline import BaselineError
    from ciq_conformance.judge.selection import Selection
    from ciq_conformance.receiver.execution import ReceiverConfig, receiver_items, run_receiver
    from ciq_conformance.receiver.player import hidden_query
    from ciq_conformance.runner.execution import RunConfigError
    from ciq_reports.console import ConsoleReporter
    from ciq_schemas.features import Feature
    from ciq_schemas.requirement import UnknownRequirementError

    problems = list(_problems(url=url, seen_url=seen_url, seen_command=seen_command, restart_command=restart_command))
    features: tuple[Feature, ...] = (Feature.MEDIA, Feature.SPEECH, Feature.DOC)
    factor = 1.0
    canary_place = ""
    try:
        features = profile_values.features(feature) if feature else features
    except profile_values.ValueProblem as problem:
        problems.append(f"--feature: expected {problem}")
    try:
        factor = profile_values.timeout_factor(timeout_factor) if timeout_factor is not None else factor
    except profile_values.ValueProblem as problem:
        problems.append(f"--timeout-factor: expected {problem}")
    try:
        canary_place = profile_values.bind_address(canary_bind or "127.0.0.1:0")
        canary_url = profile_values.callback_url(canary_url)
        service_bind = profile_values.bind_address(service_bind) if service_bind else ""
    except profile_values.ValueProblem as problem:
        problems.append(f"--canary-bind, --canary-url or --service-bind: expected {problem}")
    if service_bind and Event.WORKFLOW_FINISH in (event or ()):
        problems.append("--service-bind: that service runs no workflows; leave out --event WorkflowFinish")
    if problems:
        raise options.usage("\n".join(problems))
    formats = tuple(dict.fromkeys(body_format or tuple(Format)))
    selection = Selection(requirements=tuple(requirement or ()), levels=tuple(level or ()), skip=tuple(skip or ()))
    try:
        items = receiver_items(features, formats, selection)
    except UnknownRequirementError as error:
        raise options.usage(str(error)) from error
    if not items:
        typer.echo("nothing to judge: no requirement on receivers matches these ids, levels and formats", err=True)
        raise typer.Exit(ExitCode.NOTHING_PROVEN)
    settings = tuple(
        Setting(name=_NAMES.get(option) or option.removeprefix("--").replace("-", "_"), value=value, origin=option)
        for option, value in (
            ("--seen-url", hidden_query(seen_url)),
            ("--seen-command", seen_command),
            ("--restart-command", restart_command),
            ("--canary-bind", canary_bind),
            ("--canary-url", canary_url),
            ("--service-bind", service_bind),
            ("--timeout-factor", "" if timeout_factor is None else f"{factor:g}"),
            ("--format", ",".join(body_format or ())),
            ("--event", ",".join(event or ())),
            ("--feature", ",".join(feature or ())),
        )
        if value
    )
    console = Console()
    reporter = ConsoleReporter(console, verbose=verbose)

    def listen(record: AnyRecord) -> None:
        if not isinstance(record, (Header, Footer)):  # `begin` and `end` show these
            with output_may_fail():
                reporter.feed(for_console(record))

    def announce(header: Header, scenarios: int) -> None:
        with output_may_fail():
            reporter.begin(header, scenarios)

    config = ReceiverConfig(
        url=url,
        features=features,
        formats=formats,
        workflow=Event.WORKFLOW_FINISH in event if event else None,
        seen_url=seen_url,
        seen_command=seen_command,
        restart_command=restart_command,
        canary_bind=canary_place,
        canary_url=canary_url,
        service_bind=service_bind,
        histories=explore,
        seed=seed,
        timeout_factor=factor,
        settings=settings,
        skip=selection.skip,
        output=output,
        deadline=deadline,
        baseline=baseline,
        known_flaky=known_flaky,
        write_baseline=write_baseline,
        listeners=(listen,),
        announce=announce,
    )
    try:
        result = run_receiver(config, items)
    except (RunConfigError, BaselineError) as error:
        reporter.end(None)
        raise options.usage(str(error)) from error
    except Exception as error:
        reporter.end(None)
        typer.echo(f"the suite failed before it could judge:\n{traceback.format_exc()}", err=True)
        raise typer.Exit(ExitCode.SUITE_ERROR) from error
    raise typer.Exit(conclude(result, reporter, output, summary, badge))


def _problems(*, url: str, seen_url: str, seen_command: str, restart_command: str) -> Iterator[str]:
    """Yields what is wrong with the addresses and commands."""
    from ciq_conformance import profile_values
    from ciq_conformance.receiver.effects import PLACEHOLDER

    for name, value in (("URL", url), ("--seen-url", seen_url)):
        if value or name == "URL":
            wrong = _wrong_address(value.replace(PLACEHOLDER, "x"))
            if wrong:
                yield f"{name} is {value!r}, expected {wrong}"
    for name, value in (("--seen-url", seen_url), ("--seen-command", seen_command)):
        if value and PLACEHOLDER not in value:
            yield f"{name} is {value!r}, expected the placeholder {PLACEHOLDER} in it"
    if seen_url and seen_command:
        yield "--seen-url and --seen-command: give one of them"
    for name, value in (("--seen-command", seen_command), ("--restart-command", restart_command)):
        try:
            profile_values.command(value)
        except profile_values.ValueProblem as problem:
            yield f"{name} is {value!r}, expected {problem}"


def _wrong_address(value: str) -> str:
    """Returns what an address should be; empty when it is one."""
    expected = "an address like http://127.0.0.1:8000/callbacks"
    try:
        parts = urlsplit(value)
        port_is_bad = parts.port == 0
    except ValueError as error:
        return f"{expected} ({error})"
    if parts.scheme not in ("http", "https") or not parts.hostname or port_is_bad or parts.fragment:
        return expected
    if parts.username is not None:
        return f"{expected}, without credentials"
    if any(character.isspace() or not character.isprintable() for character in value):
        return f"{expected}, without blanks"
    return ""
