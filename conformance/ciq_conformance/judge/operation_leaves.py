"""Reads the parameters of a job's tag as text by path, in a request and in a response.

It reads the raw elements, because no typed value covers the containers of all tags.
"""

from collections.abc import Iterator, Mapping

from lxml import etree

from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange

_COMMON = frozenset({"Tag", "Output", "UserData", "JobLevel", "TemplateId"})
"""Elements that are not parameters of the tag; each has its own requirement."""


def requested_parameters(submit: ParsedExchange) -> Mapping[str, str]:
    """Returns the parameters in the first Operation of a submit: `Snapshot/Mode` -> `Interval`."""
    root = raw.root_of(submit.exchange.request_body.data)
    return _of_operation(next(iter(raw.children(root, "Operation")), None))


def returned_parameters(response: ParsedExchange, job_id: str) -> Mapping[str, str] | None:
    """Returns the parameters of one job in a response; None when the response does not contain the job."""
    for job in raw.children(raw.response_root(response), "JobsDetail"):
        if raw.child_text(job, "JobId") == job_id:
            return _of_operation(next(iter(raw.children(job, "Operation")), None))
    return None


def _of_operation(operation: etree._Element | None) -> dict[str, str]:
    containers = (child for child in raw.children(operation) if raw.name_of(child) not in _COMMON)
    return {path: text for container in containers for path, text in _leaves(container, "")}


def _leaves(element: etree._Element, above: str) -> Iterator[tuple[str, str]]:
    path = f"{above}{raw.name_of(element)}"
    inner = raw.children(element)
    if not inner and (element.text or "").strip():
        yield path, (element.text or "").strip()
    for child in inner:
        yield from _leaves(child, f"{path}/")
