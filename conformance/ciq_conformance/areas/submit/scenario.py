"""Scenario `submit`: submits valid jobs in every documented form, and observes them to their end."""

import re
import string

from ciq_conformance.areas.submit.labels import ALTERABLE_USER_DATA, LEVELS, Label
from ciq_conformance.driver.non_ascii_keys import in_other_script
from ciq_conformance.driver.queue_setup import make_active
from ciq_conformance.driver.requests import JobRequest, submit_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.driver.slow_jobs import watch_slow
from ciq_schemas.features import Feature

SPECIAL = """<a b="1" c='2'> & &amp; &#65; ]]> <!-- no comment --> </a> 100%  two {"k": [1, 2]} \\ end"""
"""Characters that XML escapes, texts that look escaped, characters that JSON or URLs escape, and two spaces."""

OBJECT = re.compile(rb"(?<=<Input>)<Object>.*?</Object>")
NOWHERE = "http://ciq.invalid/nothing-here.mp3"
"""The top-level domain `invalid` never resolves (RFC 2606)."""


USER_DATA = re.compile(rb"(?<=<UserData>).*?(?=</UserData>)", re.DOTALL)


def as_references(first: str) -> bytes:
    """Returns XML text with a CDATA section and character references, for `FIRST <a> & b; 42 %AB`."""
    return f"{first} <![CDATA[<a> & b;]]> &#52;2 &#x25;&#65;&#66;".encode()


def printable(length: int, first: str) -> str:
    """Returns `length` characters: `first`, then all printable ASCII characters, repeated; no space at the end."""
    alphabet = string.digits + string.ascii_letters + string.punctuation + " "
    text = (first + " " + alphabet * (length // len(alphabet) + 1))[:length]
    return text[:-1] + "." if text.endswith(" ") else text


def run(ctx: ScenarioContext) -> None:
    """Submits the jobs, describes each at once, observes them to their end, and describes them again."""
    make_active(ctx, Label.PREPARE)
    ctx.calls.list_queues(Label.QUEUES)
    ids: list[str] = []

    def send(step: Label, order: JobRequest, *, shuffled: bool = False, user_data: bytes = b"") -> None:
        body = submit_body([order], shuffled=shuffled)
        if user_data:
            body = USER_DATA.sub(lambda _: user_data, body, count=1)
        response = ctx.calls.submit(step, body)
        new = response.job_ids
        ids.extend(new)
        if new:
            ctx.look(Label.DESCRIBE, new)

    send(Label.PLAIN, ctx.job_request(Label.PLAIN))
    if ctx.spec.has_job_level:
        for step, level in LEVELS.items():
            send(step, ctx.job_request(step, level=level))
    plain = ctx.job_request(Label.SPECIAL_USER_DATA)
    send(Label.SPECIAL_USER_DATA, plain.with_(user_data=f"{ctx.run_id} {SPECIAL}"))
    send(Label.LONG_USER_DATA, plain.with_(user_data=printable(1024, ctx.run_id)))
    for step, text in ALTERABLE_USER_DATA.items():
        send(step, ctx.job_request(step).with_(user_data=text))
    send(Label.BLANKS_USER_DATA, plain.with_(user_data=f" {ctx.run_id} {Label.BLANKS_USER_DATA}  "))
    send(Label.CDATA_USER_DATA, plain, user_data=as_references(ctx.run_id))
    equal = ctx.job_request("equal")
    send(Label.EQUAL_FIRST, equal)
    send(Label.EQUAL_SECOND, equal)
    send(Label.SHUFFLED, ctx.job_request(Label.SHUFFLED), shuffled=True)
    send(Label.WITHOUT_QUEUE, ctx.job_request(Label.WITHOUT_QUEUE, queue_id=None))
    send(Label.OTHER_SCRIPT, in_other_script(ctx.job_request(Label.OTHER_SCRIPT)))
    if ctx.spec.feature is Feature.SPEECH:
        both = ctx.job_request(Label.OBJECT_AND_URL)
        send(Label.OBJECT_AND_URL, both.with_(input_extra=f"{both.input_extra}<Url>{NOWHERE}</Url>"))
        exclusive = submit_body([ctx.job_request(Label.URL_ALONE)])
        ctx.calls.submit(Label.URL_ALONE, OBJECT.sub(f"<Url>{NOWHERE}</Url>".encode(), exclusive, count=1))
    if ctx.spec.extra_category:
        extra = ctx.spec.extra_category
        if ctx.calls.list_queues(Label.EXTRA_QUEUES, {"category": extra}).queue_list.queues:
            order = ctx.job_request(Label.TO_EXTRA_QUEUE, queue_id=None, queue_type=extra)
            ctx.calls.submit(Label.TO_EXTRA_QUEUE, submit_body([order]))
    known = list(dict.fromkeys(ids))
    watch_slow(ctx, Label.WATCH, known)
    ctx.look(Label.ENDED, known)
