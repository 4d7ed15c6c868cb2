"""Which check answers for which requirement. One function an id; the judge and the tests ask here."""

from collections.abc import Callable
from dataclasses import dataclass

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding
from ciq_schemas.features import FeatureSpec
from ciq_schemas.requirement import Format, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to judge: requirement x feature (x format)."""

    requirement: Requirement
    feature: FeatureSpec
    format: Format | None = None

    @property
    def name(self) -> str:
        """`PRI-001-media`, `SHP-002-doc-json`."""
        tail = f"-{self.format}" if self.format else ""
        return f"{self.requirement.id}-{self.feature.feature}{tail}"


Check = Callable[[Evidence, Item], Finding]
_CHECKS: dict[str, Check] = {}


class DuplicateCheckError(ValueError):
    """Two checks for one requirement: our mistake."""


def check(requirement_id: str) -> Callable[[Check], Check]:
    """Register the decorated function as the check of `requirement_id`."""

    def register(function: Check) -> Check:
        if requirement_id in _CHECKS:
            raise DuplicateCheckError(f"{requirement_id} has two checks")
        _CHECKS[requirement_id] = function
        return function

    return register


def check_of(requirement_id: str) -> Check | None:
    """The check of a requirement, None when nobody wrote one."""
    return _CHECKS.get(requirement_id)


def checked_ids() -> frozenset[str]:
    """Ids that have a check."""
    return frozenset(_CHECKS)
