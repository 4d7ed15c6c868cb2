"""Faults of the states that jobs show, and of the filters and pages of lists of jobs, queues and buckets."""

import re

from msgspec.structs import replace

from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.edits import Edit, Tree, add, drop, edited_answer, put, to_bytes, where
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    CallNext,
    Request,
    answers,
    forgets,
    is_later_page,
    middleware,
    middleware_per_mock,
    only_for,
    reads_call_as,
    with_query,
)
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.xml_parser import parse

DESCRIBE, LIST = Kind.DESCRIBE_JOB, Kind.LIST_JOBS
_KEPT_SECONDS = 2.0
_BOUNDS = ("startCreationTime", "endCreationTime")


# --- described jobs -----------------------------------------------------------------------------------------


def waiting(then: Edit) -> Edit:
    """Edits each job that waits in a paused queue."""
    return where("State", "Pause", then)


def _started(job: Tree) -> None:
    put("StartTime", job.findtext("CreationTime") or "")(job)


def _progress_99(job: Tree) -> None:
    drop("Progress")(job)
    add(".", "Progress", "99")(job)


def _all_but_first_run(root: Tree) -> None:
    for job in root.findall("JobsDetail")[1:]:
        put("State", "Running")(job)


def _without_tenth(root: Tree) -> None:
    jobs = root.findall("JobsDetail")
    if len(jobs) == 10:
        root.remove(jobs[-1])


class _MatchesPatterns:
    """Looks up ids with LIKE, among the ids that were described before."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        if request.kind is not DESCRIBE:
            return call_next(request)
        key = request.call.key
        if "%" not in key and "_" not in key:
            self._known.update(dict.fromkeys(key.split(",")))
            return call_next(request)
        pattern = re.escape(key).replace("%", ".*").replace("_", ".")
        found = next((job_id for job_id in self._known if re.fullmatch(pattern, job_id)), key)
        return call_next(request.with_call(replace(request.call, key=found)))


class _ForgetsEndedJobs:
    """Describes no job that it showed ended some time ago."""

    def __init__(self) -> None:
        self._ended: dict[str, float] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        if request.kind is not DESCRIBE or not answer.body:
            return answer
        now = request.mock.clock.now()

        def edit(root: Tree) -> None:
            for job in root.findall("JobsDetail"):
                job_id = job.findtext("JobId") or ""
                if job.findtext("State") not in FINAL_STATES:
                    continue
                if now - self._ended.setdefault(job_id, now) > _KEPT_SECONDS:
                    root.remove(job)
                    add(".", "NonExistJobIds", job_id)(root)

        return edited_answer(answer, edit)


# --- filters ------------------------------------------------------------------------------------------------


def _default_tag(call: Call) -> Call:
    return call if call.query.get("tag") else with_query(call, tag="Snapshot")


def _first_state(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.partition(",")[0]) if states else call


def _queue_hides_states(call: Call) -> Call:
    return forgets("states")(call) if call.query.get("queueId") else call


def _page_forgets_states(call: Call) -> Call:
    return forgets("states")(call) if is_later_page(call) else call


def _no_pause(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.replace("Pause", "Failed")) if states else call


def _start_wants_end(call: Call) -> Call:
    return call if call.query.get("endCreationTime") else forgets("startcreationtime")(call)


def _with_bounds(call: Call, pattern: str, replacement: str) -> Call:
    """Returns the call with the pattern replaced in both time bounds."""
    bounds = {name.lower(): call.query.get(name) for name in _BOUNDS}
    return with_query(call, **{name: re.sub(pattern, replacement, text) for name, text in bounds.items() if text})


def _bounds_without_zone(call: Call) -> Call:
    return _with_bounds(call, r"[+-]\d{4}$", "+0800")


def _bounds_without_sign(call: Call) -> Call:
    return _with_bounds(call, r"-(\d{4})$", r"+\1")


def _ids_hide_state(call: Call) -> Call:
    return forgets("state")(call) if call.query.get("queueIds") else call


def _first_name(call: Call) -> Call:
    names = call.query.get("bucketNames")
    return with_query(call, bucketnames=names.partition(",")[0]) if names else call


# --- pages --------------------------------------------------------------------------------------------------


def _two_for_one(call: Call) -> Call:
    return with_query(call, size="2") if call.query.get("size") == "1" else call


def _second_is_first(call: Call) -> Call:
    return with_query(call, pagenumber="1") if call.query.get("pageNumber") == "2" else call


def _tokens_count_jobs(request: Request, call_next: CallNext) -> Answer:
    """Treats nextToken as the number of jobs to skip, so that new jobs shift the pages."""
    call = request.call
    if request.kind is not LIST or not 0 < (size := int(call.query.get("size") or "10")) <= 100:
        return call_next(request)
    page: Answer | None = None
    jobs: list[Tree] = []
    token: str | None = None
    while page is None or token:
        page = call_next(request.with_call(with_query(call, size="100", nexttoken=token)))
        root = parse(page.body)
        jobs += root.findall("JobsDetail")
        token = root.findtext("NextToken")
    begin = int(call.query.get("nextToken") or "0")
    end = begin + size
    drop("*")(root)
    root.extend(jobs[begin:end])
    if end < len(jobs):
        add(".", "NextToken", str(end))(root)
    return Answer(to_bytes(root))


def _ends_early(request: Request, call_next: CallNext) -> Answer:
    """Removes the token that leads to the last page of a list by states."""
    answer = call_next(request)
    call = request.call
    if request.kind is not LIST or call.query.get("states") is None:
        return answer
    token = parse(answer.body).findtext("NextToken")
    following = call_next(request.with_call(with_query(call, nexttoken=token))) if token else answer
    leads_on = parse(following.body).find("NextToken") is not None
    return answer if leads_on else edited_answer(answer, drop("NextToken"))


def _total_of_page(root: Tree) -> None:
    put("TotalCount", str(len(root.findall("QueueList"))))(root)


def _without_failed(root: Tree) -> None:
    for job in root.findall("JobsDetail"):
        if job.findtext("State") == "Failed":
            root.remove(job)


FAULTS = (
    Fault("updates-answer-active", "UPD-018", "The response to an update always has State Active.", answers(put("Queue/State", "Active"), Kind.UPDATE_QUEUE)),
    Fault("several-described-stale", "DES-015", "Describe of several ids shows all jobs but the first as Running.", answers(_all_but_first_run, DESCRIBE)),
    Fault("tenth-passed-over", "DES-016", "Describe of ten speech jobs omits the tenth, and NonExistJobIds does not contain it.", only_for(Feature.SPEECH, override=answers(_without_tenth, DESCRIBE)), Feature.SPEECH),
    Fault("two-for-one", "LST-005", "A page of size 1 has two jobs.", reads_call_as(_two_for_one, LIST)),
    Fault("waiting-shows-paused", "DES-007", "A job in a paused queue shows Paused.", answers(waiting(put("State", "Paused")), DESCRIBE)),
    Fault("waiting-has-started", "DES-010", "A job in a paused queue has a StartTime.", answers(waiting(_started), DESCRIBE)),
    Fault("parameters-lost-at-end", "SUB-020", "An ended job shows no parameters.", answers(where("State", "Success", drop("Operation/Snapshot")), DESCRIBE)),
    Fault("progress-half-done", "DES-014", "Progress of a successful job is 99.", answers(where("State", "Success", _progress_99), DESCRIBE)),
    Fault("creation-in-other-zone", "SUB-019", "CreationTime is local time with the zone +0100.", answers(put("JobsDetail/CreationTime", lambda text: text[:-5] + "+0100"), Kind.SUBMIT_JOB)),
    Fault("tag-not-needed", "LST-017", "A list without tag lists snapshot jobs.", reads_call_as(_default_tag, LIST)),
    Fault("first-state-counts", "LST-007", "Only the first of several states is applied.", reads_call_as(_first_state, LIST)),
    Fault("waiting-unlisted", "LST-007", "Lists with the state Pause omit the waiting jobs.", reads_call_as(_no_pause, LIST)),
    Fault("queue-hides-states", "LST-018", "states is ignored beside queueId.", reads_call_as(_queue_hides_states, LIST)),
    Fault("page-forgets-states", "LST-018", "states is ignored on later pages.", reads_call_as(_page_forgets_states, LIST)),
    Fault("regions-ignored", "ACT-009", "regions is ignored.", reads_call_as(forgets("regions"), Kind.LIST_BUCKETS)),
    Fault("bucket-name-ignored", "ACT-010", "bucketName is ignored.", reads_call_as(forgets("bucketname"), Kind.LIST_BUCKETS)),
    Fault("first-bucket-name-counts", "ACT-005", "Only the first of several bucketNames is applied.", reads_call_as(_first_name, Kind.LIST_BUCKETS)),
    Fault("start-wants-end", "LST-009", "startCreationTime is ignored without endCreationTime.", reads_call_as(_start_wants_end, LIST)),
    Fault("zone-of-bounds-ignored", "LST-015", "Time bounds are read as if they had the zone of the service.", reads_call_as(_bounds_without_zone, LIST)),
    Fault("sign-of-zone-unread", "LST-015", "A time bound at -0500 is read as one at +0500.", reads_call_as(_bounds_without_sign, LIST)),
    Fault("token-counts-jobs", "LST-019", "nextToken is the number of jobs to skip.", middleware(_tokens_count_jobs)),
    Fault("ids-like-patterns", "DES-017", "Describe reads % and _ in an id as wildcards.", middleware_per_mock(_MatchesPatterns)),
    Fault("document-jobs-forgotten", "DES-020", "Describe does not know a document job two seconds after its end.", only_for(Feature.DOC, override=middleware_per_mock(_ForgetsEndedJobs)), Feature.DOC),
    Fault("ended-jobs-forgotten", "DES-021", "Describe does not know a job two seconds after its end.", middleware_per_mock(_ForgetsEndedJobs)),
    Fault("running-without-start", "DES-019", "A running job has no StartTime.", answers(where("State", "Running", put("StartTime", "-")), DESCRIBE)),
    Fault("all-states-without-failed", "LST-022", "A list with states=All omits failed jobs.", answers(_without_failed, LIST, when=lambda call: call.query.get("states") == "All")),
    Fault("failed-unlisted-by-default", "LST-022", "A list without states omits failed jobs.", answers(_without_failed, LIST, when=lambda call: call.query.get("states") is None)),
    Fault("failed-listed-as-submitted", "LST-020", "Lists show failed jobs as Submitted.", answers(where("State", "Failed", put("State", "Submitted")), LIST)),
    Fault("page-by-states-lost", "LST-018", "Lists of document jobs by states omit the last page.", only_for(Feature.DOC, override=middleware(_ends_early)), Feature.DOC),
    Fault("default-page-leads-nowhere", "LST-008", "A list without size has no NextToken.", answers(drop("NextToken"), LIST, when=lambda call: call.query.get("size") is None)),
    Fault("second-page-is-first", "QUE-025", "Page 2 shows the queue of page 1.", reads_call_as(_second_is_first, Kind.LIST_QUEUES)),
    Fault("total-of-the-page", "QUE-025", "TotalCount is the number of queues on the page.", answers(_total_of_page, Kind.LIST_QUEUES, when=lambda call: call.query.get("pageNumber") == "2")),
    Fault("ids-hide-state", "QUE-024", "state is ignored beside queueIds.", reads_call_as(_ids_hide_state, Kind.LIST_QUEUES)),
    Fault("listed-without-operation", "LST-021", "Listed jobs have no Operation.", answers(drop("JobsDetail/Operation"), LIST)),
    Fault("input-object-ignored", "LST-016", "inputObject is ignored.", reads_call_as(forgets("inputobject"), LIST)),
)  # fmt: skip
