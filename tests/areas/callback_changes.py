"""Changes of the callbacks of a transcript, and the requirements of the scenario `callback`."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import msgspec
from callback_transcripts import Edit, edit_callbacks, with_body, without_callbacks
from transcripts import LATER, LATEST, Change, Transcript

from ciq_conformance.areas.callback.labels import Label
from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.registry import load_checks
from ciq_schemas.requirement import Format, load_registry
from ciq_schemas.transcript.records import Body, CallbackReceived

load_checks()

XML, JSON = Format.XML, Format.JSON
MEASURED = {"SHP-009"}
ITEMS = [
    (requirement.id, form)
    for requirement in load_registry()
    if str(scenario_of(requirement.id)) == "callback"
    for form in (requirement.formats or (None,))
]
BOTH = (XML, JSON)


def with_copies(count: int, *, old: str = "", new: str = "") -> Edit:
    """Sends each callback `count` times, the later ones with other text."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        yield arrival
        for at in range(1, count):
            later = with_body(arrival, old, new) if old else arrival
            yield msgspec.structs.replace(later, started=arrival.started + at)

    return edit


def with_job_twice(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    """Puts the job twice into one body."""
    text = arrival.body.text
    if text.startswith("<"):
        job = text[text.index("<JobsDetail>") : text.index("</Response>")]
        yield with_body(arrival, job, job + job)
    else:
        job = text[text.index("[") + 1 : text.rindex("]")]
        yield with_body(arrival, job, f"{job}, {job}")


def compressed(arrival: CallbackReceived, *, declared: bool = False) -> CallbackReceived:
    """Compresses a body with gzip; `declared` adds the Content-Encoding."""
    headers = (*arrival.headers, ("Content-Encoding", "gzip")) if declared else arrival.headers
    body = Body.of(gzip.compress(arrival.body.data, mtime=0))
    return msgspec.structs.replace(arrival, body=body, headers=headers)


def truncated(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    """Cuts off the end of the body."""
    yield msgspec.structs.replace(arrival, body=Body.of(arrival.body.data[:-9]))


def truncated_at_4096(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    """Cuts off the body after 4096 bytes."""
    yield msgspec.structs.replace(arrival, body=Body.of(arrival.body.data[:4096]))


def sent_by_put(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    """Sends the callback by PUT."""
    yield msgspec.structs.replace(arrival, method="PUT")


def without_elements(*names: str) -> Change:
    """Removes elements from every body."""

    def edit(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
        text = arrival.body.text
        for name in names:
            if text.startswith("<"):
                head, _, rest = text.partition(f"<{name}>")
                text = head + rest.partition(f"</{name}>")[2] if rest else text
            else:
                body = msgspec.json.decode(text)
                _remove(body, name)
                text = msgspec.json.encode(body).decode()
        yield msgspec.structs.replace(arrival, body=Body.of(text.encode()))

    return lambda transcript: edit_callbacks(transcript, edit)


def _remove(value: object, name: str) -> None:
    if isinstance(value, dict):
        value.pop(name, None)
        for child in value.values():
            _remove(child, name)
    elif isinstance(value, list):
        for child in value:
            _remove(child, name)


def at_target(target: str) -> Change:
    """Sends all callbacks to another request target."""
    return lambda t: edit_callbacks(t, lambda a: (msgspec.structs.replace(a, target=target),))


def only_in(form: Format, change: Change) -> Change:
    """Applies a change to the bodies of one form only."""

    def apply(transcript: Transcript) -> Transcript:
        changed = iter(r for r in change(transcript).records if isinstance(r, CallbackReceived))
        return edit_callbacks(
            transcript, lambda a: (new,) if ((new := next(changed)).body.text[:1] == "{") == (form is JSON) else (a,)
        )

    return apply


def in_describe(old: str, new: str, *steps: Label) -> Change:
    """Replaces text in the describe responses after the callback."""

    def change(transcript: Transcript) -> Transcript:
        for step in steps or (Label.AFTER,):
            transcript = transcript.edited(step, old, new)
        return transcript

    return change


def with_job_never_ended(transcript: Transcript) -> Transcript:
    """Removes the callbacks and shows the job as running until the end."""
    return in_describe("<State>Success</State>", "<State>Running</State>")(without_callbacks(transcript))


def with_different_duplicate(transcript: Transcript) -> Transcript:
    """Sends each callback twice with different content."""
    return edit_callbacks(transcript, with_copies(2, old=LATEST, new=LATER))


def at_the_previous_url(transcript: Transcript) -> Transcript:
    """Attributes each callback to the channel of the previous rule."""
    return edit_callbacks(transcript, lambda a: (msgspec.structs.replace(a, channel="media.callback.json"),))


def with_reversed_json(arrival: CallbackReceived) -> Iterable[CallbackReceived]:
    """Reverses the order of the members of a JSON body."""

    def convert(value: object) -> object:
        if isinstance(value, dict):
            return {name: convert(value[name]) for name in reversed(value)}
        return [convert(entry) for entry in value] if isinstance(value, list) else value

    yield with_json(arrival, convert)


def with_json(arrival: CallbackReceived, convert: Change | object) -> CallbackReceived:
    """Converts the body of a JSON callback; an XML callback is unchanged."""
    if not arrival.body.text.startswith("{"):
        return arrival
    assert callable(convert)
    body = convert(msgspec.json.decode(arrival.body.data))
    return msgspec.structs.replace(arrival, body=Body(text=msgspec.json.encode(body).decode()))


def in_json(convert: object) -> Change:
    """Converts the bodies of all JSON callbacks."""
    return lambda transcript: edit_callbacks(transcript, lambda arrival: (with_json(arrival, convert),))
