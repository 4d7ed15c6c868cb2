"""What a transcript says about the run itself, beside any requirement. Pure; the same live and offline."""

from collections.abc import Iterable
from dataclasses import dataclass

from ciq_conformance.runner.session import RUN
from ciq_schemas.transcript.records import AnyRecord, DriverEvent


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Why a run may prove less than it should."""

    unreachable: str = ""
    """Why target or callback path could not be reached."""
    trouble: str = ""
    """The suite's own mistake, one line."""

    @property
    def suite_failed(self) -> bool:
        """The suite itself failed outside any scenario."""
        return bool(self.trouble)


def run_status(records: Iterable[AnyRecord]) -> RunStatus:
    """Read the marks on the run as a whole."""
    unreachable = trouble = ""
    for record in records:
        if isinstance(record, DriverEvent) and record.scenario == RUN:
            if record.name == "broken":
                unreachable = unreachable or record.text
            elif record.name == "crashed":
                trouble = trouble or (record.text.strip().splitlines() or ["unknown"])[-1]
    return RunStatus(unreachable, trouble)
