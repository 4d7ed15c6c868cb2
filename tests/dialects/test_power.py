"""A mock with a dialect and a fault fails the requirement that the fault breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from mixtures import DRAWING, HIDING, NEIGHBOURS, consistent, showing
from mock_runs import failed_or_warned, judged

from ciq_conformance.judge.registry import scenario_of
from ciq_conformance.registry import load_checks
from ciq_mock.variants.dialects import DIALECTS
from ciq_mock.variants.faults import FAULTS
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability, load_registry
from ciq_schemas.transcript.records import Outcome

PAIRS = (
    ("two-levels-as-one", ("pause-halts-running", "shuffled-elements")),
    ("page-repeats", ("empty-end-token", "shuffled-elements", "extra-elements")),
    ("last-of-many-leaks", ("held-shows-submitted", "late-callbacks")),
    ("top-level-leaks", ("pause-halts-running", "held-shows-submitted", "instant-jobs")),
    ("level-window", ("one-worker", "unset-times-absent", "no-progress")),
    ("order-lost-at-resume", ("duplicate-callbacks", "jittery-callbacks", "pretty-xml")),
    ("levels-lost-at-resume", ("ten-workers", "unset-times-empty", "pretty-xml")),
    ("held-state-unknown", ("extra-elements", "shuffled-elements", "code-of-failures-only")),
    ("cancel-ignored", ("no-progress", "upper-case-ids", "times-in-utc")),
    ("default-level-one", ("level-not-defaulted", "alphabetical-elements")),
    ("third-callback-lost", ("duplicate-callbacks", "late-callbacks", "old-callback")),
    ("callback-user-data-cut", ("json-object", "json-wrapper", "json-numbers", "shuffled-elements")),
    ("json-drifts", ("json-object", "json-wrapper", "callbacks-out-of-order")),
    ("failure-reported-as-success", ("old-callback", "message-upper-success", "no-xml-declaration")),
    ("user-data-cut", ("extra-elements", "message-lower-success", "callback-with-unknown-jobs")),
    ("unknown-queues-unnamed", ("unknown-queues-in-container", "queue-without-bucket", "speed-queue")),
    ("unknown-ids-unnamed", ("unknown-jobs-repeated", "lower-case-headers")),
    ("no-ignored", ("rule-read-at-submit", "no-retries", "content-type-charset")),
    ("xml-cut", ("shuffled-elements", "times-in-utc", "no-xml-declaration")),
    ("json-cut", ("json-numbers", "extra-elements")),
    ("malformed-taken", ("error-without-resource", "pretty-xml")),
)

load_checks()
QUICK = PAIRS[:2]


DRAWN = sorted(
    name
    for name, fault in FAULTS.items()
    if str(scenario_of(fault.breaks)) not in ("concurrency", "deactivation", "explore")
)
"""Faults to draw from. Those that only concurrency, a restart or an option of the profile shows are left out."""


def expect_failure(fault: str, dialects: tuple[str, ...]) -> None:
    """The requirement that the fault breaks fails or warns, and the suite reports no error of its own."""
    entry = FAULTS[fault]
    requirement = load_registry().get(entry.breaks)
    features = [entry.shows_on or requirement.features[0]]
    if str(scenario_of(requirement.id)) == "isolation":
        features.append(Feature.SPEECH if Feature.SPEECH not in features else Feature.MEDIA)
    result = judged(
        dialects,
        features=features,
        requirements=[entry.breaks],
        faults=[fault],
        signed=Capability.SIGNATURE in requirement.capabilities,
    )
    assert entry.breaks in failed_or_warned(result), [(v.item, v.outcome, v.seen or v.reason) for v in result.verdicts]
    assert not [verdict for verdict in result.verdicts if verdict.outcome is Outcome.SUITE_ERROR]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "dialects"), PAIRS[len(QUICK) :])
def test_fault_in_selected_dialects_is_detected(fault: str, dialects: tuple[str, ...]) -> None:
    """The dialects do not hide the fault."""
    expect_failure(fault, dialects)


@pytest.mark.parametrize(("fault", "dialects"), QUICK)
def test_fault_in_quick_dialects_is_detected(fault: str, dialects: tuple[str, ...]) -> None:
    """Two pairs in the fast tests."""
    expect_failure(fault, dialects)


@pytest.mark.slow
@seed(1045)
@settings(DRAWING, max_examples=30)
@given(
    fault=st.sampled_from(DRAWN),
    names=st.lists(st.sampled_from(tuple(DIALECTS)), min_size=2, max_size=8, unique=True).map(consistent),
)
def test_fault_in_mixed_dialects_is_detected(fault: str, names: tuple[str, ...]) -> None:
    """A drawn combination does not hide a fault, except the dialects that remove what it shows."""
    expect_failure(fault, showing(fault, FAULTS[fault].breaks, names))


def test_hiding_table_names_existing_items() -> None:
    """Dialects, requirements and faults of the table exist."""
    assert HIDING.keys() <= DIALECTS.keys()
    assert set().union(*HIDING.values()) <= load_registry().by_id.keys()
    assert FAULTS.keys() >= NEIGHBOURS
    assert showing("fifo", "PRI-001", ("instant-jobs", "pretty-xml")) == ("pretty-xml",)
    assert "one-worker" in showing("pairs-swapped", "PRI-002", ("ten-workers",))
