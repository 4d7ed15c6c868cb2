"""Reads from a transcript whether the run itself failed. Pure; the same for a live run and a run file."""

from collections.abc import Iterable
from dataclasses import dataclass

from ciq_conformance.runner.session import RUN
from ciq_schemas.transcript.records import AnyRecord, DriverEvent


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Failures of the run itself."""

    unreachable: str = ""
    """Why the target or the callback path was not reachable; empty when both were."""
    trouble: str = ""
    """Defect of the suite in one line; empty when there was none."""

    @property
    def suite_failed(self) -> bool:
        """The suite itself failed outside any scenario."""
        return bool(self.trouble)


def run_status(records: Iterable[AnyRecord]) -> RunStatus:
    """Reads the events that concern the run as a whole."""
    unreachable = trouble = ""
    for record in records:
        if isinstance(record, DriverEvent) and record.scenario == RUN:
            if record.name == "broken":
                unreachable = unreachable or record.text
            elif record.name == "crashed":
                trouble = trouble or (record.text.strip().splitlines() or ["unknown"])[-1]
    return RunStatus(unreachable, trouble)
