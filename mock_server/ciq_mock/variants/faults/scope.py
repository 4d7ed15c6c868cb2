"""Where a fault counts: on one feature, on one family of paths, in one form of callbacks; the rest stays sound.

Knows bends; must not know any fault.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery import BodyBuilder, CallbackDispatcher
from ciq_mock.delivery.url_queues import Subject
from ciq_mock.engine import CallbackChoice, Ended, Event, Job
from ciq_mock.engine.queue import Queue
from ciq_mock.http.app import Handle
from ciq_mock.overrides import Override
from ciq_mock.running import RunningMock
from ciq_mock.service.call import Answer, Call
from ciq_mock.variants.faults.fault import in_delivery
from ciq_mock.variants.middleware import wrapped_handle
from ciq_schemas.features import SHARED_JOB_PATH, Feature
from ciq_schemas.operations import FeatureOperation, HttpOperation
from ciq_schemas.values import NotifyConfig

JobMembers = dict[str, Any]
Reading = Callable[[NotifyConfig, CallbackChoice], tuple[NotifyConfig, CallbackChoice]]
"""Queue rule and own choice of a job in, as a mistaken reader takes them out."""


def calls_of(override: Override, *features: Feature, path: Callable[[str], bool] = lambda _path: True) -> Override:
    """A bend of calls, for those of some features on some paths only."""

    def only(mock: RunningMock, handle: Handle) -> Handle:
        layer = wrapped_handle(override, mock, handle)

        def wrapped(operation: HttpOperation, call: Call) -> Answer:
            meant = isinstance(operation, FeatureOperation) and operation.feature in features and path(operation.path)
            return (layer if meant else handle)(operation, call)

        return wrapped

    return Override(handle=only)


def on_own(path: str) -> bool:
    """The path is of a family of the feature's own, not of the one that newer pages put every feature on."""
    return not path.startswith(SHARED_JOB_PATH)


def bodies_of(change: Callable[[bytes], bytes], form: BodyFormat, *features: Feature) -> Override:
    """Other bytes in the callbacks of jobs of some features, in one form."""

    def override(_mock: RunningMock, build: BodyBuilder) -> BodyBuilder:
        def wrapped(subject: Subject, body_format: BodyFormat) -> bytes:
            body = build(subject, body_format)
            meant = body_format is form and isinstance(subject, Job) and subject.feature in features
            return change(body) if meant else body

        return wrapped

    return Override(callback=override)


def json_jobs(change: Callable[[JobMembers], object]) -> Callable[[bytes], bytes]:
    """A change of each job of a JSON body; what tells of a run of a workflow has none."""

    def changed(body: bytes) -> bytes:
        whole = msgspec.json.decode(body)
        for job in whole.get("JobsDetail", ()):
            change(job)
        return msgspec.json.encode(whole)

    return changed


def queues_of(*features: Feature) -> Callable[[Queue], bool]:
    """Tells whether a queue belongs to one of the features."""
    return lambda queue: queue.feature in features


def rule_of(
    change: Callable[[NotifyConfig, CallbackChoice], tuple[NotifyConfig, CallbackChoice]], *features: Feature
) -> Override:
    """Another reading of queue rule and own choice for the jobs of some features."""

    class Misreads(CallbackDispatcher):
        """Reads both otherwise."""

        def on_event(self, event: Event) -> None:
            """Hear of an end by the changed rule, of all else as it is."""
            if isinstance(event, Ended) and event.job.feature in features:
                self.carry_out(event.job, self.decision(*change(event.rule, event.job.callback)))
            else:
                super().on_event(event)

    return in_delivery(Misreads)
