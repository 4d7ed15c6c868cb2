"""Checks of the scenario `paths`: both generations of the documents pass, a lost or misplaced job does not."""

from __future__ import annotations

import pytest
from transcripts import (
    QUEUE,
    STRANGER,
    Change,
    Transcript,
    job_xml,
    judged,
    operation_xml,
    paged,
    queue_xml,
    refusal,
    response_xml,
    submit_xml,
)

from ciq_conformance.areas.job_paths.labels import Label, family
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import load_registry

TAG = "SpeechRecognition"
FAMILIES = {path: family(path) for path in FEATURES[Feature.SPEECH].job_paths}
OWN, SHARED = ("/asr_jobs", "/jobs")


def conforming() -> Transcript:
    """Returns the transcript of a target that has both path families."""
    t = Transcript("paths", Feature.SPEECH).exchange(Label.QUEUES, paged(queue_xml(name="queue-speech-1")))
    for number, (path, (submit, by_tag, describe, listing)) in enumerate(FAMILIES.items()):
        job = response_xml(job_xml(f"s{number}", tag=TAG))
        for step, queue, answer in (
            (submit, QUEUE, job),
            (by_tag, None, response_xml(job_xml(f"s{number}b", tag=TAG))),
        ):
            request = submit_xml(operation_xml(), tag=TAG, queue_id=queue)
            t = t.exchange(step, answer, request=request, method="POST", target=path, operation="")
        t = t.exchange(describe, job, target=f"{path}/s{number}", operation="")
        t = t.exchange(listing, job, target=f"{path}?tag={TAG}", operation="")
    return t


def without_shared(t: Transcript) -> Transcript:
    """Returns the transcript of a target of the older generation."""
    return t.without(*FAMILIES[SHARED][1:]).answered(Label.SHARED_SUBMIT, 404, "<html>no such page</html>")


def without_own(t: Transcript) -> Transcript:
    """Returns the transcript of a target of the newer generation."""
    return t.without(*FAMILIES[OWN][1:]).answered(Label.OWN_SUBMIT, 404, refusal("InvalidArgument"))


MUST = ("PTH-001", "PTH-003", "PTH-004", "PTH-005")


@pytest.mark.parametrize("variation", [lambda t: t, without_shared, without_own])
@pytest.mark.parametrize("requirement", MUST)
def test_documented_path_families_hold(requirement: str, variation: Change) -> None:
    """Own path only, shared path only and both hold."""
    finding = judged(requirement, variation(conforming()))
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


def test_finding_names_the_path_families() -> None:
    """The measured finding names the families that accept jobs."""
    assert judged("PTH-002", conforming()).seen == "paths that accept jobs: POST /asr_jobs, POST /jobs"
    assert judged("PTH-002", without_shared(conforming())).seen == "paths that accept jobs: POST /asr_jobs"


DEVIATIONS: dict[str, tuple[str, Change]] = {
    "no path": ("PTH-001", lambda t: without_shared(t).answered(Label.OWN_SUBMIT, 405)),
    "other queue by tag": ("PTH-003", lambda t: t.edited(Label.SHARED_BY_TAG, QUEUE, STRANGER)),
    "other queue though named": ("PTH-003", lambda t: t.edited(Label.SHARED_SUBMIT, QUEUE, STRANGER)),
    "other tag": ("PTH-003", lambda t: t.edited(Label.OWN_SUBMIT, TAG, "Snapshot")),
    "not described": ("PTH-004", lambda t: t.answered(Label.SHARED_DESCRIBE, 404, refusal("ResourceNotFound"))),
    "described as unknown": ("PTH-004", lambda t: t.edited(Label.SHARED_DESCRIBE, ">s1<", ">s9<")),
    "not listed": ("PTH-005", lambda t: t.edited(Label.OWN_LIST, ">s0<", ">s9<")),
    "no list": ("PTH-005", lambda t: t.answered(Label.SHARED_LIST, 405)),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_wrong_response_deviates(name: str) -> None:
    """Each wrong response makes one requirement deviate, with the exchange that shows it."""
    requirement, change = DEVIATIONS[name]
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


def test_checks_of_jobs_are_blocked_without_an_accepted_job() -> None:
    """Where no path accepts a job, checks of jobs are blocked."""
    nothing = conforming().without(*(step for steps in FAMILIES.values() for step in steps[1:]))
    nothing = nothing.answered(Label.OWN_SUBMIT, 500).answered(Label.SHARED_SUBMIT, 500)
    for requirement in ("PTH-003", "PTH-004", "PTH-005"):
        assert judged(requirement, nothing).kind is Kind.BLOCKED


def test_path_requirement_applies_to_every_feature() -> None:
    """The requirement on documented paths applies to every feature of the table."""
    assert load_registry().by_id["PTH-001"].features == tuple(FEATURES)
