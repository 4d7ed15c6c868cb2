"""Faults that only callbacks in JSON have: a suite that looks at XML misses them."""

from typing import Any

import msgspec

from ciq_mock.callback_rule import BodyFormat, Decision, Destination, Silence
from ciq_mock.engine import CallbackChoice
from ciq_mock.overrides import Override
from ciq_mock.variants.faults.callbacks import decides
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.scope import bodies_of, json_jobs
from ciq_mock.variants.middleware import bodies
from ciq_schemas.features import Feature
from ciq_schemas.values import NotifyConfig


def _jobs(**members: Any) -> Override:
    """Other values of members of JobsDetail, one function each."""

    def change(job: dict[str, Any]) -> None:
        for name, value in members.items():
            if name in job:
                job[name] = value(job[name])

    return bodies(json_jobs(change), BodyFormat.JSON)


def _operation(name: str, value: Any) -> Override:
    """Another value of a member of Operation."""

    def change(job: dict[str, Any]) -> None:
        operation = job.get("Operation")
        if isinstance(operation, dict) and name in operation:
            operation[name] = value(operation[name])

    return bodies(json_jobs(change), BodyFormat.JSON)


def _numbers(value: Any) -> Any:
    """Digits as a machine number, that is: rounded where they are many, without leading zeros."""
    if isinstance(value, dict):
        return {name: _numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return float(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _digits_become_numbers(job: dict[str, Any]) -> None:
    job.update(_numbers(job))


def _twice(body: bytes) -> bytes:
    whole = msgspec.json.decode(body)
    for job in whole.get("JobsDetail", ())[:1]:
        whole["JobsDetail"].append(job | {"JobId": job["JobId"][:-4] + "beef"})
    return msgspec.json.encode(whole)


def _none_in_json(_rule: NotifyConfig, choice: CallbackChoice, good: Decision) -> Decision:
    lost = isinstance(good, Destination) and good.format is BodyFormat.JSON and choice.address
    return Silence(reason="a fault") if lost else good


FAULTS = (
    Fault("json-level-drifts", "SHP-005", "JobLevel of JSON callbacks is one more than that of the job.", _operation("JobLevel", lambda text: str(int(text) + 1))),
    Fault("json-digits-are-numbers", "SHP-011", "Whatever looks like a number is one in JSON callbacks.", bodies(json_jobs(_digits_become_numbers), BodyFormat.JSON)),
    Fault("json-user-data-cut", "SHP-005", "UserData of JSON callbacks is cut at eight characters.", _operation("UserData", lambda text: text[:8])),
    Fault("json-escaped-as-xml", "SHP-012", "Special characters of UserData come as entities in JSON callbacks.", _operation("UserData", lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))),
    Fault("json-says-running", "SHP-004", "JSON callbacks say Running.", _jobs(State=lambda _text: "Running")),
    Fault("json-event-of-own", "SHP-003", "EventName of JSON callbacks is JobFinish.", bodies(lambda body: body.replace(b'"TaskFinish"', b'"JobFinish"', 1), BodyFormat.JSON)),
    Fault("json-of-own-address-lost", "RUL-002", "No callback goes to a job's own address in JSON.", decides(_none_in_json)),
    Fault("json-two-jobs", "DEL-002", "JSON callbacks tell of a second job.", bodies(_twice, BodyFormat.JSON)),
    Fault("json-without-level", "SHP-008", "JSON callbacks leave out what says the level.", bodies(json_jobs(lambda job: job.get("Operation", {}).pop("JobLevel", None)), BodyFormat.JSON)),
    Fault("speech-json-cut", "SHP-001", "JSON callbacks of speech jobs lose their last bracket.", bodies_of(lambda body: body[:-1], BodyFormat.JSON, Feature.SPEECH), Feature.SPEECH),
    Fault("doc-json-without-tag", "SHP-002", "JSON callbacks of document jobs have no Tag.", bodies_of(json_jobs(lambda job: job.pop("Tag", None)), BodyFormat.JSON, Feature.DOC), Feature.DOC),
    Fault("ai-json-times-as-numbers", "SHP-007", "EndTime of JSON callbacks of AI jobs is a number of seconds.", bodies_of(json_jobs(lambda job: job.update(EndTime="1767600000")), BodyFormat.JSON, Feature.AI), Feature.AI),
)  # fmt: skip
