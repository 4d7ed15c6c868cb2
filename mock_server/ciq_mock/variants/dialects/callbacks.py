"""Dialects of callbacks: their form, and when and how often they come."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from lxml import etree

from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.url_queues import PendingCallback
from ciq_mock.overrides import Override, mixed
from ciq_mock.settings import MockSettings, RuleMoment
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.rewriting import Members, bodies, details, inside

_TASK_ONLY = "JobsDetail"
_SEED = 20260105


def _delivery(**changes: Any) -> Callable[[MockSettings], MockSettings]:
    return lambda settings: replace(settings, delivery=replace(settings.delivery, **changes))


def _as_object(body: Members, _: Random) -> Members:
    members = inside(body)
    jobs = members.get(_TASK_ONLY)
    if isinstance(jobs, list) and len(jobs) == 1:
        members[_TASK_ONLY] = jobs[0]
    return body


def _wrapped(body: Members, _: Random) -> Members:
    return body if isinstance(body.get("Response"), dict) else {"Response": body}


def _numbers(body: Members, _: Random) -> Members:
    for job in details(body):
        operation = job.get("Operation")
        if isinstance(operation, dict) and str(operation.get("JobLevel", "")).isdecimal():
            operation["JobLevel"] = int(operation["JobLevel"])
    return body


def _old(root: etree._Element, _: Random) -> None:
    """As on the seed pages: no event's name, and a list of jobs nobody asked for."""
    name = root.find("EventName")
    if root.find(_TASK_ONLY) is None or name is None:
        return
    root.remove(name)
    etree.SubElement(root, "NonExistJobIds")


def _old_members(body: Members, _: Random) -> Members:
    members = inside(body)
    if _TASK_ONLY in members:
        members.pop("EventName", None)
    return body


def _asked_for_nobody(root: etree._Element, _: Random) -> None:
    if root.find(_TASK_ONLY) is not None and root.find("NonExistJobIds") is None:
        etree.SubElement(root, "NonExistJobIds")


class _Jittery(CallbackDispatcher):
    """Each callback takes its own time, so that any may overtake any."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._chance = Random(_SEED)  # noqa: S311 - no secret

    def _put_off(self, pending: PendingCallback, seconds: float) -> None:
        super()._put_off(pending, seconds * (0.3 + 1.4 * self._chance.random()))


DIALECTS = (
    Dialect(
        name="json-object",
        sentence="JobsDetail of a JSON callback is an object.",
        source="samples of Concat, Animation, PicProcess, Tts against VideoMontage, StreamExtract (436/85073 family)",
        override=bodies(json=_as_object),
    ),
    Dialect(
        name="json-wrapper",
        sentence="A JSON callback has the wrapper Response.",
        source="the tables of the callback pages name Response (436/85073), their samples leave it out",
        override=bodies(json=_wrapped),
    ),
    Dialect(
        name="json-numbers",
        sentence="JobLevel in a JSON callback is a number.",
        source="sample of 1045/50307 against all others",
        override=bodies(json=_numbers),
    ),
    Dialect(
        name="old-callback",
        sentence="Callbacks of jobs have no EventName and an empty NonExistJobIds.",
        source="1045/43607, 436/46412 and 436/47214 against 436/49074",
        override=bodies(xml=_old, json=_old_members, callbacks_only=True),
    ),
    Dialect(
        name="callback-with-unknown-jobs",
        sentence="Callbacks of jobs have an empty NonExistJobIds beside EventName.",
        source="1045/43607, 436/46412",
        override=bodies(xml=_asked_for_nobody, callbacks_only=True),
    ),
    Dialect(
        name="workflow-callback-without-root",
        sentence="WorkflowFinish in XML has no root Response.",
        source="1045/50341 and 460/80039 against 436/48042",
        override=Override(settings=lambda settings: replace(settings, workflow_root=False)),
    ),
    Dialect(
        name="duplicate-callbacks",
        sentence="Each callback is sent twice.",
        source="no page promises that it comes once",
        override=Override(settings=_delivery(copies=2)),
    ),
    Dialect(
        name="late-callbacks",
        sentence="Callbacks leave 0.3 s after the end.",
        source="no page says when they come",
        override=Override(settings=_delivery(delay=0.3)),
    ),
    Dialect(
        name="jittery-callbacks",
        sentence="Callbacks leave up to half a second after the end, each as it likes.",
        source="no page says when, and in which order, they come",
        override=Override(settings=_delivery(delay=0.3), delivery=mixed(_Jittery)),
    ),
    Dialect(
        name="callbacks-out-of-order",
        sentence="Every second callback leaves 0.2 s later, so that the next one overtakes it.",
        source="no page promises an order",
        override=Override(settings=_delivery(stagger=0.2)),
    ),
    Dialect(
        name="no-retries",
        sentence="A callback is tried once.",
        source="no page promises another attempt",
        override=Override(settings=_delivery(retry_after=())),
    ),
    Dialect(
        name="rule-read-at-submit",
        sentence="The queue's callback rule that counts is that of the moment when the job was accepted.",
        source="no page says when it is read",
        override=Override(settings=lambda settings: replace(settings, rule_read_at=RuleMoment.SUBMIT)),
    ),
)
