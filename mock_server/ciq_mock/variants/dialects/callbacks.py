"""Dialects of callbacks: their encoding, and when and how often they are sent."""

from dataclasses import replace
from random import Random
from typing import Any

from lxml import etree

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.host_queues import PendingCallback
from ciq_mock.overrides import Override, mixed
from ciq_mock.settings import RuleMoment
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members, bodies, job_members, unwrapped
from ciq_mock.variants.edits import Tree
from ciq_mock.variants.mixins import changed_settings

_JOBS = "JobsDetail"
_SEED = 20260105


def _delivery(**changes: Any) -> Override:
    """Changes the settings of delivery."""
    return Override(settings=lambda settings: replace(settings, delivery=replace(settings.delivery, **changes)))


def _as_object(body: Members, _: Random) -> Members:
    members = unwrapped(body)
    jobs = members.get(_JOBS)
    if isinstance(jobs, list) and len(jobs) == 1:
        members[_JOBS] = jobs[0]
    return body


def _wrapped(body: Members, _: Random) -> Members:
    return body if isinstance(body.get("Response"), dict) else {"Response": body}


def _numbers(body: Members, _: Random) -> Members:
    for job in job_members(body):
        operation = job.get("Operation")
        if isinstance(operation, dict) and str(operation.get("JobLevel", "")).isdecimal():
            operation["JobLevel"] = int(operation["JobLevel"])
    return body


def _as_on_seed_pages(root: Tree, _: Random) -> None:
    """Removes EventName and adds an empty NonExistJobIds, as on the seed pages."""
    name = root.find("EventName")
    if root.find(_JOBS) is None or name is None:
        return
    root.remove(name)
    etree.SubElement(root, "NonExistJobIds")


def _members_as_on_seed_pages(body: Members, _: Random) -> Members:
    members = unwrapped(body)
    if _JOBS in members:
        members.pop("EventName", None)
    return body


def _add_unknown_jobs(root: Tree, _: Random) -> None:
    if root.find(_JOBS) is not None and root.find("NonExistJobIds") is None:
        etree.SubElement(root, "NonExistJobIds")


class _RandomDelays(CallbackDispatcher):
    """Delays each callback by a random factor, so that callbacks overtake each other."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._chance = Random(_SEED)  # noqa: S311 - no secret

    def _delay(self, pending: PendingCallback, seconds: float) -> None:
        super()._delay(pending, seconds * (0.3 + 1.4 * self._chance.random()))


DIALECTS = (
    Dialect(
        name="json-object",
        description="JobsDetail of a JSON callback is an object.",
        source="samples of Concat, Animation, PicProcess, Tts against VideoMontage, StreamExtract (436/85073 family)",
        override=bodies(json=_as_object),
    ),
    Dialect(
        name="json-wrapper",
        description="A JSON callback has the wrapper Response.",
        source="the tables of the callback pages name Response (436/85073), their samples omit it",
        override=bodies(json=_wrapped),
    ),
    Dialect(
        name="json-numbers",
        description="JobLevel in a JSON callback is a number.",
        source="sample of 1045/50307 against all others",
        override=bodies(json=_numbers),
    ),
    Dialect(
        name="old-callback",
        description="Callbacks of jobs have no EventName and an empty NonExistJobIds.",
        source="1045/43607, 436/46412 and 436/47214 against 436/49074",
        override=bodies(xml=_as_on_seed_pages, json=_members_as_on_seed_pages, callbacks_only=True),
    ),
    Dialect(
        name="callback-with-unknown-jobs",
        description="Callbacks of jobs have an empty NonExistJobIds beside EventName.",
        source="1045/43607, 436/46412",
        override=bodies(xml=_add_unknown_jobs, callbacks_only=True),
    ),
    Dialect(
        name="workflow-callback-without-root",
        description="WorkflowFinish in XML has no root Response.",
        source="1045/50341 and 460/80039 against 436/48042",
        override=changed_settings(workflow_root=False),
    ),
    Dialect(
        name="duplicate-callbacks",
        description="Each callback is sent twice.",
        source="no page promises that a callback is sent only once",
        override=_delivery(copies=2),
    ),
    Dialect(
        name="late-callbacks",
        description="Callbacks are sent 0.3 s after the end.",
        source="no page specifies when they are sent",
        override=_delivery(delay=0.3),
    ),
    Dialect(
        name="jittery-callbacks",
        description="Callbacks are sent up to half a second after the end, with random delays.",
        source="no page specifies when and in which order they are sent",
        override=replace(_delivery(delay=0.3), delivery=mixed(_RandomDelays)),
    ),
    Dialect(
        name="callbacks-out-of-order",
        description="Every second callback is sent 0.2 s later, so that the next one overtakes it.",
        source="no page promises an order",
        override=_delivery(stagger=0.2),
    ),
    Dialect(
        name="no-retries",
        description="A callback is attempted once.",
        source="no page promises a retry",
        override=_delivery(retry_after=()),
    ),
    Dialect(
        name="rule-read-at-submit",
        description="The queue's callback rule is read when the job is accepted.",
        source="no page specifies when it is read",
        override=changed_settings(rule_read_at=RuleMoment.SUBMIT),
    ),
)
