"""Reads what the suite requested in a submit or an update, from the request body. Pure."""

from dataclasses import dataclass

from lxml import etree

from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.raw import child_text, children, root_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedJob:
    """One Operation of a submit, with the elements that all Operations share. None = the element was not sent."""

    tag: str | None
    user_data: str | None
    level: str | None
    input_object: str | None = None
    output: tuple[str | None, str | None, str | None] = (None, None, None)
    """Region, Bucket, Object."""
    queue_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedUpdate:
    """A queue update. None = the element was not sent."""

    name: str | None
    state: str | None
    url: str | None
    event: str | None
    type: str | None
    rule_state: str | None
    result_format: str | None


def requested_jobs(response: ParsedExchange) -> tuple[RequestedJob, ...]:
    """Returns the jobs of a submit, in the order of its Operations; empty for a body that cannot be read."""
    root = root_of(response.exchange.request_body.data)
    source = next(iter(children(root, "Input")), None)
    return tuple(
        RequestedJob(
            tag=child_text(operation, "Tag") or child_text(root, "Tag"),
            input_object=child_text(source, "Object"),
            output=_output(operation),
            user_data=child_text(operation, "UserData"),
            level=child_text(operation, "JobLevel"),
            queue_id=child_text(root, "QueueId"),
        )
        for operation in children(root, "Operation")
    )


def requested_job(response: ParsedExchange) -> RequestedJob:
    """Returns the job of a submit in the single form; raises ValueError for another request."""
    (job,) = requested_jobs(response)
    return job


def requested_update(response: ParsedExchange) -> RequestedUpdate:
    """Returns what a queue update requested."""
    root = root_of(response.exchange.request_body.data)
    rule = next(iter(children(root, "NotifyConfig")), None)
    return RequestedUpdate(
        name=child_text(root, "Name"),
        state=child_text(root, "State"),
        url=child_text(rule, "Url"),
        event=child_text(rule, "Event"),
        type=child_text(rule, "Type"),
        rule_state=child_text(rule, "State"),
        result_format=child_text(rule, "ResultFormat"),
    )


def _output(operation: etree._Element) -> tuple[str | None, str | None, str | None]:
    output = next(iter(children(operation, "Output")), None)
    return child_text(output, "Region"), child_text(output, "Bucket"), child_text(output, "Object")
