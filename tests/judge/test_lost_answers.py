"""Tests of findings that rest on responses that the network lost: they do not blame the target."""

import pytest

from ciq_conformance.judge import verdict
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.verdict import events_of, judge_item
from ciq_conformance.registry import load_checks
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import REPRODUCED, DriverEvent, Exchange, Outcome, Verdict

load_checks()
ITEM = Item(requirement=load_registry().get("QUE-003"), feature=FEATURES[Feature.MEDIA])


def exchange(seq: int, status: int = 0, *, lost: int = 0, step: str = "", scenario: str = "queues") -> Exchange:
    """Returns one submit; without a status its connection broke."""
    return Exchange(
        seq=seq,
        scenario=scenario,
        step=step or f"step-{seq}",
        feature="media",
        operation="submit_job",
        started=float(seq),
        ended=seq + 0.5,
        method="POST",
        url="http://target/jobs",
        status=status,
        error="" if status else "the target closed the connection without a response",
        lost=lost,
    )


def rejected_are_wrong(evidence: Evidence, _item: Item) -> Finding:
    """A check for which every exchange without status 200 is a deviation."""
    wrong = Deviations()
    for response in evidence.responses:
        if not response.ok:
            wrong.add(response.exchange.seq, f"status {response.exchange.status}")
    return wrong.finding("HTTP 200", holds())


def judged(monkeypatch: pytest.MonkeyPatch, *exchanges: Exchange, check: object = rejected_are_wrong) -> Verdict:
    """Judges the exchanges with the check."""
    monkeypatch.setattr(verdict, "check_of", lambda _: check)
    begin = DriverEvent(seq=99, scenario="queues", feature="media", at=0.0, name="begin")
    evidence = Evidence(feature=Feature.MEDIA, records=[begin, *exchanges])
    return judge_item(ITEM, evidence, events_of(evidence))


def test_deviation_shown_by_a_lost_response_only_names_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is inconclusive, has the exchange as evidence and says what to do."""
    found = judged(monkeypatch, exchange(1, 200), exchange(2, lost=1))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason.startswith("the network: the response to step step-2 was lost")
    assert found.witness == (2,)


def test_deviation_shown_by_another_response_too_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost response does not hide the deviation; it is no evidence of it."""
    found = judged(monkeypatch, exchange(1, lost=1), exchange(2, 500))
    assert found.outcome is Outcome.FAIL
    assert (found.witness, found.seen) == ((2,), "status 500")


@pytest.mark.parametrize("lost", [0, REPRODUCED])
def test_response_missing_at_every_attempt_is_the_targets(monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
    """A timeout, and a connection that broke at every attempt, count against the target."""
    assert judged(monkeypatch, exchange(1, 200), exchange(2, lost=lost)).outcome is Outcome.FAIL


def test_step_that_never_gets_a_response_is_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every exchange of a step loses its connection, the target closes it."""
    closed = [exchange(number, lost=1, step="same") for number in range(1, REPRODUCED + 1)]
    assert judged(monkeypatch, exchange(50, 200), *closed).outcome is Outcome.FAIL
    assert judged(monkeypatch, exchange(50, 200), *closed[1:]).outcome is Outcome.INCONCLUSIVE


def test_rejection_of_a_repeated_request_is_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first attempt may have taken effect, so the target may be right to reject the second one."""
    assert judged(monkeypatch, exchange(1, 409, lost=1)).outcome is Outcome.INCONCLUSIVE
    assert judged(monkeypatch, exchange(1, 409)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [("queues", Outcome.INCONCLUSIVE), ("probe", Outcome.INCONCLUSIVE), ("order", Outcome.BLOCKED)],
)
def test_check_blocked_in_a_scenario_with_a_lost_response_names_the_network(
    monkeypatch: pytest.MonkeyPatch, scenario: str, outcome: Outcome
) -> None:
    """Only the check's own scenario and the calibration count."""
    found = judged(
        monkeypatch, exchange(1, 200), exchange(2, lost=1, scenario=scenario), check=lambda *_: blocked("no job")
    )
    assert found.outcome is outcome


def test_deviation_without_the_lost_response_as_evidence_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost response elsewhere in the scenario does not excuse the target."""
    found = judged(
        monkeypatch,
        exchange(1, 200),
        exchange(2, lost=1),
        check=lambda *_: deviates("x", "y", witness=(1,)),
    )
    assert found.outcome is Outcome.FAIL


def test_check_over_all_scenarios_is_inconclusive_after_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was cut short before any response does not blame the target."""
    monkeypatch.setattr(verdict, "check_of", lambda _: lambda *_: blocked("no response"))
    item = Item(requirement=load_registry().get("HDR-001"), feature=FEATURES[Feature.MEDIA])
    stop = DriverEvent(seq=7, scenario="queues", feature="media", at=0.0, name="interrupted", text="cut short")
    for records, outcome in (([stop], Outcome.INCONCLUSIVE), ([], Outcome.BLOCKED)):
        evidence = Evidence(feature=Feature.MEDIA, records=records)
        assert judge_item(item, evidence, events_of(evidence)).outcome is outcome
