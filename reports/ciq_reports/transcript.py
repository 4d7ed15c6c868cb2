"""Reads one run file into a frozen value, from which every report is made.

Knows the order and the links of records. Must not know layout or the content of bodies.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ciq_schemas.requirement import RECEIVER
from ciq_schemas.transcript.records import (
    AnyRecord,
    Calibration,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Footer,
    Header,
    RunFileError,
    Verdict,
    read_records,
)

Witness = Exchange | CallbackReceived | DriverEvent | Calibration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunView:
    """The records of one run by kind. Times are seconds since the start of the run. Equal only to itself."""

    header: Header
    verdicts: tuple[Verdict, ...]
    """In the order of the file; the later of two verdicts on one item replaces the earlier one."""
    exchanges: tuple[Exchange, ...]
    """In the order of their start."""
    arrivals: tuple[CallbackReceived, ...]
    events: tuple[DriverEvent, ...]
    calibrations: tuple[Calibration, ...]
    footer: Footer | None
    """None when the run was cut off."""
    by_seq: Mapping[int, Witness]

    @property
    def cut_off(self) -> bool:
        """Whether the run has no end: what is missing proves nothing."""
        return self.footer is None

    @property
    def of_receiver(self) -> bool:
        """Whether `ciq receiver` made the run: its target is a callback receiver."""
        return self.header.requirement_set.startswith(f"{RECEIVER}-")

    @property
    def features(self) -> tuple[str, ...]:
        """Features of the run, in the header's order, then any further one that a verdict names."""
        named = dict.fromkeys(self.header.features)
        named.update(dict.fromkeys(v.feature for v in self.verdicts if v.feature))
        return tuple(named)

    @property
    def seconds(self) -> float:
        """Duration of the run: from the footer, else the end of the last record."""
        if self.footer is not None:
            return self.footer.duration
        ends = [e.ended for e in self.exchanges] + [a.ended for a in self.arrivals] + [m.at for m in self.events]
        return max(ends, default=0.0)

    def witnesses(self, verdict: Verdict) -> tuple[Witness, ...]:
        """Returns the evidence records of a verdict, without numbers that the file does not contain."""
        return tuple(self.by_seq[seq] for seq in verdict.witness if seq in self.by_seq)

    @classmethod
    def of(cls, records: Iterable[AnyRecord]) -> "RunView":
        """Sorts records by kind; raises RunFileError without a header."""
        header: Header | None = None
        footer: Footer | None = None
        verdicts: dict[str, Verdict] = {}
        exchanges: list[Exchange] = []
        arrivals: list[CallbackReceived] = []
        events: list[DriverEvent] = []
        calibrations: list[Calibration] = []
        for record in records:
            match record:
                case Header():
                    header = record
                case Exchange():
                    exchanges.append(record)
                case CallbackReceived():
                    arrivals.append(record)
                case DriverEvent():
                    events.append(record)
                case Calibration():
                    calibrations.append(record)
                case Verdict():
                    verdicts[record.item] = record
                case Footer():
                    footer = record
        if header is None:
            raise RunFileError("the run has no header: is this a run.ndjson written by ciq run?")
        numbered: list[Witness] = [*exchanges, *arrivals, *events, *calibrations]
        return cls(
            header=header,
            verdicts=tuple(verdicts.values()),
            exchanges=tuple(sorted(exchanges, key=lambda e: (e.started, e.seq))),
            arrivals=tuple(sorted(arrivals, key=lambda a: (a.started, a.seq))),
            events=tuple(sorted(events, key=lambda m: (m.at, m.seq))),
            calibrations=tuple(calibrations),
            footer=footer,
            by_seq=MappingProxyType({record.seq: record for record in numbered}),
        )


def read_run(path: Path) -> RunView:
    """Reads a run file; raises RunFileError with the line that is not a record."""
    with path.open("rb") as stream:
        return RunView.of(read_records(stream))
