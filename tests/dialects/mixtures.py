"""Which dialects can be combined, on which feature each shows, and which requirements each hides."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import HealthCheck, Phase, settings

from ciq_mock.variants.dialects import DIALECTS

DRAWING = settings(
    deadline=None,
    database=None,
    derandomize=False,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
"""One example takes a quarter of a minute.

A failing mixture is reported as drawn, because shrinking it would take hours.
"""

_OPPOSITES = (
    {"one-worker", "ten-workers"},
    {"instant-jobs", "slow-jobs"},
    {"unset-times-empty", "unset-times-absent"},
    {"message-upper-success", "message-lower-success", "code-of-failures-only"},
    {"shuffled-elements", "alphabetical-elements"},
    {"old-callback", "callback-with-unknown-jobs"},
    {"lower-case-headers", "upper-case-headers"},
    {"chunked-answers", "http-1.0-answers"},
    {"connection-closed", "http-1.0-answers"},
    # Jobs without duration: none is ever held, or only the callbacks show their order.
    {"instant-jobs", "paused-queue-closed"},
    {"instant-jobs", "jittery-callbacks"},
    {"instant-jobs", "callbacks-out-of-order"},
    # No job waits in a queue that is closed while paused, unless jobs arrive faster than its workers finish them.
    {"slow-answers", "paused-queue-closed"},
    {"racy", "paused-queue-closed"},
)
"""A mock follows at most one of each set: the two contradict each other, or together they leave nothing to observe."""

SHOWN_ON = {
    "queue-smart-audio-1": "speech",
    "speech-without-start": "speech",
    "one-id-a-describe": "doc",
    "doc-category-docprocess": "doc",
}
"""The feature on which a dialect shows, where that is not media."""


def feature_of(dialect: str) -> str:
    """The feature to judge when the mock follows this dialect."""
    return SHOWN_ON.get(dialect, "media")


def consistent(names: Iterable[str]) -> tuple[str, ...]:
    """The names in the order of the catalogue, without those that contradict an earlier one."""
    kept: list[str] = []
    for name in names:
        rivals = set().union(*(group for group in _OPPOSITES if name in group))
        if name not in kept and rivals.isdisjoint(kept):
            kept.append(name)
    return tuple(name for name in DIALECTS if name in kept)


HIDING: dict[str, frozenset[str]] = {
    # Jobs that cannot fail do not show failures.
    "no-input-looked-at": frozenset({"DEL-005", "LIF-003", "WFL-015"}),
    # An element that is left out cannot be wrong.
    "old-callback": frozenset({"SHP-003"}),
    "code-of-failures-only": frozenset({"DES-011", "SHP-011"}),
    "no-progress": frozenset({"DES-014"}),
    "level-not-defaulted": frozenset({"SUB-010"}),
    # A late callback arrives when describe already shows its state.
    "late-callbacks": frozenset({"DEL-003"}),
    "jittery-callbacks": frozenset({"DEL-003"}),
    "callbacks-out-of-order": frozenset({"DEL-003"}),
    # In a closed queue of many workers no job ever waits, so no order can be observed.
    "paused-queue-closed": frozenset({"PRI-001", "PRI-002", "PRI-003", "PRI-004", "PRI-005", "PRI-007", "PAU-001"}),
    "instant-jobs": frozenset({"PRI-001", "PRI-002", "PRI-003", "PRI-004", "PRI-005", "PRI-007"}),
}
"""Requirements whose faults a dialect removes or makes unobservable.

This follows from the dialect, not from a weak check.
"""

NEIGHBOURS = frozenset({"ninth-is-late", "pairs-swapped"})
"""Faults that swap two jobs that start one after the other.

Where several jobs start at once they cannot be observed.
"""


def showing(fault: str, breaks: str, names: Iterable[str]) -> tuple[str, ...]:
    """The dialects of a mixture in which this fault can be observed."""
    kept = [name for name in names if breaks not in HIDING.get(name, frozenset())]
    return consistent(["one-worker", *kept] if fault in NEIGHBOURS else kept)
