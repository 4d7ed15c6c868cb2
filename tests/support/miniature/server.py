"""The HTTP server of the miniature target."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import threading
import time
import urllib.parse
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from xml.etree import ElementTree as ET

from .model import LETTERS, Job, Queue, Service, parse
from .traits import Traits
from .wire import Tree, job_tree, stamp, to_xml

QUEUE_PATHS = {"/queue": "media", "/asrqueue": "speech", "/docqueue": "doc"}
BUCKET_PATHS = {
    "/mediabucket": ("media", "MediaBucket"),
    "/asrbucket": ("speech", "AsrBucket"),
    "/docbucket": ("doc", "DocBucket"),
}
JOB_PATHS = {"/jobs": "media", "/asr_jobs": "speech", "/doc_jobs": "doc"}
TAGS = {"Snapshot": "media", "Transcode": "media", "Animation": "media", "SpeechRecognition": "speech"}
TAGS |= {"DocProcess": "doc"}
STATES = {"Submitted", "Running", "Success", "Failed", "Pause", "Cancel"}


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """A request rejected with a code."""

    def __init__(self, status: int, code: str, message: str = "refused") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Miniature:
    """The target as a context manager; `url` is where it listens."""

    def __init__(self, traits: Traits | None = None) -> None:
        self.traits = traits or Traits()
        self.service = Service(self.traits)
        handler = type("Handler", (_Handler,), {"service": self.service, "t": self.traits})
        if self.traits.http10:
            handler.protocol_version = "HTTP/1.0"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Miniature:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.service.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    service: Service
    t: Traits

    def log_message(self, *_: Any) -> None:
        return

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names given by http.server

    def send_header(self, keyword: str, value: str) -> None:
        super().send_header(keyword.lower() if self.t.lower_headers else keyword, value)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        time.sleep(self.t.latency)
        self.request_id = uuid.uuid4().hex
        split = urllib.parse.urlsplit(self.path)
        params = {k: v[-1] for k, v in urllib.parse.parse_qs(split.query, keep_blank_values=True).items()}
        try:
            self._check_digest(body)
            tree = self._route(self.command, split.path, params, body)
            status = 200
        except Refusal as refusal:
            status = 500 if self.t.fault == "errors_are_500" else refusal.status
            tree = Tree(
                "Error",
                [
                    Tree("Code", text=refusal.code),
                    Tree("Message", text=refusal.message),
                    Tree("RequestId", text=self.request_id),
                    Tree("TraceId", text="t-1"),
                ],
            )
            if self.t.fault == "error_form":
                tree = Tree("Failure", [Tree("Reason", text=refusal.code)])
        data = b"" if tree is None else to_xml(tree, self.t, self.service.random)
        self.send_response(status)
        kind = "application/xml; charset=utf-8" if self.t.charset else "application/xml"
        self.send_header("Content-Type", "text/html" if self.t.fault == "answers_are_html" else kind)
        if self.t.request_id_header:
            self.send_header("x-ci-request-id", self.request_id)
        if self.t.chunked and data:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            middle = len(data) // 2
            for part in (data[:middle], data[middle:]):
                if part:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        self.wfile.flush()

    def _check_digest(self, body: bytes) -> None:
        digest = self.headers.get("Content-MD5")
        if not digest or self.t.fault == "digest_ignored":
            return
        if digest != base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode():
            raise Refusal(400, "InvalidContent", "Content-MD5")

    def _route(self, method: str, path: str, params: dict[str, str], body: bytes) -> Tree | None:
        for prefix, feature in QUEUE_PATHS.items():
            if path == prefix and method == "GET":
                return self._queues(feature, params)
            if path.startswith(prefix + "/") and method == "PUT":
                return self._update(feature, urllib.parse.unquote(path[len(prefix) + 1 :]), body)
        for prefix, (feature, element) in BUCKET_PATHS.items():
            if path == prefix:
                return self._bucket(method, feature, element, params)
        for prefix, feature in JOB_PATHS.items():
            if path == prefix and method == "POST":
                return self._submit(prefix, feature, body)
            if path == prefix and method == "GET":
                return self._list(params)
            if path.startswith(prefix + "/"):
                ids = urllib.parse.unquote(path[len(prefix) + 1 :]).split(",")
                if method == "GET":
                    return self._describe(ids)
                if method == "PUT" and "cancel" in params:
                    return self._cancel(ids)
        raise Refusal(404, "InvalidArgument", "no such path")

    def _bucket_name(self) -> str:
        host = self.headers.get("Host", "")
        return host.split(".ci.")[0] if ".ci." in host else "examplebucket-1250000000"

    def _bucket(self, method: str, feature: str, element: str, params: dict[str, str]) -> Tree:
        bucket = "examplebucket-1250000000"
        shown = [
            Tree("Name", text=bucket),
            Tree("BucketId", text=bucket),
            Tree("Region", text="ap-chongqing"),
            Tree("CreateTime", text=stamp(time.time(), self.t)),
        ]
        rid = Tree("RequestId", text=self.request_id)
        if method == "POST":
            self.service.activate(feature, bucket)
            return Tree("Response", [rid, Tree(element, shown)])
        if method == "DELETE":
            with self.service.lock:
                self.service.queues.pop(feature, None)
            return Tree("Response", [rid, Tree("BucketName", text=bucket)])
        size = params.get("pageSize") or "10"
        if not size.isdecimal() or not 1 <= int(size) <= 100:
            raise Refusal(400, "InvalidArgument", "pageSize")
        wanted = [n for n in (params.get("bucketNames") or "").split(",") if n]
        hit = feature in self.service.queues and (not wanted or bucket in wanted)
        if self.t.fault != "prefix_ignored":
            hit = hit and bucket.startswith(params.get("bucketName") or "")
        return Tree(
            "Response",
            [
                rid,
                Tree("TotalCount", text=str(int(hit))),
                Tree("PageNumber", text=params.get("pageNumber") or "1"),
                Tree("PageSize", text=size),
                *([Tree(element + "List", shown)] if hit else []),
            ],
        )

    def _queue_tree(self, name: str, queue: Queue) -> Tree:
        rule = queue.rule
        config = [
            Tree("Url", text=rule.get("Url", "")),
            Tree("Event", text=rule.get("Event", "")),
            Tree("Type", text=rule.get("Type", "")),
            Tree("State", text=rule.get("State", "Off")),
        ]
        more = ("ResultFormat", "MqMode", "MqRegion", "MqName")
        config += [Tree(part, text=rule[part]) for part in more if rule.get(part)]
        children = [
            Tree("QueueId", text=queue.id),
            Tree("Name", text=queue.name),
            Tree("State", text=queue.state),
            Tree("NotifyConfig", config),
            Tree("MaxSize", text="10000"),
            Tree("MaxConcurrent", text=str(self.t.workers)),
            Tree("CreateTime", text=stamp(queue.created, self.t)),
            Tree("UpdateTime", text=stamp(queue.updated, self.t)),
            Tree("BucketId", text=queue.bucket),
            Tree("Category", text=queue.category),
        ]
        if self.t.fault == "queue_without_maxsize":
            children = [c for c in children if c.name != "MaxSize"]
        return Tree(name, children)

    def _queues(self, feature: str, params: dict[str, str]) -> Tree:
        with self.service.lock:
            queues = list(self.service.queues.get(feature, []))
            if not queues:
                raise Refusal(400, "MediaBucketUnBinded", "not activated")
            rid = Tree("RequestId", text=self.request_id)
            ids = [i for i in (params.get("queueIds") or "").split(",") if i]
            if ids:
                if feature == "media" and len(ids) > 10:
                    raise Refusal(400, "InvalidArgument", "queueIds")
                found = [q for q in queues if q.id in ids]
                lost = [i for i in ids if i not in {q.id for q in queues}]
                missing = [Tree("NonExistPIDs", text=i) for i in lost]
                if self.t.nested_nonexist and lost:
                    missing = [Tree("NonExistPIDs", [Tree("QueueID", text=i) for i in lost])]
                if self.t.fault == "nonexist_pids_missing":
                    missing = []
                return Tree("Response", [rid, *(self._queue_tree("QueueList", q) for q in found), *missing])
            for name in ("pageNumber", "pageSize"):
                value = params.get(name) or "1"
                if not value.isdecimal() or int(value) < 1:
                    raise Refusal(400, "InvalidArgument", name)
            page, size = int(params.get("pageNumber") or 1), int(params.get("pageSize") or 10)
            page = 1 if self.t.fault == "page_two_is_one" and page == 2 else page
            state = params.get("state") or "All"
            category = params.get("category") or "Transcoding"
            shown = [q for q in queues if state in ("All", q.state) or self.t.fault == "state_filter_ignored"]
            if feature == "media" and category != "CateAll":
                shown = [q for q in shown if q.category == category]
            total = len(shown) + (self.t.fault == "total_count_off")
            part = shown[(page - 1) * size : page * size]
            return Tree(
                "Response",
                [
                    rid,
                    Tree("TotalCount", text=str(total)),
                    Tree("PageNumber", text=str(page)),
                    Tree("PageSize", text=str(size)),
                    *(self._queue_tree("QueueList", q) for q in part),
                ],
            )

    def _body(self, body: bytes) -> ET.Element:
        if not body.strip():
            raise Refusal(400, "MissingContent", "no body")
        try:
            root = parse(body)
        except ET.ParseError as error:
            raise Refusal(400, "InvalidContent", str(error)) from error
        if root.tag != "Request":
            raise Refusal(400, "InvalidContent", "root")
        return root

    def _update(self, feature: str, queue_id: str, body: bytes) -> Tree:
        root = self._body(body)
        with self.service.lock:
            queues = self.service.queues.get(feature, [])
            queue = next((q for q in queues if q.id == queue_id), None)
            if queue is None:
                raise Refusal(404, "QueueNotFound", queue_id)
            name, state = root.findtext("Name") or "", root.findtext("State") or ""
            rule = {e.tag: (e.text or "").strip() for e in root.find("NotifyConfig") or []}
            if not name or len(name) > 128 or not re.fullmatch(r"[\w*\-\u4e00-\u9fff]+", name):
                raise Refusal(400, "InvalidArgument", "Name")
            if state not in ("Active", "Paused"):
                raise Refusal(400, "InvalidArgument", "State")
            if rule.get("State", "Off") not in ("On", "Off"):
                raise Refusal(400, "InvalidArgument", "NotifyConfig.State")
            if rule.get("State") == "On":
                if rule.get("Type") not in ("Url", "TDMQ") or not rule.get("Event"):
                    raise Refusal(400, "InvalidArgument", "Type")
                if rule["Type"] == "Url" and not rule.get("Url"):
                    raise Refusal(400, "InvalidArgument", "Url")
                if set(rule["Event"].split(",")) - {"TaskFinish", "WorkflowFinish", "TransCodingFinish"}:
                    raise Refusal(400, "InvalidArgument", "Event")
            if rule.get("ResultFormat", "XML") not in ("XML", "JSON", *([""] if self.t.rule_merged else [])):
                raise Refusal(400, "InvalidArgument", "ResultFormat")
            self.service.update(queue, name, state, rule)
            shown = self._queue_tree("Queue", queue)
            if self.t.fault == "update_answer_stale":
                shown.set("State", "Active")
            return Tree("Response", [Tree("RequestId", text=self.request_id), shown])

    def _submit(self, prefix: str, feature: str, body: bytes) -> Tree:
        root = self._body(body)
        operations = root.findall("Operation")
        top = root.findtext("Tag")
        tags = [op.findtext("Tag") or top or "" for op in operations]
        if not operations or len(operations) > 6 or not all(tags) or not root.findtext("Input/Object"):
            raise Refusal(400, "InvalidArgument", "Tag, Input or Operation")
        features = {TAGS.get(tag) for tag in tags}
        if features == {"speech"} and prefix == "/jobs":
            feature = "speech"
        if features != {feature} or (self.t.shared_path_only and prefix == "/asr_jobs"):
            raise Refusal(404 if features == {feature} else 400, "InvalidArgument", "Tag")
        with self.service.lock:
            queues = self.service.queues.get(feature, [])
            if not queues:
                raise Refusal(400, "MediaBucketUnBinded", "not activated")
            queue = queues[0]
            named = root.findtext("QueueId")
            if named and named not in {q.id for q in queues}:
                raise Refusal(400, "QueueNotFound", named)
            if self.t.closed_when_paused and queue.state == "Paused":
                raise Refusal(403, "AccessDenied", "the queue is paused")
            jobs = []
            for tag, operation in zip(tags, operations, strict=True):
                level = operation.findtext("JobLevel") or "0"
                if self.t.fault == "level_on_own_path_only" and feature == "speech" and prefix == "/jobs":
                    level = "0"
                if level not in ("0", "1", "2"):
                    raise Refusal(400, "InvalidArgument", "JobLevel")
                jobs.append(
                    Job(
                        id=self.service.new_id(LETTERS[feature]),
                        feature=feature,
                        tag=tag,
                        tag_inside=len(operations) > 1,
                        level=int(level),
                        seq=0,
                        input_object=root.findtext("Input/Object") or "",
                        operation=operation,
                        queue_id=queue.id,
                        created=time.time(),
                        callback=root.findtext("CallBack"),
                        callback_format=root.findtext("CallBackFormat"),
                        bucket=self._bucket_name(),
                        region="ap-chongqing",
                    )
                )
            self.service.submit(feature, jobs)
            details = [job_tree(job, self.t) for job in jobs]
            if self.t.fault == "multi_one_answer":
                details = details[:1]
            if self.t.fault == "submit_says_success":
                details[0].set("State", "Success")
            return Tree("Response", details)

    def _nonexist(self, ids: list[str]) -> list[Tree]:
        if not ids or self.t.fault == "nonexist_jobs_missing":
            return []
        if self.t.comma_nonexist:
            return [Tree("NonExistJobIds", text=",".join(ids))]
        return [Tree("NonExistJobIds", text=i) for i in ids]

    def _describe(self, ids: list[str]) -> Tree:
        if len(ids) > 10:
            raise Refusal(400, "InvalidArgument", "jobIds")
        if self.t.one_id_only and not ids[0].startswith("j"):
            ids = [",".join(ids)]
        with self.service.lock:
            found = [job_tree(self.service.jobs[i], self.t) for i in ids if i in self.service.jobs]
            lost = [i for i in ids if i not in self.service.jobs]
            if self.t.fault == "unknown_job_is_described" and lost:
                found.append(job_tree(next(iter(self.service.jobs.values())), self.t))
            return Tree("Response", [*found, *self._nonexist(lost)])

    def _list(self, params: dict[str, str]) -> Tree:
        fault = self.t.fault
        tag = params.get("tag")
        if not tag:
            raise Refusal(400, "InvalidArgument", "tag")
        with self.service.lock:
            jobs = [j for j in self.service.jobs.values() if j.tag == tag]
        states = set((params.get("states") or "All").split(","))
        if "All" not in states and fault != "states_filter_ignored":
            jobs = [j for j in jobs if j.state in states]
        for name, sign in (("startCreationTime", 1), ("endCreationTime", -1)):
            if params.get(name):
                bound = datetime.strptime(params[name].replace(" ", "+"), "%Y-%m-%dT%H:%M:%S%z").timestamp()
                if fault != "window_ignored":
                    jobs = [j for j in jobs if sign * (int(j.created) - bound) >= 0]
        if params.get("queueId"):
            jobs = [j for j in jobs if j.queue_id == params["queueId"]]
        if params.get("inputObject") and fault != "input_object_ignored":
            jobs = [j for j in jobs if j.input_object == params["inputObject"]]
        if "All" in states and fault == "lists_hide_failed":
            jobs = [j for j in jobs if j.state != "Failed"]
        ascending = params.get("orderByTime") == "Asc"
        if fault == "order_reversed":
            ascending = not ascending
        jobs.sort(key=lambda j: j.seq, reverse=not ascending)
        size = int(params.get("size") or 10)
        if fault == "size_ignored":
            size = 100
        start = int(params.get("nextToken") or 0)
        overlap = 1 if fault == "page_repeats" and start else 0
        skip = 1 if fault == "page_skips" and start else 0
        part = jobs[start - overlap + skip : start + size]
        children = [job_tree(j, self.t) for j in part]
        if fault == "lists_without_operation":
            for child in children:
                child.children = [c for c in child.children if c.name != "Operation"]
        if start + size < len(jobs):
            children.append(Tree("NextToken", text=str(start + size)))
        elif self.t.end_token == "empty":
            children.append(Tree("NextToken"))
        return Tree("Response", children)

    def _cancel(self, ids: list[str]) -> None:
        with self.service.lock:
            jobs = [self.service.jobs.get(job_id) for job_id in ids]
            if None in jobs:
                raise Refusal(404, "ResourceNotFound", ids[0])
            if self.t.fault == "cancel_ignored":
                return
            for job in jobs[:1] if self.t.fault == "cancel_first_only" else jobs:
                if job is not None:
                    self.service.cancel(job)


def main() -> None:
    """Runs one by hand: `python -m miniature.server workers=1 fault=fifo`, with tests/support on PYTHONPATH."""
    fields = Traits.__dataclass_fields__
    values: dict[str, Any] = {}
    for word in sys.argv[1:]:
        name, _, text = word.partition("=")
        default = fields[name].default
        kind = type(default) if default is not None else str
        values[name] = text in ("1", "true", "True") if kind is bool else kind(text)
    with Miniature(Traits(**values)) as target:
        print(target.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
