"""Check LIF-002: jobs with good input that take long are told from those that never end."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_checks_submit import conversation, job_id
from transcripts import Transcript, judged

from ciq_conformance.judge.finding import Kind
from ciq_conformance.steps.submit import Step


def at_the_end(states: Mapping[Step, str], *, expired: bool = True) -> Transcript:
    """The story of submits with some jobs in other states when patience is out."""
    story = conversation()
    for step, state in states.items():
        about = f"<JobId>{job_id(step)}</JobId><Tag>Snapshot</Tag><State>"
        story = story.edited(Step.ENDED, f"{about}Success", f"{about}{state}")
    return story.mark("expired", f"{Step.WATCH}: waited 9 s") if expired else story


@pytest.mark.parametrize("state", ["Running", "Submitted", "Pause", "Failed", "Cancel"])
def test_one_of_many_does_not_end_well(state: str) -> None:
    """A job that runs on when patience is out, or waits though nothing runs, or fails, deviates."""
    finding = judged("LIF-002", at_the_end({Step.PLAIN: state}))
    assert finding.kind is Kind.DEVIATES
    assert job_id(Step.PLAIN) in finding.seen


def test_job_behind_slow_ones_proves_nothing() -> None:
    """A job may wait while others run: how long a job takes is nowhere written. What runs on still deviates."""
    behind = at_the_end({Step.LEVEL_0: "Submitted", Step.PLAIN: "Running"})
    finding = judged("LIF-002", behind)
    assert finding.kind is Kind.DEVIATES
    assert job_id(Step.LEVEL_0) not in finding.seen


def test_job_that_has_begun_late_proves_nothing() -> None:
    """A job that was not seen to run for long may just need its time."""
    late = at_the_end({Step.SHUFFLED: "Running"}).edited(Step.DESCRIBE, "Running", "Submitted")
    assert judged("LIF-002", late).kind is Kind.CANNOT_TELL
