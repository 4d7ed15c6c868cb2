"""Builds the conforming transcript of scenario `callback` and changes its callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import msgspec
from transcripts import LATER, LATEST, Transcript, job_xml, operation_xml, queue_xml, response_xml, submit_xml

from ciq_conformance.areas.callback import labels as callback_steps
from ciq_conformance.driver.requests import CallbackRuleRequest, update_body
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import AnyRecord, Body, CallbackReceived, DriverEvent, Exchange

RECEIVER_URL = "http://203.0.113.9:8000/cb/secret"
OTHER_SCRIPT = "文件 夹/a+b%20&c/in.mp4"
"""Name of the second job's input."""
MEDIA_RESULT = "<MediaResult><OutputFile><ObjectName>0.jpg</ObjectName></OutputFile></MediaResult>"
Edit = Callable[[CallbackReceived], Iterable[CallbackReceived]]


def as_json(xml: str) -> str:
    """Returns the JSON form of an XML callback: no wrapper, no empty elements, JobsDetail an array."""

    def convert(element: ET.Element) -> object:
        if not len(element):
            return element.text or ""
        return {child.tag: convert(child) for child in element if len(child) or child.text}

    body = convert(ET.fromstring(xml))
    assert isinstance(body, dict)
    return json.dumps(body | {"JobsDetail": [body["JobsDetail"]]}, ensure_ascii=False)


def task_finish(job: str) -> str:
    """Returns a TaskFinish body around a JobsDetail; a successful job has a result container."""
    if "<State>Success</State>" in job:
        job = job.replace("</Operation>", f"{MEDIA_RESULT}</Operation>")
    return f"<Response><EventName>TaskFinish</EventName>{job}</Response>"


def put_rule(
    transcript: Transcript, step: str, *, status: int = 200, rule: CallbackRuleRequest | None = None
) -> Transcript:
    """Adds an update of the queue that sets its callback rule."""
    requested = rule or CallbackRuleRequest(url=RECEIVER_URL)
    return transcript.exchange(
        step,
        response_xml(queue_xml(container="Queue", rule=f"<State>{requested.state}</State>")),
        status=status,
        request=update_body(name="queue-1", state="Active", rule=requested).decode(),
        method="PUT",
        operation="update_queue",
    )


def submit(
    transcript: Transcript,
    step: str,
    job: str,
    *,
    operation: str | None = None,
    callback: str | None = None,
    source: str = "in.mp4",
) -> Transcript:
    """Adds an accepted job; `callback` is its own address, or `no`."""
    own = f"<CallBack>{escape(callback)}</CallBack></Request>" if callback else "</Request>"
    return transcript.exchange(
        step,
        response_xml(job),
        request=submit_xml(operation or operation_xml(), source=source).replace("</Request>", own),
        method="POST",
        target="/jobs",
        operation="submit_job",
    )


def describe(transcript: Transcript, step: str, *jobs: str) -> Transcript:
    """Adds a describe of jobs."""
    return transcript.exchange(step, response_xml(*jobs), target="/jobs/x", operation="describe_job")


def receive_callback(
    transcript: Transcript,
    channel: str,
    xml: str,
    form: Format = Format.XML,
    *,
    suffix: str = "",
    answered: int = 200,
) -> Transcript:
    """Adds a received callback."""
    seq = len(transcript.records) + 1
    received = CallbackReceived(
        seq=seq,
        scenario=transcript.scenario,
        feature=transcript.feature,
        channel=f"{transcript.feature}.{transcript.scenario}.{channel}",
        started=float(seq),
        ended=seq + 0.1,
        method="POST",
        target=f"/cb/secret{suffix}",
        headers=(("Content-Type", f"application/{form}"),),
        body=Body.of((as_json(xml) if form is Format.JSON else xml).encode()),
        answered=answered,
    )
    return replace(transcript, records=(*transcript.records, received))


def edit_callbacks(transcript: Transcript, edit: Edit) -> Transcript:
    """Replaces each callback by the callbacks that `edit` returns for it: none, one or several."""
    records = [
        new
        for record in transcript.records
        for new in (edit(record) if isinstance(record, CallbackReceived) else (record,))
    ]
    if records == list(transcript.records):
        raise AssertionError("the edit changes no callback")
    return replace(transcript, records=tuple(records))


def with_body(received: CallbackReceived, old: str, new: str) -> CallbackReceived:
    """Replaces text in the body of a callback."""
    return msgspec.structs.replace(received, body=Body.of(received.body.text.replace(old, new).encode()))


def replace_in_bodies(old: str, new: str) -> Callable[[Transcript], Transcript]:
    """Replaces text in all callback bodies."""
    return lambda transcript: edit_callbacks(transcript, lambda received: (with_body(received, old, new),))


def with_header(name: str, value: str | None) -> Callable[[Transcript], Transcript]:
    """Replaces the headers of all callbacks; None removes them."""
    headers = () if value is None else ((name, value),)
    return lambda transcript: edit_callbacks(transcript, lambda a: (msgspec.structs.replace(a, headers=headers),))


def without_callbacks(transcript: Transcript, *, waited: bool = True) -> Transcript:
    """Removes all callbacks; with `waited` the wait for them also expired."""
    removed = edit_callbacks(transcript, lambda _: ())
    return removed.event("expired", "callbacks did not come") if waited else removed


def joined(first: Transcript, second: Transcript) -> Transcript:
    """Appends the records of a second transcript after those of the first."""
    by = len(first.records) + 1
    later: list[AnyRecord] = []
    for record in second.records:
        if isinstance(record, Exchange | CallbackReceived):
            moved = {"seq": record.seq + by, "started": record.started + by, "ended": record.ended + by}
            later.append(msgspec.structs.replace(record, **moved))
        elif isinstance(record, DriverEvent):
            later.append(msgspec.structs.replace(record, seq=record.seq + by, at=record.at + by))
    return replace(first, records=(*first.records, *later))


def callbacks(feature: Feature = Feature.MEDIA, *, forms: Iterable[Format] = (Format.JSON, Format.XML)) -> Transcript:
    """Returns the transcript of scenario `callback` on a target that follows the documents."""
    transcript = Transcript("callback", feature)
    for form in forms:
        transcript = put_rule(transcript, callback_steps.RULES[form])
        jobs: list[tuple[str, str]] = []
        for step in callback_steps.BY_RULE[form]:
            job_id = f"j{len(transcript.records):031d}{form[0]}"
            special = step in callback_steps.SPECIAL[form]
            plain = step in callback_steps.PLAIN[form]
            if special:
                user_data = callback_steps.special_user_data("run callback special")
            elif plain:
                user_data = callback_steps.NUMERIC
            else:
                user_data = callback_steps.user_data_with_outer_blanks(f"run callback second {form}")
            folder = f"out/{callback_steps.SPECIAL_FOLDER}" if special else "out"
            source = "in.mp4" if plain or special else escape(OTHER_SCRIPT)
            fields = {"output": f"{folder}/${{Number}}.jpg", "user_data": escape(user_data), "level": "1"}
            accepted = job_xml(job_id, source=source, **fields)
            transcript = submit(transcript, step, accepted, operation=operation_xml(**fields), source=source)
            jobs.append((job_id, job_xml(job_id, "Success", source=source, started=LATER, ended=LATEST, **fields)))
        for job_id, ended in jobs:
            transcript = describe(transcript, callback_steps.Label.BEFORE, job_xml(job_id, "Running", started=LATER))
            channel = callback_steps.CHANNELS[form]
            suffix = callback_steps.ADDRESS_SUFFIX
            transcript = receive_callback(transcript, channel, task_finish(ended), form, suffix=suffix)
            transcript = describe(transcript, callback_steps.Label.AFTER, ended)
    return transcript
