"""The result of a check. A check does not know the requirement's level; `verdict` derives the severity."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The possible results of a check."""

    HOLDS = "holds"
    DEVIATES = "deviates"
    OBSERVED = "observed"
    """A measurement, or a less preferred documented form (on a MUST it becomes a warning)."""
    INCONCLUSIVE = "inconclusive"
    """The evidence cannot distinguish a correct implementation from a faulty one."""
    BLOCKED = "blocked"
    """A prerequisite of the scenario failed, so the requirement could not be tested."""
    LEFT_OUT = "left-out"
    """The run has only some of the features that the requirement needs."""
    ABSENT = "absent"
    """The profile declares that the target does not offer the capability."""
    UNTESTED = "untested"
    """The profile lacks what the test needs, or a case did not arise that a conforming target may never show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check. `witness` contains record numbers, the smallest sufficient set first."""

    kind: Kind
    expected: str = ""
    seen: str = ""
    reason: str = ""
    witness: tuple[int, ...] = ()
    power: str = ""


def holds(seen: str = "", *, witness: tuple[int, ...] = (), power: str = "") -> Finding:
    """The requirement was tested and holds; `seen` describes the evidence."""
    return Finding(kind=Kind.HOLDS, seen=seen, witness=witness, power=power)


def deviates(expected: str, seen: str, *, witness: tuple[int, ...], reason: str = "", power: str = "") -> Finding:
    """The target deviates from the requirement; `witness` must prove it."""
    return Finding(kind=Kind.DEVIATES, expected=expected, seen=seen, witness=witness, reason=reason, power=power)


def observed(seen: str, *, witness: tuple[int, ...] = (), reason: str = "", expected: str = "") -> Finding:
    """A measurement, or a less preferred documented form."""
    return Finding(kind=Kind.OBSERVED, seen=seen, witness=witness, reason=reason, expected=expected)


def inconclusive(reason: str, *, seen: str = "", witness: tuple[int, ...] = (), power: str = "") -> Finding:
    """The evidence is insufficient; `reason` says what would strengthen it."""
    return Finding(kind=Kind.INCONCLUSIVE, reason=reason, seen=seen, witness=witness, power=power)


def blocked(reason: str, *, witness: tuple[int, ...] = ()) -> Finding:
    """The scenario stopped before this test; `reason` names the failed prerequisite."""
    return Finding(kind=Kind.BLOCKED, reason=reason, witness=witness)


def left_out(reason: str) -> Finding:
    """The operator left a feature out of the run that the requirement needs."""
    return Finding(kind=Kind.LEFT_OUT, reason=reason)


def absent(reason: str, *, witness: tuple[int, ...] = ()) -> Finding:
    """The profile declares that the target does not offer this."""
    return Finding(kind=Kind.ABSENT, reason=reason, witness=witness)


def untested(reason: str, *, witness: tuple[int, ...] = ()) -> Finding:
    """The suite could not test the requirement, and a conforming target can be the reason.

    The profile lacks what the test needs, the target may leave out what the requirement is about, or the case did not
    arise. Where each conforming target shows the case, the finding is `inconclusive`.
    """
    return Finding(kind=Kind.UNTESTED, reason=reason, witness=witness)


@dataclass(frozen=True, slots=True)
class Deviations:
    """Collects deviations of one kind over many records into one finding that quotes at most `LIMIT`."""

    items: list[tuple[int, str]] = field(default_factory=list)
    LIMIT = 3

    def add(self, seq: int, text: str) -> None:
        """Adds one deviation, proven by record `seq`."""
        self.items.append((seq, text))

    def finding(self, expected: str, otherwise: Finding) -> Finding:
        """Returns one deviation that quotes the first ones, or `otherwise` when there is none."""
        if not self.items:
            return otherwise
        texts = list(dict.fromkeys(text for _, text in self.items))
        more = f" (and {len(texts) - self.LIMIT} more)" if len(texts) > self.LIMIT else ""
        seqs = tuple(dict.fromkeys(seq for seq, _ in self.items))
        return deviates(expected, "; ".join(texts[: self.LIMIT]) + more, witness=seqs[:6])
