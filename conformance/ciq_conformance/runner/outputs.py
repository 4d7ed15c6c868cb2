"""Writes the reports of a run: JUnit, HTML, Markdown summary and badge, from its records.

Knows where a CI job expects its summary. Must not know how a report is made.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ciq_reports import badge, html, junit, summary_markdown
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord

JUNIT_FILE = "junit.xml"
HTML_FILE = "report.html"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Variable in which GitHub Actions names the file with the Markdown summary of a job."""

Write = Callable[[Sequence[AnyRecord], Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Reports that are written only when the operator names a file."""

    summary: Path | None = None
    badge: Path | None = None
    step_summary: Path | None = None
    """The summary is appended to this file, because a job may have several steps."""

    @classmethod
    def of(cls, summary: Path | None, badge_file: Path | None, environment: Mapping[str, str] = os.environ) -> "Extras":
        """Returns the operator's files and the file of the CI job, if any."""
        named = environment.get(STEP_SUMMARY, "")
        return cls(summary=summary, badge=badge_file, step_summary=Path(named) if named else None)


def write_reports(
    records: Sequence[AnyRecord], directory: Path, extras: Extras = Extras()
) -> tuple[dict[str, Path], list[str]]:
    """Writes each report; returns the written files by label and a message for each failure."""
    written: dict[str, Path] = {}
    problems: list[str] = []
    for label, path, write in _reports(directory, extras):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(records, path)
        except OSError as error:
            problems.append(f"cannot write {path}: {error.strerror}")
        else:
            written[label] = path
    return written, problems


def _reports(directory: Path, extras: Extras) -> Iterator[tuple[str, Path, Write]]:
    yield "JUnit", directory / JUNIT_FILE, junit.write
    yield "report", directory / HTML_FILE, html.write
    if extras.summary is not None:
        yield "summary", extras.summary, summary_markdown.write
    if extras.badge is not None:
        yield "badge", extras.badge, badge.write
    if extras.step_summary is not None:
        yield "CI step", extras.step_summary, _append_summary


def _append_summary(records: Sequence[AnyRecord], path: Path) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(summary_markdown.render(RunView.of(records)) + "\n")
