"""Scenario `errors`: requests that a service must reject, then a valid request that it must still accept."""

from collections.abc import Callable
from urllib.parse import urlsplit

from ciq_conformance.areas.errors.labels import EXPANDED, NO_SUCH_TAG, Label
from ciq_conformance.driver.queue_setup import list_until_whole, make_active, unknown_queue_id
from ciq_conformance.driver.requests import CallbackRuleRequest, operation_xml, submit_body, update_body
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.requirement import Capability

DIGEST_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg=="
"""Base64 of the MD5 of zero bytes: a well-formed digest of another body."""


def run(ctx: ScenarioContext) -> None:
    """Run the scenario. It waits until jobs that the target made of bad requests have ended."""
    make_active(ctx, Label.PREPARE)
    began = ctx.now()
    made: list[str] = []
    path = ctx.spec.job_path
    for step, body in bad_submits(ctx).items():
        response = ctx.calls.submit(step, body)
        path = urlsplit(response.exchange.url.removeprefix(ctx.profile.url.rstrip("/"))).path or path
        made += response.job_ids
    made += _submits_bad_outside_the_body(ctx, path)
    ctx.calls.update_queue(Label.MALFORMED_UPDATE, ctx.queue_id, b"<Request><Name>ciq</Name><State>")
    ctx.calls.update_queue(Label.EMPTY_UPDATE, ctx.queue_id, b"")
    ctx.calls.raw(Label.UNKNOWN_PATH, "GET", "/ciq_no_such_path")
    ctx.calls.raw(Label.UNKNOWN_METHOD, "PATCH", ctx.spec.queue_path)
    ctx.calls.list_queues(Label.QUEUES_BEFORE)
    ctx.calls.raw(Label.CREATE_QUEUE, "POST", ctx.spec.queue_path, new_queue())
    ctx.calls.list_queues(Label.QUEUES_AFTER)
    made += _signatures(ctx, path)
    list_until_whole(ctx, began, Label.CONTROL, Label.LIST_AFTER, Label.CONTROL_WATCH)
    made = list(dict.fromkeys(made))
    ctx.look(Label.DESCRIBE_MADE, made)
    ctx.watch_ended(Label.WATCH, made)
    ctx.calls.list_queues(Label.QUEUES_AFTER)


def new_queue() -> bytes:
    """Body of a request that would create a queue, in the form of an update."""
    rule = CallbackRuleRequest(state="Off", url=None, event=None, type=None)
    return update_body(name="ciq-second", state=QueueState.ACTIVE, rule=rule)


def bad_submits(ctx: ScenarioContext) -> dict[Label, bytes]:
    """Bodies of bad submits by label; each has one error, and its UserData contains the label."""

    def valid(step: Label, **changes: object) -> bytes:
        return submit_body([ctx.job_request(step, **changes)])

    def without(step: Label, part: Callable[[Label], str]) -> bytes:
        whole = valid(step).decode()
        piece = part(step)
        if piece not in whole:
            raise ValueError(f"{piece!r} is not in the body of {step}: the request format has changed")
        return whole.replace(piece, "", 1).encode()

    def input_part(step: Label) -> str:
        whole = valid(step).decode()
        return whole[whole.index("<Input>") : whole.index("</Input>") + len("</Input>")]

    bodies = {
        Label.MALFORMED: valid(Label.MALFORMED).replace(b"</Operation>", b""),
        Label.EMPTY: b"",
        Label.WRONG_ROOT: valid(Label.WRONG_ROOT).replace(b"Request>", b"Order>"),
        Label.NO_TAG: without(Label.NO_TAG, lambda step: f"<Tag>{ctx.job_request(step).tag}</Tag>"),
        Label.NO_INPUT: without(Label.NO_INPUT, input_part),
        Label.NO_OPERATION: without(Label.NO_OPERATION, lambda step: operation_xml(ctx.job_request(step))),
        Label.UNKNOWN_TAG: valid(Label.UNKNOWN_TAG, tag=NO_SUCH_TAG),
        Label.UNKNOWN_QUEUE: valid(Label.UNKNOWN_QUEUE, queue_id=unknown_queue_id(ctx)),
        Label.ENTITY: _with_entity(valid(Label.ENTITY, user_data="ENTITY-HERE")),
    }
    bodies[Label.EMPTY_INPUT] = valid(Label.EMPTY_INPUT).replace(input_part(Label.EMPTY_INPUT).encode(), b"<Input/>")
    if ctx.spec.feature is not Feature.FILE:
        step = Label.NO_OUTPUT_BUCKET
        bodies[step] = without(step, lambda step: f"<Bucket>{ctx.job_request(step).bucket}</Bucket>")
    if ctx.spec.job_callback_documented:
        bodies[Label.BAD_CALLBACK_FORMAT] = valid(Label.BAD_CALLBACK_FORMAT, callback_format="YAML")
        end, message = b"</Request>", b"<CallBackType>TDMQ</CallBackType></Request>"
        bodies[Label.NO_MESSAGE_QUEUE] = valid(Label.NO_MESSAGE_QUEUE).replace(end, message)
    if ctx.spec.has_job_level:
        bodies[Label.BAD_LEVEL] = valid(Label.BAD_LEVEL, level=7)
    return bodies | _beyond_limits(ctx)


def _submits_bad_outside_the_body(ctx: ScenarioContext, path: str) -> list[str]:
    """Send a submit with a wrong digest and, on the path of `doc`, a tag of `media`; return ids of jobs made."""
    headers = {"Content-Type": "application/xml", "Content-MD5": DIGEST_OF_NOTHING}
    body = submit_body([ctx.job_request(Label.OTHER_DIGEST)])
    responses = [ctx.calls.raw(Label.OTHER_DIGEST, "POST", path, body, headers)]
    if not ctx.spec.on_shared_path:
        foreign = ctx.job_request(Label.FOREIGN_TAG, tag=FEATURES[Feature.MEDIA].tags[0], container=None)
        responses.append(ctx.calls.submit(Label.FOREIGN_TAG, submit_body([foreign])))
    return [job.job_id for response in responses for job in response.jobs if job.job_id]


def _beyond_limits(ctx: ScenarioContext) -> dict[Label, bytes]:
    """Bodies that exceed a documented limit by one.

    Limits: 1024 characters of UserData, 64 characters of a digital watermark message, three watermarks (436/73198),
    at least one source of an archive (436/83112).
    """

    def body(step: Label, **changes: object) -> bytes:
        return submit_body([ctx.job_request(step, **changes)])

    user_data = ctx.job_request(Label.LONG_USER_DATA).user_data or ""
    bodies = {Label.LONG_USER_DATA: body(Label.LONG_USER_DATA, user_data=user_data.ljust(1025, "."))}
    if ctx.spec.feature is Feature.MEDIA:
        digital = f"<Message>{'m' * 65}</Message><Type>Text</Type><Version>V1</Version>"
        watermark = "<Watermark><Type>Text</Type><LocMode>Absolute</LocMode><Dx>1</Dx><Dy>1</Dy></Watermark>"
        for step, events in (
            (Label.LONG_WATERMARK, f"<DigitalWatermark>{digital}</DigitalWatermark>"),
            (Label.FOUR_WATERMARKS, watermark * 4),
        ):
            bodies[step] = body(step, tag="Transcode", container=f"<Transcode/>{events}")
    if ctx.spec.feature is Feature.FILE:
        config = "<FileCompressConfig><Flatten>0</Flatten><Format>zip</Format></FileCompressConfig>"
        bodies[Label.NO_SOURCE] = body(Label.NO_SOURCE, tag="FileCompress", container=config)
    return bodies


def _with_entity(body: bytes) -> bytes:
    doctype = f'<!DOCTYPE Request [<!ENTITY ciq "{EXPANDED}">]><Request>'.encode()
    return body.replace(b"<Request>", doctype, 1).replace(b"ENTITY-HERE", b"&ciq;")


def _signatures(ctx: ScenarioContext, path: str) -> list[str]:
    """Send requests with no signature or a wrong one, and a signed URL; return ids of jobs made.

    What a target accepts that does not verify signatures proves nothing: the last ones need a rejection first.
    """
    declared = ctx.profile.capabilities.get(Capability.SIGNATURE)
    has_keys = ctx.profile.credentials is not None
    if declared is False or not (has_keys or declared):
        return []
    queues = ctx.spec.queue_path
    unsigned = ctx.calls.raw(Label.UNSIGNED, "GET", queues, signing="none")
    verifies = unsigned.exchange.status in (401, 403)
    if has_keys:
        ctx.calls.raw(Label.WRONG_SIGNATURE, "GET", queues, signing="wrong")
        ctx.calls.raw(Label.EXPIRED_SIGNATURE, "GET", queues, signing="expired")
    if has_keys and verifies:
        ctx.calls.raw(Label.UNKNOWN_KEY, "GET", queues, signing="unknown-key")
        ctx.calls.raw(Label.OTHER_METHOD, "GET", queues, signing="other-method")
        ctx.calls.raw(Label.OTHER_PATH, "GET", queues, signing="other-path")
        ctx.calls.raw(Label.SIGNED_URL, "GET", queues, signing="in-url")
    if not verifies:
        return []
    body = submit_body([ctx.job_request(Label.UNSIGNED_SUBMIT)])
    return ctx.calls.raw(Label.UNSIGNED_SUBMIT, "POST", path, body, signing="none").job_ids
