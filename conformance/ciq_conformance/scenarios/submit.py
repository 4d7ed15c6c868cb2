"""Scenario `submit`: good jobs in every documented dress, submitted at once, watched together to their end."""

import re
import string

from ciq_conformance.driver.orders import JobOrder, submit_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.other_script import in_other_script
from ciq_conformance.scenarios.readiness import make_active
from ciq_conformance.scenarios.slow_jobs import watch_slow
from ciq_conformance.steps.submit import LEVELS, MISREAD, Step
from ciq_schemas.features import Feature

SPECIAL = """<a b="1" c='2'> & &amp; &#65; ]]> <!-- no comment --> </a> 100%  two {"k": [1, 2]} \\ end"""
"""What XML must escape, what looks escaped already, what other dresses would escape, and two blanks in a row."""

OBJECT = re.compile(rb"(?<=<Input>)<Object>.*?</Object>")
NOWHERE = "http://ciq.invalid/nothing-here.mp3"
"""No name below `invalid` is ever found (RFC 2606)."""


def printable(length: int, first: str) -> str:
    """`length` printable ASCII characters beginning with `first`: all of them, over and over, no blank at an end."""
    alphabet = string.digits + string.ascii_letters + string.punctuation + " "
    text = (first + " " + alphabet * (length // len(alphabet) + 1))[:length]
    return text[:-1] + "." if text.endswith(" ") else text


def play(stage: Stage) -> None:
    """Submit, describe at once, watch to the end, describe again."""
    make_active(stage, Step.PREPARE)
    stage.calls.list_queues(Step.QUEUES)
    ids: list[str] = []

    def send(step: Step, order: JobOrder, *, shuffled: bool = False) -> None:
        reply = stage.calls.submit(step, submit_body([order], shuffled=shuffled))
        new = reply.job_ids
        ids.extend(new)
        if new:
            stage.look(Step.DESCRIBE, new)

    send(Step.PLAIN, stage.order(Step.PLAIN))
    if stage.spec.has_job_level:
        for step, level in LEVELS.items():
            send(step, stage.order(step, level=level))
    plain = stage.order(Step.SPECIAL_USER_DATA)
    send(Step.SPECIAL_USER_DATA, plain.with_(user_data=f"{stage.run_id} {SPECIAL}"))
    send(Step.LONG_USER_DATA, plain.with_(user_data=printable(1024, stage.run_id)))
    for step, text in MISREAD.items():
        send(step, stage.order(step).with_(user_data=text))
    send(Step.BLANKS_USER_DATA, plain.with_(user_data=f" {stage.run_id} {Step.BLANKS_USER_DATA}  "))
    equal = stage.order("equal")
    send(Step.EQUAL_FIRST, equal)
    send(Step.EQUAL_SECOND, equal)
    send(Step.SHUFFLED, stage.order(Step.SHUFFLED), shuffled=True)
    send(Step.WITHOUT_QUEUE, stage.order(Step.WITHOUT_QUEUE, queue_id=None))
    send(Step.OTHER_SCRIPT, in_other_script(stage.order(Step.OTHER_SCRIPT)))
    if stage.spec.feature is Feature.SPEECH:
        both = stage.order(Step.OBJECT_AND_URL)
        send(Step.OBJECT_AND_URL, both.with_(input_extra=f"{both.input_extra}<Url>{NOWHERE}</Url>"))
        alone = submit_body([stage.order(Step.URL_ALONE)])
        stage.calls.submit(Step.URL_ALONE, OBJECT.sub(f"<Url>{NOWHERE}</Url>".encode(), alone, count=1))
    if stage.spec.extra_category:
        extra = stage.spec.extra_category
        if stage.calls.list_queues(Step.EXTRA_QUEUES, {"category": extra}).queue_list.queues:
            order = stage.order(Step.TO_EXTRA_QUEUE, queue_id=None, queue_type=extra)
            stage.calls.submit(Step.TO_EXTRA_QUEUE, submit_body([order]))
    known = list(dict.fromkeys(ids))
    watch_slow(stage, Step.WATCH, known)
    stage.look(Step.ENDED, known)
