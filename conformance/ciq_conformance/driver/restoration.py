"""Leaving the target as it was found: name, state and callback rule of each queue, activation where it was our doing.

Goes on though the run is being stopped. Says in words what could not be put back.
"""

from dataclasses import dataclass, field

import msgspec

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.probe import Readiness, RunContext, pick_queue
from ciq_conformance.driver.scenario_context import describe_response
from ciq_conformance.driver.timeouts import SHOWN_WITHIN, UNMEASURED
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.requirement import Capability, Scenario
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.values import Queue

RESTORE = "restore"
"""Scenario name of the records made here."""


@dataclass(kw_only=True)
class Restoration:
    """The undo of one feature."""

    run: RunContext
    readiness: Readiness
    queue_id: str = field(init=False)
    """The queue's id now: a new one after deactivation and activation."""
    _seen: int = 0

    def __post_init__(self) -> None:
        self.queue_id = self.readiness.found.queue_id or ""

    @property
    def working(self) -> Queue:
        """The queue that scenarios start from."""
        return msgspec.structs.replace(self.readiness.working, queue_id=self.queue_id)

    def adopt(self) -> None:
        """Learn the queue's id as it is now; activates the feature again when its queue is gone."""
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
        """After a scenario: back to the queue that scenarios start from, if anything was changed."""
        if self._touched():
            self.adopt()
            self._put(self.working)
            self.adopt()  # a target whose update changes the id is told so by ONE-011, and by nothing else

    def finish(self) -> str:
        """At the end: back to the queue as found. Returns what could not be put back, empty when all could."""
        self.adopt()
        found = msgspec.structs.replace(self.readiness.found, queue_id=self.queue_id)
        feature = self.readiness.spec.feature
        refused = self._put(found)
        if refused:
            return f"{feature}: {refused}"
        self.adopt()
        left = self._left(found)
        if left:
            return f"{feature}: {left}"
        if self.readiness.activated and self.run.profile.capabilities.get(Capability.DEACTIVATE):
            answer = self._calls().deactivate("deactivate")
            return "" if answer.ok else f"{feature}: deactivation answered {describe_response(answer)}"
        return ""

    def _left(self, found: Queue) -> str:
        """In words, what a list shows that is not as found; one may know the last update late, so it is asked again."""
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
        ctx = self.run.ctx(self.readiness.spec, Scenario.EVERY, calls, queue, UNMEASURED)
        if ctx.restore("queue"):
            return ""
        return f"PUT of the queue (state {queue.state}) was refused"

    def _touched(self) -> bool:
        """Whether anything but GET and job calls was sent for this feature since the last look."""
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
    """In words, what of the queue is not as it was found; empty when all is."""
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
            parts.append(f"the callback rule goes to {rule.url}, went to {then.url}")
    return "; ".join(parts)
