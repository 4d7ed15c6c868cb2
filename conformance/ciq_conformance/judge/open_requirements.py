"""Decides during a run which requirements the records so far leave open. Pure.

Whether a case of order or pause arises depends on the speed of the target. A scenario therefore makes further evidence
until the checks can decide. A requirement that fails is decided as well.
"""

from collections.abc import Iterable

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Kind
from ciq_conformance.judge.registry import Item, check_of

_OPEN = frozenset({Kind.INCONCLUSIVE, Kind.UNTESTED})


def open_requirements(evidence: Evidence, items: Iterable[Item]) -> frozenset[str]:
    """Returns the ids of the requirements that their checks cannot decide yet.

    A check that raises leaves nothing open: the judgement at the end of the run reports the defect.
    """
    return frozenset(item.requirement.id for item in items if _is_open(evidence, item))


def _is_open(evidence: Evidence, item: Item) -> bool:
    check = check_of(item.requirement.id)
    if check is None:
        return False
    try:
        return check(evidence, item).kind in _OPEN
    except Exception:
        return False
