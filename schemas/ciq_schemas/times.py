"""Reads times as the target writes them. Pure.

Job, queue and callback pages print `YYYY-MM-DDThh:mm:ss+0800`; workflow pages put a colon in the zone
(1045/50339), their callback a space for the T (436/80040). `parse` reads every unambiguous form with date, time and
zone; `is_documented_form` accepts the form on the pages of jobs and queues only.
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt ](?P<clock>\d{2}:\d{2}:\d{2})(?:[.,](?P<fraction>\d{1,9}))?"
    r"(?P<zone>[Zz]|[+-]\d{2}(?::?\d{2})?)",
    re.ASCII,
)
_DOCUMENTED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{4}", re.ASCII)


def parse(text: str | None) -> datetime | None:
    """Reads a time with its zone; None when date, time or numeric zone (or Z) is missing or impossible.

    The years 1 and 9999 count as impossible: another zone or a margin of seconds would leave the calendar.
    """
    match = _TIME.fullmatch((text or "").strip())
    if match is None:
        return None
    zone = _zone(match["zone"])
    if zone is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{match['date']}T{match['clock']}")
    except ValueError:
        return None
    if moment.year in (MINYEAR, MAXYEAR):
        return None
    micros = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return moment.replace(microsecond=micros, tzinfo=zone)


def _zone(text: str) -> timezone | None:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or "0")
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def of_header(text: str | None) -> datetime | None:
    """Reads a Date header (RFC 1123); None when the text is none."""
    try:
        moment = parsedate_to_datetime((text or "").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def is_unset(text: str | None) -> bool:
    """Returns whether a time is not set: absent, empty or a dash (samples of 1045/73113 and of older pages)."""
    return text is None or text.strip() in ("", "-")


def is_documented_form(text: str | None) -> bool:
    """Returns whether a time has the form of the pages: `2026-01-02T03:04:05+0800`, no colon in the zone."""
    stripped = (text or "").strip()
    return _DOCUMENTED.fullmatch(stripped) is not None and parse(stripped) is not None


def written(moment: datetime) -> str:
    """Returns a moment in the form of the pages, in its own zone, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")
