"""Which dialects go together, and where each can be seen: the facts the tests of dialects share."""

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
"""A trial takes a quarter of a minute: a mixture that is blamed is told as drawn, and not made smaller for hours."""

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
    # Jobs that take no time: none is ever held, or callbacks are all there is to tell their order by.
    {"instant-jobs", "paused-queue-closed"},
    {"instant-jobs", "jittery-callbacks"},
    {"instant-jobs", "callbacks-out-of-order"},
    # Nobody waits in a queue that is closed while paused, unless jobs come faster than its workers end them.
    {"slow-answers", "paused-queue-closed"},
    {"racy", "paused-queue-closed"},
)
"""Of each set, a mock follows one: they say the opposite, or together they leave nothing to look at."""

SHOWN_ON = {
    "queue-smart-audio-1": "speech",
    "speech-without-start": "speech",
    "one-id-a-describe": "doc",
    "doc-category-docprocess": "doc",
}
"""The feature on which a dialect is seen, where that is not media."""


def feature_of(dialect: str) -> str:
    """The feature to judge when this dialect is spoken."""
    return SHOWN_ON.get(dialect, "media")


def consistent(names: Iterable[str]) -> tuple[str, ...]:
    """The names without those that say the opposite of one before them, in the order of the catalogue."""
    kept: list[str] = []
    for name in names:
        rivals = set().union(*(group for group in _OPPOSITES if name in group))
        if name not in kept and rivals.isdisjoint(kept):
            kept.append(name)
    return tuple(name for name in DIALECTS if name in kept)


HIDING: dict[str, frozenset[str]] = {
    # Jobs that cannot fail show nothing of failures.
    "no-input-looked-at": frozenset({"DEL-005", "LIF-003", "WFL-015"}),
    # What is left out cannot be wrong.
    "old-callback": frozenset({"SHP-003"}),
    "code-of-failures-only": frozenset({"DES-011", "SHP-011"}),
    "no-progress": frozenset({"DES-014"}),
    "level-not-defaulted": frozenset({"SUB-010"}),
    # Callbacks that leave late come when describe has caught up.
    "late-callbacks": frozenset({"DEL-003"}),
    "jittery-callbacks": frozenset({"DEL-003"}),
    "callbacks-out-of-order": frozenset({"DEL-003"}),
    # A closed queue of many workers never has anybody waiting, so there is no order to see.
    "paused-queue-closed": frozenset({"PRI-001", "PRI-002", "PRI-003", "PRI-004", "PRI-005", "PRI-007", "PAU-001"}),
    "instant-jobs": frozenset({"PRI-001", "PRI-002", "PRI-003", "PRI-004", "PRI-005", "PRI-007"}),
}
"""Requirements whose faults may be gone, or leave nothing to look at, where a dialect is spoken: by nature, not by the
suite's want of power."""

NEIGHBOURS = frozenset({"ninth-is-late", "pairs-swapped"})
"""Faults that swap two jobs that start one after the other: where several start at once nobody can tell."""


def open_to(fault: str, breaks: str, names: Iterable[str]) -> tuple[str, ...]:
    """The dialects of a mixture in which this fault can be seen at all."""
    kept = [name for name in names if breaks not in HIDING.get(name, frozenset())]
    return consistent(["one-worker", *kept] if fault in NEIGHBOURS else kept)
