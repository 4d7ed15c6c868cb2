"""Prints the summary of a run: each deviation with expected and observed behaviour and its clause, and the next steps.

Knows rich and the grouped findings. Works on any run file.
The target's text is never interpreted as markup, and its control characters never reach the terminal.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ciq_reports.blocking_causes import BlockingCause
from ciq_reports.next_steps import next_steps, rerun_command
from ciq_reports.not_judged import musts_not_judged
from ciq_reports.outcomes import WORDS
from ciq_reports.root_causes import RootCause, root_causes
from ciq_reports.sanitize import one_line, seconds_in_words
from ciq_reports.summary import FindingGroup, SimilarVerdicts, by_outcome, counts, headline, run_overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import Level, Outcome

STYLES: Mapping[Outcome, str] = {
    Outcome.FAIL: "bold red",
    Outcome.BLOCKED: "red",
    Outcome.SUITE_ERROR: "bold magenta",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.WARN: "yellow",
    Outcome.NOT_IMPLEMENTED: "dim",
    Outcome.NOTE: "cyan",
    Outcome.SKIPPED: "dim",
    Outcome.UNTESTED: "dim",
    Outcome.PASS: "green",
}
_TONES = {"good": "bold green", "bad": "bold red", "unsure": "bold yellow"}
MOST_CAUSES = 25
MOST_RECORDS = 12
MOST_NAMES = 12
LONGEST_VALUE = 480


def text(style: str, first: str, *rest: str) -> Text:
    """Returns text that is never interpreted as markup; the first part has the style."""
    return Text.assemble((first, style), *rest)


def show(console: Console, view: RunView, outputs: Mapping[str, Path]) -> None:
    """Prints the summary of a run; `outputs` are the written files by label."""
    console.print()
    console.rule("Results", style="dim")
    causes = root_causes(view)
    for cause in causes[:MOST_CAUSES]:
        _show_cause(console, view, cause)
    if len(causes) > MOST_CAUSES:
        console.print(text("dim", f"… and {len(causes) - MOST_CAUSES} more causes: see the HTML report."))
        console.print()
    if view.verdicts:
        console.print(_counts_table(view))
        console.print()
    steps = next_steps(view)
    if steps:
        console.print(text("bold", "What to do next"))
        for place, step in enumerate(steps, start=1):
            console.print(_indented(f"{place}. ", step))
        console.print()
    for label, path in outputs.items():
        console.print(text("dim", f"{label:<8} ", str(path)), soft_wrap=True)
    _show_not_judged(console, view)
    _show_verdict(console, view)


def _show_cause(console: Console, view: RunView, cause: RootCause) -> None:
    """Prints one root cause: the simplest finding in full, the others in one line each, and what they block."""
    if cause.blocking is not None:
        _show_blocking(console, cause.blocking)
    lead, *others = cause.groups or (None,)
    if lead is None:
        return
    _show_group(console, lead)
    for diagnosis in cause.diagnoses:
        _field(console, "cause", diagnosis)
    for group in others:
        words = WORDS[group.outcome]
        where = "; ".join(similar.where for similar in group.similar_verdicts)
        _field(console, "also", f"{words.sign} {words.word} {group.requirement} {group.level}: {group.title} ({where})")
    if cause.consequences:
        _field(console, "blocks", f"{len(cause.consequences)} requirement(s): {_some(cause.consequences)}")
    if cause.deviates and (others or cause.consequences):
        _field(console, "again", rerun_command(view, cause.requirements))
    console.print()


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


def _records(witness: Sequence[int]) -> str:
    """Returns the numbers of evidence records; the HTML report shows them all."""
    shown = ", ".join(f"#{seq}" for seq in witness[:MOST_RECORDS])
    return shown + (f" and {len(witness) - MOST_RECORDS} more" if len(witness) > MOST_RECORDS else "")


def _show_blocking(console: Console, cause: BlockingCause) -> None:
    words = WORDS[Outcome.BLOCKED]
    names = cause.requirements
    head = f"{words.sign} {words.word.upper()} {len(names)} requirements"
    console.print(text(STYLES[Outcome.BLOCKED], head, " could not be tested, all for the same reason"))
    _field(console, "on", cause.where)
    _field(console, "reason", cause.reason)
    _field(console, "concerns", _some(names))
    if cause.witness:
        _field(console, "records", _records(cause.witness))
    console.print()


def _show_not_judged(console: Console, view: RunView) -> None:
    """Prints MUST requirements that were not judged just before the result, so that the reader sees them."""
    for musts in musts_not_judged(view.verdicts):
        names = ", ".join(musts.requirements)
        console.print(
            text(
                "yellow",
                f"not judged: MUST {one_line(names, 200)}",
                f" on {one_line(musts.where)} ({musts.word}): {one_line(musts.reason, 300)}",
            ),
            soft_wrap=True,
        )


def _show_group(console: Console, group: FindingGroup) -> None:
    words = WORDS[group.outcome]
    known = f" (known: {group.known})" if group.known else ""
    console.print(
        text(
            STYLES[group.outcome],
            f"{words.sign} {words.word.upper()}{known} {one_line(group.requirement)}",
            f" {group.level}: {one_line(group.title)}",
        )
    )
    for similar in group.similar_verdicts:
        _show_similar(console, similar)
    if group.clause:
        _field(console, "clause", group.clause)
    _field(console, "next", f"ciq explain {group.requirement}")


def _show_similar(console: Console, similar: SimilarVerdicts) -> None:
    verdict = similar.first
    _field(console, "on", similar.where)
    _field(console, "expected", verdict.expected)
    _field(console, "observed", verdict.seen)
    if verdict.reason != verdict.seen:
        _field(console, "reason", verdict.reason)
    if verdict.witness:
        _field(console, "records", _records(verdict.witness))
    _field(console, "accepted" if verdict.baseline else "note", verdict.accepted)


def _field(console: Console, name: str, value: str) -> None:
    if value:
        console.print(_indented(f"  {name:<9}", one_line(value, LONGEST_VALUE)))


def _indented(head: str, body: str) -> Table:
    table = Table.grid(padding=0)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_row(Text(head), Text(body))
    return table


def _counts_table(view: RunView) -> Table:
    number = counts(view.verdicts)
    shown = tuple(by_outcome(view.verdicts))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for level in Level:
        table.add_column(level.value, justify="right")
    table.add_column("all", justify="right")
    for outcome in shown:
        row = [number[level, outcome] for level in Level]
        words = WORDS[outcome]
        table.add_row(
            Text(f"{words.sign} {words.word}", style=STYLES[outcome]),
            *(str(count) if count else "·" for count in row),
            str(sum(row)),
        )
    return table


def _show_verdict(console: Console, view: RunView) -> None:
    words = run_overall(view)
    code = "no exit code" if view.footer is None else f"exit {view.footer.exit_code}"
    console.print(
        text(
            _TONES[words.tone],
            words.word.upper(),
            f" ({code}): {words.sentence}. {headline(view)}, in {seconds_in_words(view.seconds)}.",
        ),
        soft_wrap=True,
    )
