"""Checks of the scenario `retention`: the first jobs of a run are still known at its end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from transcripts import LATER, LATEST, Transcript, job_xml, judged, refusal, response_xml

from ciq_conformance.areas.retention.labels import Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature

FIRST, SECOND = "d1", "d2"


def _done(job_id: str) -> str:
    return job_xml(job_id, "Success", started=LATER, ended=LATEST)


def run_of_two_jobs(feature: Feature = Feature.DOC, *, state: str = "Success") -> Transcript:
    """Describes two ended jobs in scenario `describe`, and again in scenario `retention`."""
    earlier = Transcript("describe", feature)
    for job_id in (FIRST, SECOND):
        earlier = earlier.exchange("submit", response_xml(job_xml(job_id)), method="POST", operation="submit_job")
    shown = [_done(FIRST), _done(SECOND) if state == "Success" else job_xml(SECOND, state)]
    for job_id, job in zip((FIRST, SECOND), shown, strict=True):
        earlier = earlier.exchange("ended", response_xml(job), target=f"/jobs/{job_id}", operation="describe_job")
    again = replace(earlier, scenario="retention")
    for job_id in (FIRST, SECOND):
        answer = response_xml(_done(job_id))
        again = again.exchange(Label.AGAIN, answer, target=f"/jobs/{job_id}", operation="describe_job")
    return again


def without_second(transcript: Transcript, *, status: int = 200) -> Transcript:
    """Answers the last describe with an unknown id, or with an error."""
    unknown = refusal("JobNotFound") if status != 200 else response_xml(f"<NonExistJobIds>{SECOND}</NonExistJobIds>")
    changed = Transcript(transcript.scenario, transcript.feature, transcript.records[:-1])
    return changed.exchange(Label.AGAIN, unknown, status=status, target=f"/jobs/{SECOND}", operation="describe_job")


@pytest.mark.parametrize(("requirement", "feature"), [("DES-020", Feature.DOC), ("DES-021", Feature.MEDIA)])
def test_forgotten_job_deviates(requirement: str, feature: Feature) -> None:
    """A job that describe showed ended must still be described; an error instead deviates too."""
    assert judged(requirement, run_of_two_jobs(feature)).kind is Kind.HOLDS
    for status in (200, 404):
        finding = judged(requirement, without_second(run_of_two_jobs(feature), status=status))
        assert finding.kind is Kind.DEVIATES
        assert SECOND in finding.seen
        assert len(finding.witness) == 2


def test_job_that_was_never_seen_ended_is_not_judged() -> None:
    """Without an earlier describe that shows the end, a missing job proves nothing."""
    running = without_second(run_of_two_jobs(state="Running"))
    assert judged("DES-020", running).kind is Kind.HOLDS
    only_again = Transcript("retention", Feature.DOC)
    only_again = only_again.exchange(
        Label.AGAIN, response_xml(_done(FIRST)), target=f"/jobs/{FIRST}", operation="describe_job"
    )
    assert judged("DES-020", only_again).kind is Kind.BLOCKED
    assert judged("DES-020", Transcript("retention", Feature.DOC).event("broken", "no job")).kind is Kind.BLOCKED
