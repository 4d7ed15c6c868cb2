"""Faults that only callbacks in JSON have: a suite that reads only XML misses them."""

import msgspec

from ciq_mock.callback_rule import BodyFormat, Decision, Destination, Silence
from ciq_mock.engine import CallbackChoice
from ciq_mock.variants.faults.callback_changes import (
    JobMembers,
    bodies_of,
    decides,
    json_callbacks,
    json_jobs,
    json_member,
)
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import bodies
from ciq_schemas.features import Feature
from ciq_schemas.values import NotifyConfig


def _as_numbers(value: object) -> object:
    """Returns digits as floating-point numbers: long ones rounded, leading zeros lost."""
    if isinstance(value, dict):
        return {name: _as_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_numbers(inner) for inner in value]
    return float(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _digits_become_numbers(job: JobMembers) -> None:
    for name, value in list(job.items()):
        job[name] = _as_numbers(value)


def _says_running(job: JobMembers) -> None:
    if "State" in job:
        job["State"] = "Running"


def _second_job(body: bytes) -> bytes:
    whole = msgspec.json.decode(body)
    for job in whole.get("JobsDetail", ())[:1]:
        whole["JobsDetail"].append(job | {"JobId": job["JobId"][:-4] + "beef"})
    return msgspec.json.encode(whole)


def _no_json_to_job_address(_rule: NotifyConfig, choice: CallbackChoice, correct: Decision) -> Decision:
    lost = isinstance(correct, Destination) and correct.format is BodyFormat.JSON and choice.address
    return Silence(reason="a fault") if lost else correct


FAULTS = (
    Fault("json-level-drifts", "SHP-005", "JobLevel of JSON callbacks is higher by one than that of the job.", json_member("Operation", "JobLevel", lambda text: str(int(text) + 1))),
    Fault("json-digits-are-numbers", "SHP-011", "Texts of digits are numbers in JSON callbacks.", json_callbacks(_digits_become_numbers)),
    Fault("json-user-data-cut", "SHP-012", "UserData of JSON callbacks is cut at eight characters.", json_member("Operation", "UserData", lambda text: text[:8])),
    Fault("json-escaped-as-xml", "SHP-012", "JSON callbacks contain special characters of UserData as entities.", json_member("Operation", "UserData", lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))),
    Fault("json-says-running", "SHP-004", "JSON callbacks have State Running.", json_callbacks(_says_running)),
    Fault("json-event-of-own", "SHP-003", "EventName of JSON callbacks is JobFinish.", bodies(lambda body: body.replace(b'"TaskFinish"', b'"JobFinish"', 1), BodyFormat.JSON)),
    Fault("json-of-own-address-lost", "RUL-002", "A job with an own address has no callback in JSON.", decides(_no_json_to_job_address)),
    Fault("json-two-jobs", "DEL-002", "JSON callbacks contain a second job.", bodies(_second_job, BodyFormat.JSON)),
    Fault("json-without-level", "SHP-005", "JSON callbacks have no JobLevel.", json_callbacks(lambda job: job.get("Operation", {}).pop("JobLevel", None))),
    Fault("json-names-a-template", "SHP-008", "JSON callbacks have a TemplateId that XML callbacks do not have.", json_callbacks(lambda job: job["Operation"].update(TemplateId="t1460606b9752148c4ab182f55163ba7cd"))),
    Fault("speech-json-cut", "SHP-001", "JSON callbacks of speech jobs lack their last byte.", bodies_of(lambda body: body[:-1], BodyFormat.JSON, Feature.SPEECH), Feature.SPEECH),
    Fault("doc-json-without-tag", "SHP-002", "JSON callbacks of document jobs have no Tag.", bodies_of(json_jobs(lambda job: job.pop("Tag", None)), BodyFormat.JSON, Feature.DOC), Feature.DOC),
    Fault("ai-json-times-as-numbers", "SHP-007", "EndTime of JSON callbacks of AI jobs is a number of seconds.", bodies_of(json_jobs(lambda job: job.update(EndTime="1767600000")), BodyFormat.JSON, Feature.AI), Feature.AI),
)  # fmt: skip
