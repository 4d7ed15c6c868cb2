"""The queue of a bucket: its state, its callback rule, its jobs, and the workers that run them."""

import heapq
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from documents import element, to_json, to_xml, write_time

NO_RULE = {"Url": "", "Event": "", "Type": "", "State": "Off", "ResultFormat": "XML"}
MISSING = "missing/"
"""This service simulates the work: a job fails if the name of its input starts with this text."""
CALLBACK_TIMEOUT = 10


def now() -> int:
    """Returns the time in whole seconds, the resolution of all documents."""
    return int(time.time())


@dataclass
class Job:
    """One job: the values of its submit, and what has happened to it since."""

    queue: "JobQueue"
    tag: str
    input_object: str
    operation: ET.Element
    callback: str
    callback_format: str
    number: int = 0
    id: str = field(default_factory=lambda: f"j{uuid.uuid4().hex}")
    state: str = "Submitted"
    code: str = "Success"
    message: str = ""
    created: int = field(default_factory=now)
    started: int | None = None
    ended: int | None = None

    def _operation(self) -> ET.Element:
        """Returns the Operation of the request; a successful job shows the file that it has written."""
        output = self.operation.find("Output")
        if self.state != "Success" or output is None:
            return self.operation
        places = {name: output.findtext(name, "") for name in ("Bucket", "Region")}
        written = element("OutputFile", ObjectName=output.findtext("Object", ""), **places)
        return element("Operation", *self.operation, element("MediaResult", written))

    def xml(self) -> ET.Element:
        """Returns JobsDetail, the same in all answers and callbacks; a waiting job of a paused queue shows Pause."""
        times = {"CreationTime": self.created, "StartTime": self.started, "EndTime": self.ended}
        source = {"BucketId": self.queue.bucket, "Object": self.input_object, "Region": self.queue.region}
        return element(
            "JobsDetail",
            element("Input", **source),
            self._operation(),
            Code=self.code,
            Message=self.message,
            JobId=self.id,
            Tag=self.tag,
            State=self.shown_state,
            QueueId=self.queue.id,
            **{name: write_time(seconds) for name, seconds in times.items()},
        )

    @property
    def shown_state(self) -> str:
        """The state in answers and filters."""
        return "Pause" if self.state == "Submitted" and self.queue.state == "Paused" else self.state


class JobQueue:
    """The one queue of a bucket. Who reads or changes it holds `changed`: no job starts after the answer to a pause."""

    def __init__(self, bucket: str, region: str, workers: int, job_seconds: float) -> None:
        self.bucket, self.region, self.workers, self.job_seconds = bucket, region, workers, job_seconds
        self.id, self.name, self.state, self.rule = f"p{uuid.uuid4().hex}", "queue-1", "Active", NO_RULE
        self.created = self.updated = now()
        self.jobs: dict[str, Job] = {}
        self.changed = threading.Condition(threading.RLock())
        self._waiting: list[tuple[int, int, Job]] = []
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def update(self, **values: str | dict[str, str] | None) -> None:
        """Changes the values that an update contains; keeps those that are None."""
        with self.changed:
            vars(self).update({name: value for name, value in values.items() if value is not None})
            self.updated = now()
            self.changed.notify_all()

    def add(self, jobs: list[Job]) -> None:
        """Accepts the jobs of one submit, in the order of its operations."""
        with self.changed:
            for job in jobs:
                job.number = len(self.jobs) + 1
                self.jobs[job.id] = job
                level = int(job.operation.findtext("JobLevel") or 0)
                heapq.heappush(self._waiting, (-level, job.number, job))
            self.changed.notify_all()

    def cancel(self, job: Job) -> None:
        """Cancels a job that waits; does not change a job that runs or has finished."""
        with self.changed:
            if job.state == "Submitted":
                job.state = "Cancel"

    def xml(self, name: str) -> ET.Element:
        """Returns QueueList or Queue."""
        return element(
            name,
            element("NotifyConfig", **self.rule),
            QueueId=self.id,
            Name=self.name,
            State=self.state,
            MaxSize=10000,
            MaxConcurrent=self.workers,
            CreateTime=write_time(self.created),
            UpdateTime=write_time(self.updated),
            BucketId=self.bucket,
            Category="Transcoding",
        )

    def _next_job(self) -> Job | None:
        """Takes the waiting job with the highest level; of equal levels the one that was accepted first."""
        while self._waiting and self.state == "Active":
            job = heapq.heappop(self._waiting)[2]
            if job.state == "Submitted":
                return job
        return None

    def _work(self) -> None:
        while True:
            with self.changed:
                while (job := self._next_job()) is None:
                    if self.state == "Deleted":
                        return
                    self.changed.wait()
                job.state, job.started = "Running", now()
            time.sleep(self.job_seconds)  # here a real service processes the input
            with self.changed:
                job.state, job.ended = "Success", now()
                if job.input_object.startswith(MISSING):
                    job.state, job.code, job.message = "Failed", "ResourceNotFound", "the input does not exist"
            # One thread per callback: a slow receiver must not delay the callbacks of other jobs.
            threading.Thread(target=self._send_callback, args=(job,), daemon=True).start()

    def _send_callback(self, job: Job) -> None:
        """Sends TaskFinish to the job's own address, otherwise to that of the queue's rule."""
        with self.changed:
            rule, detail = self.rule, job.xml()
        on = rule["State"] == "On" and "TaskFinish" in rule["Event"].split(",")
        url = job.callback or (rule["Url"] if on else "")
        if url in ("", "no"):
            return
        if (job.callback_format or rule["ResultFormat"]) == "JSON":
            body, kind = to_json("TaskFinish", detail), "application/json"
        else:
            body, kind = to_xml(element("Response", detail, EventName="TaskFinish")), "application/xml"
        try:
            request = urllib.request.Request(url, data=body, headers={"Content-Type": kind})  # noqa: S310
            urllib.request.urlopen(request, timeout=CALLBACK_TIMEOUT).close()  # noqa: S310 - a POST, as it has data
        except (OSError, ValueError) as error:
            print(f"callback of {job.id} to {url}: {error}", flush=True)  # noqa: T201 - the job stays as it is
