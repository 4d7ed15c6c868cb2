"""Rules for one recorded callback. Pure: a callback in, cases out."""

from collections.abc import Iterator, Mapping

from ciq_conformance.judge.body_paths import WRAPPER, Body, UnreadableBody, read_body
from ciq_conformance.judge.callback_body import (
    STRUCTURAL,
    TASK_FINISH,
    missing_parts,
    time_problems,
    values_not_strings,
)
from ciq_conformance.judge.job_facts import tag_of
from ciq_conformance.recorded.tally import Case
from ciq_schemas.codec import Document, NoteKind
from ciq_schemas.features import feature_of_tag
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState
from ciq_schemas.transcript.parsed import ParsedCallback
from ciq_schemas.transcript.raw import header
from ciq_schemas.values import Job

WORKFLOW_START = "WorkflowStart"
"""Event of the newest workflow pages, which also report the start of a run."""


def callback_cases(callback: ParsedCallback) -> Iterator[Case]:
    """Yields what a callback shows: form, structure, event, states, times, types and Content-Type."""
    data = callback.body
    yield from _content_type(callback)
    if callback.decoded.document is Document.WORKFLOW_CALLBACK and _rootless(callback):
        yield Case("SHP-001", remark="the root Response is missing, as on the newest page of workflow callbacks")
        yield from _workflow(callback)
        return
    try:
        body = read_body(data)
    except UnreadableBody as error:
        yield Case("SHP-001", str(error))
        return
    if not callback.compressed:
        yield Case("SHP-001")
    elif callback.compression_declared:
        yield Case("SHP-001", remark="the body is gzip-compressed, which no page describes")
    else:
        yield Case("SHP-001", "the body is gzip-compressed, and no Content-Encoding says so")
    if callback.decoded.document is Document.WORKFLOW_CALLBACK:
        yield from _workflow(callback)
        return
    yield from _structure(callback, body)
    yield from _event(callback)
    for job in callback.callback.jobs:
        yield from _state(job.job_id, (job.state or "").strip())
        yield from _times(job)
    if callback.is_json:
        not_strings = list(values_not_strings(body))
        yield from (Case("SHP-011", problem) for problem in not_strings)
        if not not_strings:
            yield Case("SHP-011")


def _content_type(callback: ParsedCallback) -> Iterator[Case]:
    """Judges the header where the recording has headers."""
    if not callback.arrival.headers:
        return
    value = header(callback.arrival.headers, "content-type") or ""
    form = "json" if callback.is_json else "xml"
    if value.partition(";")[0].strip().lower() == f"application/{form}":
        yield Case("SHP-006")
    else:
        seen = f"Content-Type {value}" if value else "no Content-Type"
        yield Case("SHP-006", remark=seen) if callback.is_json else Case("SHP-006", seen)


def _structure(callback: ParsedCallback, body: Body) -> Iterator[Case]:
    content = body.content if isinstance(body.content, Mapping) else {}
    jobs = content.get("JobsDetail", [])
    problems = [problem for job in jobs for problem in missing_parts(job)]
    if not callback.is_json and body.root != WRAPPER:
        problems.append(f"the root is {body.root}")
    if not jobs:
        problems.append("JobsDetail is missing")
    problems += [str(problem) for problem in callback.decoded.problems if problem.kind in STRUCTURAL]
    yield from (Case("SHP-002", problem) for problem in problems)
    if not problems:
        yield Case("SHP-002")
    if jobs:
        yield Case("DEL-002", "" if len(jobs) == 1 else f"{len(jobs)} JobsDetail")


def _rootless(callback: ParsedCallback) -> bool:
    return any(note.kind is NoteKind.NO_ROOT for note in callback.decoded.notes)


def _event(callback: ParsedCallback) -> Iterator[Case]:
    name = callback.callback.event_name
    if name is None:
        yield Case("SHP-003", remark="no EventName, as in the older form (436/46412)")
    else:
        yield Case("SHP-003", "" if name.strip() == TASK_FINISH else f"EventName is {name!r}")


def _times(job: Job) -> Iterator[Case]:
    """Judges the times. A recorded body may be a shortened sample: an element that is absent is only a warning."""
    problems = list(time_problems(job, feature_of_tag(tag_of(job))))
    for problem in problems:
        absent = problem.endswith("is missing") and not problem.startswith("CreationTime")
        yield Case("SHP-007", remark=problem) if absent else Case("SHP-007", problem)
    if not problems:
        yield Case("SHP-007")


def _state(job_id: str | None, state: str) -> Iterator[Case]:
    if state in ENDED_BY_RUNNING:
        yield Case("SHP-004")
        yield Case("DEL-010")
    elif state == JobState.CANCEL:
        yield Case("DEL-010", f"State Cancel of job {job_id}: no page has a callback of a cancelled job")
    else:
        yield Case("SHP-004", f"State is {state or 'missing'}")


def _workflow(callback: ParsedCallback) -> Iterator[Case]:
    run = callback.run
    state = (run.state or "").strip() if run is not None else ""
    problems = [] if run is not None and (run.run_id or "").strip() else ["WorkflowExecution has no RunId"]
    is_start = (callback.callback.event_name or "").strip() == WORKFLOW_START
    if state not in ENDED_BY_RUNNING and not is_start:
        problems.append(f"State is {state or 'missing'}")
    yield from (Case("WFL-016", problem) for problem in problems)
    if not problems:
        yield Case("WFL-016")
