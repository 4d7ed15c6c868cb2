"""The journal: commits in order, each whole or not there at all, in one SQLite file of a directory.

Knows bytes, times and the file; must not know what the bytes mean. What `append` has returned from is in the
write-ahead log: it outlives the process, however that ends. When the machine itself goes down the last commits may be
missing (each would cost a flush of the disk), never part of one. The file is locked as long as it is open. It is
readable by its owner only: what clients have sent stands in it.
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
"""Stands in the head of the file (`application_id`): “CIQ1”."""
_PROBE_BYTES = 64 * 1024


class JournalError(StoreError):
    """The journal cannot be used; the message says why and what to do."""


class JournalInUseError(JournalError):
    """Another mock works on the same directory."""


class NewerFormatError(JournalError):
    """The journal was written by a later version of the kit."""


class DamagedJournalError(JournalError):
    """The file is no journal, or what stands in it cannot be read."""


class JournalWriteError(JournalError):
    """Nothing of the last commit was kept."""


class Journal(Protocol):
    """What the store needs of a journal."""

    openings: int
    """How often it was opened before."""

    def commits(self) -> Iterator[tuple[int, bytes]]:
        """All commits with their numbers, oldest first. Raises DamagedJournalError."""
        ...

    def latest(self) -> float | None:
        """The time of the last commit, None when there is none."""
        ...

    def append(self, at: float, data: bytes) -> None:
        """Commit. Raises JournalWriteError; then nothing of it is kept."""
        ...

    def probe(self) -> None:
        """Raise JournalWriteError unless there is room for more."""
        ...

    def clear(self) -> None:
        """Forget all commits. Raises JournalWriteError."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


class SqliteJournal:
    """The journal of a directory, which is made when it is not there.

    Raises JournalInUseError, NewerFormatError, DamagedJournalError, JournalWriteError.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=0.0)
        except (OSError, sqlite3.Error) as error:
            raise JournalWriteError(f"cannot keep a journal in {folder}: {error}") from error
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
        """Lock the file, see that it is ours, count this opening; return how many came before."""
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
            raise DamagedJournalError(f"{self._path} is no journal of ciq mock; name another directory")
        elif version > FORMAT:
            raise NewerFormatError(
                f"{self._path} has format {version}, and this version of the kit reads up to {FORMAT}: "
                "use the version that wrote it, or name another directory"
            )
        openings = int(run("SELECT openings FROM life").fetchone()[0])
        run("UPDATE life SET openings = openings + 1")
        run("COMMIT")
        return openings

    def _refused(self, folder: Path, error: sqlite3.Error) -> JournalError:
        self._db.close()
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalInUseError(f"{folder} is in use by another mock: stop that one, or name another directory")
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return DamagedJournalError(f"{self._path} is no journal of ciq mock, or is damaged: {error}")
        return JournalWriteError(f"cannot keep a journal in {folder}: {error}")
