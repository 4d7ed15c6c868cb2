"""Checks of the scenario `buckets`: a Host shows only jobs and queues of its bucket."""

from __future__ import annotations

from functools import cache

import pytest
from transcripts import QUEUE, STRANGER, Change, Transcript, job_xml, judged, paged, queue_xml, refusal, response_xml

from ciq_conformance.areas.bucket_isolation.labels import Label
from ciq_conformance.judge.finding import Kind

JOB = "j" + "a" * 32
IDS = ("ONE-014", "ONE-015")


@cache
def conforming() -> Transcript:
    """The scenario on a target that separates its buckets."""
    t = Transcript("buckets")
    t = t.exchange(Label.OTHER_QUEUES, refusal("MediaBucketUnBinded"), status=400)
    t = t.exchange(Label.OTHER_ACTIVATE, response_xml(), method="POST", operation="activate")
    t = t.exchange(Label.OTHER_QUEUES, paged(queue_xml(STRANGER)))
    t = t.exchange(Label.OWN_QUEUES, response_xml(queue_xml()))
    t = t.exchange(Label.OTHER_QUEUES_BY_ID, response_xml(f"<NonExistPIDs>{QUEUE}</NonExistPIDs>"))
    t = t.exchange(Label.SUBMIT, response_xml(job_xml(JOB)), method="POST", operation="submit_job")
    target = f"/jobs/{JOB}"
    t = t.exchange(Label.OWN_JOB, response_xml(job_xml(JOB)), target=target, operation="describe_job")
    missing = response_xml(f"<NonExistJobIds>{JOB}</NonExistJobIds>")
    return t.exchange(Label.OTHER_DESCRIBE, missing, target=target, operation="describe_job")


LEGAL: dict[str, Change] = {
    "as the documents suggest": lambda t: t,
    "rejections": lambda t: t.answered(Label.OTHER_DESCRIBE, 404, refusal("JobNotFound")).answered(
        Label.OTHER_QUEUES_BY_ID, 400, refusal("QueueNotFound")
    ),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_separate_buckets_hold(requirement: str, change: Change) -> None:
    """A missing or a rejected id of the other bucket holds, with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "job described": ("ONE-014", lambda t: t.answered(Label.OTHER_DESCRIBE, 200, response_xml(job_xml(JOB)))),
    "queue listed by id": ("ONE-015", lambda t: t.answered(Label.OTHER_QUEUES_BY_ID, 200, response_xml(queue_xml()))),
    "queue listed": ("ONE-015", lambda t: t.edited(Label.OTHER_QUEUES, STRANGER, QUEUE)),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_record_of_another_bucket_deviates(requirement: str, change: Change) -> None:
    """A job or a queue of the first bucket under the Host of the second one deviates."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


@pytest.mark.parametrize("requirement", IDS)
def test_requirement_is_untested_without_a_second_bucket(requirement: str) -> None:
    """Without a second bucket, or without a queue in it, the requirement is untested with that reason."""
    finding = judged(requirement, Transcript("buckets"))
    assert finding.kind is Kind.UNTESTED
    assert "second_bucket" in finding.reason
    closed = conforming().answered(Label.OTHER_QUEUES, 400, refusal("MediaBucketUnBinded"))
    assert judged(requirement, closed).kind is Kind.UNTESTED


@pytest.mark.parametrize("requirement", IDS)
def test_broken_scenario_blocks_the_check(requirement: str) -> None:
    """When the scenario stopped early the check is blocked."""
    assert judged(requirement, Transcript("buckets").event("broken", "no answer")).kind is Kind.BLOCKED


def test_job_that_its_own_bucket_does_not_describe_is_not_judged() -> None:
    """A target that describes no job at all proves nothing."""
    lost = conforming().answered(Label.OWN_JOB, 200, response_xml())
    assert judged("ONE-014", lost).kind is Kind.BLOCKED
