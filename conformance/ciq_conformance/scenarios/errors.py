"""Scenario `errors`: requests that a service must refuse, then a good one that it must still serve."""

from collections.abc import Callable
from urllib.parse import urlsplit

from ciq_conformance.driver.orders import operation_xml, submit_body
from ciq_conformance.driver.stage import Stage
from ciq_conformance.scenarios.readiness import list_until_whole, make_active, unknown_queue_id
from ciq_conformance.steps.errors import EXPANDED, NO_SUCH_TAG, Step
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.records import Exchange

DIGEST_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg=="
"""Base64 of the MD5 of no bytes: a digest in good form of another body."""


def play(stage: Stage) -> None:
    """Play the scenario. Jobs that a target makes of bad requests are watched to their end."""
    make_active(stage, Step.PREPARE)
    began = stage.now()
    made: list[str] = []
    path = stage.spec.job_path
    for step, body in bad_submits(stage).items():
        reply = stage.calls.submit(step, body)
        path = urlsplit(reply.exchange.url.removeprefix(stage.profile.url.rstrip("/"))).path or path
        made += reply.job_ids
    made += _by_hand(stage, path)
    stage.calls.update_queue(Step.MALFORMED_UPDATE, stage.queue_id, b"<Request><Name>ciq</Name><State>")
    stage.calls.update_queue(Step.EMPTY_UPDATE, stage.queue_id, b"")
    stage.calls.raw(Step.UNKNOWN_PATH, "GET", "/ciq_no_such_path")
    stage.calls.raw(Step.UNKNOWN_METHOD, "PATCH", stage.spec.queue_path)
    _signatures(stage)
    made += _unsigned_submit(stage, path)
    list_until_whole(stage, began, Step.CONTROL, Step.LIST_AFTER, Step.CONTROL_WATCH)
    made = list(dict.fromkeys(made))
    stage.look(Step.DESCRIBE_MADE, made)
    stage.watch_ended(Step.WATCH, made)


def bad_submits(stage: Stage) -> dict[Step, bytes]:
    """Bodies of bad submits by step; each is good but for one thing, and names its step in UserData."""

    def good(step: Step, **changes: object) -> bytes:
        return submit_body([stage.order(step, **changes)])

    def without(step: Step, part: Callable[[Step], str]) -> bytes:
        whole = good(step).decode()
        piece = part(step)
        if piece not in whole:
            raise ValueError(f"{piece!r} is not in the body of {step}: the order's form has changed")
        return whole.replace(piece, "", 1).encode()

    def input_part(step: Step) -> str:
        whole = good(step).decode()
        return whole[whole.index("<Input>") : whole.index("</Input>") + len("</Input>")]

    bodies = {
        Step.MALFORMED: good(Step.MALFORMED).replace(b"</Operation>", b""),
        Step.EMPTY: b"",
        Step.WRONG_ROOT: good(Step.WRONG_ROOT).replace(b"Request>", b"Order>"),
        Step.NO_TAG: without(Step.NO_TAG, lambda step: f"<Tag>{stage.order(step).tag}</Tag>"),
        Step.NO_INPUT: without(Step.NO_INPUT, input_part),
        Step.NO_OPERATION: without(Step.NO_OPERATION, lambda step: operation_xml(stage.order(step))),
        Step.UNKNOWN_TAG: good(Step.UNKNOWN_TAG, tag=NO_SUCH_TAG),
        Step.UNKNOWN_QUEUE: good(Step.UNKNOWN_QUEUE, queue_id=unknown_queue_id(stage)),
        Step.ENTITY: _with_entity(good(Step.ENTITY, user_data="ENTITY-HERE")),
    }
    bodies[Step.EMPTY_INPUT] = good(Step.EMPTY_INPUT).replace(input_part(Step.EMPTY_INPUT).encode(), b"<Input/>")
    if stage.spec.feature is not Feature.FILE:
        step = Step.NO_OUTPUT_BUCKET
        bodies[step] = without(step, lambda step: f"<Bucket>{stage.order(step).bucket}</Bucket>")
    if stage.spec.job_callback_documented:
        bodies[Step.BAD_CALLBACK_FORMAT] = good(Step.BAD_CALLBACK_FORMAT, callback_format="YAML")
        end, message = b"</Request>", b"<CallBackType>TDMQ</CallBackType></Request>"
        bodies[Step.NO_MESSAGE_QUEUE] = good(Step.NO_MESSAGE_QUEUE).replace(end, message)
    if stage.spec.has_job_level:
        bodies[Step.BAD_LEVEL] = good(Step.BAD_LEVEL, level=7)
    return bodies | _beyond_limits(stage)


def _by_hand(stage: Stage, path: str) -> list[str]:
    """A submit with the digest of another body, and on a path of documents alone a tag that is none of theirs."""
    headers = {"Content-Type": "application/xml", "Content-MD5": DIGEST_OF_NOTHING}
    body = submit_body([stage.order(Step.OTHER_DIGEST)])
    replies = [stage.calls.raw(Step.OTHER_DIGEST, "POST", path, body, headers)]
    if not stage.spec.on_shared_path:
        foreign = stage.order(Step.FOREIGN_TAG, tag=FEATURES[Feature.MEDIA].tags[0], container=None)
        replies.append(stage.calls.submit(Step.FOREIGN_TAG, submit_body([foreign])))
    return [job.job_id for reply in replies for job in reply.jobs if job.job_id]


def _beyond_limits(stage: Stage) -> dict[Step, bytes]:
    """Bodies that go one beyond a documented limit: 1024 characters of UserData, 64 of a digital watermark's
    message, three watermarks (436/73198), one source of an archive at least (436/83112)."""

    def body(step: Step, **changes: object) -> bytes:
        return submit_body([stage.order(step, **changes)])

    words = stage.order(Step.LONG_USER_DATA).user_data or ""
    bodies = {Step.LONG_USER_DATA: body(Step.LONG_USER_DATA, user_data=words.ljust(1025, "."))}
    if stage.spec.feature is Feature.MEDIA:
        digital = f"<Message>{'m' * 65}</Message><Type>Text</Type><Version>V1</Version>"
        mark = "<Watermark><Type>Text</Type><LocMode>Absolute</LocMode><Dx>1</Dx><Dy>1</Dy></Watermark>"
        for step, marks in (
            (Step.LONG_WATERMARK, f"<DigitalWatermark>{digital}</DigitalWatermark>"),
            (Step.FOUR_WATERMARKS, mark * 4),
        ):
            bodies[step] = body(step, tag="Transcode", container=f"<Transcode/>{marks}")
    if stage.spec.feature is Feature.FILE:
        config = "<FileCompressConfig><Flatten>0</Flatten><Format>zip</Format></FileCompressConfig>"
        bodies[Step.NO_SOURCE] = body(Step.NO_SOURCE, tag="FileCompress", container=config)
    return bodies


def _with_entity(body: bytes) -> bytes:
    doctype = f'<!DOCTYPE Request [<!ENTITY ciq "{EXPANDED}">]><Request>'.encode()
    return body.replace(b"<Request>", doctype, 1).replace(b"ENTITY-HERE", b"&ciq;")


def _signatures(stage: Stage) -> None:
    declared = stage.profile.capabilities.get(Capability.SIGNATURE)
    if declared is False:
        return
    path = stage.spec.queue_path
    if stage.profile.credentials is not None or declared:
        stage.calls.raw(Step.UNSIGNED, "GET", path, signing="none")
    if stage.profile.credentials is not None:
        stage.calls.raw(Step.WRONG_SIGNATURE, "GET", path, signing="wrong")
        stage.calls.raw(Step.EXPIRED_SIGNATURE, "GET", path, signing="expired")


def _unsigned_submit(stage: Stage, path: str) -> list[str]:
    """Submit a good job without a signature where the target was seen to look at them; ids of what it makes of it."""
    seen = (r for r in stage.recorder.records if isinstance(r, Exchange) and r.feature == stage.spec.feature)
    if not any(exchange.step == Step.UNSIGNED and exchange.status in (401, 403) for exchange in seen):
        return []
    body = submit_body([stage.order(Step.UNSIGNED_SUBMIT)])
    reply = stage.calls.raw(Step.UNSIGNED_SUBMIT, "POST", path, body, signing="none")
    return reply.job_ids
