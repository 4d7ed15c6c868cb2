"""Waiting for a restarted target: it is waited for, each wait ends, and the last look counts."""

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
    """An answer to a list of queues."""
    queues = [Queue(queue_id=queue, state=state, notify_config=NotifyConfig(state=on, url=url))]
    ok, refused = status == 200, 400 <= status < 500
    return SimpleNamespace(ok=ok, refused=refused, queue_list=SimpleNamespace(queues=queues if ok else []))


@dataclass
class Target:
    """Answers each list with the next of `lists`, the last one again and again; time passes in pauses only."""

    lists: list[SimpleNamespace]
    jobs: tuple[str, ...] = ("a", "b")
    together: bool = True
    """One unknown id does not spoil the answer for the others."""
    time: float = 0.0
    asked: int = 0
    looks: list[tuple[str, ...]] = field(default_factory=list)
    queue_id: str = QUEUE
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(scale=2.0))

    @property
    def calls(self) -> Target:
        """Lists are asked for here."""
        return self

    def now(self) -> float:
        """Seconds."""
        return self.time

    def pause_thread(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    def list_queues(self, _step: str) -> SimpleNamespace:
        """The next answer."""
        self.asked += 1
        return self.lists[min(self.asked, len(self.lists)) - 1]

    def look(self, _step: str, jobs: tuple[str, ...]) -> dict[str, Any]:
        """What is known of the jobs."""
        self.looks.append(tuple(jobs))
        if not self.together and not set(jobs) <= set(self.jobs):
            return {}
        return {job: object() for job in jobs if job in self.jobs}

    def come_back(self) -> After:
        """Wait for it."""
        ctx: Any = self
        return wait_for_return(ctx, "1 restart 0.5", "1 look", KNOWN)


def test_a_target_that_needs_time_is_waited_for() -> None:
    """No answer, 5xx, an older state and an older rule are looked at again; nothing is asked once all is shown."""
    answers = [listed(status=0), listed(status=503), listed("Active"), listed(url="http://old"), listed(on="Off")]
    target = Target([*answers, listed()])
    assert target.come_back().listed is target.lists[-1]
    assert target.asked == len(target.lists)
    assert len(target.looks) == 4


LATE = {
    "stays away": (listed(status=503), ("a", "b"), BACK_WITHIN + SHOWN_WITHIN),
    "shows another state": (listed("Active"), ("a", "b"), SHOWN_WITHIN),
    "shows another queue": (listed(queue=STRANGER), ("a", "b"), SHOWN_WITHIN),
    "refuses": (listed(status=403), ("a", "b"), SHOWN_WITHIN),
    "loses a job": (listed(), ("b",), SHOWN_WITHIN),
}


@pytest.mark.parametrize("what", LATE)
def test_each_wait_ends(what: str) -> None:
    """Who shows something else is waited for to the end of the time, times the patience, and no longer."""
    answer, jobs, within = LATE[what]
    target = Target([answer], jobs=jobs)
    target.come_back()
    assert target.time == pytest.approx(within * target.timeouts.scale, abs=0.5)


def test_an_unknown_job_hides_no_other() -> None:
    """Where one unknown id spoils the whole answer, each missing job is asked for alone."""
    target = Target([listed()], jobs=("b",), together=False)
    assert set(target.come_back().seen) == {"b"}
    assert target.looks[-2:] == [("a",), ("b",)]
