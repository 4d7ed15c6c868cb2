"""Faults of what a job that waits shows, and of what lists of jobs, queues and buckets take in: states, bounds, inputs, names."""

import re
from collections.abc import Callable

from msgspec.structs import replace

from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.scope import calls_of
from ciq_mock.variants.middleware import (
    Edit,
    Tree,
    add,
    answers,
    drop,
    forgets,
    later_page,
    put,
    reads_call_as,
    where,
    with_query,
    written,
)
from ciq_schemas.features import Feature
from ciq_schemas.operations import HttpOperation
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.xml_parser import parse

DESCRIBE, LIST = Kind.DESCRIBE_JOB, Kind.LIST_JOBS


def waiting(then: Edit) -> Edit:
    """An edit of each job that waits in a paused queue."""
    return where("State", "Pause", then)


def _started(job: Tree) -> None:
    put("StartTime", job.findtext("CreationTime") or "")(job)


def _not_quite(job: Tree) -> None:
    for shown in job.findall("Progress"):
        job.remove(shown)
    add(".", "Progress", "99")(job)


def _some_tag(call: Call) -> Call:
    return call if call.query.get("tag") else with_query(call, tag="Snapshot")


def _first_state(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.partition(",")[0]) if states else call


def _queue_hides_states(call: Call) -> Call:
    return forgets("states")(call) if call.query.get("queueId") else call


def _page_forgets_states(call: Call) -> Call:
    return forgets("states")(call) if later_page(call) else call


def _no_pause(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.replace("Pause", "Failed")) if states else call


def _start_wants_end(call: Call) -> Call:
    return call if call.query.get("endCreationTime") else forgets("startcreationtime")(call)


def _bounds_without_zone(call: Call) -> Call:
    bounds = {name: call.query.get(name) for name in ("startCreationTime", "endCreationTime")}
    return with_query(
        call, **{name.lower(): re.sub(r"[+-]\d{4}$", "+0800", text) for name, text in bounds.items() if text}
    )


def _second_is_first(call: Call) -> Call:
    return with_query(call, pagenumber="1") if call.query.get("pageNumber") == "2" else call


def _ids_hide_state(call: Call) -> Call:
    return forgets("state")(call) if call.query.get("queueIds") else call


def _bounds_without_sign(call: Call) -> Call:
    bounds = {name: call.query.get(name) for name in ("startCreationTime", "endCreationTime")}
    return with_query(
        call, **{name.lower(): re.sub(r"-(\d{4})$", r"+\1", text) for name, text in bounds.items() if text}
    )


def _tokens_count(_mock: object, handle: Handle) -> Handle:
    """Pages by how many jobs have been given out, whichever have come in since."""

    def wrapped(operation: HttpOperation, call: Call) -> Answer:
        size, token = call.query.get("size") or "10", call.query.get("nextToken") or "0"
        if operation.kind is not LIST or not 0 < int(size) <= 100:
            return handle(operation, call)
        page: Answer | None = None
        jobs: list[Tree] = []
        inner: str | None = None
        while page is None or inner:
            page = handle(operation, with_query(call, size="100", nexttoken=inner))
            root = parse(page.body)
            jobs += root.findall("JobsDetail")
            inner = root.findtext("NextToken")
        begin, end = int(token), int(token) + int(size)
        drop("*")(root)
        root.extend(jobs[begin:end])
        if end < len(jobs):
            add(".", "NextToken", str(end))(root)
        return Answer(written(root))

    return wrapped


def _patterns_match(_mock: object, handle: Handle) -> Handle:
    """Ids are looked up with LIKE."""
    known: dict[str, None] = {}

    def wrapped(operation: HttpOperation, call: Call) -> Answer:
        if operation.kind is not DESCRIBE:
            return handle(operation, call)
        pattern = re.escape(call.key).replace("%", ".*").replace("_", ".")
        if "%" in call.key or "_" in call.key:
            found = next((job_id for job_id in known if re.fullmatch(pattern, job_id)), call.key)
            return handle(operation, replace(call, key=found))
        known.update(dict.fromkeys(call.key.split(",")))
        return handle(operation, call)

    return wrapped


def _ends_early(on: Callable[[Call], bool]) -> Override:
    """The last page but one is the last that is led to."""

    def override(_mock: object, handle: Handle) -> Handle:
        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            answer = handle(operation, call)
            if operation.kind is not LIST or not on(call):
                return answer
            root = parse(answer.body)
            token = root.findtext("NextToken")
            following = handle(operation, with_query(call, nexttoken=token)) if token else answer
            if parse(following.body).find("NextToken") is None:
                drop("NextToken")(root)
            return Answer(written(root), answer.status)

        return wrapped

    return Override(handle=override)


def _later_ones_run(answer: Tree) -> None:
    for job in answer.findall("JobsDetail")[1:]:
        put("State", "Running")(job)


def _tenth_passed_over(answer: Tree) -> None:
    jobs = answer.findall("JobsDetail")
    if len(jobs) == 10:
        answer.remove(jobs[-1])


def _two_for_one(call: Call) -> Call:
    return with_query(call, size="2") if call.query.get("size") == "1" else call


def _first_name(call: Call) -> Call:
    names = call.query.get("bucketNames")
    return with_query(call, bucketnames=names.partition(",")[0]) if names else call


FAULTS = (
    Fault("updates-answer-active", "UPD-018", "The response to an update says Active whatever was set.", answers(put("Queue/State", "Active"), Kind.UPDATE_QUEUE)),
    Fault("several-described-stale", "DES-015", "Of several ids all but the first are described as Running.", answers(_later_ones_run, DESCRIBE)),
    Fault("tenth-passed-over", "DES-016", "Of ten speech jobs nine are described, and nothing is said of the tenth.", calls_of(answers(_tenth_passed_over, DESCRIBE), Feature.SPEECH), Feature.SPEECH),
    Fault("two-for-one", "LST-005", "A page of one job holds two.", reads_call_as(_two_for_one, LIST)),
    Fault("waiting-shows-paused", "DES-007", "A job in a paused queue shows Paused.", answers(waiting(put("State", "Paused")), DESCRIBE)),
    Fault("waiting-has-started", "DES-010", "A job in a paused queue has a StartTime.", answers(waiting(_started), DESCRIBE)),
    Fault("parameters-lost-at-end", "SUB-020", "An ended job shows no parameters.", answers(where("State", "Success", drop("Operation/Snapshot")), DESCRIBE)),
    Fault("progress-half-done", "DES-014", "Progress of a job that succeeded is 99.", answers(where("State", "Success", _not_quite), DESCRIBE)),
    Fault("creation-in-other-zone", "SUB-019", "Times are the service's own with the zone of another.", answers(put("JobsDetail/CreationTime", lambda text: text[:-5] + "+0100"), Kind.SUBMIT_JOB)),
    Fault("tag-not-needed", "LST-017", "A list without tag is a list of snapshots.", reads_call_as(_some_tag, LIST)),
    Fault("first-state-counts", "LST-007", "Of several states the first alone counts.", reads_call_as(_first_state, LIST)),
    Fault("waiting-unlisted", "LST-007", "The state Pause brings nothing.", reads_call_as(_no_pause, LIST)),
    Fault("queue-hides-states", "LST-018", "states does not count beside queueId.", reads_call_as(_queue_hides_states, LIST)),
    Fault("page-forgets-states", "LST-018", "states does not count on later pages.", reads_call_as(_page_forgets_states, LIST)),
    Fault("regions-ignored", "ACT-009", "regions is ignored.", reads_call_as(forgets("regions"), Kind.LIST_BUCKETS)),
    Fault("bucket-name-ignored", "ACT-010", "bucketName is ignored.", reads_call_as(forgets("bucketname"), Kind.LIST_BUCKETS)),
    Fault("first-bucket-name-counts", "ACT-005", "Of several bucketNames the first alone counts.", reads_call_as(_first_name, Kind.LIST_BUCKETS)),
    Fault("start-wants-end", "LST-009", "startCreationTime does not count without endCreationTime.", reads_call_as(_start_wants_end, LIST)),
    Fault("zone-of-bounds-ignored", "LST-015", "Bounds count as if in the zone of the service.", reads_call_as(_bounds_without_zone, LIST)),
    Fault("sign-of-zone-unread", "LST-015", "A bound of -0500 counts as one of +0500.", reads_call_as(_bounds_without_sign, LIST)),
    Fault("token-counts-jobs", "LST-019", "nextToken is a number of jobs to leave out.", Override(handle=_tokens_count)),
    Fault("ids-like-patterns", "DES-017", "Ids are looked up with LIKE.", Override(handle=_patterns_match)),
    Fault("failed-listed-as-submitted", "LST-020", "Lists show failed jobs in the state that they were submitted in.", answers(where("State", "Failed", put("State", "Submitted")), LIST)),
    Fault("page-by-states-lost", "LST-018", "Lists of document jobs by states lead to all pages but the last.", calls_of(_ends_early(lambda call: call.query.get("states") is not None), Feature.DOC), Feature.DOC),
    Fault("default-page-leads-nowhere", "LST-008", "A list without size has no NextToken.", answers(drop("NextToken"), LIST, when=lambda call: call.query.get("size") is None)),
    Fault("second-page-is-first", "QUE-014", "Page 2 shows the queue that page 1 has shown.", reads_call_as(_second_is_first, Kind.LIST_QUEUES)),
    Fault("ids-hide-state", "QUE-024", "state does not count beside queueIds.", reads_call_as(_ids_hide_state, Kind.LIST_QUEUES)),
    Fault("input-object-ignored", "LST-016", "inputObject is ignored.", reads_call_as(forgets("inputobject"), LIST)),
)  # fmt: skip
