"""Sends the service's operations for one feature; each call is one exchange. Implements `scenario_context.Calls`.

Knows paths, hosts and parameters (from the feature table and the profile). Must not know why a call is made.
Each exchange records its operation; a raw request has none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import quote, urlencode

from ciq_conformance.driver.client import Client
from ciq_conformance.driver.signing import Signing
from ciq_conformance.profile import Profile
from ciq_schemas.features import SHARED_JOB_PATH, FeatureSpec
from ciq_schemas.operations import FeatureOperation, HttpOperation, OperationKind, operations
from ciq_schemas.transcript.parsed import ParsedExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCalls:
    """One feature's calls within one scenario."""

    client: Client
    profile: Profile
    spec: FeatureSpec
    scenario: str
    job_path: str
    bad_steps: Collection[str] = ()
    """Steps whose requests are wrong on purpose: they change nothing, so the client may repeat them."""
    though_stopping: bool = False
    """Send although the run is being stopped: for restoring the queue."""

    def in_bucket(self, bucket: str) -> "FeatureCalls":
        """Returns the same calls under the Host of another bucket."""
        return replace(self, profile=replace(self.profile, bucket=bucket))

    def list_queues(self, step: str, params: Mapping[str, str] | None = None) -> ParsedExchange:
        """GET on the queue path."""
        return self._send(step, "GET", _target(self.spec.queue_path, params), operation=OperationKind.LIST_QUEUES)

    def update_queue(self, step: str, queue_id: str, body: bytes) -> ParsedExchange:
        """PUT of one queue."""
        target = f"{self.spec.queue_path}/{quote(queue_id, safe='')}"
        return self._send(step, "PUT", target, body=body, operation=OperationKind.UPDATE_QUEUE)

    def list_buckets(self, step: str, params: Mapping[str, str] | None = None) -> ParsedExchange:
        """GET on the bucket path, at the region's host."""
        target = _target(self.spec.bucket_path, params)
        return self._send(step, "GET", target, operation=OperationKind.LIST_BUCKETS, host=self._region_host)

    def activate(self, step: str) -> ParsedExchange:
        """POST on the bucket path."""
        return self._send(step, "POST", self.spec.bucket_path, operation=OperationKind.ACTIVATE)

    def deactivate(self, step: str) -> ParsedExchange:
        """DELETE on the bucket path."""
        return self._send(step, "DELETE", self.spec.bucket_path, operation=OperationKind.DEACTIVATE)

    def submit(self, step: str, body: bytes) -> ParsedExchange:
        """POST on the job path."""
        return self._send(step, "POST", self.job_path, body=body, operation=OperationKind.SUBMIT_JOB)

    def describe(self, step: str, *job_ids: str) -> ParsedExchange:
        """GET of one or several jobs; commas separate the ids."""
        ids = ",".join(quote(job_id, safe="") for job_id in job_ids)
        return self._send(step, "GET", f"{self.job_path}/{ids}", operation=OperationKind.DESCRIBE_JOB)

    def list_jobs(self, step: str, params: Mapping[str, str]) -> ParsedExchange:
        """GET on the job path."""
        return self._send(step, "GET", _target(self.job_path, params), operation=OperationKind.LIST_JOBS)

    def cancel(self, step: str, job_id: str) -> ParsedExchange:
        """PUT `/jobs/<id>?cancel`: the one path documented for it, for pictures too (436/76252, 436/49201)."""
        path = self.job_path if self.spec.feature in self.profile.job_path else SHARED_JOB_PATH
        return self._send(step, "PUT", f"{path}/{quote(job_id, safe=',')}?cancel", operation=OperationKind.CANCEL_JOB)

    def other(
        self,
        step: str,
        kind: OperationKind,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        flag: str = "",
        body: bytes = b"",
        insist: bool = False,
    ) -> ParsedExchange:
        """An operation of the bucket that belongs to no feature, by the operations table."""
        operation = _operations()[kind]
        path, _, parameter = operation.path.partition("{")
        target = _target(path + (quote(key, safe="") if parameter else ""), params) + (f"?{flag}" if flag else "")
        return self._send(step, operation.method, target, body=body, operation=kind, insist=insist)

    def raw(
        self,
        step: str,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        signing: str = "normal",
    ) -> ParsedExchange:
        """Sends any request to the bucket's host; `signing` is a value of Signing."""
        return self._send(step, method, target, body=body, headers=headers, signing=Signing(signing))

    @property
    def _region_host(self) -> str:
        return self.profile.region_host.format(region=self.profile.region, bucket=self.profile.bucket)

    def _send(
        self,
        step: str,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        operation: OperationKind | None = None,
        host: str = "",
        signing: Signing = Signing.NORMAL,
        insist: bool = False,
    ) -> ParsedExchange:
        exchange = self.client.send(
            method,
            target,
            host=host or self.profile.host.format(region=self.profile.region, bucket=self.profile.bucket),
            scenario=self.scenario,
            step=step,
            feature=self.spec.feature,
            operation=operation.value if operation else "",
            body=body,
            headers=headers,
            signing=signing,
            though_stopping=self.though_stopping or insist,
            repeatable=operation is None or step in self.bad_steps,
        )
        return ParsedExchange(exchange)


@cache
def _operations() -> Mapping[OperationKind, HttpOperation]:
    return {one.kind: one for one in operations() if not isinstance(one, FeatureOperation)}


def _target(path: str, params: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(params, quote_via=quote, safe='')}" if params else path
