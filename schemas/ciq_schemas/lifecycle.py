"""Defines the life cycle table: job state -> event -> state, and the states of a queue.

All transitions are in this file. Must not know time, the content of queues or HTTP.
Sources: job states 1045/73113, 1045/73114; pause 1045/72940 (`Pause`) and 1045/47936 (`Submitted`);
cancel 436/76252. A comment on each row states whether the transition is documented or inferred.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    """The six documented states of a job, spelled as on the wire."""

    SUBMITTED = "Submitted"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    PAUSE = "Pause"
    CANCEL = "Cancel"

    __hash__ = str.__hash__  # hashes the text, as `==` compares it; Enum's own hash is slow for keys on hot paths


class QueueState(StrEnum):
    """The two documented states of a queue. Note `Paused` here, `Pause` for a job."""

    ACTIVE = "Active"
    PAUSED = "Paused"


class JobEvent(StrEnum):
    """An event in the life of a job."""

    ACCEPT = "accept"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"

    __hash__ = str.__hash__  # hashes the text, as `==` compares it; Enum's own hash is slow for keys on hot paths


class IllegalTransitionError(ValueError):
    """The table does not allow the event in the state."""


TRANSITIONS: Mapping[tuple[JobState | None, JobEvent], JobState] = MappingProxyType(
    {
        (None, JobEvent.ACCEPT): JobState.SUBMITTED,  # documented
        (JobState.SUBMITTED, JobEvent.START): JobState.RUNNING,  # documented
        (JobState.SUBMITTED, JobEvent.HOLD): JobState.PAUSE,  # documented: 1045/72940; the other reading keeps it
        (JobState.SUBMITTED, JobEvent.CANCEL): JobState.CANCEL,  # documented: 436/76252
        (JobState.PAUSE, JobEvent.RELEASE): JobState.SUBMITTED,  # inferred
        (JobState.PAUSE, JobEvent.CANCEL): JobState.CANCEL,  # inferred: a held job is not yet executed
        (JobState.RUNNING, JobEvent.SUCCEED): JobState.SUCCESS,  # documented
        (JobState.RUNNING, JobEvent.FAIL): JobState.FAILED,  # documented
    }
)

WAITING_STATES = frozenset({JobState.SUBMITTED, JobState.PAUSE})
FINAL_STATES = frozenset({JobState.SUCCESS, JobState.FAILED, JobState.CANCEL})
ENDED_BY_RUNNING = frozenset({JobState.SUCCESS, JobState.FAILED})

_OBSERVED_AFTER: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.SUBMITTED: frozenset(JobState),
        JobState.PAUSE: frozenset(JobState),
        # By console pages a pause stops running jobs as well (1045/43607), so a waiting state may follow Running.
        JobState.RUNNING: frozenset(
            {JobState.RUNNING, JobState.SUBMITTED, JobState.PAUSE, JobState.SUCCESS, JobState.FAILED}
        ),
        JobState.SUCCESS: frozenset({JobState.SUCCESS}),
        JobState.FAILED: frozenset({JobState.FAILED}),
        JobState.CANCEL: frozenset({JobState.CANCEL}),
    }
)


def after(state: JobState | None, event: JobEvent) -> JobState:
    """Returns the state that `event` leads to; raises IllegalTransitionError when the table has no such row."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"a job in state {state or 'none'} does not allow the event {event}") from None


def may_be_seen_after(earlier: JobState, later: JobState) -> bool:
    """Returns whether a client may observe `later` after `earlier`, with or without states in between.

    The table allows every documented reading of a pause, so False is a deviation under each of them.
    """
    return later in _OBSERVED_AFTER[earlier]
