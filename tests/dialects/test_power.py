"""No power is lost: a mock that takes a freedom and breaks a rule is caught by the rule's own requirement."""

from __future__ import annotations

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from mixtures import DRAWING, HIDING, NEIGHBOURS, consistent, open_to
from mock_runs import judged, red

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
    ("failure-told-as-success", ("old-callback", "message-upper-success", "no-xml-declaration")),
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
"""Faults to draw from: not those that a crowd alone or a restart shows, nor those of an option of the profile."""


def caught(fault: str, dialects: tuple[str, ...]) -> None:
    """The requirement that the fault breaks turns red by its verdict; the suite itself stays whole."""
    wanted = FAULTS[fault]
    requirement = load_registry().get(wanted.breaks)
    features = [wanted.shows_on or requirement.features[0]]
    if str(scenario_of(requirement.id)) == "isolation":
        features.append(Feature.SPEECH if Feature.SPEECH not in features else Feature.MEDIA)
    result = judged(
        dialects,
        features=features,
        requirements=[wanted.breaks],
        faults=[fault],
        signed=Capability.SIGNATURE in requirement.capabilities,
    )
    assert wanted.breaks in red(result), [(v.item, v.outcome, v.seen or v.reason) for v in result.verdicts]
    assert not [verdict for verdict in result.verdicts if verdict.outcome is Outcome.SUITE_ERROR]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "dialects"), PAIRS[len(QUICK) :])
def test_a_fault_is_caught_in_dialects(fault: str, dialects: tuple[str, ...]) -> None:
    """Freedoms do not hide a fault."""
    caught(fault, dialects)


@pytest.mark.parametrize(("fault", "dialects"), QUICK)
def test_a_few_faults_are_caught_in_dialects(fault: str, dialects: tuple[str, ...]) -> None:
    """Two of them in the fast tests."""
    caught(fault, dialects)


@pytest.mark.slow
@seed(1045)
@settings(DRAWING, max_examples=30)
@given(
    fault=st.sampled_from(DRAWN),
    names=st.lists(st.sampled_from(tuple(DIALECTS)), min_size=2, max_size=8, unique=True).map(consistent),
)
def test_no_mixture_hides_a_fault(fault: str, names: tuple[str, ...]) -> None:
    """Whatever freedoms are taken, a fault is caught, unless one of them leaves nothing of it."""
    caught(fault, open_to(fault, FAULTS[fault].breaks, names))


def test_what_hides_is_known() -> None:
    """The table of what hides faults by nature names dialects, requirements and faults that there are."""
    assert HIDING.keys() <= DIALECTS.keys()
    assert set().union(*HIDING.values()) <= load_registry().by_id.keys()
    assert FAULTS.keys() >= NEIGHBOURS
    assert open_to("fifo", "PRI-001", ("instant-jobs", "pretty-xml")) == ("pretty-xml",)
    assert "one-worker" in open_to("pairs-swapped", "PRI-002", ("ten-workers",))
