"""Tests of check LIF-002: slow jobs with good input differ from jobs that never end."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from test_checks_submit import conforming, job_id
from transcripts import Transcript, judged

from ciq_conformance.areas.submit.labels import Label
from ciq_conformance.judge.finding import Kind


def with_final_states(states: Mapping[Label, str], *, expired: bool = True) -> Transcript:
    """Returns the transcript of the scenario with some jobs in other states at the timeout."""
    transcript = conforming()
    for step, state in states.items():
        about = f"<JobId>{job_id(step)}</JobId><Tag>Snapshot</Tag><State>"
        transcript = transcript.edited(Label.ENDED, f"{about}Success", f"{about}{state}")
    return transcript.event("expired", f"{Label.WATCH}: waited 9 s") if expired else transcript


@pytest.mark.parametrize("state", ["Running", "Submitted", "Pause", "Failed", "Cancel"])
def test_one_job_without_success_deviates(state: str) -> None:
    """A job deviates when it still runs at the timeout, waits though nothing runs, or fails."""
    finding = judged("LIF-002", with_final_states({Label.PLAIN: state}))
    assert finding.kind is Kind.DEVIATES
    assert job_id(Label.PLAIN) in finding.seen


def test_job_that_waits_behind_running_jobs_does_not_deviate() -> None:
    """No document limits the duration of a job, so a job may wait while others run. The running one deviates."""
    behind = with_final_states({Label.LEVEL_0: "Submitted", Label.PLAIN: "Running"})
    finding = judged("LIF-002", behind)
    assert finding.kind is Kind.DEVIATES
    assert job_id(Label.LEVEL_0) not in finding.seen


def test_job_that_started_late_cannot_be_judged() -> None:
    """A job that was not observed running for long may need more time."""
    late = with_final_states({Label.SHUFFLED: "Running"}).edited(Label.DESCRIBE, "Running", "Submitted")
    assert judged("LIF-002", late).kind is Kind.INCONCLUSIVE
