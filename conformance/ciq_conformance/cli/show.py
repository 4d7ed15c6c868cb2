"""`ciq show`: prints records of a run as text, an exchange with its curl command."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite

if TYPE_CHECKING:
    from ciq_reports.evidence_records import EvidenceRecord


def show(
    run_file: Annotated[Path, typer.Argument(metavar="RUN", help="A run.ndjson, or the directory that contains it.")],
    record: Annotated[
        list[int],
        typer.Option("--record", "-r", metavar="N", help="Number of a record, as reports name it: 12 for #12."),
    ],
) -> None:
    """Print records of a run: request and response, the curl command that repeats the request, or a callback.

    Secrets are redacted as in the run file.
    """
    need_suite("show")
    from ciq_conformance.runner.reading import read_run_file
    from ciq_reports.evidence_records import evidence_record
    from ciq_reports.transcript import RunView
    from ciq_schemas.transcript.records import RunFileError

    try:
        view = RunView.of(read_run_file(run_file)[1])
    except RunFileError as error:
        raise options.usage(str(error)) from error
    missing = [number for number in record if number not in view.by_seq]
    if missing:
        last = max(view.by_seq, default=0)
        raise options.usage(f"the run has no record {missing[0]}: its records have numbers up to {last}")
    for number in record:
        typer.echo("\n".join(_lines(evidence_record(view.by_seq[number]))))


def _lines(shown: "EvidenceRecord") -> Iterator[str]:
    yield f"#{shown.seq} {shown.title}"
    if shown.when:
        yield f"({shown.when})"
    for head, body in ((shown.head, shown.body), (shown.answer_head, shown.answer_body)):
        if head:
            yield f"\n{head}"
        if body.note:
            yield f"body: {body.note}"
        if body.text:
            yield body.text
    if shown.curl:
        yield f"\n{shown.curl}"
    if shown.curl_remark:
        yield f"# {shown.curl_remark}"
    yield ""
