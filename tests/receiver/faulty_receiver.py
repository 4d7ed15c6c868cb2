"""A callback receiver of the standard library: correct without faults, with one small fault per name.

Run it with `python faulty_receiver.py --fault NAME`; it prints its address. `GET /seen/JOB` returns the count of a job.
`--data FILE` keeps the counts over restarts. `ask` is the address of the service, which a careful receiver asks back.
"""

from __future__ import annotations

import argparse
import json
import socket
import socketserver
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.etree import ElementTree

from lxml import etree

LIMIT = 1024 * 1024
LEVELS = 100
SLOW = 0.65
"""Seconds of slow work; runs against this receiver use a timeout factor of 0.1."""


class RejectedError(Exception):
    """The request gets this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Receiver:
    """Counts jobs; the handlers of all connections share it."""

    faults: frozenset[str]
    data: Path | None = None
    ask: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    recent: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    busy: threading.Lock = field(default_factory=threading.Lock)
    dead: bool = False
    requests: int = 0
    after_malformed: bool = False
    newest: str = ""
    finished_runs: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    """Jobs of deliveries that broke off."""

    def __post_init__(self) -> None:
        if self.data is not None and self.data.exists():
            self.counts.update(json.loads(self.data.read_text()))

    def has(self, *names: str) -> bool:
        """Whether it has one of these faults."""
        return not self.faults.isdisjoint(names)

    # --- counting

    def count(self, job_id: str) -> None:
        """Counts a job once."""
        if self.has("acknowledges-without-effect"):
            return
        if self.has("check-then-act") and not self.counts[job_id]:
            threading.Event().wait(0.05)  # other deliveries of the job pass the test, too
            with self.lock:
                self.counts[job_id] += 1
            return
        with self.lock:
            if job_id in self.begun and self.has("broken-delivery-counts-as-duplicate", "abandons-work-without-sender"):
                return
            if job_id in self.begun and self.has("counts-broken-deliveries"):
                self.counts[job_id] += 1
                return
            twice = (
                self.has("counts-duplicates-twice")
                or (self.has("forgets-duplicates-at-restart") and job_id not in self.recent)
                or (self.has("remembers-ten-jobs") and job_id not in self.recent[-10:])
            )
            if not self.counts[job_id] or twice:
                self.counts[job_id] += 2 if self.has("counts-every-job-twice") else 1
            self.recent.append(job_id)
            self.write()

    def write(self) -> None:
        """Stores the counts."""
        if self.data is not None and not self.has("loses-effects-at-restart"):
            self.data.write_text(json.dumps(self.counts))

    # --- reading

    def jobs(self, body: bytes, content_type: str) -> list[tuple[str, str]]:
        """Returns ids and states of the jobs of a body; raises RejectedError."""
        if self.has("truncated-body-counts") and b"<JobId>" in body and b"</Response>" not in body:
            return [(body.partition(b"<JobId>")[2].partition(b"</JobId>")[0].decode(), "Success")]
        text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
        as_json = text[:1] in b"{[" and text != b""
        if self.has("reads-by-content-type"):
            as_json = "json" in content_type
        return self._json(body) if as_json else self._xml(body)

    def _json(self, body: bytes) -> list[tuple[str, str]]:
        if self.has("rejects-json"):
            raise RejectedError(415)
        if not self.has("deep-json-crashes") and body.count(b"{") > 2000:
            raise RejectedError(400)
        try:
            value = json.loads(body)
        except ValueError:
            raise RejectedError(500 if self.has("truncated-json-crashes") else 400) from None
        if not isinstance(value, dict):
            raise RejectedError(500 if self.has("json-array-crashes") else 400)
        if self.has("rejects-wrapper") and "Response" in value:
            raise RejectedError(400)
        value = value.get("Response", value)
        self._strict(set(value) if isinstance(value, dict) else set())
        self._event(value.get("EventName", ""), "WorkflowExecution" in value)
        details = value.get("JobsDetail", [])
        if self.has("json-object-crashes") and isinstance(details, dict):
            raise RejectedError(500)
        if self.has("json-object-is-ignored") and isinstance(details, dict):
            return []
        details = details if isinstance(details, list) else [details]
        if self.has("numbers-crash") and b'"JobLevel":0' in body:
            raise RejectedError(500)
        if self.has("nulls-crash") and b":null" in body:
            raise RejectedError(500)
        if not details and "WorkflowExecution" not in value:
            raise RejectedError(400)
        return [self._job(detail if isinstance(detail, dict) else {}) for detail in self._some(details)]

    def _xml(self, body: bytes) -> list[tuple[str, str]]:
        root = self._parsed(body)
        if root.tag != "Response":
            raise RejectedError(500 if self.has("other-root-crashes") else 400)
        names = [str(child.tag) for child in root]
        self._strict(set(names))
        event = (root.findtext("EventName") or "") if root.find("EventName") is not None else ""
        if self.has("event-name-is-required") and not event:
            raise RejectedError(500)
        if self.has("non-exist-job-ids-crash") and "NonExistJobIds" in names:
            raise RejectedError(500)
        if self.has("event-name-must-come-first") and "EventName" in names and root[0].tag != "EventName":
            raise RejectedError(400)
        if self.has("code-must-come-after-job-id") and self._code_first(root):
            raise RejectedError(400)
        self._event(event, root.find("WorkflowExecution") is not None)
        self.finished_runs.update(run.text or "" for run in root.iterfind("WorkflowExecution/RunId"))
        details = root.findall("JobsDetail")
        if not details and root.find("WorkflowExecution") is None:
            raise RejectedError(500 if self.has("no-job-crashes") else 400)
        return [
            self._job({str(child.tag): child.text or "" for child in detail} | self._inner(detail))
            for detail in self._some(details)
        ]

    @staticmethod
    def _code_first(root: etree._Element) -> bool:
        detail = root.find("JobsDetail")
        names = [] if detail is None else [str(child.tag) for child in detail]
        return "CreationTime" in names and names.index("CreationTime") < names.index("JobId")

    @staticmethod
    def _inner(detail: etree._Element) -> dict[str, str]:
        found = {"UserData": detail.findtext("Operation/UserData"), "RunId": detail.findtext("Workflow/RunId")}
        return {name: text for name, text in found.items() if text is not None}

    def _parsed(self, body: bytes) -> etree._Element:
        if self.has("declaration-is-required") and not body.startswith(b"<?xml"):
            raise RejectedError(400)
        if self.has("follows-external-entity") and b"SYSTEM" in body:
            place = body.partition(b'SYSTEM "')[2].partition(b'"')[0].decode()
            urllib.request.urlopen(place, timeout=2).read()
        if self.has("entity-bomb-blocks") and body.count(b"<!ENTITY") > 2:
            threading.Event().wait(2 * SLOW)
        if self.has("truncated-xml-crashes"):
            try:
                ElementTree.fromstring(body)
            except ElementTree.ParseError:
                if body.startswith(b"<?xml") and b"<JobId>" in body and not body.rstrip().endswith(b">"):
                    raise RejectedError(500) from None
        if self.has("deep-xml-crashes") and body.count(b"<a>") > 1000:
            raise RejectedError(500)
        if self.has("entities-crash") and b"<!ENTITY" in body:
            raise RejectedError(500)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            root = etree.fromstring(body, parser)
        except (etree.XMLSyntaxError, ValueError, LookupError):
            if self.has("invalid-utf8-crashes") and b"\xff" in body:
                raise RejectedError(500) from None
            if self.has("empty-body-crashes") and not body.strip():
                raise RejectedError(500) from None
            raise RejectedError(400) from None
        return root

    def _strict(self, names: set[str]) -> None:
        known = {"EventName", "JobsDetail", "NonExistJobIds", "WorkflowExecution"}
        if self.has("unknown-element-crashes") and names - known:
            raise RejectedError(500)

    def _event(self, event: object, of_workflow: bool) -> None:
        if of_workflow:
            if self.has("workflow-finish-crashes"):
                raise RejectedError(500)
            if self.has("workflow-finish-is-rejected"):
                raise RejectedError(422)
            if self.has("older-workflow-callback-crashes") and not event:
                raise RejectedError(500)
            return
        if self.has("unknown-event-crashes") and event not in ("TaskFinish", ""):
            raise RejectedError(500)

    def _some(self, details: list[object]) -> list[object]:
        if self.has("several-jobs-crash") and len(details) > 1:
            raise RejectedError(500)
        return details[:1] if self.has("reads-the-first-job-only") else details

    def _job(self, detail: dict[str, object]) -> tuple[str, str]:
        job_id, state = detail.get("JobId"), str(detail.get("State", ""))
        if not job_id or not isinstance(job_id, str):
            raise RejectedError(500 if self.has("no-job-id-crashes") else 400)
        if self.has("failed-job-is-rejected") and state == "Failed":
            raise RejectedError(422)
        if self.has("long-job-id-crashes") and len(job_id) > 255:
            raise RejectedError(500)
        user_data = str(detail.get("UserData", ""))
        if self.has("long-user-data-crashes") and len(user_data) > 1000:
            raise RejectedError(500)
        if self.has("non-ascii-crashes") and not user_data.isascii():
            raise RejectedError(500)
        if self.has("workflow-container-crashes") and "Workflow" in detail:
            raise RejectedError(500)
        if self.has("old-jobs-are-ignored") and str(detail.get("EndTime", "")) < self.yesterday():
            return "", state
        ended = str(detail.get("EndTime", ""))
        if self.has("expects-order-of-time"):
            self.newest, ignored = max(self.newest, ended), ended < self.newest
            return ("" if ignored else job_id), state
        if self.has("closes-finished-runs") and detail.get("RunId") in self.finished_runs:
            return "", state
        return job_id, state

    @staticmethod
    def yesterday() -> str:
        """The time a day ago in the form of the documents."""
        from datetime import UTC, datetime, timedelta

        return (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")

    def confirmed(self, job_id: str, state: str) -> bool:
        """Whether the service describes the job with this state; always without a service."""
        if not self.ask or self.has("believes-every-callback"):
            return True
        try:
            with urllib.request.urlopen(f"{self.ask}/jobs/{job_id}", timeout=5) as response:
                text = response.read().decode()
        except urllib.error.HTTPError:
            return False
        if self.has("asks-for-existence-only"):
            return f"<JobId>{job_id}</JobId>" in text
        return f"<JobId>{job_id}</JobId>" in text and f"<State>{state}</State>" in text


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    receiver: Receiver
    timeout = 20

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        """`/seen/JOB`."""
        if self.path.startswith("/seen/"):
            times = self.receiver.counts[self.path.removeprefix("/seen/")]
            self._answer(200 if times else 404, json.dumps({"times": times}).encode())
        else:
            self._answer(500 if self.receiver.has("get-crashes") else 405)

    def do_POST(self) -> None:
        """A callback."""
        receiver = self.receiver
        receiver.requests += 1
        if receiver.has("dies-after-ten-requests") and receiver.requests > 10:
            self.close_connection = True
            return
        try:
            body = self._body()
            self._transport()
            jobs = receiver.jobs(body, self.headers.get("Content-Type", ""))
            self._work(jobs)
        except RejectedError as rejected:
            receiver.after_malformed = rejected.status == 400
            if receiver.has("dies-of-a-malformed-body") and rejected.status == 400:
                receiver.dead = True
            self._answer(rejected.status)
            return
        self._answer(302 if receiver.has("answers-302") else 200)

    def _work(self, jobs: list[tuple[str, str]]) -> None:
        receiver = self.receiver
        if receiver.dead:
            raise RejectedError(503)
        if receiver.has("blocks-on-slow-work") and any(state == "Failed" for _, state in jobs):
            threading.Event().wait(SLOW)
        if receiver.has("loses-the-callback-after-a-malformed-one") and receiver.after_malformed:
            receiver.after_malformed = False
            return
        if receiver.has("abandons-work-without-sender"):
            threading.Event().wait(0.05)
            if self._sender_left():
                receiver.begun.update(job for job, _ in jobs)
                return
        if receiver.has("loses-the-second-of-two"):
            if not receiver.busy.acquire(blocking=False):
                return
            try:
                threading.Event().wait(0.03)
                self._count(jobs)
            finally:
                receiver.busy.release()
            return
        if receiver.has("rejects-while-busy"):
            if not receiver.busy.acquire(blocking=False):
                raise RejectedError(503)
            try:
                threading.Event().wait(0.03)
            finally:
                receiver.busy.release()
        if receiver.has("rejects-duplicates") and any(receiver.counts[job] for job, _ in jobs):
            raise RejectedError(409)
        self._count(jobs)

    def _sender_left(self) -> bool:
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        finally:
            self.connection.settimeout(self.timeout)

    def _count(self, jobs: list[tuple[str, str]]) -> None:
        for job_id, state in jobs:
            if job_id and self.receiver.confirmed(job_id, state):
                self.receiver.count(job_id)

    def _transport(self) -> None:
        receiver = self.receiver
        names = {name for name, _ in self.headers.items()}
        kind = self.headers.get("Content-Type", "")
        if receiver.has("rejects-http-1.0") and self.request_version == "HTTP/1.0":
            raise RejectedError(505)
        if receiver.has("header-names-in-title-case") and "Content-Type" not in names and "content-type" in names:
            raise RejectedError(400)
        if receiver.has("content-type-without-parameter") and ";" in kind:
            raise RejectedError(415)
        if receiver.has("unknown-content-type-crashes") and kind.startswith("nonsense"):
            raise RejectedError(500)
        if receiver.has("second-callback-of-a-connection-fails"):
            self.served = getattr(self, "served", 0) + 1
            if self.served > 1:
                raise RejectedError(500)

    def _body(self) -> bytes:
        receiver = self.receiver
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            if receiver.has("rejects-chunked"):
                raise RejectedError(411)
            return b"" if receiver.has("chunked-body-is-empty") else self._chunks()
        size = int(self.headers.get("Content-Length", "0"))
        if size > LIMIT and not receiver.has("huge-body-crashes"):
            self.close_connection = True
            raise RejectedError(413)
        if receiver.has("reads-one-piece"):
            body = self.rfile.read1(65536)
            if len(body) < size:
                self.close_connection = True
                raise RejectedError(400)
            return body
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            if receiver.has("counts-broken-deliveries"):
                receiver.counts[body.partition(b"<JobId>")[2].partition(b"</JobId>")[0].decode()] += 1
            receiver.begun.add(body.partition(b"<JobId>")[2].partition(b"</JobId>")[0].decode())
            raise RejectedError(400)
        if size > LIMIT:
            raise RejectedError(500)
        return body

    def handle_expect_100(self) -> bool:
        """Expect: 100-continue."""
        if self.receiver.has("rejects-expect"):
            self._answer(417)
            self.close_connection = True
            return False
        return super().handle_expect_100()

    def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return body

    def _answer(self, status: int, body: bytes = b"") -> None:
        if self.receiver.has("answers-garbage"):
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.close_connection = True
            return
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread per connection, as `http.server.ThreadingHTTPServer`."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A sender that left is no error."""


def serve(faults: frozenset[str], *, port: int = 0, data: Path | None = None, ask: str = "") -> tuple[Server, Receiver]:
    """Returns a server that listens; `serve_forever` runs it."""
    receiver = Receiver(faults, data, ask)
    handler = type("BoundHandler", (Handler,), {"receiver": receiver})
    return Server(("127.0.0.1", port), handler), receiver


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--ask", default="")
    given = parser.parse_args()
    server, _ = serve(frozenset(given.fault), port=given.port, data=given.data, ask=given.ask)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
