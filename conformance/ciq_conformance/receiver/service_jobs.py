"""Makes reported jobs with a service beside the receiver: the service has run each job, and describes it.

A careful receiver asks the service back before it believes a callback; without this source it would reject every one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ciq_conformance.driver.requests import JobRequest, submit_body
from ciq_conformance.driver.scenario_context import PreconditionFailed
from ciq_conformance.receiver.messages import OBJECTS, ReportedJob
from ciq_conformance.receiver.wire import Answer, Delivery, send
from ciq_schemas import codec
from ciq_schemas.codec import Document, Reading
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import FINAL_STATES

_WITHIN = 10.0
_ENDS_WITHIN = 30.0


class Service(Protocol):
    """The service beside the receiver; its jobs fail or last long by the prefix of their input."""

    url: str
    bucket: str
    region: str
    failing: str
    """Prefix of inputs whose jobs fail."""
    lasting: str
    """Prefix of inputs whose jobs do not end during the run."""

    def described(self) -> tuple[str, ...]:
        """Paths of the describe requests that the service has received."""
        ...


@dataclass(kw_only=True)
class ServiceJobs:
    """Submits jobs to the service and reports them as it describes them."""

    service: Service
    run_id: str
    pause: Callable[[float], None]
    _made: dict[tuple[Feature, str], ReportedJob] = field(default_factory=dict, init=False)

    def job(self, feature: Feature, label: str, *, failed: bool = False, user_data: str | None = None) -> ReportedJob:
        """Returns the ended job of a label; the same label gives the same job."""
        key = feature, label
        if key not in self._made:
            prefix = self.service.failing if failed else ""
            accepted = user_data if user_data is None or user_data.isascii() else None
            ended = self._ended(feature, self.submitted(feature, label, prefix, accepted))
            self._made[key] = ended if accepted == user_data else _with_user_data(ended, user_data)
        return self._made[key]

    def submitted(self, feature: Feature, label: str, prefix: str, user_data: str | None = None) -> str:
        """Submits a job and returns its id."""
        spec = FEATURES[feature]
        extra = "<Lang>zh</Lang><Type>txt</Type><BasicType/>" if feature is Feature.AI else ""
        request = JobRequest(
            feature=feature,
            tag=spec.tags[0],
            input_object=prefix + OBJECTS[feature],
            bucket=self.service.bucket,
            region=self.service.region,
            output_prefix=f"ciq/{self.run_id}",
            user_data=label if user_data is None else user_data,
            level=0 if spec.has_job_level else None,
            input_extra=extra,
        )
        answer = self._send("POST", spec.job_path, submit_body([request]))
        jobs = codec.job_answer(answer.body).jobs
        if answer.status != 200 or not jobs or not jobs[0].job_id:
            raise PreconditionFailed(f"the service beside the receiver rejected a job: HTTP {answer.status}")
        return jobs[0].job_id

    def detail(self, feature: Feature, job_id: str) -> ReportedJob:
        """Returns the job as the service describes it now, without Progress, which callbacks do not have."""
        answer = self._send("GET", f"{FEATURES[feature].job_path}/{job_id}", b"")
        found = codec.read(Document.JOB_ANSWER, answer.body, Reading.TOLERANT).value.get("JobsDetail")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise PreconditionFailed(f"the service beside the receiver does not describe job {job_id}")
        return ReportedJob(job_id, feature, {**found[0], "Progress": None})

    def _ended(self, feature: Feature, job_id: str) -> ReportedJob:
        end = time.monotonic() + _ENDS_WITHIN
        while True:
            job = self.detail(feature, job_id)
            if job.detail.get("State") in FINAL_STATES:
                return job
            if time.monotonic() > end:
                raise PreconditionFailed(f"job {job_id} of the service beside the receiver did not end")
            self.pause(0.01)

    def _send(self, method: str, path: str, body: bytes) -> Answer:
        return send(Delivery(url=f"{self.service.url}{path}", body=body, method=method), _WITHIN)


def _with_user_data(job: ReportedJob, user_data: str | None) -> ReportedJob:
    """Returns the job with a UserData that a submit may not have: it is documented as ASCII."""
    operation = job.detail.get("Operation")
    inner = operation if isinstance(operation, Mapping) else {}
    return job.changed(Operation={**inner, "UserData": user_data})
