"""A deviation that another requirement explains is blocked and names it; the causes have no cycle and hide no fault."""

from pathlib import Path

import pytest
from transcripts import Transcript

from ciq_conformance.judge import causes
from ciq_conformance.judge.causes import CAUSES, after_causes
from ciq_conformance.judge.finding import Finding, Kind, deviates, holds
from ciq_conformance.judge.registry import Item
from ciq_conformance.runner.embedded import known_faults
from ciq_reports.kill_page import from_json
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Format, load_registry

WRONG = deviates("equal", "UserData differs", witness=(3,))
PUBLISHED = Path(__file__).parents[2] / "reports" / "published" / "kill-matrix.json"


def judged(monkeypatch: pytest.MonkeyPatch, finding: Finding, **others: Finding) -> Finding:
    """The finding of SHP-005 on XML while other checks find this."""

    def check_of(requirement: str) -> object:
        found = others.get(requirement.replace("-", "_"), holds("yes"))
        return lambda _evidence, item: found if item.format is Format.XML else holds("yes")

    monkeypatch.setattr(causes, "check_of", check_of)
    item = Item(requirement=load_registry().get("SHP-005"), feature=FEATURES[Feature.MEDIA], format=Format.XML)
    return after_causes(finding, Transcript("callback").evidence(), item)


def test_deviation_is_blocked_while_its_cause_deviates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the cause and what was seen, and the evidence stays."""
    found = judged(monkeypatch, WRONG, SHP_012=WRONG)
    assert (found.kind, found.witness) == (Kind.BLOCKED, (3,))
    assert "SHP-012" in found.reason
    assert "UserData differs" in found.reason


def test_finding_without_deviating_cause_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement that is no cause does not explain it, and a finding that holds is never blocked."""
    assert judged(monkeypatch, WRONG) is WRONG
    assert judged(monkeypatch, WRONG, SHP_008=WRONG) is WRONG
    right = holds("equal")
    assert judged(monkeypatch, right, SHP_012=WRONG) is right


def test_check_of_a_cause_that_raises_explains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs its own verdict only."""

    def broken(*_: object) -> Finding:
        raise ZeroDivisionError

    monkeypatch.setattr(causes, "check_of", lambda _: broken)
    item = Item(requirement=load_registry().get("SHP-005"), feature=FEATURES[Feature.MEDIA], format=Format.XML)
    assert after_causes(WRONG, Transcript("callback").evidence(), item) is WRONG


def test_causes_are_known_and_have_no_cycle() -> None:
    """So the first cause of a chain always fails by itself."""
    known = load_registry().by_id

    def chain(requirement: str) -> set[str]:
        return {requirement}.union(*(chain(cause) for cause in CAUSES.get(requirement, ())))

    for requirement, given in CAUSES.items():
        assert {requirement, *given} <= set(known)
        assert all(requirement not in chain(cause) for cause in given)


def test_no_fault_is_explained_away() -> None:
    """Of each fault of the published matrix the broken requirement still fails, whatever fails beside it."""
    breaks = {fault.name: fault.breaks for fault in known_faults()}
    for kill in from_json(PUBLISHED.read_bytes()).kills:
        own = breaks.get(kill.fault)
        red = {kill.requirement, *kill.beside}
        assert own not in red or red.isdisjoint(CAUSES.get(own, ())), kill.fault
