"""Runs one history on a target and reports whether it still deviates. Standard library only.

A script contains this module, `replay_wire`, `replay_record`, the rules of the judge, and a call of `main` with the
case. Exit codes: 1 the history deviated, 0 it did not, 2 the target is not usable. Settings: CIQ_TARGET,
CIQ_BUCKET, CIQ_REGION, CIQ_HOST, CIQ_SECRET_ID, CIQ_SECRET_KEY, CIQ_TOKEN, CIQ_CALLBACK_BIND, CIQ_CALLBACK_URL,
CIQ_RESTART_COMMAND.
"""

import http.client
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ciq_conformance.areas.explore.history_rules import RULES
from ciq_conformance.areas.explore.observed_history import ENDED, SLACK, WAITING, Conditions, ObservedHistory
from ciq_conformance.explore.replay_record import Answer, Recorder, view_of
from ciq_conformance.explore.replay_wire import Listener, TargetUnusable, children, own_text, sign, text_of

_RULE_PARTS = ("State", "Url", "Event", "Type")
_SHOWN_WITHIN = 2.0
"""Seconds after a restart in which the target may still show an older state; equals `restart_wait.SHOWN_WITHIN`."""


class QueueLost(Exception):  # noqa: N818 - what a target did, not an error of the script
    """After a restart the target does not list the queue, so the history ends."""


class Replay:
    """One run of the history. `case` contains what the suite knew about the target."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.url = urlsplit(os.environ.get("CIQ_TARGET") or case["target"])
        bucket = os.environ.get("CIQ_BUCKET") or case["bucket"]
        region = os.environ.get("CIQ_REGION") or case["region"]
        self.host = (os.environ.get("CIQ_HOST") or case["host"]).format(bucket=bucket, region=region)
        self.order = {"Region": region, "Bucket": bucket}
        self.listener = Listener()
        self.recorder = Recorder()
        self.rules: dict[str, list[str]] = {}
        """The callback rules since the submit of each job."""
        self.own: set[str] = set()
        self.gone: set[str] = set()
        """Jobs that the target did not know after a restart."""
        self.rule, self.paused, self.closed, self.queue_lost = "first", False, False, False
        self.queue, self.found = self.find_queue()

    def send(self, method: str, target: str, body: str = "") -> Answer:
        """Send one request."""
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.url.hostname or "", self.url.port, timeout=30)
        headers = {"Host": self.host} | ({"Content-Type": "application/xml"} if body else {})
        prefix = self.url.path.rstrip("/")
        sign(method, target, headers, prefix)
        sent = time.monotonic()
        try:
            connection.request(method, prefix + target, body.encode() or None, headers)
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise TargetUnusable(f"{method} {target}: {error}") from error
        finally:
            connection.close()
        received = time.monotonic()
        try:
            root = ElementTree.fromstring(data)  # noqa: S314 - the answer of the operator's own target
        except ElementTree.ParseError:
            root = ElementTree.Element("nothing")
        return Answer(answer.status, root, sent, received)

    def find_queue(self) -> tuple[str, dict[str, str]]:
        """Id of the feature's queue, and the settings it had before the run."""
        answer = self.send("GET", self.case["queue_path"])
        queues = children(answer.root, "QueueList")
        own = [q for q in queues if text_of(q, "Name") in self.case["queue_names"]] or queues
        if not own:
            raise TargetUnusable(
                f"GET {self.case['queue_path']} lists no queue (HTTP {answer.status}): is the feature activated?"
            )
        return text_of(own[0], "QueueId"), {n: text_of(own[0], n) for n in ("Name", "Url", "Event", "Type")} | {
            "State": own_text(own[0], "State") or "Active",
            "On": next((text_of(c, "State") for c in children(own[0], "NotifyConfig")), "Off") or "Off",
        }

    def put(self, kind: str, state: str, rule: str | None) -> None:
        """Set state and callback rule of the queue (None: the rule it had before the run)."""
        found = self.found
        values = (found["On"], found["Url"], found["Event"], found["Type"])
        if rule is not None:
            values = ("Off", "", "", "") if rule == "off" else ("On", self.listener.address(rule), "TaskFinish", "Url")
        config = "".join(f"<{n}>{escape(v)}</{n}>" for n, v in zip(_RULE_PARTS, values, strict=True) if v)
        body = (
            f"<Request><Name>{escape(found['Name'])}</Name><QueueID>{self.queue}</QueueID><State>{state}</State>"
            f"<NotifyConfig>{config}</NotifyConfig></Request>"
        )
        answer = self.send("PUT", f"{self.case['queue_path']}/{quote(self.queue, safe='')}", body)
        if not answer.ok:
            raise TargetUnusable(f"PUT of the queue with State {state} was answered {answer.status}")
        if rule is not None:
            self.recorder.updated(kind, rule, answer)

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
        answer = self.send("POST", case["job_path"], body)
        if not answer.ok and self.paused:
            self.closed = True
            return
        ids = self.recorder.submitted(levels, own, answer)
        if not answer.ok or len(ids) != len(levels):
            raise TargetUnusable(f"submit was answered {answer.status} with {len(ids)} job(s)")
        self.rules.update({job_id: [self.rule] for job_id in ids})
        self.own.update(ids if own else ())

    def open_jobs(self) -> list[str]:
        """Jobs without an observed final state."""
        return [job for job in self.recorder.open_jobs() if job not in self.gone]

    def look(self, jobs: list[str]) -> None:
        """Describe jobs."""
        size = 10 if self.case["several_ids"] else 1
        for start in range(0, len(jobs), size):
            ids = ",".join(quote(job, safe="") for job in jobs[start : start + size])
            self.recorder.looked(ids, self.send("GET", f"{self.case['job_path']}/{ids}"))

    def watch(self, done: Callable[[], bool], seconds: float) -> bool:
        """Describe open jobs until `done()`; False when the time is over first."""
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
        """Wait until no job runs in the paused queue."""
        time.sleep(SLACK + min(2.0, self.case["start_latency"]))
        self.watch(lambda: all(self.recorder.state(job) in WAITING for job in self.open_jobs()), 10 + self.timeouts(1))

    def hold(self) -> None:
        """Describe waiting jobs twice: when no job runs, and again after one could have started by mistake."""
        if self.open_jobs():
            self.settle()
            time.sleep(max(0.35, min(5.0, 3 * self.case["start_latency"])))
            self.look(self.open_jobs())

    def pause(self) -> None:
        """Pause the queue; it is certainly paused after the answer."""
        self.put("pause", "Paused", self.rule)
        time.sleep(SLACK + self.case["start_latency"])
        self.paused = True

    def resume(self) -> None:
        """Resume the queue."""
        self.put("resume", "Active", self.rule)
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
                self.put("pause", "Paused", self.rule)
                beside.join()
                self.pause()
                self.hold()
                return
            self.resume()
        opened = self.open_jobs()
        self.watch(lambda: any(self.recorder.state(job) not in WAITING for job in opened), self.timeouts(1))
        self.pause()
        self.hold()

    def cancel(self, pick: int) -> None:
        """Cancel a job that has not ended."""
        if self.paused and self.open_jobs():
            self.settle()
        cancelled = {cancel.job_id for cancel in self.recorder.cancels}
        open_jobs = [job for job in self.open_jobs() if job not in cancelled]
        if open_jobs:
            job = open_jobs[pick % len(open_jobs)]
            answer = self.send("PUT", f"{self.case['cancel_path']}/{quote(job, safe='')}?cancel")
            self.recorder.cancelled(job, answer)
            self.look(self.open_jobs())

    def restart(self) -> None:
        """Restart the target by the operator's command, then observe the queue and all jobs."""
        command = os.environ.get("CIQ_RESTART_COMMAND") or self.case["restart_command"]
        if not command:
            raise TargetUnusable(
                "this history restarts the target: set CIQ_RESTART_COMMAND to a command that restarts it"
            )
        if self.paused and self.open_jobs():
            self.settle()
        begin = time.monotonic()
        if subprocess.run(shlex.split(command), stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
            raise TargetUnusable(f"the restart command `{command}` failed")
        answer = self.first_listing(begin)
        end = time.monotonic() + _SHOWN_WITHIN
        while True:
            self.recorder.listed(begin, answer)
            requested = time.monotonic()
            self.look(self.recorder.ids())
            lost = [job for job in self.recorder.ids() if self.recorder.last_seen(job) < requested]
            if (not lost and self.shown(answer)) or time.monotonic() > end:
                break
            time.sleep(0.1)
            answer = self.send("GET", self.case["queue_path"])
        for job in lost:  # one unknown id may have kept an answer from containing the others
            self.look([job])
        self.gone.update(job for job in lost if self.recorder.last_seen(job) < requested)
        if self.queue not in [view_of(element).queue_id for element in children(answer.root, "QueueList")]:
            raise QueueLost

    def first_listing(self, begin: float) -> Answer:
        """The first list of queues after a restart that is answered with other than 5xx."""
        while True:
            try:
                answer = self.send("GET", self.case["queue_path"])
                if answer.ok or answer.refused:
                    return answer
                failure = TargetUnusable(f"after the restart the list of queues was answered {answer.status}")
            except TargetUnusable as error:
                failure = error
            if time.monotonic() - begin > 60:
                raise failure
            time.sleep(0.1)

    def shown(self, answer: Answer) -> bool:
        """Whether a list of queues shows the queue as it was set."""
        views = [view_of(element) for element in children(answer.root, "QueueList")]
        queue = next((view for view in views if view.queue_id == self.queue), None)
        if queue is None or queue.state != ("Paused" if self.paused else "Active"):
            return False
        if self.rule == "off":
            return queue.rule is None or queue.rule[0] != "On"
        return queue.rule == ("On", self.listener.address(self.rule))

    def run(self) -> None:
        """Run the history to its end."""
        self.put("open", "Active", self.rule)
        try:
            for op, *arguments in self.case["history"]:
                self.execute(op, *arguments)
            if self.paused:
                self.hold()
                self.resume()
            self.drain()
        except QueueLost:
            self.queue_lost = True

    def execute(self, op: str, *arguments: Any) -> None:
        """Execute one command if it makes sense at this moment."""
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
            for rules in self.rules.values():
                rules.append(self.rule)
            self.put("rule", "Paused" if self.paused else "Active", self.rule)
        elif op == "failing":
            channel = "first" if self.rule == "off" else self.rule
            self.listener.failing.setdefault(channel, []).extend([arguments[0]] * arguments[1])
        elif op == "restart":
            self.restart()

    def drain(self) -> None:
        """Wait until all jobs have ended and all callbacks that are due have arrived."""
        recorder, listener = self.recorder, self.listener
        cancelled = {cancel.job_id for cancel in recorder.cancels}
        kept = [job for job in recorder.ids() if job not in cancelled and job not in self.gone]
        if not self.watch(lambda: all(recorder.state(job) in ENDED for job in kept), self.timeouts(len(kept))):
            recorder.expired.add("drain")
        due = [job for job in kept if "off" not in self.rules[job] and recorder.state(job) in ENDED]
        wanted = {job: {"own"} if job in self.own else set(self.rules[job]) for job in due}
        end = time.monotonic() + 5.0 + 10.0 * float(self.case["callback_latency"])
        while not all(channels & listener.channels_of(job) for job, channels in wanted.items()):
            if time.monotonic() > end:
                recorder.expired.add("callbacks")
                break
            time.sleep(0.02)
        time.sleep(0.5)
        self.look(recorder.ids())

    def close(self) -> None:
        """Restore the queue, and stop the receiver."""
        try:
            if not self.queue_lost:
                self.put("restore", self.found["State"], None)
        finally:
            self.listener.server.shutdown()
            self.listener.server.server_close()

    def history(self) -> ObservedHistory:
        """What this run observed. Callbacks count as arriving, because they did in the run that wrote the script."""
        conditions = Conditions(
            start_latency=self.case["start_latency"],
            workers=max(1, self.case["workers"]),
            stops_running_jobs=self.case["halting"],
            held_by_workers=self.case["held_by_workers"],
            callbacks_arrive=True,
        )
        return self.recorder.history(list(self.listener.arrived), conditions)


def main(case: dict[str, Any], tries: int = 3) -> int:
    """Run the history until it deviates, at most `tries` times; return the exit code."""
    write = sys.stdout.write
    write(f"{case['rule']} on {case['feature']}: {case['title']}\n")
    try:
        for attempt in range(1, tries + 1):
            replay = Replay(case)
            try:
                replay.run()
            finally:
                replay.close()
            history = replay.history()
            found = RULES[case["rule"]](history).deviations
            if found:
                write("".join(f"DEVIATES (try {attempt}): {deviation.text}\n" for deviation in found[:5]))
                return 1
    except TargetUnusable as error:
        write(f"cannot judge: {error}\n")
        return 2
    write(f"no deviation in {tries} tries: {len(history.jobs)} jobs ran as documented\n")
    return 0
