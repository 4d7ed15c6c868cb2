"""Checks of isolation on a hand-made transcript of two features: media is acted upon, speech is looked at."""

from __future__ import annotations

import msgspec
import pytest
from transcripts import QUEUE, Transcript, job_xml, judged, paged, queue_xml, refusal, response_xml

from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Exchange

OTHER = "p00000000000000000000000000000002"


def other(*, name: str = "queue-speech-1", state: str = "Active", url: str = "", queue_id: str = OTHER) -> str:
    """The speech queue in a list."""
    rule = f"<Url>{url}</Url><Event/><Type/><State>Off</State>"
    return paged(queue_xml(queue_id, name=name, state=state, rule=rule, category="Speeching"))


GOOD = {
    "own": paged(queue_xml()),
    "media:before": other(),
    "foreign-list": response_xml(f"<NonExistPIDs>{OTHER}</NonExistPIDs>"),
    "media:after-foreign": other(),
    "change": response_xml(queue_xml(container="Queue")),
    "media:changed": other(),
    "pause": response_xml(queue_xml(container="Queue", state="Paused")),
    "media:paused": other(),
    "media:paused-only": paged(),
    "media:submit": response_xml(job_xml("s1")),
    "media:run": response_xml(job_xml("s1", "Success")),
}
REFUSED = ("foreign-submit", "foreign-update")


def told(**changes: str) -> Transcript:
    """The story with some answers changed; a step `a__b` stands for `a:b`, `_` in it for `-`."""
    bodies = GOOD | {step.replace("__", ":").replace("_", "-"): body for step, body in changes.items()}
    story = Transcript("isolation")
    for step, body in bodies.items():
        story = story.exchange(step, body)
    for step in REFUSED:
        if step not in bodies:
            story = story.exchange(step, refusal("QueueNotFound"), status=404)
    records = [
        msgspec.structs.replace(r, feature="speech") if isinstance(r, Exchange) and ":" in r.step else r
        for r in story.records
    ]
    return Transcript("isolation", Feature.MEDIA, tuple(records))


IDS = ("ONE-003", "ONE-005", "ONE-006", "ONE-008", "ONE-009", "ONE-010", "ONE-012")


@pytest.mark.parametrize("requirement", IDS)
def test_separate_queues_hold(requirement: str) -> None:
    """Two queues that do not touch each other."""
    finding = judged(requirement, told())
    assert finding.kind is Kind.HOLDS, finding


@pytest.mark.parametrize(
    ("requirement", "changes"),
    [
        ("ONE-003", {"media__before": other(queue_id=QUEUE)}),
        ("ONE-003", {"media__paused_only": paged(queue_xml(state="Paused"))}),
        ("ONE-005", {"foreign_list": other()}),
        ("ONE-006", {"foreign_submit": response_xml(job_xml("x"))}),
        ("ONE-008", {"media__paused": other(state="Paused")}),
        ("ONE-009", {"media__changed": other(name="ciq-media-renamed")}),
        ("ONE-009", {"media__changed": other(url="http://receiver/")}),
        ("ONE-010", {"media__paused": other(state="Paused")}),
        ("ONE-010", {"media__submit": refusal("QueueNotFound")}),
        ("ONE-012", {"foreign_update": response_xml(queue_xml(OTHER, container="Queue"))}),
        ("ONE-012", {"media__after_foreign": other(name="ciq-foreign")}),
    ],
)
def test_a_touched_queue_is_named(requirement: str, changes: dict[str, str]) -> None:
    """Each way of touching the other queue turns its requirement."""
    finding = judged(requirement, told(**changes))
    assert finding.kind is Kind.DEVIATES, finding
    assert finding.witness


@pytest.mark.parametrize("requirement", IDS)
def test_one_feature_alone_is_not_judged(requirement: str) -> None:
    """Without a sibling there is nothing to keep apart, and that is said."""
    story = Transcript("isolation").exchange("own", GOOD["own"])
    assert judged(requirement, story).kind is Kind.ABSENT


THIRD = "p00000000000000000000000000000003"


def of_documents(story: Transcript, step: str, body: str) -> Transcript:
    """The story with an exchange of a third feature, after all others."""
    said = story.exchange(step, body)
    third = msgspec.structs.replace(said.records[-1], feature="doc")
    return Transcript("isolation", Feature.MEDIA, (*story.records, third))


def test_every_sibling_counts() -> None:
    """The first sibling goes free; what happens to the next one is seen, and whose queue it is."""
    story = of_documents(told(), "media:before", other(name="queue-doc-process-1", queue_id=THIRD))
    taken = story.exchange(
        "foreign-submit",
        response_xml(job_xml("x")),
        request=f"<Request><Operation/><QueueId>{THIRD}</QueueId></Request>",
    )
    finding = judged("ONE-006", taken)
    assert finding.kind is Kind.DEVIATES
    assert "of doc" in finding.seen
    held = of_documents(story, "media:submit", response_xml(job_xml("d1")))
    assert judged("ONE-010", held).kind is Kind.CANNOT_TELL
    assert judged("ONE-010", of_documents(held, "media:run", response_xml(job_xml("d1", "Success")))).kind is Kind.HOLDS
    still = of_documents(held, "media:run", response_xml(job_xml("d1", "Submitted"))).event(
        "expired", "media:run: waited"
    )
    records = (*still.records[:-1], msgspec.structs.replace(still.records[-1], feature="doc"))
    finding = judged("ONE-010", Transcript("isolation", Feature.MEDIA, records))
    assert finding.kind is Kind.DEVIATES
    assert "doc job was last seen Submitted" in finding.seen
    listed = story.exchange("foreign-list", other(name="queue-doc-process-1", queue_id=THIRD))
    assert "of doc" in judged("ONE-005", listed).seen


def test_a_late_list_is_no_touch() -> None:
    """A queue that a list still showed paused, and shows active while another is paused, was not touched by that."""
    late = told(media__changed=other(state="Paused"))
    assert judged("ONE-008", late).kind is Kind.HOLDS


def test_the_last_look_counts() -> None:
    """A list asked again shows what has become of the queue: late is right, touched is not."""
    touched = of_documents(told(), "media:before", other(name="doc", queue_id=THIRD))
    for name, kind in (("renamed", Kind.DEVIATES), ("doc", Kind.HOLDS)):
        touched = of_documents(touched, "media:changed", other(name=name, queue_id=THIRD))
        assert judged("ONE-009", touched).kind is kind


def test_a_job_that_never_ran_needs_a_wait_that_ran_out() -> None:
    """A sibling's job still waiting is blamed only when the driver waited for it to the end."""
    story = told(media__run=response_xml(job_xml("s1", "Submitted")))
    assert judged("ONE-010", story).kind is Kind.CANNOT_TELL
    marked = story.event("expired", "media:run: waited 5 s")
    records = tuple(
        msgspec.structs.replace(r, feature="speech") if getattr(r, "name", "") == "expired" else r
        for r in marked.records
    )
    assert judged("ONE-010", Transcript("isolation", Feature.MEDIA, records)).kind is Kind.DEVIATES
