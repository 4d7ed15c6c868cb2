"""Faults of callbacks: whether they go out, where to, in which form, what they say."""

import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import msgspec

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat, Decision, Destination, Silence
from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.delivery.log import Answer
from ciq_mock.delivery.sender import Sender
from ciq_mock.delivery.url_queues import PendingCallback, Subject
from ciq_mock.engine import Accepted, CallbackChoice, Cancelled, Ended, Event, Job, QueueUpdated, Started
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.service import times
from ciq_mock.service.call import Call
from ciq_mock.variants.faults.fault import Fault, in_delivery
from ciq_mock.variants.faults.scope import json_jobs
from ciq_mock.variants.middleware import Edit, Tree, answers, bodies, drop, layered, put, reads, tells, with_body
from ciq_schemas.lifecycle import JobState, QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

if TYPE_CHECKING:
    from ciq_mock.mock import Mock

Rule = Callable[[NotifyConfig, CallbackChoice, Decision], Decision]
_NOTHING = Silence(reason="a fault")
_CUT = 255
_LATE = 0.4
"""Seconds."""
_HURRY = 0.03
"""Seconds in which a receiver answers as a rule."""


def decides(change: Rule) -> Override:
    """Another reading of rule and choice; `change` gets the good decision as well."""

    class Decides(CallbackDispatcher):
        """Decides otherwise."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Where it goes."""
            return change(rule, choice, super().decision(rule, choice))

    return in_delivery(Decides)


def _choice_without(name: str) -> Override:
    """A field of the job does not count."""

    class Forgets(CallbackDispatcher):
        """Leaves a field of the choice out."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Where it goes."""
            return super().decision(rule, msgspec.structs.replace(choice, **{name: None}))

    return in_delivery(Forgets)


def _rule_with(**changes: str) -> Override:
    """A rule read as if it said something else; only of queues that have an address."""

    class Misreads(CallbackDispatcher):
        """Reads another rule."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Where it goes."""
            known = {name: text for name, text in changes.items() if rule.url}
            return super().decision(msgspec.structs.replace(rule, **known), choice)

    return in_delivery(Misreads)


def _one_event_only() -> Override:
    """Event is compared as a whole."""

    class Compares(CallbackDispatcher):
        """Knows one event a rule."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Where it goes."""
            several = "," in (rule.event or "")
            return super().decision(msgspec.structs.replace(rule, state="Off") if several else rule, choice)

    return in_delivery(Compares)


def _no_does_not_count(rule: NotifyConfig, choice: CallbackChoice, good: Decision) -> Decision:
    if choice.address == "no" and rule.state == "On" and rule.url:
        return Destination(url=rule.url, format=BodyFormat.XML, reason="a fault")
    return good


def _without_query(_rule: NotifyConfig, _choice: CallbackChoice, good: Decision) -> Decision:
    if isinstance(good, Destination):
        return Destination(url=good.url.partition("?")[0], format=good.format, reason=good.reason)
    return good


def _json_unless_said(call: Call) -> Call:
    if b"<ResultFormat>" in call.body:
        return call
    return with_body(call, rb"</NotifyConfig>", b"<ResultFormat>JSON</ResultFormat></NotifyConfig>") or call


def _json_in_secret() -> Override:
    """The queue answers that its format is XML."""
    taken = reads(_json_unless_said, Kind.UPDATE_QUEUE)
    shown = answers(put(".//NotifyConfig/ResultFormat", "XML"), Kind.UPDATE_QUEUE, Kind.LIST_QUEUES)
    return Override(handle=lambda mock, handle: layered(shown, mock, layered(taken, mock, handle)))


class _ToBoth(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """A job with an address of its own is told of at the queue's as well."""
        super().on_event(event)
        if isinstance(event, Ended) and event.job.callback.address not in (None, "no"):
            self.carry_out(event.job, self.decision(event.rule, CallbackChoice()))


def silent_about(which: Callable[[Job], bool]) -> Override:
    """No callback of some jobs."""

    class Silent(CallbackDispatcher):
        """Leaves some out."""

        def on_event(self, event: Event) -> None:
            """Hear of all but some ends."""
            if not (isinstance(event, Ended) and which(event.job)):
                super().on_event(event)

    return in_delivery(Silent)


class _TellsAtStart(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Tell of a job when it starts, as if it had ended."""
        if isinstance(event, Started):
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))
        elif not isinstance(event, Ended):
            super().on_event(event)


class _TellsOfHeld(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Tell of a job that comes to a paused queue at once."""
        super().on_event(event)
        if isinstance(event, Accepted) and event.job.queue.state is QueueState.PAUSED:
            super().on_event(Ended(event.at, event.job, JobState.SUCCESS, event.job.queue.notify))


class _TellsTwice(CallbackDispatcher):
    def carry_out(self, subject: Subject, decision: Decision) -> None:
        """Twice."""
        super().carry_out(subject, decision)
        super().carry_out(subject, decision)


class _FailsUnheard(CallbackDispatcher):
    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        await super()._attempt(sender, pending)
        last = next(reversed(tuple(self.log)), None)
        if last is not None and not last.delivered and isinstance(pending.subject, Job):
            pending.subject._state = JobState.FAILED


class _DropsWhileBusy(CallbackDispatcher):
    """Has one sender and no patience."""

    async def _attempt(self, sender: Sender, pending: PendingCallback) -> None:
        now = self._clock.now()
        others = [out for out in self._out if out is not pending and out.subject is not pending.subject]
        if any(now - self._since.get(out, now) > _HURRY for out in others):
            return
        self._since[pending] = now
        await super()._attempt(sender, pending)
        self._since.pop(pending, None)

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._since: dict[PendingCallback, float] = {}


class _AddressBefore(CallbackDispatcher):
    """Has the address of a queue from the rule before."""

    _rules: dict[str, list[str]] | None = None

    def on_event(self, event: Event) -> None:
        """Note the addresses that rules have had."""
        if self._rules is None:
            self._rules = {}
        if isinstance(event, QueueUpdated) and event.queue.notify.url:
            self._rules.setdefault(event.queue.id, []).append(event.queue.notify.url)
        if isinstance(event, Ended) and not event.job.callback.address:
            had = list(dict.fromkeys(self._rules.get(event.job.queue.id, ())))
            if event.rule.url and len(had) > 1:
                event = msgspec.structs.replace(event, rule=msgspec.structs.replace(event.rule, url=had[-2]))
        super().on_event(event)


class _TellsOfCancelled(CallbackDispatcher):
    def on_event(self, event: Event) -> None:
        """Tell of cancelled jobs as well."""
        super().on_event(event)
        if isinstance(event, Cancelled):
            self.carry_out(event.job, self.decision(event.job.queue.notify, event.job.callback))


def sends(method: str, content_type: str | None = None) -> Override:
    """Another method, another Content-Type."""

    class Sends(Sender):
        """Sends otherwise."""

        async def post(self, url: str, body: bytes, body_format: BodyFormat) -> Answer:
            """Send once."""
            headers = {"Content-Type": content_type} if content_type else None
            session = self._sessions[body_format]
            async with session.request(method, url, data=body, headers=headers) as response:
                return Answer(response.status)

    class Room(CallbackDispatcher):
        """Employs that sender."""

        @staticmethod
        def sender_class() -> type[Sender]:
            """What sends."""
            return Sends

    return in_delivery(Room)


def _two_jobs(root: Tree) -> None:
    job = root.find("JobsDetail")
    if job is not None:
        other = deepcopy(job)
        put("JobId", lambda text: text[:-4] + "beef")(other)
        job.addnext(other)


def _failed_says_success(root: Tree) -> None:
    for job in root.iterfind("JobsDetail"):
        if job.findtext("State") == "Failed":
            put("State", "Success")(job)
            put("Code", "Success")(job)


def _created_at_start() -> Override:
    """Callbacks have the time of the start as CreationTime."""

    def override(_mock: "Mock", build: BodyBuilder) -> BodyBuilder:
        def wrapped(subject: Subject, form: BodyFormat) -> bytes:
            body = build(subject, form)
            if not isinstance(subject, Job) or subject.started is None:
                return body
            return body.replace(times.written(subject.created).encode(), times.written(subject.started).encode(), 1)

        return wrapped

    return Override(callback=override)


def _without_event(body: bytes) -> bytes:
    told = msgspec.json.decode(body)
    told.pop("EventName", None)
    return msgspec.json.encode(told)


def _in_json(change: Callable[[dict[str, object]], object]) -> Override:
    return bodies(json_jobs(change), BodyFormat.JSON)


def _drifts(job: dict[str, object]) -> None:
    operation = job.get("Operation")
    if isinstance(operation, dict):
        operation.pop("UserData", None)
    job["QueueId"] = [job.get("QueueId")]


def _times_as_numbers(job: dict[str, object]) -> None:
    job["CreationTime"] = 1767600000


def _job_put(path: str, text: str | Callable[[str], str]) -> Override:
    return tells(put(f"JobsDetail/{path}", text))


def _job_drop(path: str) -> Override:
    return tells(drop(f"JobsDetail/{path}"))


def _user_data_escaped() -> Edit:
    return put("JobsDetail/Operation/UserData", lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))


def _lags() -> Override:
    """Describe shows the end of a job only at the third look."""

    def override(mock: "Mock", handle: Handle) -> Handle:
        looks: Counter[str] = Counter()

        def late(root: Tree) -> None:
            for job in root.iterfind("JobsDetail"):
                job_id = job.findtext("JobId") or ""
                if job.findtext("State") in ("Success", "Failed"):
                    looks[job_id] += 1
                    if looks[job_id] < 3:
                        put("State", "Running")(job)

        return layered(answers(late, Kind.DESCRIBE_JOB), mock, handle)

    return Override(handle=override)


def _shown_late() -> Override:
    """Describe shows an end only a moment after it came about, while the callback is out already."""

    def override(mock: "Mock", handle: Handle) -> Handle:
        def late(root: Tree) -> None:
            now = mock.clock.now()
            ended = {job.id: job.ended for job in mock.engine.jobs() if job.ended is not None}
            for job in root.iterfind("JobsDetail"):
                at = ended.get(job.findtext("JobId") or "")
                if at is not None and now - at < _LATE and job.findtext("State") in ("Success", "Failed"):
                    put("State", "Running")(job)

        return layered(answers(late, Kind.DESCRIBE_JOB), mock, handle)

    return Override(handle=override)


FAULTS = (
    Fault("no-callbacks", "DEL-001", "No callback ever goes out.", silent_about(lambda _job: True)),
    Fault("third-callback-lost", "DEL-001", "Every third callback is lost.", silent_about(lambda job: job.number % 3 == 0)),
    Fault("callbacks-put", "DEL-001", "Callbacks come by PUT.", sends("PUT")),
    Fault("two-jobs-a-callback", "DEL-002", "A callback tells of a second job.", tells(_two_jobs)),
    Fault("callback-before-end", "DEL-003", "The callback comes when the job starts.", in_delivery(_TellsAtStart)),
    Fault("callback-before-state", "DEL-003", "The end of a job shows in describe after its callback only.", _lags()),
    Fault("end-shown-after-callback", "DEL-003", "Describe shows an end 0.4 s late, the callback leaves at once.", _shown_late()),
    Fault("callbacks-twice", "DEL-004", "Each callback comes twice.", in_delivery(_TellsTwice)),
    Fault("failure-untold", "DEL-005", "Failed jobs have no callback.", silent_about(lambda job: job.state is JobState.FAILED)),
    Fault("failure-told-as-success", "DEL-005", "The callback of a failed job says Success.", tells(_failed_says_success)),
    Fault("deaf-receiver-fails-job", "DEL-006", "A job whose callback is not taken becomes Failed.", in_delivery(_FailsUnheard)),
    Fault("query-of-address-lost", "DEL-008", "The query of a callback address is left out.", decides(_without_query)),
    Fault("rule-counts-for-levels-only", "RUL-001", "Jobs without a level are not told to the queue's address.", silent_about(lambda job: not job.level and not job.callback.address)),
    Fault("address-before-kept", "RUL-001", "Callbacks go to the address that the queue's rule had before.", in_delivery(_AddressBefore)),
    Fault("cancel-told", "DEL-010", "A cancelled job is told of, with State Cancel.", in_delivery(_TellsOfCancelled)),
    Fault("own-address-ignored", "RUL-002", "CallBack of a job does not count.", _choice_without("address")),
    Fault("told-to-both", "RUL-003", "A job with its own address is told to the queue's as well.", in_delivery(_ToBoth)),
    Fault("own-format-ignored", "RUL-004", "CallBackFormat of a job does not count.", _choice_without("format")),
    Fault("no-ignored", "RUL-005", "CallBack no does not count.", decides(_no_does_not_count)),
    Fault("off-ignored", "RUL-006", "A rule that is Off counts.", _rule_with(state="On", event=TASK_FINISH)),
    Fault("event-ignored", "RUL-007", "Any event of a rule counts as TaskFinish.", _rule_with(event=TASK_FINISH)),
    Fault("result-format-ignored", "RUL-008", "ResultFormat of a rule does not count.", _rule_with(result_format="XML")),
    Fault("json-by-default", "RUL-010", "A rule without ResultFormat has callbacks in JSON.", _json_in_secret()),
    Fault("two-events-are-none", "RUL-011", "A rule with two events is told nothing.", _one_event_only()),
    Fault("xml-cut", "SHP-001", "XML callbacks lose their end.", bodies(lambda body: body[:-9], BodyFormat.XML)),
    Fault("json-cut", "SHP-001", "JSON callbacks lose their last bracket.", bodies(lambda body: body[:-1], BodyFormat.JSON)),
    Fault("callback-without-queue", "SHP-002", "Callbacks have no QueueId.", _job_drop("QueueId")),
    Fault("callback-without-creation", "SHP-002", "Callbacks have no CreationTime.", _job_drop("CreationTime")),
    Fault("event-of-own", "SHP-003", "EventName is JobFinish.", tells(put("EventName", "JobFinish"))),
    Fault("json-without-event", "SHP-003", "JSON callbacks have no EventName.", bodies(_without_event, BodyFormat.JSON)),
    Fault("callback-says-running", "SHP-004", "Callbacks say Running.", _job_put("State", "Running")),
    Fault("callback-user-data-cut", "SHP-005", "UserData of callbacks is cut at eight characters.", _job_put("Operation/UserData", lambda text: text[:8])),
    Fault("callback-creation-drifts", "SHP-005", "CreationTime of callbacks is another day's.", _job_put("CreationTime", lambda text: "2020" + text[4:])),
    Fault("callback-without-output", "SHP-005", "Callbacks have no Operation.Output.", _job_drop("Operation/Output")),
    Fault("callback-without-object", "SHP-005", "Callbacks have no Input.Object.", _job_drop("Input/Object")),
    Fault("callback-without-level", "SHP-005", "Callbacks have no JobLevel.", _job_drop("Operation/JobLevel")),
    Fault("callback-ends-later", "SHP-005", "EndTime of callbacks is another day's.", _job_put("EndTime", lambda text: "2036" + text[4:])),
    Fault("callback-level-zero", "SHP-005", "JobLevel of callbacks is always 0.", _job_put("Operation/JobLevel", "7")),
    Fault("json-without-tag", "SHP-002", "JSON callbacks have no Tag.", _in_json(lambda job: job.pop("Tag", None))),
    Fault("callbacks-are-text", "SHP-006", "Callbacks are text/plain.", sends("POST", "text/plain")),
    Fault("callback-times-in-seconds", "SHP-007", "EndTime of callbacks is a number of seconds.", _job_put("EndTime", "1767600000")),
    Fault("json-times-as-numbers", "SHP-007", "CreationTime of JSON callbacks is a number.", _in_json(_times_as_numbers)),
    Fault("json-drifts", "SHP-008", "JSON callbacks leave out UserData, and QueueId is an array.", _in_json(_drifts)),
    Fault("callback-escaped-twice", "SHP-012", "Special characters of UserData come as entities.", tells(_user_data_escaped())),
    Fault("json-numbers", "SHP-011", "Codes of JSON callbacks are numbers.", _in_json(lambda job: job.update(Code=0))),
    Fault("callback-created-at-start", "SHP-014", "CreationTime of callbacks is the time of the start.", _created_at_start()),
    Fault("callbacks-dropped-beside-slow", "DEL-011", "A callback is dropped while another job's receiver has not answered yet.", in_delivery(_DropsWhileBusy)),
    Fault("first-of-request-told", "MUL-004", "Of the jobs of one request only the first is told of.", silent_about(lambda job: job.one_of_many and not re.search(rb"(?:first| 0)<", job.operation))),
    Fault("held-told", "PAU-008", "A job that comes to a paused queue is told of at once.", in_delivery(_TellsOfHeld)),
)  # fmt: skip
