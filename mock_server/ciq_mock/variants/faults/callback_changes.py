"""Building blocks of callback faults: which callbacks are sent, where, in which format and with which content.

Must not know any fault.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ciq_mock.callback_rule import BodyFormat, Decision, Destination
from ciq_mock.delivery import CallbackDispatcher
from ciq_mock.delivery.host_queues import Subject
from ciq_mock.engine import CallbackChoice, Ended, Event, Job
from ciq_mock.overrides import Override
from ciq_mock.variants.middleware import bodies, changed_callbacks
from ciq_mock.variants.mixins import in_delivery
from ciq_schemas.features import Feature
from ciq_schemas.values import NotifyConfig

JobMembers = dict[str, Any]
Rule = tuple[NotifyConfig, CallbackChoice]
"""The queue's callback rule, and what the job itself requests."""
Decide = Callable[[NotifyConfig, CallbackChoice, Decision], Decision]
"""Receives queue rule, job's choice and the correct decision."""


def decides(change: Decide) -> Override:
    """Changes the decision whether and where a callback is sent."""

    class Decides(CallbackDispatcher):
        """Returns the changed decision."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            return change(rule, choice, super().decision(rule, choice))

    return in_delivery(Decides)


def misreads_rules(change: Callable[[NotifyConfig, CallbackChoice], Rule]) -> Override:
    """Changes queue rule and job's choice before each decision."""

    class Misreads(CallbackDispatcher):
        """Reads the changed rule."""

        def decision(self, rule: NotifyConfig, choice: CallbackChoice) -> Decision:
            """Returns the destination."""
            return super().decision(*change(rule, choice))

    return in_delivery(Misreads)


def misreads_rules_of(which: Callable[[Job], bool], change: Callable[[NotifyConfig, CallbackChoice], Rule]) -> Override:
    """Changes queue rule and job's choice when some jobs end."""

    class Misreads(CallbackDispatcher):
        """Reads the changed rule for some jobs."""

        def on_event(self, event: Event) -> None:
            """Handles the end of some jobs by the changed rule."""
            if isinstance(event, Ended) and which(event.job):
                self.carry_out(event.job, self.decision(*change(event.rule, event.job.callback)))
            else:
                super().on_event(event)

    return in_delivery(Misreads)


def without_callback_for(which: Callable[[Job], bool]) -> Override:
    """Sends no callback for some jobs."""

    class Silent(CallbackDispatcher):
        """Skips some jobs."""

        def on_event(self, event: Event) -> None:
            """Handles all events but the end of some jobs."""
            if not (isinstance(event, Ended) and which(event.job)):
                super().on_event(event)

    return in_delivery(Silent)


def sends_as(form: BodyFormat, which: Callable[[Subject], bool]) -> Override:
    """Sends some callbacks in one format."""

    class SendsAs(CallbackDispatcher):
        """Changes the format of some callbacks."""

        def carry_out(self, subject: Subject, decision: Decision) -> None:
            """Sends the callback in the format of the fault."""
            if isinstance(decision, Destination) and which(subject):
                decision = Destination(url=decision.url, format=form, reason="a fault")
            super().carry_out(subject, decision)

    return in_delivery(SendsAs)


# --- content ------------------------------------------------------------------------------------------------


def bodies_of(change: Callable[[bytes], bytes], form: BodyFormat, *features: Feature) -> Override:
    """Changes the callbacks in one format of the jobs of some features."""

    def changed(subject: Subject, sent: BodyFormat, body: bytes) -> bytes:
        applies = sent is form and isinstance(subject, Job) and subject.feature in features
        return change(body) if applies else body

    return changed_callbacks(changed)


def json_jobs(change: Callable[[JobMembers], object]) -> Callable[[bytes], bytes]:
    """Returns a change of each job of a JSON callback; callbacks of workflow runs have none."""

    def changed(body: bytes) -> bytes:
        whole = msgspec.json.decode(body)
        for job in whole.get("JobsDetail", ()):
            change(job)
        return msgspec.json.encode(whole)

    return changed


def json_callbacks(change: Callable[[JobMembers], object]) -> Override:
    """Changes each job of callbacks in JSON."""
    return bodies(json_jobs(change), BodyFormat.JSON)


def json_member(part: str, name: str, change: Callable[[str], object]) -> Override:
    """Changes a member of a part of each job, such as `Operation`, in callbacks in JSON."""

    def edit(job: JobMembers) -> None:
        container = job.get(part)
        if isinstance(container, dict) and name in container:
            container[name] = change(container[name])

    return json_callbacks(edit)
