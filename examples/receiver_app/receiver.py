"""A small application that receives job callbacks and books each finished job once, in every form of the notice.

It handles XML or JSON bodies, JSON with `JobsDetail` as a list or as one object, with or without the `Response`
wrapper, the same notice twice and failed jobs. Its address contains a secret, because callbacks have no signature.
"""

import hmac
import json
from dataclasses import dataclass, field

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


@dataclass(frozen=True)
class FinishedJob:
    """The data that the application stores of a finished job."""

    job_id: str
    succeeded: bool
    reason: str
    user_data: str


@dataclass
class Ledger:
    """Finished jobs by id; a repeated notice is booked once."""

    jobs: dict[str, FinishedJob] = field(default_factory=dict)
    repeats: int = 0

    def book(self, job: FinishedJob) -> None:
        """Add a job unless it is stored already."""
        if job.job_id in self.jobs:
            self.repeats += 1
        else:
            self.jobs[job.job_id] = job


BOM = b"\xef\xbb\xbf"
"""Byte order mark of UTF-8, which some programs put before JSON; `json.loads` reads it."""


class NotANoticeError(ValueError):
    """The body is not a notice of finished jobs."""


def read_notice(body: bytes) -> list[FinishedJob]:
    """Read a notice, XML or JSON; one of a workflow names no job. Raise NotANoticeError for anything else."""
    notice = _from_json(body) if body.removeprefix(BOM).lstrip()[:1] == b"{" else _from_xml(body)
    details = notice.get("JobsDetail", [])
    jobs = [_job(detail) for detail in (details if isinstance(details, list) else [details])]
    if not jobs and "WorkflowExecution" not in notice:
        raise NotANoticeError("the notice names no job")
    return jobs


def _from_json(body: bytes) -> dict[str, object]:
    try:
        notice = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotANoticeError(f"not JSON: {error}") from None
    inner = notice.get("Response", notice)
    return inner if isinstance(inner, dict) else {}


def _from_xml(body: bytes) -> dict[str, object]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NotANoticeError(f"not XML: {error}") from None
    notice: dict[str, object] = {str(child.tag): True for child in root if isinstance(child.tag, str)}
    return notice | {"JobsDetail": [_element(child) for child in root.iterfind("JobsDetail")]}


def _element(element: etree._Element) -> dict[str, object]:
    return {str(child.tag): _element(child) if len(child) else child.text or "" for child in element}


def _job(detail: object) -> FinishedJob:
    if not isinstance(detail, dict) or not detail.get("JobId"):
        raise NotANoticeError("a job in the notice has no JobId")
    operation = detail.get("Operation")
    return FinishedJob(
        job_id=str(detail["JobId"]),
        succeeded=detail.get("State") == "Success",
        reason=f"{detail.get('Code', '')}: {detail.get('Message', '')}",
        user_data=str(operation.get("UserData", "")) if isinstance(operation, dict) else "",
    )


def application(ledger: Ledger, *, secret: str) -> Starlette:
    """Return the application: it listens on POST /callbacks/<secret>."""

    async def callbacks(request: Request) -> Response:
        if not hmac.compare_digest(request.path_params["secret"].encode(), secret.encode()):
            return PlainTextResponse("unknown address", status_code=404)
        try:
            for job in read_notice(await request.body()):
                ledger.book(job)
        except NotANoticeError as error:
            return PlainTextResponse(str(error), status_code=400)
        return PlainTextResponse("booked")

    return Starlette(routes=[Route("/callbacks/{secret}", callbacks, methods=["POST"])])
