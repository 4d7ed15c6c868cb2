"""`ciq check`: judges recorded callbacks, answers, HAR files and run files. Sends nothing."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ciq_conformance.cli.console_output import output_may_fail
from ciq_conformance.cli.extras import need_suite
from ciq_conformance.recorded.recording import RecordedFormat, UnreadableFileError
from ciq_reports.sanitize import one_line
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict

if TYPE_CHECKING:
    from ciq_conformance.recorded.judge import JudgedFile

_WORST_FIRST = (ExitCode.DEVIATES, ExitCode.USAGE, ExitCode.SUITE_ERROR)
_WORDS = {
    Outcome.FAIL: "FAIL",
    Outcome.BLOCKED: "FAIL",
    Outcome.SUITE_ERROR: "ERROR",
    Outcome.WARN: "warn",
    Outcome.NOTE: "note",
    Outcome.INCONCLUSIVE: "open",
}
_SHOWN = (Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR, Outcome.WARN, Outcome.NOTE)
_FAILS = (Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR)
_STATUS = {
    ExitCode.CONFORMS: "ok",
    ExitCode.DEVIATES: "FAIL",
    ExitCode.SUITE_ERROR: "ERROR",
    ExitCode.NOTHING_PROVEN: "nothing judged",
}
_LONGEST = 600


class _JsonVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    file: str
    format: str
    requirement: str
    level: Level
    outcome: Outcome
    feature: str = ""
    expected: str = ""
    seen: str = ""
    reason: str = ""
    clause: str = ""


def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Files or folders; - or nothing: the standard input."),
    ] = None,
    form: Annotated[
        RecordedFormat | None,
        typer.Option("--format", help="Format of every file. Default: guessed, and shown."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="One line a file, as for a pre-commit hook.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show passing verdicts too.")] = False,
    together: Annotated[
        bool, typer.Option("--together", help="The files are parts of one recording: compare jobs across them.")
    ] = False,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="A HAR file has every request to its queues: judge pauses too."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per verdict.")] = False,
) -> None:
    """Judge recorded material: callback bodies, answers, NDJSON, HAR files, run files. Sends nothing.

    Exit codes: 0 every judged MUST holds, 1 a MUST is broken, 2 a file cannot be read, 5 nothing could be judged.
    """
    need_suite("check")
    from ciq_conformance.recorded.judge import RecordedJudge
    from ciq_conformance.recorded.reading import STDIN, open_recording

    judge = RecordedJudge(together=together, complete=complete)
    codes: list[ExitCode] = []
    open_run = False
    for name in _names(files or [STDIN]):
        try:
            with open_recording(name, form) as recording:
                judged = judge.judge(recording)
        except UnreadableFileError as error:
            codes.append(ExitCode.USAGE)
            with output_may_fail():
                typer.echo(one_line(f"{name}: {error}"), err=True)
            continue
        codes.append(judged.exit_code)
        open_run |= judged.format is RecordedFormat.RUN and judged.exit_code is ExitCode.NOTHING_PROVEN
        with output_may_fail():
            for line in _json(judged) if as_json else _line(judged) if quiet else _text(judged, verbose=verbose):
                typer.echo(line)
    if not codes:
        typer.echo("no file to check: expected .xml, .json, .ndjson, .jsonl or .har", err=True)
        raise typer.Exit(ExitCode.NOTHING_PROVEN)
    raise typer.Exit(_exit_code(codes, open_run=open_run))


def _exit_code(codes: list[ExitCode], *, open_run: bool) -> ExitCode:
    """Returns the worst code. A file without anything to judge counts only when no other file was judged."""
    worst = next((code for code in _WORST_FIRST if code in codes), None)
    if worst is not None:
        return worst
    return ExitCode.CONFORMS if ExitCode.CONFORMS in codes and not open_run else ExitCode.NOTHING_PROVEN


def _names(given: Iterable[str]) -> Iterator[str]:
    """Yields the files, and those in folders."""
    from ciq_conformance.recorded.reading import files_in

    for name in given:
        if name != "-" and Path(name).is_dir():
            found, others = files_in(Path(name))
            yield from map(str, found)
            if others:
                sys.stdout.flush()
                typer.echo(f"{name}: {others} files with other suffixes were left out", err=True)
        else:
            yield name


def _counted(verdicts: Iterable[Verdict]) -> str:
    outcomes = [verdict.outcome for verdict in verdicts]
    judged = sum(outcome in (Outcome.PASS, *_SHOWN) for outcome in outcomes)
    return f"{judged} requirements judged, {outcomes.count(Outcome.UNTESTED)} untested"


def _title(judged: "JudgedFile") -> str:
    count = f"{judged.messages} message{'s' if judged.messages != 1 else ''}"
    why = f" (guessed: {judged.guessed})" if judged.guessed else ""
    return f"{judged.name}: {judged.format}{why}, {count}"


def _line(judged: "JudgedFile") -> Iterator[str]:
    """Yields the one line of the quiet form."""
    wrong = [verdict for verdict in judged.verdicts if verdict.outcome in _FAILS]
    warnings = [verdict for verdict in judged.verdicts if verdict.outcome is Outcome.WARN]
    status = _STATUS.get(judged.exit_code, str(int(judged.exit_code)))
    if warnings and not wrong:
        status += f", {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
    first = next(iter(wrong or warnings), None)
    parts = [f"{judged.name}: {status} [{judged.format}]"]
    if first is not None:
        more = len(wrong or warnings) - 1
        parts.append(f"{first.requirement}: {first.seen or first.reason}" + (f" (and {more} more)" if more else ""))
    elif judged.exit_code is ExitCode.CONFORMS:
        parts.append(_counted(judged.verdicts))
    elif judged.remarks:
        parts.append(judged.remarks[0])
    yield one_line(" ".join(parts), _LONGEST)


def _text(judged: "JudgedFile", *, verbose: bool) -> Iterator[str]:
    yield one_line(_title(judged))
    for verdict in judged.verdicts:
        if verdict.outcome in _WORDS:
            yield f"  {_WORDS[verdict.outcome]} {verdict.item} {one_line(verdict.title)}"
            yield f"       {one_line(verdict.seen or verdict.reason, _LONGEST)}"
            if verdict.outcome in _FAILS and verdict.clause:
                yield f"       source: {one_line(verdict.clause, _LONGEST)}"
        elif verbose and verdict.outcome is Outcome.PASS:
            yield f"  pass {verdict.item} {one_line(verdict.title)}: {one_line(verdict.seen, _LONGEST)}"
    for reason, ids in _untested(judged.verdicts).items():
        yield f"  untested {', '.join(ids)}: {one_line(reason, _LONGEST)}"
    for remark in judged.remarks:
        yield f"  remark: {one_line(remark, _LONGEST)}"
    yield f"  {_STATUS.get(judged.exit_code, str(int(judged.exit_code)))}: {_counted(judged.verdicts)}"


def _untested(verdicts: Iterable[Verdict]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.outcome is Outcome.UNTESTED:
            found.setdefault(verdict.reason, []).append(verdict.item)
    return found


def _json(judged: "JudgedFile") -> Iterator[str]:
    for verdict in judged.verdicts:
        line = _JsonVerdict(
            file=judged.name,
            format=judged.format,
            requirement=verdict.requirement,
            level=verdict.level,
            outcome=verdict.outcome,
            feature=verdict.feature,
            expected=verdict.expected,
            seen=verdict.seen,
            reason=verdict.reason,
            clause=verdict.clause,
        )
        yield msgspec.json.encode(line).decode()
