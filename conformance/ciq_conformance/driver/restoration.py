"""Restores the target: name, state and callback rule of each queue, and activation if the suite activated the feature.

Continues although the run is being stopped. Describes what it could not restore.
"""

import threading
from dataclasses import dataclass, field

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.probe import Readiness, pick_queue
from ciq_conformance.driver.queue_snapshot import QueuePart, QueueSnapshot, default_of
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.scenario_spec import ALL_EXCHANGES
from ciq_conformance.timeouts import SHOWN_WITHIN, UNMEASURED
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.parsed import describe_response
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.values import Queue

RESTORE = "restore"
"""Scenario name of the records of a restoration."""


@dataclass(kw_only=True)
class Restoration:
    """Restores one feature."""

    run: RunContext
    readiness: Readiness
    queue_id: str = field(init=False)
    """Current id of the queue; it changes after deactivation and activation."""
    _seen: int = 0

    def __post_init__(self) -> None:
        self.queue_id = self.readiness.found.queue_id or ""

    @property
    def working(self) -> Queue:
        """The queue that scenarios start from."""
        return msgspec.structs.replace(self.readiness.working, queue_id=self.queue_id)

    def adopt(self) -> None:
        """Reads the current id of the queue; activates the feature again when it has no queue."""
        listed = self._calls().list_queues("look")
        ids = [queue.queue_id for queue in listed.queue_list.queues]
        if not listed.ok or self.queue_id in ids:
            return
        queue = pick_queue(self.readiness.spec, listed)
        if queue is None:
            self._calls().activate("activate-again")
            queue = pick_queue(self.readiness.spec, self._calls().list_queues("look-again"))
        if queue is not None and queue.queue_id:
            self.queue_id = queue.queue_id

    def between(self) -> None:
        """After a scenario that changed the queue, restores the queue that scenarios start from."""
        if self._changed():
            self.adopt()
            self._put(self.working)
            self.adopt()  # ONE-011 alone judges an update that changes the id

    def finish(self) -> str:
        """At the end, restores the queue as found; returns what it could not restore, empty when it restored all."""
        self.adopt()
        feature = self.readiness.spec.feature
        left = self._put_found()
        if left:
            return f"{feature}: {left}"
        if self.readiness.activated and self.run.profile.capabilities.get(Capability.DEACTIVATE):
            answer = self._calls().deactivate("deactivate")
            return "" if answer.ok else f"{feature}: the response to deactivation was {describe_response(answer)}"
        return ""

    def _put_found(self) -> str:
        """Restores the queue as found; returns what it could not restore.

        A target may keep the parts of a rule that an update omits (no document says). The suite then sends such a part
        empty, and with its documented default when that changes nothing.
        """
        found = self.readiness.snapshot
        if found is None:
            return self._put(msgspec.structs.replace(self.readiness.found, queue_id=self.queue_id))
        if not self._update(found, ()):
            return f"the target rejected the update of the queue (state {found.text('State')})"
        self.adopt()
        left, now = self._compare(found)
        added = () if now is None else found.added(now)
        if now is not None and added:
            self._update(found, added)
            left, now = self._compare(found)
            if now is not None and (left or found.differences(now).kept_parts):
                self._update(found, tuple(map(default_of, added)))
                left, now = self._compare(found)
        kept = [] if now is None else [part.name for part in found.differences(now).kept_parts]
        if kept and not left:
            text = f"the target keeps {', '.join(kept)} in a callback rule that is Off"
            self.run.recorder.record_event(RESTORE, self.readiness.spec.feature, "note", text)
        return left

    def _compare(self, found: QueueSnapshot) -> tuple[str, QueueSnapshot | None]:
        """Describes how the listed queue differs from the one found; lists again, because an update may show late."""
        deadline = self.run.recorder.now() + SHOWN_WITHIN * self.run.profile.timeout_factor
        while True:
            listed = self._calls().list_queues("verify")
            now = QueueSnapshot.of(listed.exchange.response_body.data, self.queue_id)
            left = "the queue is not listed any more" if now is None else "; ".join(found.differences(now).effective)
            if not left or self.run.recorder.now() >= deadline:
                return left, now
            threading.Event().wait(0.05)  # also while the run is being stopped

    def _update(self, found: QueueSnapshot, cleared: tuple[QueuePart, ...]) -> bool:
        body = found.body(self.queue_id, cleared=cleared)
        return self._calls().update_queue("queue", self.queue_id, body).ok

    def _calls(self) -> FeatureCalls:
        return self.run.calls(self.readiness.spec, RESTORE, self.readiness.job_path, though_stopping=True)

    def _put(self, queue: Queue) -> str:
        calls = self._calls()
        ctx = self.run.ctx(self.readiness.spec, ALL_EXCHANGES, calls, queue, UNMEASURED)
        if ctx.restore("queue"):
            return ""
        return f"the target rejected the update of the queue (state {queue.state})"

    def _changed(self) -> bool:
        """Returns whether a request other than GET and job requests was sent for the feature since the last call."""
        records = self.run.recorder.records
        fresh, self._seen = records[self._seen :], len(records)
        paths = (self.readiness.spec.queue_path, self.readiness.spec.bucket_path)
        return any(
            isinstance(record, Exchange)
            and record.feature == self.readiness.spec.feature
            and record.method != "GET"
            and any(path in record.url for path in paths)
            for record in fresh
        )
