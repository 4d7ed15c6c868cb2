"""Transcripts of the callback side, made by hand: a right target's conversation, and changes to its callbacks."""

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

TOLD_AT = "http://203.0.113.9:8000/cb/secret"
OTHER_SCRIPT = "文件 夹/a+b%20&c/in.mp4"
"""Name of the second job's input."""
Edit = Callable[[CallbackReceived], Iterable[CallbackReceived]]


def as_json(xml: str) -> str:
    """The JSON dress of a callback in XML: no wrapper, empty elements left out, JobsDetail an array."""

    def turn(element: ET.Element) -> object:
        if not len(element):
            return element.text or ""
        return {child.tag: turn(child) for child in element if len(child) or child.text}

    body = turn(ET.fromstring(xml))
    assert isinstance(body, dict)
    return json.dumps(body | {"JobsDetail": [body["JobsDetail"]]}, ensure_ascii=False)


def task_finish(job: str) -> str:
    """A TaskFinish body around a JobsDetail."""
    return f"<Response><EventName>TaskFinish</EventName>{job}</Response>"


def put_rule(
    transcript: Transcript, step: str, *, status: int = 200, rule: CallbackRuleRequest | None = None
) -> Transcript:
    """The queue's rule is set."""
    order = rule or CallbackRuleRequest(url=TOLD_AT)
    return transcript.say(
        step,
        response_xml(queue_xml(container="Queue", rule=f"<State>{order.state}</State>")),
        status=status,
        request=update_body(name="queue-1", state="Active", rule=order).decode(),
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
    """A job is accepted; `callback` is its own address, or `no`."""
    own = f"<CallBack>{escape(callback)}</CallBack></Request>" if callback else "</Request>"
    return transcript.say(
        step,
        response_xml(job),
        request=submit_xml(operation or operation_xml(), source=source).replace("</Request>", own),
        method="POST",
        target="/jobs",
        operation="submit_job",
    )


def look(transcript: Transcript, step: str, *jobs: str) -> Transcript:
    """Jobs are described."""
    return transcript.say(step, response_xml(*jobs), target="/jobs/x", operation="describe_job")


def tell(
    transcript: Transcript,
    channel: str,
    xml: str,
    form: Format = Format.XML,
    *,
    suffix: str = "",
    answered: int = 200,
) -> Transcript:
    """A callback arrives."""
    seq = len(transcript.records) + 1
    arrival = CallbackReceived(
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
    return replace(transcript, records=(*transcript.records, arrival))


def retold(transcript: Transcript, edit: Edit) -> Transcript:
    """Other arrivals: each is replaced by what `edit` makes of it, nothing or several included."""
    records = [
        new
        for record in transcript.records
        for new in (edit(record) if isinstance(record, CallbackReceived) else (record,))
    ]
    if records == list(transcript.records):
        raise AssertionError("the edit changes no arrival")
    return replace(transcript, records=tuple(records))


def with_body(arrival: CallbackReceived, old: str, new: str) -> CallbackReceived:
    """The arrival with other text in its body."""
    return msgspec.structs.replace(arrival, body=Body.of(arrival.body.text.replace(old, new).encode()))


def say_otherwise(old: str, new: str) -> Callable[[Transcript], Transcript]:
    """Replace text in all callback bodies."""
    return lambda transcript: retold(transcript, lambda arrival: (with_body(arrival, old, new),))


def with_header(name: str, value: str | None) -> Callable[[Transcript], Transcript]:
    """Other headers of all callbacks; None leaves none."""
    headers = () if value is None else ((name, value),)
    return lambda transcript: retold(transcript, lambda a: (msgspec.structs.replace(a, headers=headers),))


def silent(transcript: Transcript, *, waited: bool = True) -> Transcript:
    """No callback came, and the wait for them was sat out (or not)."""
    quiet = retold(transcript, lambda _: ())
    return quiet.mark("expired", "callbacks did not come") if waited else quiet


def followed_by(first: Transcript, second: Transcript) -> Transcript:
    """One run in which the second conversation comes after the first."""
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
    """Scenario `callback` on a service that does as the documents say."""
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
                user_data = callback_steps.blank_ended(f"run callback second {form}")
            folder = f"out/{callback_steps.SPECIAL_FOLDER}" if special else "out"
            source = "in.mp4" if plain or special else escape(OTHER_SCRIPT)
            said = {"output": f"{folder}/${{Number}}.jpg", "user_data": escape(user_data), "level": "1"}
            accepted = job_xml(job_id, source=source, **said)
            transcript = submit(transcript, step, accepted, operation=operation_xml(**said), source=source)
            jobs.append((job_id, job_xml(job_id, "Success", source=source, started=LATER, ended=LATEST, **said)))
        for job_id, ended in jobs:
            transcript = look(transcript, callback_steps.Label.BEFORE, job_xml(job_id, "Running", started=LATER))
            channel = callback_steps.CHANNELS[form]
            suffix = callback_steps.ADDRESS_SUFFIX
            transcript = tell(transcript, channel, task_finish(ended), form, suffix=suffix)
            transcript = look(transcript, callback_steps.Label.AFTER, ended)
    return transcript
