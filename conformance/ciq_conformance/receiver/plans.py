"""Decides what a receiver run sends: one list of planned steps per scenario. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from ciq_conformance.receiver import messages
from ciq_conformance.receiver.messages import CONTENT_TYPES, JobMaker, ReportedJob, task_callback
from ciq_conformance.receiver.steps import Form, Repeat, Restarted, Transport
from ciq_conformance.receiver.wire import Delivery
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Format

BURST = 60
"""Callbacks of different jobs that a burst sends at once."""
SPECIAL_TEXT = "<a href=\"x\"> & 'b' ]]> \u4e2d\u6587 \u00e9 \U0001f600"
LONG_TEXT = ("0123456789 abcdefghijklmnopqrstuvwxyz;" * 27)[:1024]
"""1,024 printable characters, the documented limit of UserData."""
_LATE = timedelta(days=2)


class Way(StrEnum):
    """How the deliveries of one step are sent."""

    IN_TURN = "in turn"
    """Each on a connection of its own."""
    TOGETHER = "together"
    KEPT = "kept"
    """One after the other on one connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One step: deliveries, and the jobs that they report."""

    step: str
    deliveries: tuple[Delivery, ...]
    way: Way = Way.IN_TURN
    jobs: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    """Jobs that must not be counted because of this step."""


class JobSource(Protocol):
    """Makes reported jobs: from the contract alone, or from a service beside the receiver."""

    def job(self, feature: Feature, label: str, *, failed: bool = False, user_data: str | None = None) -> ReportedJob:
        """Returns an ended job."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Makes the plans of one run."""

    url: str
    formats: tuple[Format, ...]
    source: JobSource
    maker: JobMaker
    """Makes workflow runs and ids."""
    workflow: bool

    @property
    def main(self) -> Format:
        """The form of bodies whose form does not matter."""
        return self.formats[0]

    def delivery(self, body: bytes, form: Format) -> Delivery:
        """Returns the plain delivery of a body."""
        return Delivery(url=self.url, body=body, content_type=CONTENT_TYPES[form])

    def report(self, job: ReportedJob) -> Delivery:
        """Returns the plain delivery of one job in the main form."""
        return self.delivery(task_callback([job], self.main), self.main)

    def forms(self, feature: Feature) -> Iterator[Planned]:
        """Yields every form of every event."""
        for form in self.formats:
            yield from self._task_forms(feature, form)
            yield from self._xml_forms(feature) if form is Format.XML else self._json_forms(feature)
            if self.workflow:
                yield from self._workflow_forms(feature, form)

    def _task_forms(self, feature: Feature, form: Format) -> Iterator[Planned]:
        as_object = feature is Feature.PIC  # its JSON sample has an object, all others an array or both
        success = self._job(feature, Form.SUCCESS, form)
        yield self._form(Form.SUCCESS, form, [success], task_callback([success], form, as_object=as_object))
        failed = self._job(feature, Form.FAILED, form, failed=True)
        yield self._form(Form.FAILED, form, [failed], task_callback([failed], form, as_object=as_object))
        unknown = self._job(feature, Form.UNKNOWN, form)
        yield self._form(Form.UNKNOWN, form, [unknown], messages.with_unknown(task_callback([unknown], form), form))
        for kind, text in ((Form.SPECIAL, SPECIAL_TEXT), (Form.LONG, LONG_TEXT)):
            job = self._job(feature, kind, form, user_data=text)
            yield self._form(kind, form, [job], task_callback([job], form))
        several = [self._job(feature, f"{Form.SEVERAL}-{number}", form) for number in (1, 2)]
        yield self._form(Form.SEVERAL, form, several, task_callback(several, form))

    def _xml_forms(self, feature: Feature) -> Iterator[Planned]:
        xml = Format.XML
        older = self._job(feature, Form.WITHOUT_EVENT, xml)
        yield self._form(Form.WITHOUT_EVENT, xml, [older], task_callback([older], xml, event_name=None))
        ids = self._job(feature, Form.NON_EXIST, xml)
        body = task_callback([ids], xml, event_name=None, non_existent="")
        yield self._form(Form.NON_EXIST, xml, [ids], body)
        bare = self._job(feature, Form.WITHOUT_DECLARATION, xml)
        yield self._form(Form.WITHOUT_DECLARATION, xml, [bare], task_callback([bare], xml, declaration=False))
        sorted_job = self._job(feature, Form.ALPHABETICAL, xml)
        yield self._form(Form.ALPHABETICAL, xml, [sorted_job], messages.reordered(sorted_job))

    def _json_forms(self, feature: Feature) -> Iterator[Planned]:
        form = Format.JSON
        other = self._job(feature, Form.OTHER_JOBS, form)
        as_object = feature is not Feature.PIC
        yield self._form(Form.OTHER_JOBS, form, [other], task_callback([other], form, as_object=as_object))
        wrapped = self._job(feature, Form.WRAPPER, form)
        yield self._form(Form.WRAPPER, form, [wrapped], task_callback([wrapped], form, wrapper=True))
        if FEATURES[feature].has_job_level:
            numbers = self._job(feature, Form.NUMBERS, form)
            yield self._form(Form.NUMBERS, form, [numbers], task_callback([numbers], form, numbers=True))
        nulls = self._job(feature, Form.NULLS, form)
        yield self._form(Form.NULLS, form, [nulls], _with_nulls(task_callback([nulls], form)))

    def _workflow_forms(self, feature: Feature, form: Format) -> Iterator[Planned]:
        run = messages.workflow_run(self.maker, f"{feature}/{form}/success")
        job = messages.of_workflow(self._job(feature, Form.OF_WORKFLOW, form), run)
        yield self._form(Form.OF_WORKFLOW, form, [job], task_callback([job], form))
        yield self._form(Form.RUN_SUCCESS, form, [], messages.workflow_callback(run, form))
        failed = messages.workflow_run(self.maker, f"{feature}/{form}/failed", failed=True)
        yield self._form(Form.RUN_FAILED, form, [], messages.workflow_callback(failed, form))
        if form is Format.XML:
            older = messages.workflow_run(self.maker, f"{feature}/older")
            body = messages.workflow_callback(older, form, event_name=None)
            yield self._form(Form.RUN_WITHOUT_EVENT, form, [], body)
            newer = messages.workflow_run(self.maker, f"{feature}/newer")
            yield self._form(Form.RUN_WITHOUT_ROOT, form, [], messages.workflow_callback(newer, form, root=False))

    def _job(
        self, feature: Feature, label: str, form: Format, *, failed: bool = False, user_data: str | None = None
    ) -> ReportedJob:
        return self.source.job(feature, f"{label}-{form}", failed=failed, user_data=user_data)

    def _form(self, kind: Form, form: Format, jobs: Sequence[ReportedJob], body: bytes) -> Planned:
        step = kind.step(form)
        return Planned(step=step, deliveries=(self.delivery(body, form),), jobs=tuple(job.job_id for job in jobs))

    def transport(self, feature: Feature) -> Iterator[Planned]:
        """Yields the ways to send one callback that HTTP allows."""
        form = self.main
        changes: dict[Transport, dict[str, object]] = {
            Transport.CHUNKED: {"chunked": True, "pieces": 3},
            Transport.HTTP_10: {"version": "1.0"},
            Transport.EXPECT: {"expect": True},
            Transport.PIECES: {"pieces": 8},
            Transport.LOWER: {"lower": True},
            Transport.CHARSET: {"content_type": f"{CONTENT_TYPES[form]}; charset=utf-8"},
            Transport.NO_TYPE: {"content_type": ""},
        }
        if form is Format.XML:
            changes[Transport.TEXT_XML] = {"content_type": "text/xml"}
        for kind, change in changes.items():
            job = self.source.job(feature, kind)
            sent = replace(self.report(job), **change)  # type: ignore[arg-type]
            yield Planned(step=kind, deliveries=(sent,), jobs=(job.job_id,))
        kept = [self.source.job(feature, f"{Transport.KEPT}-{number}") for number in range(3)]
        yield Planned(
            step=Transport.KEPT,
            deliveries=tuple(replace(self.report(job), keep=True) for job in kept),
            way=Way.KEPT,
            jobs=tuple(job.job_id for job in kept),
        )

    def repeats(self, feature: Feature) -> Iterator[Planned]:
        """Yields repeated, simultaneous, late and interrupted deliveries."""
        twice = self.source.job(feature, Repeat.TWICE)
        yield self._sent(Repeat.TWICE, [twice, twice])
        early = self.source.job(feature, Repeat.EARLY)
        yield self._sent(Repeat.EARLY, [early])
        at_once = self.source.job(feature, Repeat.TWICE_AT_ONCE)
        yield self._sent(Repeat.TWICE_AT_ONCE, [at_once] * 3, Way.TOGETHER)
        for number in range(3):
            two = [self.source.job(feature, f"{Repeat.TWO_AT_ONCE}-{number}-{place}") for place in range(2)]
            yield self._sent(Repeat.TWO_AT_ONCE, two, Way.TOGETHER)
        newest_first = [
            self._earlier(self.source.job(feature, f"{Repeat.OUT_OF_ORDER}-{number}"), timedelta(minutes=number))
            for number in range(3)
        ]
        yield self._sent(Repeat.OUT_OF_ORDER, newest_first)
        if self.workflow:
            run = messages.workflow_run(self.maker, "run-first")
            job = messages.of_workflow(self.source.job(feature, Repeat.RUN_FIRST), run)
            first = self.delivery(messages.workflow_callback(run, self.main), self.main)
            yield Planned(step=Repeat.RUN_FIRST, deliveries=(first, self.report(job)), jobs=(job.job_id,))
        late = self._earlier(self.source.job(feature, Repeat.LATE), _LATE)
        yield self._sent(Repeat.LATE, [late])
        yield self._sent(Repeat.BURST, [self.source.job(feature, f"burst-{n}") for n in range(BURST)], Way.TOGETHER)
        yield from self._interrupted(feature)
        yield self._sent(Repeat.REPEATED_LATE, [early])

    def _interrupted(self, feature: Feature) -> Iterator[Planned]:
        cut = self.source.job(feature, Repeat.CUT)
        whole = self.report(cut)
        # JobId is in the first part: what the receiver has read when the connection breaks names the job.
        shorter = replace(whole, cut=len(whole.body) * 3 // 4)
        yield Planned(step=Repeat.CUT, deliveries=(shorter,), jobs=())
        yield self._sent(Repeat.AFTER_CUT, [cut])
        left = self.source.job(feature, Repeat.LEFT)
        yield Planned(step=Repeat.LEFT, deliveries=(replace(self.report(left), leave=True),), jobs=())
        yield self._sent(Repeat.AFTER_LEFT, [left])

    def _earlier(self, job: ReportedJob, age: timedelta) -> ReportedJob:
        moment = messages.written(self.maker.now() - age)
        changed = {name: moment for name in ("CreationTime", "StartTime", "EndTime") if job.detail.get(name)}
        return job.changed(**changed)

    def around_restart(self, feature: Feature) -> tuple[tuple[Planned, ...], tuple[Planned, ...]]:
        """Returns the steps before and after a restart; some jobs are sent on both sides."""
        once = [self.source.job(feature, f"{Restarted.BEFORE}-{number}") for number in range(5)]
        again = [self.source.job(feature, f"{Restarted.AFTER}-{number}") for number in range(3)]
        before = (self._sent(Restarted.REPEATED, again), self._sent(Restarted.BEFORE, once))
        return before, (self._sent(Restarted.AFTER, again),)

    def _sent(self, step: str, jobs: Sequence[ReportedJob], way: Way = Way.IN_TURN) -> Planned:
        ids = tuple(dict.fromkeys(job.job_id for job in jobs))
        return Planned(step=step, deliveries=tuple(self.report(job) for job in jobs), way=way, jobs=ids)


def _with_nulls(body: bytes) -> bytes:
    """Returns a JSON callback with null in place of the optional elements of the job."""
    value = msgspec.json.decode(body)
    for job in value["JobsDetail"]:
        job.update(Message=None, Workflow=None)
    encoded: bytes = msgspec.json.encode(value)
    return encoded
