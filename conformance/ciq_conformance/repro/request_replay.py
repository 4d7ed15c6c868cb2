"""Sends the recorded requests of a scenario again, with fresh ids, and reports whether the deviation shows again.

Standard library only. A script of `ciq repro` contains this module, `replay_wire`, `replay_record`, `response_shape`,
the rules of the judge for order and pauses, and a call of `main` with the case. Exit codes: 1 the deviation showed
again, 0 it did not, 2 the target is not usable, 3 requests alone do not show it. Environment: CIQ_SECRET_ID,
CIQ_SECRET_KEY, CIQ_TOKEN for signed requests, CIQ_CALLBACK_BIND and CIQ_CALLBACK_URL for callbacks.
"""

import base64
import hashlib
import http.client
import re
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from ciq_conformance.areas.explore.history_rules import RULES
from ciq_conformance.areas.explore.observed_history import STARTED, Conditions, ObservedHistory
from ciq_conformance.explore.replay_record import Answer, Recorder
from ciq_conformance.explore.replay_wire import Listener, TargetUnusable, children, sign, text_of
from ciq_conformance.repro.response_shape import (
    Shape,
    callback_shape,
    head,
    id_texts,
    membership,
    presence,
    relations,
    shape_of,
)

NOT_BY_REQUESTS = 3
"""Exit code of a script whose deviation single requests cannot show."""
_PAGE = re.compile(r"(?i)(nextToken=)([^&]*)")
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d", re.IGNORECASE)
_SHOWN_WITHIN = 2.0
"""Seconds for which a request of the evidence is repeated until it is answered as recorded: jobs take time."""
_AGAIN = 0.03
_LONGEST = 40.0
"""Seconds after which no further try begins."""
_IDLE = 1.0
"""Seconds after which an idle connection is not used again: the target may close it."""


@dataclass
class Replay:
    """One replay of the recorded requests."""

    case: dict[str, Any]
    url: str
    ids: dict[str, str] = field(default_factory=dict)
    """The fresh id for each recorded one."""
    pages: dict[str, str] = field(default_factory=dict)
    """The fresh token of a page for each recorded one."""
    shapes: dict[int, Shape] = field(default_factory=dict)
    """The responses to the requests of the evidence, by the number of the recorded exchange."""
    bodies: dict[int, bytes] = field(default_factory=dict)
    """Their bodies."""
    connections: threading.local = field(default_factory=threading.local)
    """The open connection of each thread."""
    recorder: Recorder = field(default_factory=Recorder)
    listener: Listener = field(default_factory=Listener)
    lock: threading.Lock = field(default_factory=threading.Lock)
    listed: int = 0
    """Status of the last list of queues."""
    shift: float = 0.0
    """Seconds by which times in requests move."""

    def run(self) -> None:
        """Send all requests in the recorded order and distances; overlapping requests overlap again."""
        case = self.case
        self.ids[case["run_id"]] = case["run_id"][:-4] + secrets.token_hex(2)
        for channel, answers in case["answers"].items():
            self.listener.failing[channel] = list(answers)
        for request in case["prologue"]:
            self.send(request)
        if self.listed not in range(200, 300):
            raise TargetUnusable(f"the list of queues is answered with HTTP {self.listed}; set keys if it needs them")
        requests = case["requests"]
        origin = time.monotonic() - (requests[0]["started"] if requests else 0.0)
        self.shift = time.time() - (time.monotonic() - origin) - case["started_at"]
        pending: list[tuple[float, Future[None]]] = []
        with ThreadPoolExecutor(32) as pool:
            for request in requests:
                for _, future in [one for one in pending if one[0] <= request["started"]]:
                    future.result()
                pending = [one for one in pending if one[0] > request["started"]]
                wait = origin + request["started"] - time.monotonic()
                if wait > 0:
                    time.sleep(wait)
                else:
                    origin -= wait
                pending.append((request["ended"], pool.submit(self.send, request)))
            for _, future in pending:
                future.result()
        end = time.monotonic() + case["callback_wait"]
        while time.monotonic() < end and not self._callbacks_arrived():
            time.sleep(0.05)

    def close(self) -> None:
        """Restore the queue, and stop the receiver."""
        try:
            for request in self.case["epilogue"]:
                self.send(request)
        finally:
            self.listener.server.shutdown()
            self.listener.server.server_close()

    def send(self, request: dict[str, Any]) -> None:
        """Send one request; repeat a request of the evidence for a while until it is answered as recorded."""
        recorded = self.case["shapes"].get(request["seq"])
        end = time.monotonic() + _SHOWN_WITHIN
        while True:
            answer, shape, body = self._send_once(request)
            if recorded is not None:
                self.shapes[request["seq"]], self.bodies[request["seq"]] = shape, body
            reading = request["method"] == "GET" and recorded is not None
            if not reading or self.alike(recorded, shape) or time.monotonic() > end:
                break
            time.sleep(_AGAIN)
        with self.lock:
            self._learn(request, answer)

    def alike(self, recorded: Sequence[str], observed: Sequence[str]) -> bool:
        """Whether an answer is the recorded one, in what the requirement is about."""
        return self.compared(recorded) == self.compared(observed)

    def compared(self, shape: Sequence[str]) -> Shape:
        """What of a shape the requirement is about."""
        if self.case["membership"]:
            return membership(shape, pages=self.case["pages"])
        if self.case["head"]:
            return head(shape)
        return presence(shape) if self.case["presence"] else tuple(shape)

    def relations(self) -> Shape:
        """How the values of the responses and of the callbacks of the evidence relate."""
        bodies = [self.bodies[seq] for seq in self.case["shapes"] if seq in self.bodies]
        bodies += [body for body in map(self.callback_like, self.case["callback_shapes"]) if body is not None]
        return relations(bodies, self.case["relevant"])

    def callback_like(self, recorded: Sequence[str]) -> bytes | None:
        """The body of the first callback that looks like the recorded one; None when none does."""
        names = self.names()
        for one in list(self.listener.arrived):
            body = one.body.encode()
            shape = callback_shape(one.method, one.content_type, body, names, self.case["ignored"])
            if shape == tuple(recorded):
                return body
        return None

    def _send_once(self, request: dict[str, Any]) -> tuple[Answer, Shape, bytes]:
        target = self._fresh(_MOMENT.sub(self._moved, _PAGE.sub(self._page, request["target"])))
        body = self._fresh(base64.b64decode(request["body"]).decode("latin-1")).encode("latin-1")
        headers = {name: self._fresh(value) for name, value in request["headers"]}
        for name, value in headers.items():
            if value == "{md5}":
                headers[name] = base64.b64encode(hashlib.md5(body).digest()).decode()  # noqa: S324 - the documented digest
        prefix = urlsplit(self.url).path.rstrip("/")
        if request["signed"]:
            sign(request["method"], target, headers, prefix)
        sent = time.monotonic()
        try:
            status, fields, data = self._exchange(request["method"], prefix + target, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not self.recorder.last:
                raise TargetUnusable(f"{request['method']} {self.url}: {error}") from error
            data, status, fields = b"", 0, []
        received = time.monotonic()
        try:
            root = ElementTree.fromstring(data)  # noqa: S314 - the answer of the operator's own target
        except (ElementTree.ParseError, ValueError):
            root = ElementTree.Element("nothing")
        with self.lock:
            self._learn_ids(request, data)
            if request["page"]:
                self.pages[request["page"]] = text_of(root, "NextToken")
            names = self.names()
        shape = shape_of(status, fields, data, names, ignored=self.case["ignored"], listing=request["listing"])
        return Answer(status, root, sent, received), shape, data

    def _exchange(
        self, method: str, target: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request on the kept connection of the thread; on a new one where that was closed meanwhile."""
        kept, used = getattr(self.connections, "kept", (None, 0.0))
        self.connections.kept = (None, 0.0)
        if kept is not None and time.monotonic() - used > _IDLE:
            kept.close()
            kept = None
        for connection in (kept, self._connect()) if kept is not None else (self._connect(),):
            try:
                connection.request(method, target, body or None, headers)
                response = connection.getresponse()
                data = response.read()
            except (OSError, http.client.HTTPException, ValueError):
                connection.close()
                if connection is kept and method == "GET":
                    continue
                raise
            if response.will_close:
                connection.close()
            else:
                self.connections.kept = (connection, time.monotonic())
            return response.status, response.getheaders(), data
        raise OSError("no connection")

    def _connect(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        return kind(place.hostname or "", place.port, timeout=30)

    def names(self) -> dict[str, str]:
        """The name that both runs share, for each fresh id of a recorded job."""
        return {self.ids[job]: name for job, name in self.case["names"].items() if job in self.ids}

    def _fresh(self, text: str) -> str:
        text = text.replace(self.case["callback_base"], self.listener.base) if self.case["callback_base"] else text
        return _TOKEN.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def _page(self, found: re.Match[str]) -> str:
        recorded = unquote(found[2])
        return found[1] + (quote(self.pages[recorded], safe="") if recorded in self.pages else found[2])

    def _moved(self, found: re.Match[str]) -> str:
        colon = "%3A" if "%" in found[0] else ":"
        moment = datetime.fromisoformat(re.sub("%3A", ":", found[0], flags=re.IGNORECASE))
        return (moment + timedelta(seconds=round(self.shift))).isoformat(timespec="seconds").replace(":", colon)

    def _learn_ids(self, request: dict[str, Any], data: bytes) -> None:
        fresh = id_texts(data)
        if request["method"] != "GET" or request["operation"] == "list_queues":
            for recorded, new in zip(request["ids"], fresh, strict=False):
                if len(fresh) == len(request["ids"]):
                    self.ids.setdefault(recorded, new)

    def _learn(self, request: dict[str, Any], answer: Answer) -> None:
        self.recorder.last = max(self.recorder.last, answer.received)
        match request["operation"]:
            case "list_queues":
                self.listed = answer.status
            case "submit_job":
                self.recorder.submitted(request["levels"], False, answer)
            case "describe_job":
                self.recorder.looked(self._fresh(request["target"]).rpartition("/")[2], answer)
            case "cancel_job" | "cancel":
                job = self._fresh(request["target"]).partition("?")[0].rpartition("/")[2]
                self.recorder.cancelled(job, answer)
            case "update_queue":
                kind = {"Paused": "pause", "Active": "resume"}.get(request["state"], "rule")
                self.recorder.updated(kind, "", answer)
            case _:
                pass

    def callback_counts(self) -> Counter[tuple[str, str]]:
        """How many callbacks of each recorded job of the evidence arrived on each channel."""
        with self.lock:
            fresh = {self.ids.get(job, job): job for job in self.case["callback_jobs"]}
        return Counter(
            (job, one.channel) for one in list(self.listener.arrived) for new, job in fresh.items() if new in one.body
        )

    def _callbacks_arrived(self) -> bool:
        recorded = {(job, channel): count for job, channel, count in self.case["callback_counts"]}
        counts = self.callback_counts()
        return all(counts[key] > count for key, count in recorded.items()) and bool(recorded)

    def history(self) -> ObservedHistory:
        """What the replay observed, for the rules of order and pause."""
        conditions = Conditions(
            start_latency=self.case["start_latency"],
            workers=self.case["workers"],
            stops_running_jobs=False,
            callbacks_arrive=True,
        )
        return self.recorder.history(list(self.listener.arrived), conditions)


def deviations(replay: Replay) -> list[str]:
    """What the replay observed of the recorded deviation; empty when it did not show again."""
    case = replay.case
    if case["rule"]:
        history = replay.history()
        found = [deviation.text for deviation in RULES[case["rule"]](history).deviations]
        return found or (_many_starts(history, case["allowance"]) if case["rule"] == "EXP-002" else [])
    alike = {seq for seq, recorded in case["shapes"].items() if replay.alike(recorded, replay.shapes.get(seq, ()))}
    if set(case["shapes"]) - alike - set(case["optional"]) or (case["shapes"] and not alike):
        return []
    if case["about_callbacks"]:
        recorded_counts = Counter({(job, channel): count for job, channel, count in case["callback_counts"]})
        if replay.callback_counts() != recorded_counts:
            return []
    if any(replay.callback_like(shape) is None for shape in case["callback_shapes"]):
        return []
    if list(replay.relations()) != case["relations"]:
        return []
    return [f"the target answers as in record {', '.join(f'#{seq}' for seq in case['witness'])}: {case['seen']}"]


def _many_starts(history: ObservedHistory, allowance: int) -> list[str]:
    """More jobs than workers can hold started in one pause after they were seen waiting in it."""
    found = []
    for span in history.pauses:
        count = 0
        for job in history.jobs:
            waiting = [s for s in job.observations if s.sent >= span.begin and s.state not in STARTED]
            begun = job.not_after.at
            count += bool(waiting) and waiting[0].received <= begun < span.end
        if count > allowance:
            found.append(f"{count} jobs started in one pause after they were seen waiting in it")
    return found


def _difference(replay: Replay) -> list[str]:
    """The first lines that the target answers unlike the recorded run."""
    for seq, recorded in replay.case["shapes"].items():
        observed: Sequence[str] = replay.shapes.get(seq, ())
        recorded, observed = replay.compared(recorded), replay.compared(observed)
        lines = [f"  recorded: {line}" for line in recorded if line not in observed]
        lines += [f"  observed: {line}" for line in observed if line not in list(recorded)]
        if lines:
            return [f"record #{seq} is answered differently now:", *lines[:8]]
    observed = replay.relations()
    return [f"  {line}: only one of the two runs" for line in {*observed} ^ {*replay.case["relations"]}]


def main(case: dict[str, Any], arguments: Sequence[str]) -> int:
    """Replay on the target of the command line; return the exit code."""
    write = sys.stdout.write
    if len(arguments) != 1 or not arguments[0].startswith(("http://", "https://")):
        sys.stderr.write(f"usage: {sys.argv[0]} http://HOST:PORT\n")
        return 2
    write(f"{case['requirement']} on {case['feature']}: {case['title']}\n")
    write(f"expected: {case['expected']}\nrecorded: {case['seen']}\n")
    if case["by_suite"]:
        write(f"requests alone do not show this deviation: {case['by_suite']}\n")
        write(f"Run the scenario again with the suite: {_rerun(case, arguments[0])}\n")
        return NOT_BY_REQUESTS
    began = time.monotonic()
    tries = 0
    for attempt in range(1, case["tries"] + 1):
        if time.monotonic() - began > _LONGEST:
            break
        tries = attempt
        replay = Replay(case, arguments[0].rstrip("/"))
        try:
            try:
                replay.run()
            finally:
                replay.close()
        except TargetUnusable as error:
            write(f"cannot judge: {error}\n")
            return 2
        found = deviations(replay)
        if found:
            write("".join(f"DEVIATES (try {attempt}): {text}\n" for text in found[:5]))
            return 1
    write("".join(f"{line}\n" for line in _difference(replay)))
    write(f"the deviation did not show in {tries} tries: {len(case['requests'])} requests sent again\n")
    if case["rule"]:
        write("It depends on how jobs happen to be taken, so a few tries without it prove little. ")
    write(f"Run the scenario again with the suite: {_rerun(case, arguments[0])}\n")
    return 0


def _rerun(case: dict[str, Any], url: str) -> str:
    return f"ciq run --target {url} --feature {case['feature']} --only {case['requirement']}"


def levels_of(body: bytes) -> list[int | None]:
    """JobLevel of each Operation of a submit, None without one."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - a request that the suite sent
    except (ElementTree.ParseError, ValueError):
        return []
    texts = [text_of(operation, "JobLevel") for operation in children(root, "Operation")]
    return [int(text) if text.isdecimal() else None for text in texts]
