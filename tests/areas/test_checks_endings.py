"""Check LIF-002: jobs with good input that take long are told from those that never end."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_checks_submit import conversation, job_id
from transcripts import Transcript, judged

from ciq_conformance.areas.submit.labels import Label
from ciq_conformance.judge.finding import Kind


def at_the_end(states: Mapping[Label, str], *, expired: bool = True) -> Transcript:
    """The story of submits with some jobs in other states when patience is out."""
    story = conversation()
    for step, state in states.items():
        about = f"<JobId>{job_id(step)}</JobId><Tag>Snapshot</Tag><State>"
        story = story.edited(Label.ENDED, f"{about}Success", f"{about}{state}")
    return story.event("expired", f"{Label.WATCH}: waited 9 s") if expired else story


@pytest.mark.parametrize("state", ["Running", "Submitted", "Pause", "Failed", "Cancel"])
def test_one_of_many_does_not_end_well(state: str) -> None:
    """A job that runs on when patience is out, or waits though nothing runs, or fails, deviates."""
    finding = judged("LIF-002", at_the_end({Label.PLAIN: state}))
    assert finding.kind is Kind.DEVIATES
    assert job_id(Label.PLAIN) in finding.seen


def test_job_behind_slow_ones_proves_nothing() -> None:
    """A job may wait while others run: how long a job takes is nowhere written. What runs on still deviates."""
    behind = at_the_end({Label.LEVEL_0: "Submitted", Label.PLAIN: "Running"})
    finding = judged("LIF-002", behind)
    assert finding.kind is Kind.DEVIATES
    assert job_id(Label.LEVEL_0) not in finding.seen


def test_job_that_has_begun_late_proves_nothing() -> None:
    """A job that was not seen to run for long may just need its time."""
    late = at_the_end({Label.SHUFFLED: "Running"}).edited(Label.DESCRIBE, "Running", "Submitted")
    assert judged("LIF-002", late).kind is Kind.CANNOT_TELL
