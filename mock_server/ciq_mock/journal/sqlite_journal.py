"""The journal: a sequence of atomic commits in one SQLite file of a directory.

Must not know what the bytes of a commit mean. A commit is in the write-ahead log when `append` returns: it survives the
end of the process, but not always a crash of the machine, because a flush of the disk per commit costs too much; then
the last commits are missing as a whole. The file is locked while it is open. Only its owner can read it, because it
contains what clients have sent.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ciq_mock.journal.records import FORMAT
from ciq_mock.store import StoreError

FILE_NAME = "journal.sqlite3"
_MARK = 0x43495131
"""The `application_id` in the header of the file: “CIQ1”."""
_PROBE_BYTES = 64 * 1024


class JournalError(StoreError):
    """The journal cannot be used; the message says why and what to do."""


class JournalInUseError(JournalError):
    """Another mock uses the same directory."""


class NewerFormatError(JournalError):
    """The journal was written by a later version of the kit."""


class DamagedJournalError(JournalError):
    """The file is not a journal, or its content is damaged."""


class JournalWriteError(JournalError):
    """The last commit failed as a whole."""


class Journal(Protocol):
    """The interface of a journal."""

    openings: int
    """Number of earlier openings."""

    def commits(self) -> Iterator[tuple[int, bytes]]:
        """Yield all commits with their numbers, oldest first. Raises DamagedJournalError."""
        ...

    def latest(self) -> float | None:
        """Return the time of the last commit, None when there is none."""
        ...

    def append(self, at: float, data: bytes) -> None:
        """Commit. Raises JournalWriteError when the commit failed as a whole."""
        ...

    def probe(self) -> None:
        """Raise JournalWriteError unless a commit can be written."""
        ...

    def clear(self) -> None:
        """Delete all commits. Raises JournalWriteError."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class SqliteJournal:
    """The journal of a directory, which is created if missing.

    Raises JournalInUseError, NewerFormatError, DamagedJournalError, JournalWriteError.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
        except (OSError, sqlite3.Error) as error:
            raise JournalWriteError(f"cannot write a journal in {folder}: {error}") from error
        try:
            self.openings = self._open()
        except sqlite3.Error as error:
            raise self._refused(folder, error) from error
        except JournalError:
            self._db.close()
            raise

    def commits(self) -> Iterator[tuple[int, bytes]]:
        try:
            yield from self._db.execute("SELECT number, facts FROM commits ORDER BY number")
        except sqlite3.Error as error:
            raise DamagedJournalError(f"{self._path} cannot be read: {error}") from error

    def latest(self) -> float | None:
        try:
            row = self._db.execute("SELECT at FROM commits ORDER BY number DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise DamagedJournalError(f"{self._path} cannot be read: {error}") from error
        return None if row is None else float(row[0])

    def append(self, at: float, data: bytes) -> None:
        self._write("INSERT INTO commits (at, facts) VALUES (?, ?)", at, data)

    def probe(self) -> None:
        self._write("UPDATE life SET room = zeroblob(?)", _PROBE_BYTES)
        self._write("UPDATE life SET room = x''")

    def clear(self) -> None:
        self._write("DELETE FROM commits")

    def close(self) -> None:
        self._db.close()

    # --- inside -------------------------------------------------------------------------------------------

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise JournalWriteError(f"cannot write to {self._path}: {error}") from error

    def _open(self) -> int:
        """Lock the file, check that it is a journal, count this opening; return the number of earlier openings."""
        run = self._db.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN EXCLUSIVE")
        mark, version = run("PRAGMA application_id").fetchone()[0], run("PRAGMA user_version").fetchone()[0]
        if mark == 0 and not run("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            run(f"PRAGMA application_id = {_MARK}")
            run(f"PRAGMA user_version = {FORMAT}")
            run("CREATE TABLE commits (number INTEGER PRIMARY KEY, at REAL NOT NULL, facts BLOB NOT NULL)")
            run("CREATE TABLE life (openings INTEGER NOT NULL, room BLOB NOT NULL)")
            run("INSERT INTO life VALUES (0, x'')")
        elif mark != _MARK:
            raise DamagedJournalError(f"{self._path} is not a journal of ciq mock: use another directory")
        elif version > FORMAT:
            raise NewerFormatError(
                f"{self._path} has format {version}, and this version of the kit reads up to {FORMAT}: "
                "use the version that wrote it, or another directory"
            )
        openings = int(run("SELECT openings FROM life").fetchone()[0])
        run("UPDATE life SET openings = openings + 1")
        run("COMMIT")
        return openings

    def _refused(self, folder: Path, error: sqlite3.Error) -> JournalError:
        self._db.close()
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalInUseError(f"{folder} is in use by another mock: stop that one, or use another directory")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return DamagedJournalError(f"{self._path} is not a journal of ciq mock, or is damaged: {error}")
        return JournalWriteError(f"cannot write a journal in {folder}: {error}")
