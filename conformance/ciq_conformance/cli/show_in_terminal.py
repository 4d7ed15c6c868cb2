"""Shortens records for the console: a traceback stays in the run file, the console shows its last line."""

import msgspec

from ciq_schemas.transcript.records import AnyRecord, Outcome, Verdict


def for_console(record: AnyRecord) -> AnyRecord:
    """Returns the record with the traceback of a suite error removed."""
    if isinstance(record, Verdict) and record.outcome is Outcome.SUITE_ERROR and "\n" in record.reason:
        first = record.reason.splitlines()[0]
        last = record.reason.strip().splitlines()[-1]
        reason = first if last in first else f"{first} {last}"
        return msgspec.structs.replace(record, reason=f"{reason} (traceback in the run file)")
    return record
