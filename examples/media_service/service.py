"""A small job service with media queues, written from docs/implementing.md with the standard library only.

Start it with `python examples/media_service/service.py --port 8080`. The work of a job is simulated.
"""

import argparse
import base64
import hashlib
import re
import signal
import sys
import threading
import urllib.parse
import uuid
from collections.abc import Callable
from copy import deepcopy
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

from documents import ApiError, element, leaf, read_request, read_time, to_xml, write_time
from job_queue import NO_RULE, Job, JobQueue

HOST = re.compile(r"(?:(?P<bucket>[a-z0-9-]+-\d+)\.)?ci\.(?P<region>[a-z0-9-]+)\.myqcloud\.com(?::\d+)?")
NAME = re.compile(r"[\w*\-]{1,128}")
TAGS = ("Snapshot", "Transcode", "Animation")
JOB_STATES = {"Submitted", "Running", "Success", "Failed", "Pause", "Cancel"}
MOST_IDS = 10
MOST_OPERATIONS = 6
LENGTHS = {"UserData": 1024, "DigitalWatermark/Message": 64}


def expect(condition: bool, message: str) -> None:
    """Rejects the request with InvalidArgument if a condition does not hold."""
    if not condition:
        raise ApiError("InvalidArgument", message)


class Service:
    """The queues of the buckets in which media processing is active, by bucket and region."""

    def __init__(self, *, workers: int, job_seconds: float) -> None:
        self.workers, self.job_seconds = workers, job_seconds
        self.queues: dict[tuple[str, str], JobQueue] = {}
        self.lock = threading.Lock()


class Call:
    """One request, with one method for each call of the service."""

    def __init__(self, service: Service, headers: Message, query: str, body: bytes, request_id: str) -> None:
        found, digest = HOST.fullmatch(headers.get("Host", "")), headers.get("Content-MD5")
        if found is None:
            raise ApiError("InvalidHost", "expected the Host BUCKET-APPID.ci.REGION.myqcloud.com")
        if digest and digest != base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode():
            raise ApiError("InvalidContent", "the body does not match Content-MD5")
        self.service, self.body, self.request_id = service, body, request_id
        self.bucket, self.region = found["bucket"] or "", found["region"]
        self.cancels = "cancel" in urllib.parse.parse_qs(query, keep_blank_values=True)
        self.params = dict(urllib.parse.parse_qsl(query))  # leaves out empty parameters: they count as absent

    def response(self, *children: ET.Element, **leaves: object) -> ET.Element:
        """Returns the document of an answer."""
        return element("Response", *children, RequestId=self.request_id, **leaves)

    def number(self, name: str, default: int, most: int = 10**9) -> int:
        """Returns a positive number of the query."""
        text = self.params.get(name, str(default))
        expect(re.fullmatch(r"[0-9]{1,9}", text) is not None and 1 <= int(text) <= most, f"{name}: {text!r}")
        return int(text)

    def values(self, name: str) -> list[str]:
        """Returns the values of a comma-separated parameter."""
        return [value for value in self.params.get(name, "").split(",") if value]

    def page(self, items: list[ET.Element], most: int = 10**9) -> ET.Element:
        """Returns one page of a list."""
        number, size = self.number("pageNumber", 1), self.number("pageSize", 10, most)
        shown = items[(number - 1) * size : number * size]
        return self.response(*shown, TotalCount=len(items), PageNumber=number, PageSize=size)

    def queue(self) -> JobQueue:
        """Returns the queue of the bucket that Host names."""
        queue = self.service.queues.get((self.bucket, self.region))
        if queue is None:
            raise ApiError("MediaBucketUnBinded", "media processing is not active in this bucket")
        return queue

    def activate(self) -> ET.Element:
        """Activates media processing, which creates the queue; a second activation changes nothing."""
        queues, key = self.service.queues, (self.bucket, self.region)
        expect(self.bucket != "", "Host names no bucket")
        with self.service.lock:
            if key not in queues:
                queues[key] = JobQueue(*key, self.service.workers, self.service.job_seconds)
            return self.response(bucket_xml("MediaBucket", queues[key]))

    def deactivate(self) -> ET.Element:
        """Deactivates media processing, which deletes the queue."""
        with self.service.lock:
            self.queue().update(state="Deleted")
            del self.service.queues[self.bucket, self.region]
        return self.response(BucketName=self.bucket)

    def list_buckets(self) -> ET.Element:
        """Lists the active buckets."""
        names, prefix, regions = self.values("bucketNames"), self.params.get("bucketName", ""), self.values("regions")
        with self.service.lock:
            found = [
                bucket_xml("MediaBucketList", queue)
                for (bucket, region), queue in self.service.queues.items()
                if (not names or bucket in names) and bucket.startswith(prefix) and (not regions or region in regions)
            ]
        return self.page(found, most=100)

    def list_queues(self) -> ET.Element:
        """Lists the queue: by id if the request has queueIds, otherwise by page."""
        queue, ids = self.queue(), self.values("queueIds")
        expect(len(ids) <= MOST_IDS, f"queueIds: more than {MOST_IDS} ids")
        with queue.changed:
            shown = (
                self.params.get("state", "All") in ("All", queue.state)
                and self.params.get("category", "Transcoding") in ("Transcoding", "CateAll")
                and (not ids or queue.id in ids)
            )
            found = [queue.xml("QueueList")] if shown else []
        if not ids:
            return self.page(found)
        return self.response(*found, *(leaf("NonExistPIDs", unknown) for unknown in ids if unknown != queue.id))

    def update_queue(self, queue_id: str) -> ET.Element:
        """Updates name, state and callback rule; the path determines the queue, the body may repeat its id."""
        queue, root = self.queue(), read_request(self.body)
        if queue_id != queue.id:
            raise ApiError("QueueNotFound", f"{queue_id} does not exist", 404)
        name, state, config = root.findtext("Name"), root.findtext("State"), root.find("NotifyConfig")
        expect(name is None or NAME.fullmatch(name) is not None, "Name: at most 128 letters, digits, _ - *")
        expect(state in (None, "Active", "Paused"), f"State: {state!r}")
        with queue.changed:
            queue.update(name=name, state=state, rule=None if config is None else read_rule(config))
            return self.response(queue.xml("Queue"))

    def submit(self) -> ET.Element:
        """Accepts one job for each Operation, or none if one of them is invalid."""
        queue, root = self.queue(), read_request(self.body)
        if root.findtext("QueueId") not in (None, "", queue.id):
            raise ApiError("QueueNotFound", "QueueId names no queue of media processing")
        operations = root.findall("Operation")
        expect(1 <= len(operations) <= MOST_OPERATIONS, f"Operation: 1 to {MOST_OPERATIONS} are allowed")
        expect(bool(root.findtext("Input/Object")), "Input.Object is missing")
        expect(root.findtext("CallBackFormat") in (None, "", "XML", "JSON"), "CallBackFormat: XML or JSON")
        expect(root.findtext("CallBackType") in (None, "", "Url"), "CallBackType: only Url is offered")
        jobs = [read_job(queue, root, operation) for operation in operations]
        with queue.changed:
            queue.add(jobs)
            return self.response(*(job.xml() for job in jobs))

    def describe(self, ids: list[str]) -> ET.Element:
        """Describes jobs and names the unknown ids."""
        queue = self.queue()
        expect(len(ids) <= MOST_IDS, f"more than {MOST_IDS} ids")
        with queue.changed:
            jobs = [queue.jobs[job_id] for job_id in dict.fromkeys(ids) if job_id in queue.jobs]
            unknown = [leaf("NonExistJobIds", job_id) for job_id in ids if job_id not in queue.jobs]
            return self.response(*(job.xml() for job in jobs), *unknown)

    def list_jobs(self) -> ET.Element:
        """Lists jobs of a tag. A page starts after the job that NextToken names: new jobs shift no page."""
        queue, params = self.queue(), self.params
        size, order = self.number("size", 10, most=100), params.get("orderByTime", "Desc")
        states = set(self.values("states")) - {"All"} or JOB_STATES
        expect("tag" in params, "tag is missing")
        expect(order in ("Asc", "Desc") and states <= JOB_STATES, "orderByTime or states")
        first = read_time(params.get("startCreationTime", "1970-01-02T00:00:00+0800"))
        last = read_time(params.get("endCreationTime", "2999-01-01T00:00:00+0800"))
        step = 1 if order == "Asc" else -1
        after = self.number("nextToken", 1) * step if "nextToken" in params else -(10**9)
        with queue.changed:
            found = [
                job
                for job in list(queue.jobs.values())[::step]
                if job.tag == params["tag"]
                and params.get("queueId", queue.id) == queue.id
                and params.get("inputObject", job.input_object) == job.input_object
                and job.shown_state in states
                and first <= job.created <= last
                and job.number * step > after
            ]
            shown = [job.xml() for job in found[:size]]
        more = [leaf("NextToken", str(found[size - 1].number))] if len(found) > size else []
        return self.response(*shown, *more)

    def cancel(self, ids: list[str]) -> None:
        """Cancels those of the jobs that wait."""
        queue = self.queue()
        expect(self.cancels, "the only action on a job is cancel")
        known = [queue.jobs[job_id] for job_id in ids if job_id in queue.jobs]
        if not known:
            raise ApiError("ResourceNotFound", "no such job")
        for job in known:
            queue.cancel(job)


def bucket_xml(name: str, queue: JobQueue) -> ET.Element:
    """Returns MediaBucket or MediaBucketList."""
    created = write_time(queue.created)
    return element(name, BucketId=queue.bucket, Name=queue.bucket, Region=queue.region, CreateTime=created)


def read_rule(config: ET.Element) -> dict[str, str]:
    """Returns the callback rule of an update; it replaces the old one, and is Off unless its State is On."""
    rule = {name: config.findtext(name) or default for name, default in NO_RULE.items()}
    expect(rule["State"] in ("On", "Off"), "NotifyConfig.State: On or Off")
    expect(rule["Type"] in ("", "Url"), "NotifyConfig.Type: only Url is offered")
    expect(set(rule["Event"].split(",")) <= {"", "TaskFinish", "WorkflowFinish"}, "NotifyConfig.Event")
    expect(rule["ResultFormat"] in ("XML", "JSON"), "NotifyConfig.ResultFormat: XML or JSON")
    expect(rule["State"] == "Off" or all(rule.values()), "NotifyConfig: a rule that is On needs Url, Event and Type")
    return rule


def read_job(queue: JobQueue, root: ET.Element, operation: ET.Element) -> Job:
    """Returns the job of one Operation of a submit."""
    tag, level = operation.findtext("Tag") or root.findtext("Tag") or "", operation.findtext("JobLevel") or "0"
    expect(tag in TAGS, f"Tag: {tag!r}")
    expect(level in ("0", "1", "2"), f"JobLevel: {level!r}")
    expect(len(operation.findall("Watermark")) <= 3, "Watermark: more than 3")
    for name, most in LENGTHS.items():
        expect(len(operation.findtext(name) or "") <= most, f"{name}: more than {most} characters")
    for name in ("Region", "Bucket", "Object"):
        expect(bool(operation.findtext(f"Output/{name}")), f"Output.{name} is missing")
    echo = deepcopy(operation)
    if not operation.findtext("JobLevel"):
        echo.append(leaf("JobLevel", level))
    source, callback = root.findtext("Input/Object") or "", root.findtext("CallBack") or ""
    return Job(queue, tag, source, echo, callback, root.findtext("CallBackFormat") or "")


def route(call: Call, method: str, path: str) -> ET.Element | None:
    """Makes the call that method and path name; returns the document of the answer, None for no body."""
    name, *rest = path.strip("/").split("/")
    ids = urllib.parse.unquote("".join(rest[:1])).split(",")
    calls: dict[tuple[str, str, int], Callable[[], ET.Element | None]] = {
        ("POST", "mediabucket", 0): call.activate,
        ("GET", "mediabucket", 0): call.list_buckets,
        ("DELETE", "mediabucket", 0): call.deactivate,
        ("GET", "queue", 0): call.list_queues,
        ("PUT", "queue", 1): lambda: call.update_queue(ids[0]),
        ("POST", "jobs", 0): call.submit,
        ("GET", "jobs", 0): call.list_jobs,
        ("GET", "jobs", 1): lambda: call.describe(ids),
        ("PUT", "jobs", 1): lambda: call.cancel(ids),
    }
    found = calls.get((method, name, len(rest)))
    if found is None:
        raise ApiError("InvalidArgument", f"there is no call {method} {path}", 404)
    return found()


class Handler(BaseHTTPRequestHandler):
    """Reads a request, makes the call, writes the answer; http.server adds Date and Server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    service: Service

    def handle_request(self) -> None:
        """Answers one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url, request_id = urllib.parse.urlsplit(self.path), uuid.uuid4().hex
        try:
            call = Call(self.service, self.headers, url.query, body, request_id)
            self.answer(200, route(call, self.command, url.path), request_id)
        except ApiError as error:
            self.answer_error(error, request_id)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request  # noqa: N815 - names given by http.server

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what http.server itself rejects, such as an unknown method, in the documented structure."""
        self.close_connection = True
        self.answer_error(ApiError("InvalidArgument", message or explain or "", code), uuid.uuid4().hex)

    def answer_error(self, error: ApiError, request_id: str) -> None:
        """Writes an Error document."""
        known = {"Code": error.code, "Message": error.message, "RequestId": request_id}
        trace_id = uuid.uuid4().hex
        self.answer(error.status, element("Error", **known, TraceId=trace_id), request_id, trace_id)

    def answer(self, status: int, document: ET.Element | None, request_id: str, trace_id: str = "") -> None:
        """Writes an answer; a successful cancel has no body."""
        body = b"" if document is None else to_xml(document)
        headers = {"Content-Length": str(len(body)), "x-ci-request-id": request_id, "x-ci-trace-id": trace_id}
        headers["Content-Type"] = "application/xml" if body else ""
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Keeps the console quiet."""


def main() -> None:
    """Starts the service and prints its address."""
    options = argparse.ArgumentParser(description="A small job service with media queues.")
    options.add_argument("--port", type=int, default=8080, help="0 selects a free port")
    options.add_argument("--workers", type=int, default=4, help="jobs that run at the same time")
    options.add_argument("--job-seconds", type=float, default=0.2, help="time that a job runs")
    chosen = options.parse_args()
    service = Service(workers=chosen.workers, job_seconds=chosen.job_seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer.request_queue_size = 128  # many clients may connect at once
    with ThreadingHTTPServer(("127.0.0.1", chosen.port), type("Bound", (Handler,), {"service": service})) as server:
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    main()
