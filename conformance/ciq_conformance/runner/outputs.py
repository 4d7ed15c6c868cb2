"""The files beside the run file: JUnit and HTML, written from its records."""

from collections.abc import Sequence
from pathlib import Path

from ciq_reports import html, junit
from ciq_schemas.run import AnyRecord

JUNIT_FILE = "junit.xml"
HTML_FILE = "report.html"


def write_reports(records: Sequence[AnyRecord], directory: Path) -> tuple[dict[str, Path], list[str]]:
    """Write each report; what was written by label, and in words what could not be."""
    written: dict[str, Path] = {}
    problems: list[str] = []
    for label, name, write in (("JUnit", JUNIT_FILE, junit.write), ("report", HTML_FILE, html.write)):
        path = directory / name
        try:
            write(records, path)
        except OSError as error:
            problems.append(f"cannot write {path}: {error.strerror}")
        else:
            written[label] = path
    return written, problems
