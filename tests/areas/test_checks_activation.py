"""Tests of the checks of the scenarios `activation` and `deactivation`."""

from __future__ import annotations

from functools import cache

import pytest
from transcripts import (
    BUCKET,
    QUEUE,
    REGION,
    STRANGER,
    Change,
    Transcript,
    judged,
    paged,
    queue_xml,
    refusal,
    response_xml,
)

from ciq_conformance.areas.activation.labels import Label
from ciq_conformance.areas.activation.scenario import unknown_bucket
from ciq_conformance.areas.deactivation.labels import Label as Off
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import FEATURES, Feature

NONE = unknown_bucket(BUCKET)
BAD = refusal("InvalidArgument")


def bucket_xml(container: str, name: str = BUCKET) -> str:
    """Returns a bucket in the form of the samples."""
    return (
        f"<{container}><Name>{name}</Name><CreateTime>2026-01-02T03:04:05+0800</CreateTime>"
        f"<Region>{REGION}</Region><AliasBucketId/><BucketId>{name}</BucketId></{container}>"
    )


@cache
def conforming(feature: Feature = Feature.SPEECH) -> Transcript:
    """Returns the transcript of the scenario on a target that follows the documents."""
    spec = FEATURES[feature]
    path, bucket = spec.bucket_path, bucket_xml(spec.bucket_list_element)
    held = {"name": "ciq-active", "state": "Paused"}
    t = Transcript("activation", feature)
    t = t.exchange(
        Label.RENAME_AND_PAUSE,
        response_xml(queue_xml(container="Queue", **held)),
        method="PUT",
        operation="update_queue",
    )
    t = t.exchange(Label.QUEUES_BEFORE, paged(queue_xml(**held)))
    t = t.exchange(
        Label.ACTIVATE, response_xml(bucket_xml(spec.bucket_element)), method="POST", target=path, operation="activate"
    )
    t = t.exchange(Label.QUEUES_AFTER, paged(queue_xml(**held)))
    t = t.exchange(Label.BUCKETS, paged(bucket, size=100), target=f"{path}?pageSize=100", operation="list_buckets")
    t = t.exchange(
        Label.BUCKETS_BY_NAME, paged(bucket), target=f"{path}?bucketNames={BUCKET}", operation="list_buckets"
    )
    t = t.exchange(
        Label.BUCKETS_BY_UNKNOWN_NAME, paged(), target=f"{path}?bucketNames={NONE}", operation="list_buckets"
    )
    for step, query, listed in (
        (Label.BUCKETS_BY_SHORT_NAME, f"bucketNames={BUCKET[:-1]}", ""),
        (Label.BUCKETS_BY_NAMES, f"bucketNames={NONE},{BUCKET}", bucket),
        (Label.BUCKETS_BY_BEGINNING, f"bucketName={BUCKET[:-1]}", bucket),
        (Label.BUCKETS_BY_END, f"bucketName={BUCKET[1:]}", ""),
        (Label.BUCKETS_OF_REGION, f"regions=ap-beijing,{REGION}", bucket),
        (Label.BUCKETS_OF_OTHER_REGION, "regions=ap-beijing", ""),
    ):
        t = t.exchange(step, paged(*filter(None, [listed])), target=f"{path}?{query}", operation="list_buckets")
    for step in (Label.PAGE_SIZE_101, Label.PAGE_SIZE_0):
        t = t.exchange(step, BAD, status=400, target=path, operation="list_buckets")
    return t


IDS = ("ACT-001", "ACT-003", "ACT-004", "ACT-005", "ACT-006", "ACT-008", "ACT-009", "ACT-010", "ACT-014", "ONE-004")


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("feature", Feature)
def test_conforming_transcript_holds(requirement: str, feature: Feature) -> None:
    """Each check holds on a conforming transcript and names its witness."""
    finding = judged(requirement, conforming(feature))
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


LISTED = bucket_xml("AsrBucketList")
DEVIATIONS: dict[str, tuple[str, Change]] = {
    "first name counts": ("ACT-005", lambda t: t.answered(Label.BUCKETS_BY_NAMES, 200, paged())),
    "several names refused": ("ACT-005", lambda t: t.answered(Label.BUCKETS_BY_NAMES, 400, BAD)),
    "name prefix accepted": (
        "ACT-005",
        lambda t: t.answered(Label.BUCKETS_BY_SHORT_NAME, 200, paged(LISTED)),
    ),
    "activation resumes": ("ACT-014", lambda t: t.edited(Label.QUEUES_AFTER, ">Paused<", ">Active<")),
    "activation restores the default name": (
        "ACT-014",
        lambda t: t.edited(Label.QUEUES_AFTER, "ciq-active", "queue-1"),
    ),
    "regions ignored": ("ACT-009", lambda t: t.answered(Label.BUCKETS_OF_OTHER_REGION, 200, paged(LISTED))),
    "second region ignored": ("ACT-009", lambda t: t.answered(Label.BUCKETS_OF_REGION, 200, paged())),
    "regions refused": ("ACT-009", lambda t: t.answered(Label.BUCKETS_OF_REGION, 400, BAD)),
    "name matched in the middle": ("ACT-010", lambda t: t.answered(Label.BUCKETS_BY_END, 200, paged(LISTED))),
    "name prefix not matched": ("ACT-010", lambda t: t.answered(Label.BUCKETS_BY_BEGINNING, 200, paged())),
    "created": ("ACT-001", lambda t: t.status(Label.ACTIVATE, 201)),
    "buckets in part": ("ACT-003", lambda t: t.status(Label.BUCKETS, 206)),
    "refused": ("ACT-001", lambda t: t.answered(Label.ACTIVATE, 403, refusal("AccessDenied"))),
    "refused as unbound": ("ACT-001", lambda t: t.answered(Label.ACTIVATE, 400, refusal("AsrBucketUnBinded"))),
    "no body": ("ACT-001", lambda t: t.answered(Label.ACTIVATE, 200)),
    "another feature's container": ("ACT-001", lambda t: t.edited(Label.ACTIVATE, "AsrBucket", "DocBucket")),
    "no region": ("ACT-001", lambda t: t.edited(Label.ACTIVATE, f"<Region>{REGION}</Region>", "")),
    "no request id": ("ACT-001", lambda t: t.edited(Label.ACTIVATE, "RequestId>", "Id>")),
    "another bucket": ("ACT-001", lambda t: t.edited(Label.ACTIVATE, BUCKET, "other-1250000000")),
    "not listed": ("ACT-003", lambda t: t.edited(Label.BUCKETS, BUCKET, "other-1250000000")),
    "not listed either": ("ACT-008", lambda t: t.edited(Label.BUCKETS, BUCKET, "other-1250000000")),
    "list without total": ("ACT-003", lambda t: t.edited(Label.BUCKETS, "<TotalCount>1</TotalCount>", "")),
    "list in other elements": ("ACT-003", lambda t: t.edited(Label.BUCKETS, "AsrBucketList", "AsrBucket")),
    "no queue": ("ACT-004", lambda t: t.answered(Label.QUEUES_AFTER, 200, paged())),
    "name ignored": (
        "ACT-005",
        lambda t: t.answered(Label.BUCKETS_BY_UNKNOWN_NAME, 200, paged(bucket_xml("AsrBucketList"))),
    ),
    "not found by its name": ("ACT-005", lambda t: t.answered(Label.BUCKETS_BY_NAME, 200, paged())),
    "unrequested bucket listed": (
        "ACT-005",
        lambda t: t.edited(Label.BUCKETS_BY_NAME, "</Response>", f"{bucket_xml('AsrBucketList', NONE)}</Response>"),
    ),
    "page of 101": ("ACT-006", lambda t: t.answered(Label.PAGE_SIZE_101, 200, paged())),
    "second queue": ("ONE-004", lambda t: t.answered(Label.QUEUES_AFTER, 200, paged(queue_xml(), queue_xml(STRANGER)))),
    "other queue": ("ONE-004", lambda t: t.edited(Label.QUEUES_AFTER, QUEUE, STRANGER)),
}


@pytest.mark.parametrize(("requirement", "change"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_changed_response_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(conforming()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


LEGAL: dict[str, Change] = {
    "other region refused": lambda t: t.answered(Label.BUCKETS_OF_OTHER_REGION, 400, BAD),
    "name suffix refused": lambda t: t.answered(Label.BUCKETS_BY_END, 400, BAD),
    "refused as bound": lambda t: t.answered(Label.ACTIVATE, 400, refusal("BucketAlreadyBinded")),
    "refused by number": lambda t: t.answered(Label.ACTIVATE, 409, refusal("1100")),
    "refused with another message": lambda t: t.answered(Label.ACTIVATE, 409, refusal("AsrBucketBinded")),
    "other buckets listed too": lambda t: t.edited(
        Label.BUCKETS, "<AsrBucketList>", f"{bucket_xml('AsrBucketList', 'other-1250000000')}<AsrBucketList>"
    ),
    "without alias": lambda t: t.edited_everywhere("<AliasBucketId/>", ""),
}


@pytest.mark.parametrize("requirement", IDS)
@pytest.mark.parametrize("change", LEGAL.values(), ids=LEGAL)
def test_legal_variation_does_not_deviate(requirement: str, change: Change) -> None:
    """What the documents leave open makes no check deviate."""
    assert judged(requirement, change(conforming())).kind is Kind.HOLDS


def test_refused_unknown_name_is_observed() -> None:
    """A 4xx for an unknown name returns no bucket either."""
    refused = conforming().answered(Label.BUCKETS_BY_UNKNOWN_NAME, 404, refusal("NoSuchBucket"))
    assert judged("ACT-005", refused).kind is Kind.OBSERVED


def test_bucket_on_a_later_page_holds() -> None:
    """Accounts with many buckets list it on another page."""
    first = conforming().edited(Label.BUCKETS, BUCKET, "other-1250000000")
    second = first.exchange(
        Label.BUCKETS,
        paged(bucket_xml("AsrBucketList"), number=2, size=100),
        target="/asrbucket",
        operation="list_buckets",
    )
    assert judged("ACT-003", second).kind is Kind.HOLDS


def test_media_activation_is_observed() -> None:
    """Only SDK types show the response for media, so the check reports it and does not judge it."""
    for t in (conforming(Feature.MEDIA), conforming(Feature.MEDIA).answered(Label.ACTIVATE, 404, BAD)):
        finding = judged("ACT-002", t)
        assert finding.kind is Kind.OBSERVED
        assert finding.seen


def test_failed_activation_blocks_the_checks_that_depend_on_it() -> None:
    """Queues after a failed activation do not show anything about activation."""
    failed = conforming().answered(Label.ACTIVATE, 500, refusal("InternalError"))
    for requirement in ("ACT-004", "ONE-004"):
        assert judged(requirement, failed).kind is Kind.BLOCKED


def test_unknown_bucket_name_resembles_the_real_one() -> None:
    """The name shares prefix and account with the bucket, so that a comparison of parts of names shows."""
    assert NONE.startswith("examplebucket-")
    assert NONE.endswith("-1250000000")
    assert NONE != BUCKET
    assert unknown_bucket("plain") != "plain"


@pytest.mark.parametrize("requirement", [*IDS, "ACT-002"])
def test_missing_exchanges_block_the_check(requirement: str) -> None:
    """Without exchanges every check is blocked, with the reason of the scenario."""
    assert judged(requirement, Transcript("activation").event("broken", "no answer")).kind is Kind.BLOCKED


@cache
def deactivation() -> Transcript:
    """Returns the transcript of scenario `deactivation` on a target that follows the documents."""
    unbound = refusal("MediaBucketUnBinded")
    t = Transcript("deactivation").exchange(Off.QUEUES_BEFORE, paged(queue_xml()))
    t = t.exchange(
        Off.DEACTIVATE, response_xml(f"<BucketName>{BUCKET}</BucketName>"), method="DELETE", operation="deactivate"
    )
    t = t.exchange(Off.QUEUES_WITHOUT, unbound, status=400)
    t = t.exchange(Off.SUBMIT_WITHOUT, unbound, status=400, method="POST", operation="submit_job")
    t = t.exchange(Off.REACTIVATE, response_xml(bucket_xml("MediaBucket")), method="POST", operation="activate")
    return t.exchange(Off.QUEUES_AGAIN, paged(queue_xml(STRANGER)))


OFF_IDS = ("ACT-007", "ACT-011", "ACT-012", "ACT-013")
SPEED = queue_xml(QUEUE, name="queue-speed-transcoding-process-1", category="SpeedTranscoding")
LEGALLY_OFF: dict[str, Change] = {
    "as documented": lambda t: t,
    "an empty list": lambda t: t.answered(Off.QUEUES_WITHOUT, 200, paged()),
    "the same id again": lambda t: t.edited(Off.QUEUES_AGAIN, STRANGER, QUEUE),
    "with a speed queue": lambda t: t.answered(Off.QUEUES_AGAIN, 200, paged(queue_xml(STRANGER), SPEED)),
    "another code": lambda t: t.answered(Off.SUBMIT_WITHOUT, 404, refusal("NoSuchService")),
    "no rule shown": lambda t: t.edited(
        Off.QUEUES_AGAIN, "<NotifyConfig><Url/><Event/><Type/><State>Off</State></NotifyConfig>", ""
    ),
}


@pytest.mark.parametrize("requirement", OFF_IDS)
@pytest.mark.parametrize("change", LEGALLY_OFF.values(), ids=LEGALLY_OFF)
def test_deactivation_and_reactivation_hold(requirement: str, change: Change) -> None:
    """DELETE removes queue and jobs, POST makes a new queue; the rest is open."""
    finding = judged(requirement, change(deactivation()))
    assert finding.kind is Kind.HOLDS, finding
    assert finding.witness


ON = "<Url>http://r/</Url><Event>TaskFinish</Event><Type>Url</Type><State>On</State>"
WRONGLY_OFF: dict[str, tuple[str, Change]] = {
    "no bucket name": ("ACT-007", lambda t: t.edited(Off.DEACTIVATE, "BucketName", "Name")),
    "refused": ("ACT-007", lambda t: t.answered(Off.DEACTIVATE, 405, BAD)),
    "queue stays": ("ACT-007", lambda t: t.answered(Off.QUEUES_WITHOUT, 200, paged(queue_xml()))),
    "job taken": ("ACT-011", lambda t: t.answered(Off.SUBMIT_WITHOUT, 200, response_xml())),
    "no queue again": ("ACT-012", lambda t: t.answered(Off.QUEUES_AGAIN, 200, paged())),
    "not reactivated": ("ACT-012", lambda t: t.answered(Off.REACTIVATE, 400, BAD)),
    "two queues": ("ACT-012", lambda t: t.answered(Off.QUEUES_AGAIN, 200, paged(queue_xml(), queue_xml(STRANGER)))),
    "old name": ("ACT-013", lambda t: t.edited(Off.QUEUES_AGAIN, "queue-1", "ciq-media-before")),
    "old state": ("ACT-013", lambda t: t.edited(Off.QUEUES_AGAIN, ">Active<", ">Paused<")),
    "old rule": ("ACT-013", lambda t: t.answered(Off.QUEUES_AGAIN, 200, paged(queue_xml(STRANGER, rule=ON)))),
}


@pytest.mark.parametrize(("requirement", "change"), WRONGLY_OFF.values(), ids=WRONGLY_OFF)
def test_wrong_deactivation_or_reactivation_deviates(requirement: str, change: Change) -> None:
    """Each changed response makes the check deviate with a witness."""
    finding = judged(requirement, change(deactivation()))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


def test_last_list_decides_after_deactivation_and_reactivation() -> None:
    """A list may show late that the queue is gone, and that it is there again."""
    late = deactivation().answered(Off.QUEUES_WITHOUT, 200, paged(queue_xml()))
    assert judged("ACT-007", late.exchange(Off.QUEUES_WITHOUT, paged())).kind is Kind.HOLDS
    late = deactivation().answered(Off.QUEUES_AGAIN, 200, paged())
    assert judged("ACT-012", late.exchange(Off.QUEUES_AGAIN, paged(queue_xml()))).kind is Kind.HOLDS


@pytest.mark.parametrize("requirement", OFF_IDS)
def test_undeclared_deactivation_is_not_tested(requirement: str) -> None:
    """Where the profile does not allow deactivation, the check reports that."""
    transcript = Transcript("deactivation").event("unsupported", "declare it")
    assert judged(requirement, transcript).kind is Kind.UNTESTED
