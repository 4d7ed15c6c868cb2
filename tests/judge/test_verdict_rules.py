"""Tests of the path from findings over verdicts to the exit code: the tables of `judge.verdict`, cell by cell."""

from itertools import product

import msgspec
import pytest

from ciq_conformance.judge import registry, verdict
from ciq_conformance.judge.finding import Finding, Kind, holds
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import Selection, items_by_name, select_items
from ciq_conformance.judge.verdict import exit_code, judge_run, verdict_of
from ciq_conformance.registry import load_checks
from ciq_schemas.features import FEATURES, SEED_FEATURES, Feature
from ciq_schemas.requirement import UnknownRequirementError, load_registry
from ciq_schemas.transcript.records import AnyRecord, DriverEvent, ExitCode, Level, Outcome, Verdict

load_checks()

MUST_ID, SCENARIO = "QUE-003", "queues"


def item_of(requirement_id: str, feature: Feature = Feature.MEDIA) -> Item:
    """Returns the item of a requirement on a feature."""
    return Item(requirement=load_registry().get(requirement_id), feature=FEATURES[feature])


def a_verdict(outcome: Outcome, level: Level = Level.MUST, *, name: str = "QUE-001", baseline: bool = False) -> Verdict:
    """Returns a verdict with an outcome only."""
    return Verdict(requirement=name, level=level, outcome=outcome, feature="media", baseline=baseline)


def event(name: str, text: str = "", scenario: str = SCENARIO) -> DriverEvent:
    """Returns a driver event on media."""
    return msgspec.convert(
        {"seq": 7, "scenario": scenario, "feature": "media", "at": 1.0, "name": name, "text": text, "kind": "mark"},
        DriverEvent,
    )


EXPECTED = {
    Kind.HOLDS: ("pass", "pass", "pass"),
    Kind.DEVIATES: ("fail", "warn", "note"),
    Kind.OBSERVED: ("warn", "warn", "note"),
    Kind.INCONCLUSIVE: ("inconclusive",) * 3,
    Kind.BLOCKED: ("blocked",) * 3,
    Kind.LEFT_OUT: ("skipped",) * 3,
    Kind.ABSENT: ("not-implemented",) * 3,
    Kind.UNTESTED: ("untested",) * 3,
}


@pytest.mark.parametrize(("kind", "level"), list(product(Kind, Level)))
def test_finding_and_level_give_the_outcome_of_the_table(kind: Kind, level: Level) -> None:
    """Each kind of finding on each level gives the outcome of the table."""
    example = next(one for one in load_registry() if one.level is level)
    item = Item(requirement=example, feature=FEATURES[example.features[0]])
    assert verdict_of(item, Finding(kind=kind)).outcome == EXPECTED[kind][list(Level).index(level)]


def outcome_with(monkeypatch: pytest.MonkeyPatch, records: list[AnyRecord], **declared: bool | None) -> Verdict:
    """Returns the verdict of QUE-003 on media when its check returns HOLDS."""
    monkeypatch.setattr(verdict, "check_of", lambda _: lambda *_: holds("yes"))
    (found,) = judge_run(records, [item_of(MUST_ID)], declared=declared)
    return found


def test_begun_scenario_is_judged_by_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check judges what was observed, also when a PreconditionFailed ended the scenario."""
    assert outcome_with(monkeypatch, [event("begin"), event("end")]).outcome is Outcome.PASS
    assert outcome_with(monkeypatch, [event("begin"), event("broken", "x")]).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], Outcome.INCONCLUSIVE),
        (["broken"], Outcome.BLOCKED),
        (["unsupported"], Outcome.UNTESTED),
        (["interrupted"], Outcome.INCONCLUSIVE),
        (["begin", "interrupted"], Outcome.INCONCLUSIVE),
        (["begin", "crashed", "end"], Outcome.SUITE_ERROR),
    ],
)
def test_unplayed_scenario_does_not_pass(monkeypatch: pytest.MonkeyPatch, events: list[str], outcome: Outcome) -> None:
    """The judge does not run the check, and the reason states why."""
    found = outcome_with(monkeypatch, [event(name, "because") for name in events])
    assert found.outcome is outcome
    assert found.reason


def test_check_that_raises_is_a_suite_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the suite differs from a deviation of the target; the verdict has the traceback."""

    def broken(*_: object) -> Finding:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(verdict, "check_of", lambda _: broken)
    (found,) = judge_run([event("begin")], [item_of(MUST_ID)], declared={})
    assert found.outcome is Outcome.SUITE_ERROR
    assert found.reason.startswith("the check raised ZeroDivisionError: oops")
    assert "Traceback" in found.reason


def test_requirement_without_a_check_is_a_suite_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing check does not pass."""
    monkeypatch.setattr(verdict, "check_of", lambda _: None)
    (found,) = judge_run([event("begin")], [item_of(MUST_ID)], declared={})
    assert found.outcome is Outcome.SUITE_ERROR


@pytest.mark.parametrize(
    ("declared", "outcome"), [({}, Outcome.UNTESTED), ({"signature": False}, Outcome.NOT_IMPLEMENTED)]
)
def test_undeclared_capability_is_not_tested(declared: dict[str, bool | None], outcome: Outcome) -> None:
    """A capability declared absent is not implemented; an undeclared, unseen one is untested; the reason names it."""
    (found,) = judge_run([], [item_of("ERR-011")], declared=declared)
    assert found.outcome is outcome
    assert "signature" in found.reason


def test_skipped_item_is_reported_as_skipped() -> None:
    """A glob on the id or on the item's name skips."""
    for glob in ("QUE-*", "que-003-media"):
        (found,) = judge_run([], [item_of(MUST_ID)], declared={}, skip=[glob])
        assert found.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([(Outcome.PASS, Level.MUST)], ExitCode.CONFORMS),
        ([(Outcome.WARN, Level.SHOULD), (Outcome.INCONCLUSIVE, Level.SHOULD)], ExitCode.CONFORMS),
        ([(Outcome.PASS, Level.MUST), (Outcome.BLOCKED, Level.SHOULD)], ExitCode.CONFORMS),
        ([(Outcome.PASS, Level.MUST), (Outcome.FAIL, Level.MUST)], ExitCode.DEVIATES),
        ([(Outcome.PASS, Level.MUST), (Outcome.BLOCKED, Level.MUST)], ExitCode.DEVIATES),
        ([(Outcome.INCONCLUSIVE, Level.MUST), (Outcome.FAIL, Level.MUST)], ExitCode.DEVIATES),
        ([(Outcome.PASS, Level.MUST), (Outcome.INCONCLUSIVE, Level.MUST)], ExitCode.NOTHING_PROVEN),
        ([(Outcome.SKIPPED, Level.MUST), (Outcome.UNTESTED, Level.MUST)], ExitCode.NOTHING_PROVEN),
        ([], ExitCode.NOTHING_PROVEN),
        ([(Outcome.FAIL, Level.MUST), (Outcome.SUITE_ERROR, Level.NOTE)], ExitCode.DEVIATES),
        ([(Outcome.BLOCKED, Level.MUST), (Outcome.SUITE_ERROR, Level.MUST)], ExitCode.SUITE_ERROR),
        ([(Outcome.PASS, Level.MUST), (Outcome.SUITE_ERROR, Level.NOTE)], ExitCode.SUITE_ERROR),
    ],
)
def test_exit_code_of_verdicts(outcomes: list[tuple[Outcome, Level]], code: ExitCode) -> None:
    """The exit code follows from the verdicts by the documented precedence."""
    assert exit_code([a_verdict(outcome, level) for outcome, level in outcomes]) is code


def test_run_conditions_take_precedence_over_verdicts() -> None:
    """Unreachable precedes an unwritten run file, a failed MUST, a suite failure, a stale baseline, in this order."""
    good, failed = [a_verdict(Outcome.PASS)], [a_verdict(Outcome.FAIL)]
    assert exit_code(failed, unreachable=True, unwritten=True) is ExitCode.UNREACHABLE
    assert exit_code(failed, unwritten=True) is ExitCode.SUITE_ERROR
    assert exit_code(failed, suite_failed=True) is ExitCode.DEVIATES
    assert exit_code(good, unreachable=True, suite_failed=True, stale=True) is ExitCode.UNREACHABLE
    assert exit_code(good, suite_failed=True, stale=True) is ExitCode.SUITE_ERROR
    assert exit_code(good, stale=True) is ExitCode.DEVIATES
    assert exit_code(good, stale=True, left_changed=True) is ExitCode.DEVIATES
    assert exit_code(good, left_changed=True) is ExitCode.NOTHING_PROVEN
    assert exit_code(good) is ExitCode.CONFORMS


def test_selection_by_id_item_level_and_feature() -> None:
    """Globs match ids and item names in any case; every criterion must match."""

    def names(selection: Selection) -> set[str]:
        return {item.name for item in select_items(load_registry(), SEED_FEATURES, selection)}

    assert names(Selection(requirements=("que-003",))) == {"QUE-003-media", "QUE-003-speech", "QUE-003-doc"}
    assert names(Selection(requirements=("QUE-003-doc",))) == {"QUE-003-doc"}
    assert names(Selection(requirements=("QUE-003",), features=(Feature.DOC,))) == {"QUE-003-doc"}
    assert names(Selection(requirements=("QUE-003",), levels=(Level.NOTE,))) == set()
    assert len(names(Selection())) > 400
    with pytest.raises(UnknownRequirementError, match="did you mean QUE-0"):
        names(Selection(requirements=("QUE-03",)))
    with pytest.raises(UnknownRequirementError):
        names(Selection(skip=("XYZ-*",)))


def test_items_are_found_by_name() -> None:
    """The item names of a run file give the same items; an unknown name raises."""
    items = select_items(load_registry(), SEED_FEATURES, Selection())
    assert items_by_name(load_registry(), [item.name for item in items]) == items
    with pytest.raises(UnknownRequirementError, match="does not know"):
        items_by_name(load_registry(), ["OLD-001-media"])


def test_every_testable_requirement_has_exactly_one_check() -> None:
    """Every testable requirement has a check, and every check has a requirement."""
    assert load_checks() == ()
    assert registry.checked_ids() == {one.id for one in load_registry() if not one.untested}
