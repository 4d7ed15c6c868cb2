"""Tests of the checks of isolation: the transcript has requests to media and observes speech."""

from __future__ import annotations

import msgspec
import pytest
from transcripts import QUEUE, Transcript, job_xml, judged, paged, queue_xml, refusal, response_xml

from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Exchange

OTHER = "p00000000000000000000000000000002"


def speech_queue(*, name: str = "queue-speech-1", state: str = "Active", url: str = "", queue_id: str = OTHER) -> str:
    """Returns the speech queue in a list."""
    rule = f"<Url>{url}</Url><Event/><Type/><State>Off</State>"
    return paged(queue_xml(queue_id, name=name, state=state, rule=rule, category="Speeching"))


GOOD = {
    "own": paged(queue_xml()),
    "media:before": speech_queue(),
    "foreign-list": response_xml(f"<NonExistPIDs>{OTHER}</NonExistPIDs>"),
    "media:after-foreign": speech_queue(),
    "change": response_xml(queue_xml(container="Queue")),
    "media:changed": speech_queue(),
    "pause": response_xml(queue_xml(container="Queue", state="Paused")),
    "media:paused": speech_queue(),
    "media:paused-only": paged(),
    "media:submit": response_xml(job_xml("s1")),
    "media:run": response_xml(job_xml("s1", "Success")),
}
REFUSED = ("foreign-submit", "foreign-update")


def isolation_transcript(**changes: str) -> Transcript:
    """Returns the transcript with some responses changed; `a__b` means step `a:b`, and `_` means `-`."""
    bodies = GOOD | {step.replace("__", ":").replace("_", "-"): body for step, body in changes.items()}
    transcript = Transcript("isolation")
    for step, body in bodies.items():
        transcript = transcript.exchange(step, body)
    for step in REFUSED:
        if step not in bodies:
            transcript = transcript.exchange(step, refusal("QueueNotFound"), status=404)
    records = [
        msgspec.structs.replace(r, feature="speech") if isinstance(r, Exchange) and ":" in r.step else r
        for r in transcript.records
    ]
    return Transcript("isolation", Feature.MEDIA, tuple(records))


IDS = ("ONE-003", "ONE-005", "ONE-006", "ONE-008", "ONE-009", "ONE-010", "ONE-012")


@pytest.mark.parametrize("requirement", IDS)
def test_independent_queues_hold(requirement: str) -> None:
    """Two queues that do not affect each other."""
    finding = judged(requirement, isolation_transcript())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize(
    ("requirement", "changes"),
    [
        ("ONE-003", {"media__before": speech_queue(queue_id=QUEUE)}),
        ("ONE-003", {"media__paused_only": paged(queue_xml(state="Paused"))}),
        ("ONE-005", {"foreign_list": speech_queue()}),
        ("ONE-006", {"foreign_submit": response_xml(job_xml("x"))}),
        ("ONE-008", {"media__paused": speech_queue(state="Paused")}),
        ("ONE-009", {"media__changed": speech_queue(name="ciq-media-renamed")}),
        ("ONE-009", {"media__changed": speech_queue(url="http://receiver/")}),
        ("ONE-010", {"media__paused": speech_queue(state="Paused")}),
        ("ONE-010", {"media__submit": refusal("QueueNotFound")}),
        ("ONE-012", {"foreign_update": response_xml(queue_xml(OTHER, container="Queue"))}),
        ("ONE-012", {"media__after_foreign": speech_queue(name="ciq-foreign")}),
    ],
)
def test_changed_sibling_queue_deviates(requirement: str, changes: dict[str, str]) -> None:
    """Each way of changing the other queue makes its requirement deviate."""
    finding = judged(requirement, isolation_transcript(**changes))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


@pytest.mark.parametrize("requirement", IDS)
def test_single_feature_is_not_judged(requirement: str) -> None:
    """Without a sibling the requirement is absent."""
    transcript = Transcript("isolation").exchange("own", GOOD["own"])
    assert judged(requirement, transcript).kind is Kind.LEFT_OUT


THIRD = "p00000000000000000000000000000003"


def with_doc_exchange(transcript: Transcript, step: str, body: str) -> Transcript:
    """Appends an exchange of a third feature."""
    extended = transcript.exchange(step, body)
    third = msgspec.structs.replace(extended.records[-1], feature="doc")
    return Transcript("isolation", Feature.MEDIA, (*transcript.records, third))


def test_every_sibling_counts() -> None:
    """The check observes every sibling, and the finding names the feature of the affected queue."""
    transcript = with_doc_exchange(
        isolation_transcript(), "media:before", speech_queue(name="queue-doc-process-1", queue_id=THIRD)
    )
    taken = transcript.exchange(
        "foreign-submit",
        response_xml(job_xml("x")),
        request=f"<Request><Operation/><QueueId>{THIRD}</QueueId></Request>",
    )
    finding = judged("ONE-006", taken)
    assert finding.kind is Kind.DEVIATES
    assert "of doc" in finding.seen
    held = with_doc_exchange(transcript, "media:submit", response_xml(job_xml("d1")))
    assert judged("ONE-010", held).kind is Kind.INCONCLUSIVE
    assert (
        judged("ONE-010", with_doc_exchange(held, "media:run", response_xml(job_xml("d1", "Success")))).kind
        is Kind.HOLDS
    )
    still = with_doc_exchange(held, "media:run", response_xml(job_xml("d1", "Submitted"))).event(
        "expired", "media:run: waited"
    )
    records = (*still.records[:-1], msgspec.structs.replace(still.records[-1], feature="doc"))
    finding = judged("ONE-010", Transcript("isolation", Feature.MEDIA, records))
    assert finding.kind is Kind.DEVIATES
    assert "doc job was last seen Submitted" in finding.seen
    listed = transcript.exchange("foreign-list", speech_queue(name="queue-doc-process-1", queue_id=THIRD))
    assert "of doc" in judged("ONE-005", listed).seen


def test_late_list_does_not_deviate() -> None:
    """A list may show the state of an earlier pause when another queue is paused."""
    late = isolation_transcript(media__changed=speech_queue(state="Paused"))
    assert judged("ONE-008", late).kind is Kind.HOLDS


def test_last_list_decides() -> None:
    """The last list shows the final state of the queue: a late list holds, a changed queue deviates."""
    touched = with_doc_exchange(isolation_transcript(), "media:before", speech_queue(name="doc", queue_id=THIRD))
    for name, kind in (("renamed", Kind.DEVIATES), ("doc", Kind.HOLDS)):
        touched = with_doc_exchange(touched, "media:changed", speech_queue(name=name, queue_id=THIRD))
        assert judged("ONE-009", touched).kind is kind


def test_job_that_never_ran_deviates_only_after_an_expired_wait() -> None:
    """A sibling's waiting job deviates only when the driver waited until the timeout."""
    transcript = isolation_transcript(media__run=response_xml(job_xml("s1", "Submitted")))
    assert judged("ONE-010", transcript).kind is Kind.INCONCLUSIVE
    marked = transcript.event("expired", "media:run: waited 5 s")
    records = tuple(
        msgspec.structs.replace(r, feature="speech") if getattr(r, "name", "") == "expired" else r
        for r in marked.records
    )
    assert judged("ONE-010", Transcript("isolation", Feature.MEDIA, records)).kind is Kind.DEVIATES
