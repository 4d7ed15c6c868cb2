"""Checks of the scenario `callback` on delivery: missing, repeated, late and misdirected callbacks."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from callback_changes import (
    ITEMS,
    JSON,
    XML,
    with_copies,
    with_different_duplicate,
    with_job_never_ended,
)
from callback_transcripts import callbacks, edit_callbacks, without_callbacks
from transcripts import Transcript, judged, refusal

from ciq_conformance.areas.callback.labels import RULES, SECOND, SUBMITS, Label
from ciq_conformance.judge.finding import Kind
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.records import Body, CallbackReceived, Exchange


def test_job_that_never_ended_needs_no_callback() -> None:
    """A callback is due only after the job has ended."""
    finding = judged("DEL-001", with_job_never_ended(callbacks()), XML)
    assert finding.kind is Kind.BLOCKED
    assert "LIF-002" in finding.reason


def test_interrupted_wait_cannot_be_judged() -> None:
    """Without an expired wait a missing callback is no deviation."""
    assert judged("DEL-001", without_callbacks(callbacks(), waited=False), XML).kind is Kind.INCONCLUSIVE


def test_one_lost_callback_deviates() -> None:
    """One lost callback is a deviation although the others were received."""
    first = next(record.seq for record in callbacks().records if isinstance(record, CallbackReceived))
    lost = edit_callbacks(callbacks(), lambda a: () if a.seq == first else (a,)).event("expired")
    assert judged("DEL-001", lost, JSON).kind is Kind.DEVIATES
    assert judged("DEL-001", lost, XML).kind is Kind.HOLDS


def test_duplicate_after_a_failed_response_is_a_retry() -> None:
    """A callback that is sent again after a response other than 2xx is no duplicate."""
    unwell = edit_callbacks(callbacks(), lambda a: (msgspec.structs.replace(a, answered=500), a))
    assert judged("DEL-004", unwell, XML).kind is Kind.HOLDS


def test_finding_names_duplicates_that_differ() -> None:
    """The finding states whether duplicates have different content."""
    assert "their contents differ" in judged("DEL-004", with_different_duplicate(callbacks()), XML).seen
    assert "their contents differ" not in judged("DEL-004", edit_callbacks(callbacks(), with_copies(2)), XML).seen


def test_describes_before_the_callback_cannot_judge_the_end() -> None:
    """A describe before the callback may show any state."""
    assert judged("DEL-003", callbacks().without(Label.AFTER), XML).kind is Kind.INCONCLUSIVE


DOC_JSON = [(i, f) for i, f in ITEMS if f is JSON]


@pytest.mark.parametrize(("requirement_id", "form"), DOC_JSON)
def test_missing_json_is_absent_for_documents(requirement_id: str, form: Format) -> None:
    """No page offers JSON for documents: rejected, ignored or without callback, it is absent."""
    only_xml = callbacks(Feature.DOC, forms=(XML,))
    rule_alone = replace(only_xml, records=callbacks(Feature.DOC, forms=(JSON,)).records[:1])
    refused = rule_alone.answered(RULES[JSON], 400, refusal("InvalidArgument"))
    ignored = _renamed_json_steps(only_xml)
    mute = without_callbacks(callbacks(Feature.DOC, forms=(JSON,)))
    for transcript in (refused, ignored, mute):
        assert judged(requirement_id, transcript, form).kind is Kind.UNTESTED


def _renamed_json_steps(transcript: Transcript) -> Transcript:
    """Returns the XML exchanges as responses to the JSON steps, as of a target that ignores ResultFormat."""
    steps = dict(zip((*SUBMITS[XML], RULES[XML]), (*SUBMITS[JSON], RULES[JSON]), strict=True))
    records = [
        msgspec.structs.replace(r, step=steps.get(r.step, r.step)) if isinstance(r, Exchange) else r
        for r in transcript.records
    ]
    return replace(transcript, records=tuple(records))


def test_xml_instead_of_json_is_one_deviation() -> None:
    """Where JSON is documented and XML was received only the form deviates; checks of its content are blocked."""
    wrong = _renamed_json_steps(callbacks(forms=(XML,)))
    wrong = edit_callbacks(wrong, lambda a: (msgspec.structs.replace(a, channel="media.callback.json"),))
    assert judged("SHP-001", wrong, JSON).kind is Kind.DEVIATES
    assert judged("SHP-005", wrong, JSON).kind is Kind.BLOCKED
    assert judged("DEL-001", wrong, JSON).kind is Kind.HOLDS


def test_form_requested_by_the_job_is_judged() -> None:
    """When the rule gives the other form, the body that the job itself requested is judged."""
    wrong = _renamed_json_steps(callbacks(forms=(XML,)))
    right = callbacks(forms=(JSON,))
    direct = dict(zip((*SUBMITS[JSON][:1], SUBMITS[JSON][2]), SUBMITS[JSON][3:], strict=True))
    shifted = [
        msgspec.structs.replace(r, step=direct.get(r.step, r.step)) if isinstance(r, Exchange) else r
        for r in right.records
    ]
    both = replace(wrong, records=(*wrong.records, *shifted))
    assert judged("SHP-002", both, JSON).kind is Kind.HOLDS


def test_stray_requests_without_callbacks_deviate_in_the_path() -> None:
    """Requests to a URL that was never issued show that the target did not keep the path."""
    transcript = without_callbacks(callbacks())
    mark = transcript.event("note", "POST / reached the receiver at an address that the suite did not issue").records[
        -1
    ]
    lost = replace(transcript, records=(*transcript.records, msgspec.structs.replace(mark, scenario="receiver")))
    assert judged("DEL-008", lost).kind is Kind.DEVIATES


def _ends_under_the_next_rule(*, seen_before: bool) -> Transcript:
    """Sends the second JSON job's callback in XML under the next rule; the job ended before that rule, or not."""
    transcript = callbacks()
    step = SECOND[JSON]
    job_id = next(r for r in transcript.evidence().responses if r.exchange.step == step).jobs[0].job_id
    original = next(r for r in transcript.records if isinstance(r, CallbackReceived) and str(job_id) in r.body.text)
    about = next(r for r in callbacks(forms=(XML,)).records if isinstance(r, CallbackReceived))
    as_xml = Body.of(
        about.body.text.replace(about.body.text.partition("<JobId>")[2].partition("<")[0], str(job_id)).encode()
    )
    kept = edit_callbacks(transcript, lambda a: () if a.seq == original.seq else (a,))
    if not seen_before:
        looks = {
            r.seq
            for r in kept.records
            if isinstance(r, Exchange) and r.step == Label.AFTER and str(job_id) in r.response_body.text
        }
        kept = replace(kept, records=tuple(r for r in kept.records if r.seq not in looks))
    at = max(r.seq for r in kept.records) + 1
    late = msgspec.structs.replace(
        original,
        seq=at,
        started=float(at),
        ended=at + 0.1,
        body=as_xml,
        target="/cb/secret",
        channel="media.rule.queue",
    )
    return replace(kept, records=(*kept.records, late))


def test_job_that_ends_under_the_next_rule_may_follow_either() -> None:
    """No document states when the target reads a rule: a job open at the next rule may follow either."""
    late, deviating = _ends_under_the_next_rule(seen_before=False), _ends_under_the_next_rule(seen_before=True)
    for requirement_id, form in (("SHP-001", JSON), ("DEL-001", JSON), ("DEL-008", None)):
        assert judged(requirement_id, late, form).kind is Kind.HOLDS, requirement_id
        assert judged(requirement_id, deviating, form).kind is Kind.DEVIATES, requirement_id
