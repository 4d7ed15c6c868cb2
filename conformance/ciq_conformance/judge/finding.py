"""What a check says. A check knows nothing of levels: how bad a deviation is, is derived once, in `verdict`."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The ways a check can end."""

    HOLDS = "holds"
    DEVIATES = "deviates"
    OBSERVED = "observed"
    """Measured only; or right by a lesser documented form (on a MUST it becomes a warning)."""
    CANNOT_TELL = "cannot tell"
    """The evidence does not tell a right implementation from a wrong one."""
    BLOCKED = "blocked"
    """A prerequisite of the scenario is broken, so the question could not be put."""
    ABSENT = "absent"
    """The target does not have what the requirement speaks of, and said so or need not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of one check. `witness` holds record numbers, the smallest telling set first."""

    kind: Kind
    expected: str = ""
    seen: str = ""
    reason: str = ""
    witness: tuple[int, ...] = ()
    power: str = ""


def holds(seen: str = "", *, witness: tuple[int, ...] = (), power: str = "") -> Finding:
    """The requirement was put to the test and holds; `seen` says by what."""
    return Finding(kind=Kind.HOLDS, seen=seen, witness=witness, power=power)


def deviates(expected: str, seen: str, *, witness: tuple[int, ...], reason: str = "", power: str = "") -> Finding:
    """The target contradicts the requirement; `witness` must show it."""
    return Finding(kind=Kind.DEVIATES, expected=expected, seen=seen, witness=witness, reason=reason, power=power)


def observed(seen: str, *, witness: tuple[int, ...] = (), reason: str = "", expected: str = "") -> Finding:
    """A measurement, or a lesser documented form."""
    return Finding(kind=Kind.OBSERVED, seen=seen, witness=witness, reason=reason, expected=expected)


def cannot_tell(reason: str, *, seen: str = "", witness: tuple[int, ...] = (), power: str = "") -> Finding:
    """Evidence too weak; `reason` says what would make it stronger."""
    return Finding(kind=Kind.CANNOT_TELL, reason=reason, seen=seen, witness=witness, power=power)


def blocked(reason: str, *, witness: tuple[int, ...] = ()) -> Finding:
    """The scenario could not come this far; `reason` names the broken prerequisite."""
    return Finding(kind=Kind.BLOCKED, reason=reason, witness=witness)


def absent(reason: str, *, witness: tuple[int, ...] = ()) -> Finding:
    """Not there and not owed."""
    return Finding(kind=Kind.ABSENT, reason=reason, witness=witness)


@dataclass(frozen=True, slots=True)
class Deviations:
    """Deviations of one kind gathered over many records, shown as one finding (at most `LIMIT` in words)."""

    items: list[tuple[int, str]] = field(default_factory=list)
    LIMIT = 3

    def add(self, seq: int, text: str) -> None:
        """Note one deviation, shown by record `seq`."""
        self.items.append((seq, text))

    def finding(self, expected: str, otherwise: Finding) -> Finding:
        """One deviation that quotes the first few, or `otherwise` when there is none."""
        if not self.items:
            return otherwise
        texts = list(dict.fromkeys(text for _, text in self.items))
        more = f" (and {len(texts) - self.LIMIT} more)" if len(texts) > self.LIMIT else ""
        seqs = tuple(dict.fromkeys(seq for seq, _ in self.items))
        return deviates(expected, "; ".join(texts[: self.LIMIT]) + more, witness=seqs[:6])
