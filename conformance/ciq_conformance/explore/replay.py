"""Plays one recorded history against a target and says whether it still deviates. Standard library only, one file.

A script that the explorer writes is the modules `replay*` and a call of `main` with the case. Exit codes: 1 the
deviation was seen, 0 it was not, 2 the target could not be used. Settings: CIQ_TARGET, CIQ_BUCKET, CIQ_REGION,
CIQ_HOST, CIQ_SECRET_ID, CIQ_SECRET_KEY, CIQ_TOKEN, CIQ_CALLBACK_BIND, CIQ_CALLBACK_URL, CIQ_RESTART_COMMAND.
"""

import http.client
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ciq_conformance.explore.replay_wire import Listener, Trouble, children, sign, text_of

WAITING = ("Submitted", "Pause")
STARTED = ("Running", "Success", "Failed")
ENDED = ("Success", "Failed", "Cancel")
SLACK = 0.3
_RULE_PARTS = ("State", "Url", "Event", "Type")


class Job:
    """A job of the history and every look at it."""

    def __init__(self, job_id: str, level: int, sent: float, answered: float, rules: list[str], own: bool) -> None:
        self.id, self.level, self.sent, self.answered = job_id, level, sent, answered
        self.rules, self.own, self.looks = rules, own, [("Submitted", answered, answered)]
        self.cancelled: tuple[float, float, int] | None = None

    @property
    def state(self) -> str:
        """State in the last look."""
        return self.looks[-1][0]

    @property
    def not_after(self) -> float:
        """The job had started by then."""
        return min((received for state, _, received in self.looks if state in STARTED), default=float("inf"))

    @property
    def not_before(self) -> float:
        """The job still waited then."""
        limit = self.not_after
        return max((sent for state, sent, _ in self.looks if state in WAITING and sent <= limit), default=self.sent)

    def __str__(self) -> str:
        return f"job {self.id} (level {self.level})"


class Replay:
    """One play of the history. `case` is what the explorer knew of the target."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.url = urlsplit(os.environ.get("CIQ_TARGET") or case["target"])
        bucket = os.environ.get("CIQ_BUCKET") or case["bucket"]
        region = os.environ.get("CIQ_REGION") or case["region"]
        self.host = (os.environ.get("CIQ_HOST") or case["host"]).format(bucket=bucket, region=region)
        self.order = {"Region": region, "Bucket": bucket}
        self.listener = Listener()
        self.jobs: dict[str, Job] = {}
        self.pauses: list[list[float]] = []
        self.restarts: list[tuple[float, float]] = []
        self.forgotten: list[str] = []
        self.rule, self.paused, self.closed = "first", False, False
        self.queue, self.found = self.find_queue()

    def send(self, method: str, target: str, body: str = "") -> tuple[int, ElementTree.Element, float, float]:
        """One exchange: status, document, when it was sent and when it was answered."""
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.url.hostname or "", self.url.port, timeout=30)
        headers = {"Host": self.host} | ({"Content-Type": "application/xml"} if body else {})
        sign(method, target, headers)
        sent = time.monotonic()
        try:
            connection.request(method, target, body.encode() or None, headers)
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise Trouble(f"{method} {target}: {error}") from error
        finally:
            connection.close()
        received = time.monotonic()
        try:
            root = ElementTree.fromstring(data)  # noqa: S314 - the answer of the operator's own target
        except ElementTree.ParseError:
            root = ElementTree.Element("nothing")
        return answer.status, root, sent, received

    def find_queue(self) -> tuple[str, dict[str, str]]:
        """Id of the feature's queue, and how it was found."""
        status, root, _, _ = self.send("GET", self.case["queue_path"])
        queues = children(root, "QueueList")
        own = [q for q in queues if text_of(q, "Name") in self.case["queue_names"]] or queues
        if not own:
            raise Trouble(f"GET {self.case['queue_path']} lists no queue (HTTP {status}): is the feature activated?")
        return text_of(own[0], "QueueId"), {n: text_of(own[0], n) for n in ("Name", "Url", "Event", "Type")} | {
            "State": next((e.text or "" for e in own[0] if e.tag.rpartition("}")[2] == "State"), "Active"),
            "On": next((text_of(c, "State") for c in children(own[0], "NotifyConfig")), "Off") or "Off",
        }

    def put(self, state: str, rule: str | None) -> tuple[float, float]:
        """Set state and callback rule of the queue (None: the rule that was found)."""
        found = self.found
        values = (found["On"], found["Url"], found["Event"], found["Type"])
        if rule is not None:
            values = ("Off", "", "", "") if rule == "off" else ("On", self.listener.address(rule), "TaskFinish", "Url")
        config = "".join(f"<{n}>{escape(v)}</{n}>" for n, v in zip(_RULE_PARTS, values, strict=True) if v)
        body = (
            f"<Request><Name>{escape(found['Name'])}</Name><QueueID>{self.queue}</QueueID><State>{state}</State>"
            f"<NotifyConfig>{config}</NotifyConfig></Request>"
        )
        status, _, sent, answered = self.send("PUT", f"{self.case['queue_path']}/{quote(self.queue, safe='')}", body)
        if status // 100 != 2:
            raise Trouble(f"PUT of the queue with State {state} was answered {status}")
        return sent, answered

    def submit(self, levels: list[int | None], own: bool) -> None:
        """Submit jobs in one request."""
        case, many = self.case, len(levels) > 1
        tag = f"<Tag>{case['tag']}</Tag>"
        output = "".join(f"<{n}>{escape(v)}</{n}>" for n, v in (*self.order.items(), ("Object", case["output"])))
        operations = "".join(
            f"<Operation>{tag if many else ''}{case['container']}<Output>{output}</Output>"
            + ("" if level is None else f"<JobLevel>{level}</JobLevel>")
            + "</Operation>"
            for level in levels
        )
        body = (
            f"<Request>{'' if many else tag}<Input><Object>{escape(case['input'])}</Object>"
            f"{case['input_extra']}</Input>{operations}<QueueId>{self.queue}</QueueId>"
            + (f"<CallBack>{escape(self.listener.address('own'))}</CallBack>" if own else "")
            + "</Request>"
        )
        status, root, sent, answered = self.send("POST", case["job_path"], body)
        ids = [text_of(detail, "JobId") for detail in children(root, "JobsDetail")]
        if status // 100 != 2 and self.paused:
            self.closed = True
            return
        if status // 100 != 2 or len(ids) != len(levels):
            raise Trouble(f"submit was answered {status} with {len(ids)} job(s)")
        self.forgotten += [f"that the id {job_id} was given before" for job_id in ids if job_id in self.jobs]
        for job_id, level in zip(ids, levels, strict=True):
            self.jobs[job_id] = Job(job_id, level or 0, sent, answered, [self.rule], own)

    def open_jobs(self) -> list[Job]:
        """Jobs that have not been seen to end."""
        return [job for job in self.jobs.values() if job.state not in ENDED]

    def look(self, jobs: list[Job]) -> None:
        """Describe jobs."""
        size = 10 if self.case["several_ids"] else 1
        for start in range(0, len(jobs), size):
            part = {job.id: job for job in jobs[start : start + size]}
            ids = ",".join(quote(job, safe="") for job in part)
            status, root, sent, received = self.send("GET", f"{self.case['job_path']}/{ids}")
            for detail in children(root, "JobsDetail") if status // 100 == 2 else []:
                job = part.get(text_of(detail, "JobId"))
                state = next((e.text or "" for e in detail if e.tag.rpartition("}")[2] == "State"), "")
                if job and state:
                    job.looks.append((state.strip(), sent, received))

    def watch(self, done: Callable[[], bool], seconds: float) -> bool:
        """Look at open jobs until `done()` or the time is over; False in the latter case."""
        end = time.monotonic() + seconds
        while True:
            self.look(self.open_jobs())
            if done():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(min(0.5, max(0.01, self.case["latency"] / 8)))

    def timeouts(self, count: int) -> float:
        """Seconds to wait for that many jobs."""
        return 5.0 + 4.0 * (count // int(self.case["workers"]) + 1) * max(float(self.case["latency"]), 0.05)

    def settle(self) -> None:
        """Wait until nothing runs any more in the paused queue."""
        time.sleep(SLACK + min(2.0, self.case["start_latency"]))
        self.watch(lambda: all(job.state in WAITING for job in self.open_jobs()), 10 + self.timeouts(1))

    def hold(self) -> None:
        """Look at held jobs, wait as long as a leak needs, look again."""
        if self.open_jobs():
            self.settle()
            time.sleep(max(0.35, min(5.0, 3 * self.case["start_latency"])))
            self.look(self.open_jobs())

    def pause(self) -> None:
        """Pause; from the answer on the queue is paused for certain."""
        self.pauses.append([self.put("Paused", self.rule)[1], float("inf")])
        time.sleep(SLACK + self.case["start_latency"])
        self.paused = True

    def resume(self) -> None:
        """Resume."""
        sent, _ = self.put("Active", self.rule)
        for span in self.pauses:
            span[1] = min(span[1], sent)
        self.paused = False

    def freeze(self) -> None:
        """Let some jobs start, then hold the others."""
        if not self.open_jobs():
            return
        if self.paused:
            self.hold()
            fast = len(self.open_jobs()) / self.case["workers"] * self.case["latency"] < 0.5
            if fast:
                beside = threading.Thread(target=self.resume)
                beside.start()
                time.sleep(0.002)
                self.put("Paused", self.rule)
                beside.join()
                self.pause()
                self.hold()
                return
            self.resume()
        self.watch(lambda: any(job.state not in WAITING for job in self.jobs.values()), self.timeouts(1))
        self.pause()
        self.hold()

    def cancel(self, pick: int) -> None:
        """Cancel a job that has not ended."""
        if self.paused and self.open_jobs():
            self.settle()
        open_jobs = [job for job in self.open_jobs() if job.cancelled is None]
        if open_jobs:
            job = open_jobs[pick % len(open_jobs)]
            status, _, sent, answered = self.send("PUT", f"{self.case['cancel_path']}/{quote(job.id, safe='')}?cancel")
            job.cancelled = (sent, answered, status)
            self.look(self.open_jobs())

    def restart(self) -> None:
        """Restart the target by the operator's command; note what it does not know any more."""
        command = os.environ.get("CIQ_RESTART_COMMAND") or self.case["restart_command"]
        if not command:
            raise Trouble("this history restarts the target: set CIQ_RESTART_COMMAND to a command that does")
        if self.paused and self.open_jobs():
            self.settle()
        begin, paused = time.monotonic(), self.paused
        if subprocess.run(shlex.split(command), stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
            raise Trouble(f"the restart command `{command}` failed")
        while True:
            try:
                queue, found = self.find_queue()
                break
            except Trouble:
                if time.monotonic() - begin > 60:
                    raise
                time.sleep(0.1)
        self.restarts.append((begin, time.monotonic()))
        address = "" if self.rule == "off" else self.listener.address(self.rule)
        if queue != self.queue or found["State"] != ("Paused" if paused else "Active"):
            self.forgotten.append(f"queue {self.queue}: it is now {queue}, {found['State']}")
        elif (found["On"], found["Url"] if address else "") != ("On" if address else "Off", address):
            self.forgotten.append("the callback rule")
        self.look(list(self.jobs.values()))
        lost = [job for job in self.jobs.values() if job.looks[-1][1] < self.restarts[-1][1]]
        self.forgotten += [str(job) for job in lost]

    def play(self) -> bool:
        """Play the history; True when all callbacks that are due arrived in time."""
        self.put("Active", self.rule)
        for op, *arguments in self.case["history"]:
            if op in ("submit", "many") and not (self.paused and self.closed):
                levels, own = arguments
                for part in [levels] if op == "many" else [[level] for level in levels]:
                    self.submit(part, own)
            elif op == "pause" and not self.paused:
                self.pause()
            elif op == "resume" and self.paused:
                self.hold()
                self.resume()
            elif op == "freeze":
                self.freeze()
            elif op == "cancel":
                self.cancel(*arguments)
            elif op == "rule" and arguments[0] != self.rule:
                self.rule = arguments[0]
                for job in self.jobs.values():
                    job.rules.append(self.rule)
                self.put("Paused" if self.paused else "Active", self.rule)
            elif op == "failing":
                channel = "first" if self.rule == "off" else self.rule
                self.listener.failing.setdefault(channel, []).extend([arguments[0]] * arguments[1])
            elif op == "restart":
                self.restart()
        if self.paused:
            self.hold()
            self.resume()
        kept = [job for job in self.jobs.values() if job.cancelled is None]
        self.watch(lambda: all(job.state in ENDED for job in kept), self.timeouts(len(kept)))
        due = [job for job in kept if "off" not in job.rules and job.state in ENDED]
        end = time.monotonic() + 5.0 + 10.0 * float(self.case["callback_latency"])
        while not all(self.listener.channels_of(job.id) for job in due) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.5)
        self.look(list(self.jobs.values()))
        return time.monotonic() < end
