"""Faults of answers to valid calls: jobs in submit, describe and list answers; headers and times."""

import re
from collections import Counter
from collections.abc import Callable
from itertools import count

from ciq_mock.http.protocol import Answered
from ciq_mock.overrides import Override
from ciq_mock.service.call import Answer, Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.edits import ChangeText, Tree, add, drop, each_job, edited_answer, put
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    JOB_ANSWERS,
    CallNext,
    Request,
    RequestLine,
    answers,
    changed_response,
    forgets,
    is_later_page,
    middleware_per_mock,
    reads_call_as,
    rejects,
    repeats_pages,
    with_header,
    with_query,
)
from ciq_mock.variants.mixins import changed_ids
from ciq_schemas.operations import OperationKind as Kind

SUBMIT, DESCRIBE, LIST = Kind.SUBMIT_JOB, Kind.DESCRIBE_JOB, Kind.LIST_JOBS
_JOBS = "JobsDetail"
_CUT = 255
_REPEATED_IDS = 10
"""One in so many responses has the same request id."""


def _jobs(root: Tree) -> list[Tree]:
    return list(root.iterfind(_JOBS))


def _in_job(path: str, text: str | ChangeText, *kinds: Kind) -> Override:
    return answers(put(f"JobsDetail/{path}", text), *kinds)


def _user_data(change: ChangeText, *kinds: Kind) -> Override:
    return _in_job("Operation/UserData", change, *kinds)


# --- submit -------------------------------------------------------------------------------------------------


def _only_first(root: Tree) -> None:
    for job in _jobs(root)[1:]:
        root.remove(job)


def _first_user_data_for_all(root: Tree) -> None:
    texts = list(root.iterfind("JobsDetail/Operation/UserData"))
    for element in texts[1:]:
        element.text = texts[0].text


def _reversed(root: Tree) -> None:
    jobs = _jobs(root)
    for job in jobs:
        root.remove(job)
    for place, job in enumerate(reversed(jobs)):
        root.insert(place, job)


def _without_zone(text: str) -> str:
    return re.sub(r"[+-]\d{4}$", "", text)


def _sixth_id_is_constant(plain: str, number: int) -> str:
    return "j" + "0" * 31 + "7" if number % 6 == 5 and plain[0] == "j" else plain


def _reject_late_tag(call: Call) -> Refusal | None:
    late = b"<Tag>" in call.body and 0 < call.body.find(b"<Operation>") < call.body.find(b"<Tag>")
    many = call.body.count(b"<Operation>") > 1
    return Refusal(ErrorCode.INVALID_CONTENT, "Tag comes first") if late and not many else None


class _SameJobForSameBody:
    """Answers a submit whose body was sent before as the first one."""

    def __init__(self) -> None:
        self._answers: dict[bytes, Answer] = {}

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        if request.kind is not SUBMIT:
            return call_next(request)
        body = request.call.body
        if body not in self._answers:
            self._answers[body] = call_next(request)
        return self._answers[body]


# --- describe -----------------------------------------------------------------------------------------------


def _without_last(root: Tree) -> None:
    jobs = _jobs(root)
    if len(jobs) > 1:
        root.remove(jobs[-1])


def _other_root(root: Tree) -> None:
    if any(job.findtext("State") in ("Submitted", "Running") for job in _jobs(root)):
        root.tag = "JobAnswer"


def _unknown_described(root: Tree) -> None:
    for missing in list(root.iterfind("NonExistJobIds")):
        root.remove(missing)
        add(".", _JOBS, "")(root)
        job = _jobs(root)[-1]
        members = {"Code": "Success", "JobId": missing.text or "", "State": "Success", "Tag": "Snapshot"}
        for name, text in members.items():
            add(".", name, text)(job)


def _known_missing(root: Tree) -> None:
    jobs = _jobs(root)
    if jobs:
        add(".", "NonExistJobIds", jobs[0].findtext("JobId") or "")(root)


def _nothing_missing(root: Tree) -> None:
    if _jobs(root) and root.find("NonExistJobIds") is None:
        add(".", "NonExistJobIds", "")(root)


def _running_ended(root: Tree) -> None:
    for job in _jobs(root):
        if job.findtext("State") == "Running":
            put("EndTime", job.findtext("CreationTime") or "")(job)


def _colon(text: str) -> str:
    return re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)


def _colons(root: Tree) -> None:
    for name in ("CreationTime", "StartTime", "EndTime"):
        put(f"JobsDetail/{name}", _colon)(root)


def _failed_without_reason(root: Tree) -> None:
    for job in _jobs(root):
        if job.findtext("State") == "Failed":
            put("Code", "Success")(job)
            put("Message", "")(job)


class _ShowsRunningAgain:
    """Shows a successful job as Running in the second describe after its end."""

    def __init__(self) -> None:
        self._shown: Counter[str] = Counter()

    def dispatch(self, request: Request, call_next: CallNext) -> Answer:
        """Answers one call."""
        answer = call_next(request)
        return edited_answer(answer, self._edit) if request.kind is DESCRIBE and answer.body else answer

    def _edit(self, root: Tree) -> None:
        for job in _jobs(root):
            job_id = job.findtext("JobId") or ""
            self._shown[job_id] += job.findtext("State") == "Success"
            if self._shown[job_id] == 2:
                put("State", "Running")(job)


# --- list ---------------------------------------------------------------------------------------------------


def _without_first(root: Tree) -> None:
    jobs = _jobs(root)
    if len(jobs) > 1:
        root.remove(jobs[0])


def _ascending_by_default(call: Call) -> Call:
    return call if call.query.get("orderByTime") else with_query(call, orderbytime="Asc")


def _many_by_default(call: Call) -> Call:
    return call if call.query.get("size") else with_query(call, size="100")


def _one_more(call: Call) -> Call:
    size = call.query.get("size")
    return with_query(call, size=str(min(100, int(size) + 1))) if size and size.isdecimal() else call


def _stops_after_five(root: Tree) -> None:
    for job in _jobs(root)[5:]:
        root.remove(job)
    drop("NextToken")(root)


def _reject_empty_token(call: Call) -> Refusal | None:
    empty = call.query.has("nexttoken") and call.query.get("nextToken") is None
    return Refusal(ErrorCode.INVALID_ARGUMENT, "nextToken is empty") if empty else None


# --- status and headers -------------------------------------------------------------------------------------


def _status(target: str, status: int, *, when: Callable[[dict[str, str], int], bool]) -> Override:
    """Changes the status of responses to requests whose method and path match the pattern `target`."""

    def change(line: RequestLine, answered: Answered) -> Answered:
        if re.match(target, line.target) and when(line.query, answered[0]):
            return status, answered[1], answered[2]
        return answered

    return changed_response(change)


def _header(name: bytes, value: bytes | None) -> Override:
    """Changes a header of responses with a body."""

    def change(_line: RequestLine, answered: Answered) -> Answered:
        status, headers, body = answered
        return (status, with_header(headers, name, value), body) if body else answered

    return changed_response(change)


def _repeated_request_ids() -> Override:
    numbers = count()

    def change(_line: RequestLine, answered: Answered) -> Answered:
        status, headers, body = answered
        if next(numbers) % _REPEATED_IDS == 0:
            for name in (b"x-ci-request-id", b"x-cos-request-id"):
                headers = with_header(headers, name, b"NjZmY2Nf")
        return status, headers, body

    return changed_response(change)


FAULTS = (
    Fault("submit-without-queue", "SUB-001", "The response to a submit has no QueueId.", answers(drop("JobsDetail/QueueId"), SUBMIT)),
    Fault("submit-says-success", "SUB-002", "The response to a submit has State Success.", _in_job("State", "Success", SUBMIT)),
    Fault("job-ids-repeat", "SUB-003", "Every sixth job gets the same id.", changed_ids(_sixth_id_is_constant)),
    Fault("creation-without-zone", "SUB-004", "CreationTime has no zone.", _in_job("CreationTime", _without_zone, SUBMIT)),
    Fault("tag-in-lower-case", "SUB-005", "The tag is returned in lower case.", _in_job("Tag", str.lower, SUBMIT)),
    Fault("input-with-slash", "SUB-006", "Input.Object is returned with a slash in front.", _in_job("Input/Object", lambda text: "/" + text, *JOB_ANSWERS)),
    Fault("output-without-bucket", "SUB-007", "Output is returned without Bucket.", answers(drop("JobsDetail/Operation/Output/Bucket"), *JOB_ANSWERS)),
    Fault("user-data-escaped-twice", "SUB-008", "Special characters of UserData are returned as entities.", _user_data(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"), *JOB_ANSWERS)),
    Fault("user-data-trimmed-in-describe", "SUB-008", "Describe loses the quotation marks of UserData.", _user_data(lambda text: text.replace('"', ""), DESCRIBE)),
    Fault("user-data-cut", "SUB-009", "UserData is cut at 255 characters.", _user_data(lambda text: text[:_CUT], *JOB_ANSWERS)),
    Fault("user-data-one-short", "SUB-009", "UserData loses its 1024th character.", _user_data(lambda text: text[:1023], *JOB_ANSWERS)),
    Fault("level-two-shown-as-one", "SUB-010", "Level 2 is returned as 1.", _in_job("Operation/JobLevel", lambda text: "1" if text == "2" else text, *JOB_ANSWERS)),
    Fault("level-lost-in-describe", "SUB-010", "Describe has no JobLevel.", answers(drop("JobsDetail/Operation/JobLevel"), DESCRIBE)),
    Fault("same-body-same-job", "SUB-012", "A body that is sent twice creates one job.", middleware_per_mock(_SameJobForSameBody)),
    Fault("other-order-refused", "SUB-013", "A submit whose Tag does not come first is rejected.", rejects(_reject_late_tag, SUBMIT)),
    Fault("other-script-lost", "SUB-015", "Chinese characters in Input.Object are returned as question marks.", _in_job("Input/Object", lambda text: text.encode("ascii", "replace").decode(), *JOB_ANSWERS)),
    Fault("job-in-other-queue", "ONE-007", "The response to a submit has the QueueId of no queue.", _in_job("QueueId", lambda text: text[:-4] + "0000", SUBMIT)),
    Fault("one-detail-a-request", "MUL-001", "The response to several operations contains the first job only.", answers(_only_first, SUBMIT)),
    Fault("first-user-data-for-all", "MUL-002", "All jobs of a request show the UserData of the first.", answers(_first_user_data_for_all, SUBMIT)),
    Fault("details-turned", "MUL-003", "The jobs of a request are returned in reverse order.", answers(_reversed, SUBMIT)),
    Fault("describe-of-other-root", "DES-001", "Describe of a job that has not ended returns a JobAnswer document.", answers(_other_root, DESCRIBE)),
    Fault("describe-accepted", "DES-001", "Describe of one job returns 202.", _status(r"GET /.*jobs/[^,]+$", 202, when=lambda _query, status: status == 200)),
    Fault("describe-loses-last", "DES-002", "Describe of several jobs omits the last one.", answers(_without_last, DESCRIBE)),
    Fault("unknown-ids-unnamed", "DES-003", "Describe does not name the ids that do not exist.", answers(drop("NonExistJobIds"), DESCRIBE)),
    Fault("unknown-job-described", "DES-004", "Describe invents a job for an unknown id.", answers(_unknown_described, DESCRIBE)),
    Fault("known-job-not-there", "DES-005", "NonExistJobIds contains a job that is also described.", answers(_known_missing, DESCRIBE)),
    Fault("nothing-missing-named", "DES-018", "Describe of known jobs has an empty NonExistJobIds.", answers(_nothing_missing, DESCRIBE)),
    Fault("creation-drifts", "DES-006", "Describe shows a CreationTime of another day.", _in_job("CreationTime", lambda text: "2020" + text[4:], DESCRIBE)),
    Fault("user-data-lost-in-describe", "DES-006", "Describe has no UserData.", answers(drop("JobsDetail/Operation/UserData"), DESCRIBE)),
    Fault("state-of-own", "DES-007", "Running jobs show InProgress.", _in_job("State", lambda text: "InProgress" if text == "Running" else text, DESCRIBE)),
    Fault("times-in-seconds", "DES-008", "EndTime of an ended job is a number of seconds.", _in_job("EndTime", lambda text: "1767600000" if text[:1] == "2" else text, DESCRIBE)),
    Fault("started-before-created", "DES-009", "StartTime is years before CreationTime.", _in_job("StartTime", lambda text: "2015" + text[4:] if text[:1] == "2" else text, DESCRIBE)),
    Fault("running-has-ended", "DES-010", "A running job has an EndTime.", answers(_running_ended, DESCRIBE)),
    Fault("code-of-own", "DES-011", "A successful job has the Code Ok.", _in_job("Code", lambda text: "Ok" if text == "Success" else text, DESCRIBE)),
    Fault("zone-with-colon", "DES-013", "Times have a colon in their zone.", answers(_colons, DESCRIBE)),
    Fault("failed-without-reason", "LIF-003", "A failed job has Code Success and no Message.", answers(_failed_without_reason, DESCRIBE, LIST)),
    Fault("ended-runs-again", "LIF-001", "An ended job shows Running once more.", middleware_per_mock(_ShowsRunningAgain)),
    Fault("newest-unlisted", "LST-001", "A list omits the newest job.", answers(_without_first, LIST, when=lambda call: not is_later_page(call))),
    Fault("list-of-other-tag", "LST-002", "The first listed job shows another tag.", answers(each_job(put("Tag", "Animation"), most=1), LIST)),
    Fault("oldest-first-by-default", "LST-003", "Without orderByTime the oldest job is first.", reads_call_as(_ascending_by_default, LIST)),
    Fault("asc-ignored", "LST-004", "orderByTime is ignored.", reads_call_as(forgets("orderbytime"), LIST)),
    Fault("one-more-a-page", "LST-005", "A page has one job more than requested.", reads_call_as(_one_more, LIST)),
    Fault("page-repeats", "LST-006", "Each page begins with the last job of the page before.", repeats_pages(_JOBS, LIST)),
    Fault("second-page-repeats", "LST-006", "Only the second page begins with the last job of the page before.", repeats_pages(_JOBS, LIST, second_only=True)),
    Fault("page-skips", "LST-006", "Each further page omits its first job.", answers(_without_first, LIST, when=is_later_page)),
    Fault("all-states-are-none", "LST-007", "A list with states=All contains no job.", answers(drop(_JOBS), LIST, when=lambda call: call.query.get("states") == "All")),
    Fault("states-ignored", "LST-007", "states is ignored.", reads_call_as(forgets("states"), LIST)),
    Fault("hundred-by-default", "LST-008", "Without size a hundred jobs are listed.", reads_call_as(_many_by_default, LIST)),
    Fault("window-end-ignored", "LST-009", "endCreationTime is ignored.", reads_call_as(forgets("endcreationtime"), LIST)),
    Fault("list-stops", "LST-010", "A list with size=100 stops after five jobs, without a token.", answers(_stops_after_five, LIST, when=lambda call: call.query.get("size") == "100")),
    Fault("list-shows-old-state", "LST-012", "Ended jobs are listed as Running.", _in_job("State", lambda text: "Running" if text == "Success" else text, LIST)),
    Fault("list-shows-other-creation", "LST-012", "Lists show a CreationTime of another day.", _in_job("CreationTime", lambda text: text[:8] + "01" + text[10:], LIST)),
    Fault("empty-token-refused", "LST-013", "An empty nextToken is rejected.", rejects(_reject_empty_token, LIST)),
    Fault("list-ignores-queue", "LST-014", "queueId is ignored.", reads_call_as(forgets("queueid"), LIST)),
    Fault("cancel-accepted-only", "CAN-001", "Cancel returns 202.", _status(r"PUT /.*jobs/", 202, when=lambda query, status: "cancel" in query and status == 200)),
    Fault("cancel-of-unknown-breaks", "CAN-008", "Cancel of an unknown id returns 500.", _status(r"PUT /.*jobs/", 500, when=lambda query, status: "cancel" in query and status >= 400)),
    Fault("answers-are-text", "HDR-001", "Responses are text/plain.", _header(b"Content-Type", b"text/plain")),
    Fault("answers-without-type", "HDR-001", "Responses have no Content-Type.", _header(b"Content-Type", None)),
    Fault("trace-on-all-answers", "HDR-005", "Successful responses also have a trace id.", _header(b"x-ci-trace-id", b"T")),
    Fault("answers-without-id", "HDR-002", "Responses have no x-ci-request-id.", _header(b"x-ci-request-id", None)),
    Fault("one-body-id", "HDR-006", "The RequestId of every queue list is the same.", answers(put("RequestId", "NjZmY2NjZmZfOGI"), Kind.LIST_QUEUES)),
    Fault("request-ids-repeat", "HDR-006", "Every tenth response has the same request id.", _repeated_request_ids()),
    Fault("request-id-of-other", "HDR-003", "RequestId in the body differs from the header.", answers(put("RequestId", "NjZmY2NjZmZfOGI"), Kind.LIST_QUEUES, Kind.UPDATE_QUEUE)),
)  # fmt: skip
