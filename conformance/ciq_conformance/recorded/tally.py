"""Collects what the messages of a recording show of each requirement, and makes one verdict of each. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from ciq_conformance.judge.finding import Finding, Kind, deviates, holds, observed, untested
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.verdict import verdict_of
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import Requirement, load_registry
from ciq_schemas.transcript.records import Verdict

_QUOTED = 3
_KEPT = 1000
"""Deviations of one requirement whose text is kept."""

NO_CALLBACK = "the file has no callback"
NO_JOB = "the file has no answer to DescribeJob"
NO_QUEUE = "the file has no queue list"
NO_ERROR = "the file has no error document"
NO_HEADERS = "this format has no headers: a HAR file or a run file has them"
NO_TIMES = "this format has no times: a HAR file or a run file has them"
NO_PAIR = "no job is in a callback and in an answer to DescribeJob (--together compares across files)"
NO_ORDER = "no two jobs certainly waited at the same time"
NO_PAUSE = "the file does not show which queue was paused for certain; --complete says that it has every request"

NEEDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("SHP-001", "SHP-002", "SHP-003", "SHP-004", "SHP-007", "SHP-011", "DEL-002", "DEL-010"), NO_CALLBACK
        ),
        "SHP-005": NO_PAIR,
        "SHP-006": NO_HEADERS,
        "SHP-012": "no job is in a submit request and in a callback",
        "DEL-003": NO_TIMES,
        "DEL-004": NO_TIMES,
        "WFL-016": "the file has no callback of a workflow",
        **dict.fromkeys(("DES-007", "DES-008", "DES-009", "DES-011", "DES-013"), NO_JOB),
        **dict.fromkeys(("QUE-002", "QUE-003", "QUE-004", "QUE-023"), NO_QUEUE),
        "ERR-001": NO_ERROR,
        **dict.fromkeys(("HDR-001", "HDR-002", "HDR-004", "HDR-005", "HDR-006"), NO_HEADERS),
        "LIF-001": "no job was observed in two states",
        "UPD-018": "the file has no update of a queue with its answer",
        "PRI-001": NO_ORDER,
        "PRI-002": NO_ORDER,
        "PAU-001": NO_PAUSE,
    }
)
"""The requirements that recorded material can show, with the reason when it does not."""


@dataclass(frozen=True, slots=True)
class Case:
    """What one message shows of one requirement: it holds, or a deviation in words."""

    requirement: str
    deviation: str = ""
    remark: str = ""
    """A less preferred documented form."""


@dataclass(slots=True)
class _Count:
    right: int = 0
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """The cases of one file."""

    _counts: dict[str, _Count] = field(default_factory=dict)
    _findings: dict[str, Finding] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    """Reasons that replace those of `NEEDS`."""

    @property
    def judged(self) -> bool:
        """Whether any case was added."""
        return bool(self._counts)

    def add(self, place: str, cases: Iterable[Case]) -> None:
        """Counts the cases of one message."""
        for case in cases:
            count = self._counts.setdefault(case.requirement, _Count())
            where = f"{place}: " if place else ""
            if case.deviation:
                count.wrong_count += 1
                if len(count.wrong) < _KEPT:
                    count.wrong.append(where + case.deviation)
            elif case.remark:
                if len(count.remarks) < _KEPT:
                    count.remarks.append(where + case.remark)
            else:
                count.right += 1

    def set(self, requirement: str, finding: Finding) -> None:
        """Records the finding of a check; one that proves nothing only gives the reason."""
        if finding.kind in (Kind.HOLDS, Kind.DEVIATES, Kind.OBSERVED):
            self._findings[requirement] = finding
        elif finding.kind is Kind.UNTESTED:
            self.reasons[requirement] = finding.reason

    def verdicts(self) -> Iterator[Verdict]:
        """Yields one verdict for each requirement of `NEEDS`, in its order."""
        registry = load_registry()
        for name in NEEDS:
            requirement = registry.get(name)
            yield _verdict(requirement, self._finding(requirement))

    def _finding(self, requirement: Requirement) -> Finding:
        if requirement.id in self._findings:
            return self._findings[requirement.id]
        count = self._counts.get(requirement.id)
        if count is None:
            return untested(self.reasons.get(requirement.id, NEEDS[requirement.id]))
        if count.wrong:
            return deviates(requirement.statement, _quoted(count.wrong, count.wrong_count), witness=())
        if count.remarks:
            return observed(_quoted(count.remarks, len(count.remarks)), expected=requirement.statement)
        return holds(f"{count.right} times")


def _quoted(texts: list[str], number: int) -> str:
    counted = Counter(texts)
    shown = [text if times == 1 else f"{text} ({times} times)" for text, times in counted.items()][:_QUOTED]
    more = number - sum(counted[text] for text in list(counted)[:_QUOTED])
    return "; ".join(shown) + (f" (and {more} more)" if more else "")


def _verdict(requirement: Requirement, finding: Finding) -> Verdict:
    feature = requirement.features[0] if requirement.features else Feature.MEDIA
    verdict = verdict_of(Item(requirement=requirement, feature=FEATURES[feature]), finding)
    return msgspec.structs.replace(verdict, feature="", scenario="")
