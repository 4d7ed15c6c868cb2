"""Makes the summary as Markdown: for a GitHub step summary, a merge request note or a chat.

Must not know terminals. The target's text appears only in code spans and escaped table cells.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ciq_reports import kill_figures
from ciq_reports.blocking_causes import BlockingCause
from ciq_reports.next_steps import next_steps
from ciq_reports.not_judged import musts_not_judged
from ciq_reports.outcomes import WORDS
from ciq_reports.root_causes import RootCause, root_causes
from ciq_reports.sanitize import one_line, seconds_in_words
from ciq_reports.summary import (
    FindingGroup,
    by_outcome,
    counts,
    headline,
    result_sentence,
    run_overall,
)
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Level, Outcome

MOST_FINDINGS = 40
LONGEST_CELL = 600
_MARKS = {
    Outcome.FAIL: "❌",
    Outcome.BLOCKED: "⛔",
    Outcome.SUITE_ERROR: "💥",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.WARN: "⚠️",
    Outcome.NOT_IMPLEMENTED: "➖",  # noqa: RUF001 - as below
    Outcome.NOTE: "ℹ️",  # noqa: RUF001 - the information sign is intended
    Outcome.SKIPPED: "⏭️",
    Outcome.UNTESTED: "▫️",
    Outcome.PASS: "✅",
}
_TONES = {"good": "✅", "bad": "❌", "unsure": "⚠️"}
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~$&@:])")


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Writes the summary of a run to `path`; raises RunFileError when `records` contain no header."""
    path.write_text(render(RunView.of(records)), encoding="utf-8")


def render(view: RunView, *, figures: kill_figures.Figures | None = None) -> str:
    """Returns the document; `figures` are those of the kill matrix, None for the shipped ones."""
    words = run_overall(view)
    target = view.header.target
    place = "the embedded mock" if target.embedded else code(target.url)
    lines = [
        f"## {_TONES[words.tone]} Cloud Infinite conformance: {words.word}",
        "",
        f"{result_sentence(view)}. {headline(view)}.",
        "",
        (
            f"Target {place}, bucket {code(target.bucket)}, {seconds_in_words(view.seconds)}, "
            f"kit {code(view.header.kit_version)}, requirement set {code(view.header.requirement_set)}, "
            f"started {code(view.header.started_at)}."
        ),
        "",
    ]
    if view.cut_off:
        lines += ["> **This run was cut off.** Requirements missing below were not judged.", ""]
    lines += _counts_table(view)
    causes = root_causes(view)
    lines += _blocking([cause.blocking for cause in causes if cause.blocking is not None])
    lines += _diagnoses(causes)
    lines += _findings([group for cause in causes for group in cause.groups])
    lines += _not_judged(view)
    steps = next_steps(view)
    if steps:
        numbered = (f"{number}. {step}" for number, step in enumerate(steps, start=1))
        lines += ["### What to do next", "", *numbered, ""]
    if view.of_receiver:  # the kill matrix has faults of services only
        return "\n".join(lines).rstrip() + "\n"
    proof = kill_figures.sentence(figures or kill_figures.shipped(), view.header.requirement_set)
    lines += ["---", "", f"{escape(proof)} {code(kill_figures.PLACE)}."]
    return "\n".join(lines).rstrip() + "\n"


def _counts_table(view: RunView) -> list[str]:
    shown = tuple(by_outcome(view.verdicts))
    if not shown:
        return ["No verdicts.", ""]
    number = counts(view.verdicts)
    lines = [
        "| | " + " | ".join(f"{_MARKS[outcome]} {WORDS[outcome].word}" for outcome in shown) + " |",
        "| --- |" + " ---: |" * len(shown),
    ]
    for level in Level:
        if any(number[level, outcome] for outcome in shown):
            cells = " | ".join(str(number[level, outcome] or "") for outcome in shown)
            lines.append(f"| {level} | {cells} |")
    return [*lines, ""]


def _blocking(blocking: Sequence[BlockingCause]) -> list[str]:
    lines = []
    for cause in blocking:
        count = f"**{len(cause.requirements)} requirements** could not be tested on {escape(cause.where)}"
        lines += [f"{_MARKS[Outcome.BLOCKED]} {count}: {escape(cause.reason, LONGEST_CELL)}", ""]
    return lines


def _diagnoses(causes: Sequence[RootCause]) -> list[str]:
    """Returns one paragraph for each cause of several findings or with a diagnosis."""
    lines = []
    for cause in causes:
        if cause.lead is None or not (cause.diagnoses or cause.consequences or len(cause.groups) > 1):
            continue
        names = ", ".join(f"**{escape(group.requirement)}**" for group in cause.groups)
        parts = [f"{names} have one cause." if len(cause.groups) > 1 else f"{names}:"]
        parts += [f"{escape(text, LONGEST_CELL)}." for text in cause.diagnoses]
        if cause.consequences:
            parts.append(f"Blocked by it: {escape(', '.join(cause.consequences), LONGEST_CELL)}.")
        lines += [" ".join(parts), ""]
    return lines


def _not_judged(view: RunView) -> list[str]:
    musts = musts_not_judged(view.verdicts)
    if not musts:
        return []
    lines = ["### MUST, not judged", ""]
    for left in musts:
        names = ", ".join(f"**{escape(name)}**" for name in left.requirements)
        lines.append(f"- {names} on {escape(left.where)} ({left.word}): {escape(left.reason, LONGEST_CELL)}")
    return [*lines, ""]


def _findings(groups: Sequence[FindingGroup]) -> list[str]:
    if not groups:
        return []
    lines = [
        "### Findings",
        "",
        "| | Requirement | Where | Expected | Observed | Clause |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for group in groups[:MOST_FINDINGS]:
        for similar in group.similar_verdicts:
            verdict = similar.first
            seen = verdict.seen if verdict.seen and verdict.seen != verdict.reason else verdict.reason
            known = f" ({group.known})" if group.known else ""
            name = f"**{escape(group.requirement)}** {group.level} {escape(group.title)}{known}"
            cells = (
                _MARKS[group.outcome] + " " + WORDS[group.outcome].word,
                name,
                escape(similar.where),
                escape(verdict.expected, LONGEST_CELL),
                escape(seen, LONGEST_CELL),
                escape(group.clause, LONGEST_CELL),
            )
            lines.append(row(cells))
    if len(groups) > MOST_FINDINGS:
        lines.append("")
        lines.append(f"{len(groups) - MOST_FINDINGS} more findings are in the HTML report.")
    return [*lines, ""]


def row(cells: Iterable[str]) -> str:
    """Returns one table row of cells that are already Markdown."""
    return "| " + " | ".join(cells) + " |"


def escape(text: str, limit: int = 0) -> str:
    """Returns text on one line, escaped so that Markdown and inline HTML show it unchanged."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\\" + found[0]), one_line(text, limit))


def code(text: str) -> str:
    """Returns a code span, with a fence longer than any run of backquotes inside."""
    plain = one_line(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
