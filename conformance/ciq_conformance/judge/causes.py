"""Requirements whose deviation another requirement explains: a failure is reported once, where it is to be corrected.

A deviation of a key is `blocked` while one of its causes deviates on the same feature and format. No deviation is lost:
a blocked MUST counts like a failed one, its reason names the cause, and the next run judges it without the cause.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked
from ciq_conformance.judge.registry import Item, check_of
from ciq_schemas.requirement import load_registry

CAUSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # A field of a callback that is wrong by itself also differs from describe and from the other format.
        "SHP-005": ("SHP-002", "SHP-004", "SHP-007", "SHP-010", "SHP-011", "SHP-012"),
        "SHP-007": ("SHP-002",),
        "SHP-008": ("SHP-002", "SHP-003", "SHP-005", "SHP-007", "SHP-011", "SHP-012", "DEL-002"),
        "SHP-011": ("SHP-007",),
        "SHP-013": ("SHP-012",),
        "DEL-008": ("DEL-001", "SHP-006"),
        "MUL-007": ("MUL-004",),
        "RUL-003": ("RUL-002",),
        "RUL-004": ("RUL-003",),
        "RUL-005": ("RUL-002",),
        "RUL-007": ("RUL-006",),
        # A wrong answer to one operation shows in the history of the job.
        "LIF-001": ("SUB-002", "SUB-003", "DEL-006"),
        # Lists: each filter alone before the filters together, pages before their sizes.
        "LST-005": ("LST-006",),
        "LST-018": ("LST-004", "LST-006", "LST-007", "LST-012"),
        "LST-019": ("LST-006",),
        "QUE-009": ("QUE-008", "QUE-010"),
        "QUE-011": ("QUE-003",),
        "QUE-024": ("QUE-011",),
        "DES-003": ("DES-002", "DES-005"),
        "DES-013": ("DES-008",),
        # Texts: the plain one before the special ones.
        "SUB-009": ("SUB-003", "SUB-008"),
        "SUB-021": ("SUB-008",),
        "SUB-025": ("SUB-008",),
        # Updates: each element alone before several.
        "UPD-007": ("UPD-020",),
        "UPD-011": ("UPD-009", "UPD-020"),
        "UPD-016": ("UPD-003",),
        "UPD-017": ("UPD-002", "UPD-003", "UPD-004"),
        "ONE-010": ("ONE-008",),
        "CON-002": ("CON-001", "CON-003", "CON-004"),
        # Errors: the form of all of them before single ones.
        "ERR-003": ("ERR-001", "ERR-002"),
        "ERR-005": ("ERR-001", "ERR-004"),
        "ERR-016": ("ERR-007",),
        "ERR-017": ("ERR-007",),
        "ERR-021": ("ERR-001", "ERR-003"),
        "TPL-008": ("TPL-006",),
        "WFL-009": ("WFL-008",),
        "WFL-017": ("WFL-011",),
        # What a restart loses shows in the history that continues after it.
        "EXP-002": ("EXP-008",),
        "EXP-003": ("EXP-008",),
        "EXP-007": ("EXP-008",),
    }
)


def after_causes(finding: Finding, evidence: Evidence, item: Item) -> Finding:
    """Returns a deviation as blocked where one of its causes deviates too; any other finding unchanged."""
    if finding.kind is not Kind.DEVIATES:
        return finding
    for cause in CAUSES.get(item.requirement.id, ()):
        if _deviates(cause, evidence, item):
            seen = f"{cause} deviates and explains this deviation, so correct {cause} first: {finding.seen}"
            return blocked(seen, witness=finding.witness)
    return finding


def _deviates(cause: str, evidence: Evidence, item: Item) -> bool:
    requirement, check = load_registry().get(cause), check_of(cause)
    if check is None or item.feature.feature not in requirement.features:
        return False
    formats = (item.format,) if item.format in requirement.formats else requirement.formats or (None,)
    try:
        return any(
            check(evidence, replace(item, requirement=requirement, format=form)).kind is Kind.DEVIATES
            for form in formats
        )
    except Exception:  # a check that raises costs its own verdict only
        return False
