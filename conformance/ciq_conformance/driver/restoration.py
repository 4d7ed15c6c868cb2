"""Restores the target: name, state and callback rule of each queue, and activation if the suite activated the feature.

Continues although the run is being stopped. Describes what it could not restore.
"""

from dataclasses import dataclass, field

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.probe import Readiness, pick_queue
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.scenario_spec import ALL_EXCHANGES
from ciq_conformance.timeouts import SHOWN_WITHIN, UNMEASURED
from ciq_schemas.lifecycle import QueueState
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
        found = msgspec.structs.replace(self.readiness.found, queue_id=self.queue_id)
        feature = self.readiness.spec.feature
        rejected = self._put(found)
        if rejected:
            return f"{feature}: {rejected}"
        self.adopt()
        left = self._not_restored(found)
        if left:
            return f"{feature}: {left}"
        if self.readiness.activated and self.run.profile.capabilities.get(Capability.DEACTIVATE):
            answer = self._calls().deactivate("deactivate")
            return "" if answer.ok else f"{feature}: the response to deactivation was {describe_response(answer)}"
        return ""

    def _not_restored(self, found: Queue) -> str:
        """Describes how the listed queue differs from the one found; lists again, because an update may show late."""
        deadline = self.run.recorder.now() + SHOWN_WITHIN * self.run.profile.timeout_factor
        while True:
            listed = self._calls().list_queues("verify")
            now = next((queue for queue in listed.queue_list.queues if queue.queue_id == self.queue_id), None)
            left = "the queue is not listed any more" if now is None else difference(found, now)
            if not left or self.run.recorder.now() >= deadline:
                return left
            try:
                self.run.stop.pause(0.05)
            except Interrupted:
                return left

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


def difference(found: Queue, now: Queue) -> str:
    """Describes how the queue differs from the one found; empty when it does not."""
    parts = []
    if (found.state or QueueState.ACTIVE) != now.state:
        parts.append(f"state is {now.state}, was {found.state}")
    if found.name and found.name != now.name:
        parts.append(f"name is {now.name!r}, was {found.name!r}")
    then, rule = found.notify_config, now.notify_config
    if then is not None and rule is not None:
        if (then.state or "Off") != (rule.state or "Off"):
            parts.append(f"the callback rule is {rule.state}, was {then.state}")
        elif then.state == "On" and then.url != rule.url:
            parts.append(f"the callback rule has the address {rule.url}, had {then.url}")
    return "; ".join(parts)
