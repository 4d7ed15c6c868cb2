"""Queues, jobs and worker threads of the miniature target."""

from __future__ import annotations

import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from .traits import Traits
from .wire import Tree, job_tree, to_json, to_xml

NAMES = {"media": "queue-1", "speech": "queue-speech-1", "doc": "queue-doc-process-1"}
CATEGORIES = {"media": "Transcoding", "speech": "Speeching", "doc": "DocProcessing"}
LETTERS = {"media": "j", "speech": "s", "doc": "d"}


@dataclass
class Job:
    """One job; `operation` is the element as received."""

    id: str
    feature: str
    tag: str
    tag_inside: bool
    level: int
    seq: int
    input_object: str
    operation: ET.Element
    queue_id: str
    created: float
    callback: str | None
    callback_format: str | None
    bucket: str
    region: str
    state: str = "Submitted"
    started: float | None = None
    ended: float | None = None
    left: float = 0.0
    failed: bool = False


@dataclass
class Queue:
    """One queue with its callback rule."""

    id: str
    feature: str
    name: str
    category: str
    bucket: str
    state: str = "Active"
    rule: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    updated: float = 0.0

    def __post_init__(self) -> None:
        self.updated = self.created


class Service:
    """Holds all state behind one lock, with worker threads per feature."""

    def __init__(self, traits: Traits, seed: int = 1) -> None:
        self.t = traits
        self.random = random.Random(seed)
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.queues: dict[str, list[Queue]] = {}
        self.jobs: dict[str, Job] = {}
        self.waiting: dict[str, list[Job]] = {feature: [] for feature in NAMES}
        self.seq = 0
        self.stopping = False
        self.last_update = 0.0
        self.threads: list[threading.Thread] = []
        for feature in NAMES:
            if not traits.needs_activation:
                self.activate(feature, "examplebucket-1250000000")
            for _ in range(traits.workers):
                thread = threading.Thread(target=self._work, args=(feature,), daemon=True)
                thread.start()
                self.threads.append(thread)

    def stop(self) -> None:
        """Ends the workers."""
        with self.lock:
            self.stopping = True
            self.changed.notify_all()
        for thread in self.threads:
            thread.join(5)

    def new_id(self, letter: str) -> str:
        """Returns a new id; `ids_upper` changes its spelling."""
        text = uuid.UUID(int=self.random.getrandbits(128)).hex
        return letter + (text.upper() if self.t.ids_upper else text)

    def activate(self, feature: str, bucket: str) -> Queue:
        """Creates the feature's queue, once."""
        with self.lock:
            queues = self.queues.setdefault(feature, [])
            if not queues or self.t.fault == "activation_adds_queue":
                name = self.t.speech_queue_name if feature == "speech" else NAMES[feature]
                if self.t.fault == "wrong_queue_name":
                    name = "default"
                queue = Queue(self.new_id("p"), feature, name, CATEGORIES[feature], bucket)
                if self.t.fault == "shared_queue_id" and feature != "media" and self.queues.get("media"):
                    queue.id = self.queues["media"][0].id
                queues.append(queue)
                if self.t.fault == "two_queues":
                    queues.append(Queue(self.new_id("p"), feature, name + "-b", CATEGORIES[feature], bucket))
                if self.t.speed_queue and feature == "media":
                    queues.append(
                        Queue(
                            self.new_id("p"), feature, "queue-speed-transcoding-process-1", "SpeedTranscoding", bucket
                        )
                    )
            return queues[0]

    def update(self, queue: Queue, name: str, state: str, rule: dict[str, str]) -> None:
        """Sets name, state and rule; resume wakes the workers."""
        with self.lock:
            fault = self.t.fault
            now = time.time()
            if fault != "name_ignored":
                queue.name = name
            if fault != "rule_ignored":
                queue.rule = {**queue.rule, **rule} if self.t.rule_merged else dict(rule)
            if fault == "rule_event_lost":
                queue.rule.pop("Event", None)
            old, queue.state = queue.state, state
            queue.updated = now
            if fault == "new_id_on_update":
                queue.id = self.new_id("p")
            if fault == "shared_rule":
                for other in self.queues.values():
                    other[0].rule = dict(rule)
            if fault == "shared_pause" or (fault == "shared_pause_same_second" and int(self.last_update) == int(now)):
                for other in self.queues.values():
                    other[0].state = state
            self.last_update = now
            if old != state and state == "Paused":
                for job in self.jobs.values():
                    if job.feature == queue.feature and job.state == "Submitted":
                        job.state = self.t.held_state
                if fault == "pause_drops_waiting":
                    for job in self.waiting[queue.feature]:
                        job.state = "Cancel"
                    self.waiting[queue.feature] = []
                if fault == "pause_fails_running":
                    for job in self.jobs.values():
                        if job.feature == queue.feature and job.state == "Running":
                            job.state, job.ended, job.failed = "Failed", time.time(), True
            if old != state and state == "Active":
                for job in self.waiting[queue.feature]:
                    job.state = "Submitted"
                if fault == "resume_loses_order":
                    self.random.shuffle(self.waiting[queue.feature])
                    for index, job in enumerate(self.waiting[queue.feature]):
                        job.seq = index
                if fault == "resume_loses_levels":
                    for job in self.waiting[queue.feature]:
                        job.level = 0
                if fault == "resume_forgets_last" and self.waiting[queue.feature]:
                    self.waiting[queue.feature].pop()
            self.changed.notify_all()

    def submit(self, feature: str, jobs: list[Job]) -> None:
        """Accepts jobs in order."""
        with self.lock:
            for job in jobs:
                self.seq += 1
                job.seq = self.seq
                if self.t.fault == "duplicate_ids" and self.seq % 5 == 0:
                    job.id = next(iter(self.jobs))
                self.jobs[job.id] = job
                self.waiting[feature].append(job)
                queue = self.queues[feature][0]
                if queue.state == "Paused":
                    job.state = self.t.held_state
            self.changed.notify_all()

    def cancel(self, job: Job) -> bool:
        """Cancels a waiting job; returns False when it does not wait."""
        with self.lock:
            if job.state not in ("Submitted", "Pause"):
                if self.t.fault == "cancel_rewrites_ended":
                    job.state = "Cancel"
                return False
            job.state = "Cancel"
            if self.t.fault != "cancel_still_runs" and job in self.waiting[job.feature]:
                self.waiting[job.feature].remove(job)
            return True

    # -- dispatch ---------------------------------------------------------------------------------------------

    def _key(self, job: Job) -> tuple[float, float]:
        fault = self.t.fault
        level = job.level
        if fault in ("fifo", "lifo"):
            level = 0
        if fault == "levels_reversed":
            level = -level
        if fault == "two_levels_as_one":
            level = min(level, 1)
        if fault == "zero_and_one_same":
            level = max(level, 1)
        if fault == "default_level_two" and job.operation.find("JobLevel") is None:
            level = 2
        if fault == "equal_levels_lifo" or fault == "lifo":
            return (-level, -job.seq)
        if fault == "equal_levels_random":
            return (-level, self.random.random())
        return (-level, job.seq)

    def _take(self, feature: str) -> Job | None:
        waiting = self.waiting[feature]
        queues = self.queues.get(feature)
        if not waiting or not queues:
            return None
        fault = self.t.fault
        if queues[0].state == "Paused" and fault != "pause_ignored":
            if fault == "pause_leaks_last" and len(waiting) > 8:
                return waiting.pop()
            if fault == "pause_leaks_high" and any(j.level == 2 for j in waiting):
                job = next(j for j in waiting if j.level == 2)
                waiting.remove(job)
                return job
            return None
        pool = waiting
        if fault == "level_window":
            pool = sorted(waiting, key=lambda j: j.seq)[:4]
        job = min(pool, key=self._key)
        waiting.remove(job)
        return job

    def _work(self, feature: str) -> None:
        while True:
            if self.t.tick:
                time.sleep(self.t.tick - time.time() % self.t.tick)
            with self.lock:
                job = self._take(feature)
                while job is None and not self.stopping:
                    self.changed.wait(0.05)
                    job = self._take(feature)
                if self.stopping or job is None:
                    return
            if self.t.jitter_start:
                time.sleep(self.random.random() * self.t.jitter_start)
            with self.lock:
                if job.state == "Cancel" and self.t.fault != "cancel_still_runs":
                    continue
                job.state = "Running"
                job.started = job.started or time.time()
                job.left = job.left or self.t.duration
            self._run(job)

    def _run(self, job: Job) -> None:
        end = time.monotonic() + job.left
        while time.monotonic() < end:
            with self.lock:
                if self.stopping:
                    return
                if self.t.halting and self.queues[job.feature][0].state == "Paused":
                    job.left = max(end - time.monotonic(), 0.001)
                    job.state = self.t.held_state
                    self.waiting[job.feature].insert(0, job)
                    return
            time.sleep(min(0.01, max(0.0, end - time.monotonic())))
        if self.t.fault == "callback_before_end":
            self._send_callbacks(job, "Success")
            time.sleep(0.15)
        with self.lock:
            if job.state == "Failed":
                return
            missing = job.input_object.startswith("missing/") and not self.t.blind_to_input
            job.failed = missing
            job.state = "Failed" if missing else "Success"
            job.ended = time.time()
        if self.t.fault == "callback_before_end":
            return
        if self.t.fault == "failed_is_silent" and job.failed:
            return
        self._send_callbacks(job, job.state)

    # -- callbacks --------------------------------------------------------------------------------------------

    def _send_callbacks(self, job: Job, state: str) -> None:
        fault = self.t.fault
        if fault == "no_callback" or (fault == "some_callbacks_lost" and job.seq % 4 == 0):
            return
        rule = self.queues[job.feature][0].rule
        on = rule.get("State") == "On" and "TaskFinish" in rule.get("Event", "")
        if fault == "off_ignored":
            on = bool(rule.get("Url"))
        if fault == "event_ignored":
            on = rule.get("State") == "On"
        if rule.get("Type") == "TDMQ" and fault != "tdmq_posts":
            on = False
        url: str | None = rule.get("Url") if on else None
        own = job.callback
        if own == "no" and fault != "no_ignored":
            return
        if own and own != "no" and fault != "job_address_ignored":
            if fault == "both_addresses" and url:
                self._post(url, job, state, rule)
            url = own
        if url:
            self._post(url, job, state, rule)

    def _post(self, url: str, job: Job, state: str, rule: dict[str, str]) -> None:
        form = (job.callback_format or rule.get("ResultFormat") or "XML").upper()
        if self.t.fault == "format_ignored":
            form = "XML"
        if self.t.fault == "job_format_ignored":
            form = (rule.get("ResultFormat") or "XML").upper()
        if job.feature == "doc" and not self.t.doc_result_format:
            form = "XML"
        with self.lock:
            tree = self.callback_tree(job, state)
            if form == "JSON":
                body = to_json(tree, self.t).encode()
                kind = "application/json"
            else:
                body = to_xml(Tree("Response", tree.children), self.t, self.random)
                kind = "application/xml"
        if self.t.fault == "callback_truncated":
            body = body[:-12]
        if self.t.fault == "callback_content_type":
            kind = "text/plain"
        if self.t.fault == "query_dropped":
            url = url.partition("?")[0]
        method = "PUT" if self.t.fault == "callback_put" else "POST"
        delay = self.t.callback_delay + self.random.random() * self.t.callback_jitter
        for _ in range(self.t.callback_copies):
            threading.Thread(target=self._send, args=(url, body, kind, method, delay), daemon=True).start()

    def _send(self, url: str, body: bytes, kind: str, method: str, delay: float) -> None:
        time.sleep(delay)
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()
        except (urllib.error.URLError, OSError):
            return

    def callback_tree(self, job: Job, state: str) -> Tree:
        """Returns the body of a TaskFinish."""
        fault = self.t.fault
        shown = state
        if fault == "callback_says_success" and job.failed:
            shown = "Success"
        detail = job_tree(job, self.t, shown, callback=True)
        if fault == "callback_other_id":
            detail.set("JobId", job.id[:-1] + ("0" if job.id[-1] != "0" else "1"))
        if fault == "callback_without_queue":
            detail.drop("QueueId")
        if fault == "userdata_cut":
            operation = detail.child("Operation")
            data = operation.child("UserData") if operation else None
            if data is not None and data.text:
                data.text = data.text[:255].replace("<", "")
        if fault == "callback_creation_time":
            detail.set("CreationTime", "yesterday")
        children = [] if self.t.legacy_callback else [Tree("EventName", text="TaskFinish")]
        if fault == "wrong_event":
            children = [Tree("EventName", text="JobFinish")]
        if self.t.legacy_callback:
            children.append(Tree("NonExistJobIds"))
        children.append(detail)
        if fault == "callback_two_jobs":
            children.append(detail)
        return Tree("Body", children)


def parse(body: bytes) -> ET.Element:
    """Parses a request; DTDs are rejected."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ET.ParseError("no DTD here")
    return ET.fromstring(body)
