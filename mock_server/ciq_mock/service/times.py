"""Writes and reads the service's form of times: `2026-01-05T09:00:00+0800`, whole seconds, always +0800.

Source: 1045/73114 and every sample. The mock uses epoch seconds everywhere else.
"""

import re
import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache

UNSET = "-"
"""The text of a time that is not set (newer samples)."""
_ZONE_SECONDS = 8 * 3600
_FORM = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:(Z)|([ +-])(\d{2}):?(\d{2}))", re.ASCII
)


@lru_cache(maxsize=256)
def _second(whole: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+0800", time.gmtime(whole + _ZONE_SECONDS))


def written(seconds: float | None) -> str:
    """Return the text of epoch `seconds`; a dash for None."""
    return UNSET if seconds is None else _second(int(seconds // 1))


def read(text: str) -> float | None:
    """Return the epoch seconds of a time in a query; None when it is malformed.

    A space before the zone is a `+` that the client did not percent-encode.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    zone = timedelta()
    if not found[7]:
        zone = timedelta(hours=int(found[9]), minutes=int(found[10]))
        zone = -zone if found[8] == "-" else zone
    year, month, day, hour, minute, second = (int(found[n]) for n in range(1, 7))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(zone)).timestamp()
    except (ValueError, OverflowError):
        return None


def written_with_colon(seconds: float | None) -> str:
    """Return the text of a time in answers about workflow runs: `2026-01-05T09:00:00+08:00` (436/50855)."""
    text = written(seconds)
    return text if text == UNSET else f"{text[:-2]}:{text[-2:]}"


def written_with_space(seconds: float | None) -> str:
    """Return the text of a time in workflow callbacks: `2026-01-05 09:00:00+0800` (436/48042)."""
    return written(seconds).replace("T", " ")
