"""No power is lost: a mock that takes a freedom and breaks a rule is caught by the rule's own requirement."""

from __future__ import annotations

import pytest
from trying import judged, red

from ciq_mock.faults import FAULTS
from ciq_schemas.run import Outcome

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
QUICK = PAIRS[:2]


def caught(fault: str, dialects: tuple[str, ...]) -> None:
    """The requirement that the fault breaks turns red by its verdict; the suite itself stays whole."""
    wanted = FAULTS[fault]
    result = judged(
        dialects,
        features=[(wanted.shows_on or "media")],
        requirements=[wanted.breaks],
        faults=[fault],
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
