"""What of a record the console shows: the run file keeps tracebacks, the console only their last word."""

import msgspec

from ciq_schemas.transcript.records import AnyRecord, Outcome, Verdict


def for_console(record: AnyRecord) -> AnyRecord:
    """The record with a suite error's traceback cut off."""
    if isinstance(record, Verdict) and record.outcome is Outcome.SUITE_ERROR and "\n" in record.reason:
        first = record.reason.splitlines()[0]
        last = record.reason.strip().splitlines()[-1]
        reason = first if last in first else f"{first} {last}"
        return msgspec.structs.replace(record, reason=f"{reason} (traceback in the run file)")
    return record
