"""The part that the Flask and the Starlette example share: reads callbacks and counts each job once, on disk."""

import json
import sqlite3
import threading
from pathlib import Path

from lxml import etree

LARGEST = 1024 * 1024
"""Bytes of a body; a larger one gets 413."""


class RejectedError(ValueError):
    """The body is no callback: the receiver answers 400."""


class Jobs:
    """Counts jobs in a database: one transaction remembers the job and does the work that depends on it."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        with self._database:
            self._database.execute("CREATE TABLE IF NOT EXISTS seen (job TEXT PRIMARY KEY)")
            self._database.execute("CREATE TABLE IF NOT EXISTS work (job TEXT)")

    def count(self, job: str) -> None:
        """Does the work for a job unless it was done before; returns when it is on the disk."""
        with self._lock, self._database:
            if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (job,)).rowcount:
                self._database.execute("INSERT INTO work VALUES (?)", (job,))  # your own work

    def times(self, job: str) -> int:
        """How often the work for a job was done; `ciq receiver --seen-url` reads it."""
        with self._lock:
            row = self._database.execute("SELECT count(*) FROM work WHERE job = ?", (job,)).fetchone()
        return int(row[0])


def jobs_of(body: bytes) -> list[str]:
    """Returns the ids of the jobs that a callback reports, none for one about a workflow; raises RejectedError."""
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    callback = _json(text) if text.startswith(b"{") else _xml(body)
    details = callback.get("JobsDetail", [])
    found = details if isinstance(details, list) else [details]
    if not found and "WorkflowExecution" not in callback:
        raise RejectedError("the body reports no job")
    return [_job_id(detail) for detail in found]


def _job_id(detail: object) -> str:
    job = detail.get("JobId") if isinstance(detail, dict) else None
    if not isinstance(job, str) or not job:
        raise RejectedError("a job has no JobId")
    return job


def _json(body: bytes) -> dict[str, object]:
    if body.count(b"{") + body.count(b"[") > 10_000:
        raise RejectedError("too many containers")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RejectedError("not JSON") from error
    inner = value.get("Response", value)
    if not isinstance(inner, dict):
        raise RejectedError("not an object")
    return inner


def _xml(body: bytes) -> dict[str, object]:
    # No entities, no network, and limits of size and depth: anybody can send a callback.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise RejectedError("not XML") from error
    if root.tag != "Response":
        raise RejectedError("the root is not Response")
    callback: dict[str, object] = {str(child.tag): True for child in root}
    callback["JobsDetail"] = [{"JobId": detail.findtext("JobId")} for detail in root.iterfind("JobsDetail")]
    return callback
