"""Tests of waiting for a restarted target: the suite waits, each wait ends, and the last observation counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from transcripts import QUEUE, STRANGER

from ciq_conformance.explore.restart_wait import BACK_WITHIN, SHOWN_WITHIN, After, Known, wait_for_return
from ciq_conformance.timeouts import Timeouts
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.values import NotifyConfig, Queue

URL = "http://receiver/second"
KNOWN = Known(jobs=("a", "b"), state=QueueState.PAUSED, address=URL)


def listed(
    state: str = "Paused", *, url: str = URL, on: str = "On", status: int = 200, queue: str = QUEUE
) -> SimpleNamespace:
    """Returns a response to a list of queues."""
    queues = [Queue(queue_id=queue, state=state, notify_config=NotifyConfig(state=on, url=url))]
    ok, refused = status == 200, 400 <= status < 500
    return SimpleNamespace(ok=ok, refused=refused, queue_list=SimpleNamespace(queues=queues if ok else []))


@dataclass
class Target:
    """Answers each list with the next of `lists`, the last one repeatedly; only pauses advance its clock."""

    lists: list[SimpleNamespace]
    jobs: tuple[str, ...] = ("a", "b")
    together: bool = True
    """One unknown id does not spoil the answer for the others."""
    time: float = 0.0
    listed_so_far: int = 0
    looks: list[tuple[str, ...]] = field(default_factory=list)
    queue_id: str = QUEUE
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(scale=2.0))

    @property
    def calls(self) -> Target:
        """Returns the calls that answer lists."""
        return self

    def now(self) -> float:
        """Returns the seconds of the test clock."""
        return self.time

    def pause_thread(self, seconds: float) -> None:
        """Advances the test clock."""
        self.time += seconds

    def list_queues(self, _step: str) -> SimpleNamespace:
        """Returns the next response."""
        self.listed_so_far += 1
        return self.lists[min(self.listed_so_far, len(self.lists)) - 1]

    def look(self, _step: str, jobs: tuple[str, ...]) -> dict[str, Any]:
        """Returns the known jobs."""
        self.looks.append(tuple(jobs))
        if not self.together and not set(jobs) <= set(self.jobs):
            return {}
        return {job: object() for job in jobs if job in self.jobs}

    def wait_for_restart(self) -> After:
        """Waits for the restarted target."""
        ctx: Any = self
        return wait_for_return(ctx, "1 restart 0.5", "1 look", KNOWN)


def test_slow_restart_is_awaited() -> None:
    """The suite repeats lists after no response, 5xx, an old state or an old rule, and stops once all is shown."""
    answers = [listed(status=0), listed(status=503), listed("Active"), listed(url="http://old"), listed(on="Off")]
    target = Target([*answers, listed()])
    assert target.wait_for_restart().listed is target.lists[-1]
    assert target.listed_so_far == len(target.lists)
    assert len(target.looks) == 4


LATE = {
    "stays away": (listed(status=503), ("a", "b"), BACK_WITHIN + SHOWN_WITHIN),
    "shows another state": (listed("Active"), ("a", "b"), SHOWN_WITHIN),
    "shows another queue": (listed(queue=STRANGER), ("a", "b"), SHOWN_WITHIN),
    "refuses": (listed(status=403), ("a", "b"), SHOWN_WITHIN),
    "loses a job": (listed(), ("b",), SHOWN_WITHIN),
}


@pytest.mark.parametrize("what", LATE)
def test_wait_for_a_wrong_state_ends_at_the_timeout(what: str) -> None:
    """The suite waits for a target that shows something else until the timeout times the factor, and no longer."""
    answer, jobs, within = LATE[what]
    target = Target([answer], jobs=jobs)
    target.wait_for_restart()
    assert target.time == pytest.approx(within * target.timeouts.scale, abs=0.5)


def test_unknown_job_does_not_hide_other_jobs() -> None:
    """Where one unknown id spoils the whole response, the suite requests each missing job alone."""
    target = Target([listed()], jobs=("b",), together=False)
    assert set(target.wait_for_restart().seen) == {"b"}
    assert target.looks[-2:] == [("a",), ("b",)]
