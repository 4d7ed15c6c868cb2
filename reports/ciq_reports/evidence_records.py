"""Selects the records that a page shows in full: each once, within a limit, the most urgent findings first.

Knows how much a page may contain. Must not know markup. Counts every omitted record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ciq_reports import wire_text
from ciq_reports.transcript import RunView, Witness
from ciq_reports.wire_text import NOTHING, Shown
from ciq_schemas.transcript.records import Calibration, CallbackReceived, DriverEvent, Exchange, Verdict

MOST_RECORDS = 300
MOST_PER_VERDICT = 60
"""A pause with many leaks has two records for each; the page shows them all within its other limits."""
MOST_CHARACTERS = 3_000_000
"""Limit for all records together; a page of more than a few megabytes is slow to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """One record as the page shows it. `again` means that the page shows it in full above and names it here."""

    seq: int
    kind: str
    title: str
    when: str
    head: str = ""
    body: Shown = NOTHING
    answer_head: str = ""
    answer_body: Shown = NOTHING
    curl: str = ""
    curl_remark: str = ""
    again: bool = False

    @property
    def size(self) -> int:
        """Number of characters on the page."""
        texts = (self.head, self.body.text, self.answer_head, self.answer_body.text, self.curl)
        return sum(map(len, texts))


@dataclass(slots=True)
class EvidenceSection:
    """Yields evidence records until a limit is reached."""

    view: RunView
    shown: set[int] = field(default_factory=set)
    characters: int = 0
    left_out: int = 0

    def of(self, verdicts: Iterable[Verdict]) -> Iterator[EvidenceRecord]:
        """Yields the evidence of similar verdicts, each record once: several of the first, then one each."""
        given: set[int] = set()
        for place, verdict in enumerate(verdicts):
            most = 1 if place else MOST_PER_VERDICT
            records = self.view.witnesses(verdict)
            self.left_out += len(records[most:])
            for record in records[:most]:
                if record.seq not in given:
                    given.add(record.seq)
                    yield from self._one(record)

    def _one(self, record: Witness) -> Iterator[EvidenceRecord]:
        if record.seq in self.shown:
            shown = evidence_record(record)
            yield EvidenceRecord(seq=shown.seq, kind=shown.kind, title=shown.title, when=shown.when, again=True)
            return
        if len(self.shown) >= MOST_RECORDS or self.characters >= MOST_CHARACTERS:
            self.left_out += 1
            return
        shown = evidence_record(record)
        self.shown.add(record.seq)
        self.characters += shown.size
        yield shown


def evidence_record(record: Witness) -> EvidenceRecord:
    """Returns one record as the page shows it."""
    match record:
        case Exchange():
            curl, remark = wire_text.curl_line(record)
            answer = str(record.status) if record.status else "no response"
            return EvidenceRecord(
                seq=record.seq,
                kind="exchange",
                title=f"{record.method} {_path(record.url)} → {answer}",
                when=f"{_place(record.scenario, record.step)}, {record.started:.3f} to {record.ended:.3f} s",
                head=wire_text.request_head(record),
                body=wire_text.body_text(record.request_body),
                answer_head=wire_text.response_head(record),
                answer_body=wire_text.body_text(record.response_body) if record.status else NOTHING,
                curl=curl,
                curl_remark=remark,
            )
        case CallbackReceived():
            answered = str(record.answered) if record.answered else "by closing the connection"
            return EvidenceRecord(
                seq=record.seq,
                kind="callback",
                title=f"callback {record.method} {record.target}, answered {answered}",
                when=f"{record.channel or 'receiver'}, {record.started:.3f} to {record.ended:.3f} s",
                head=wire_text.arrival_head(record),
                body=wire_text.body_text(record.body),
            )
        case DriverEvent():
            return EvidenceRecord(
                seq=record.seq,
                kind="remark",
                title=f"{record.name}: {record.text}" if record.text else record.name,
                when=f"{_place(record.scenario, '')}, {record.at:.3f} s",
            )
        case Calibration():
            return EvidenceRecord(seq=record.seq, kind="calibration", title=f"calibration of {record.feature}", when="")


def _path(url: str) -> str:
    tail = url.split("://", 1)[-1]
    return "/" + tail.partition("/")[2]


def _place(scenario: str, step: str) -> str:
    return f"{scenario} / {step}" if step else scenario
