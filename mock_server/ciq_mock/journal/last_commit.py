"""A small file beside the journal: the number of the last commit that the mock has acknowledged.

SQLite drops an incomplete last transaction of its write-ahead log. That is right for a write that a kill has cut off,
because the mock had not acknowledged it yet, and wrong for a last frame that was damaged later. The number shows the
difference: the file is written after the commit and before its answers. It also names the boot of the machine, because
a crash of the machine may lose acknowledged commits, and the format, in case the first page of the journal is damaged.
"""

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zlib import crc32

_MARK = b"CIQ last"
_FIELDS = struct.Struct("<8sHQ16s")
_SIZE = _FIELDS.size + 4
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class LastCommit:
    """The content of the file; `same_boot`: the machine has certainly not been restarted since it was written."""

    number: int
    format: int
    same_boot: bool


class LastCommitFile:
    """The file of one journal. Call `open` before `write`."""

    def __init__(self, path: Path, *, journal_format: int) -> None:
        self._path = path
        self._format = journal_format
        self._boot = _boot()
        self._file: int | None = None

    def read(self) -> LastCommit | None:
        """Return the content; None when the file is missing or damaged, which costs nothing but this check."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return None
        if len(data) != _SIZE or crc32(data[:-4]).to_bytes(4, "little") != data[-4:]:
            return None
        mark, journal_format, number, boot = _FIELDS.unpack(data[:-4])
        return LastCommit(number, journal_format, boot == self._boot != bytes(16)) if mark == _MARK else None

    def open(self, number: int) -> None:
        """Create the file if it is missing, with this number. Raises OSError."""
        self.close()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self.write(number)

    def write(self, number: int) -> None:
        """Note that the commit is in the journal. A failure is harmless: a later commit may then be missed silently."""
        if self._file is not None:
            data = _FIELDS.pack(_MARK, self._format, number, self._boot)
            with suppress(OSError):
                os.pwrite(self._file, data + crc32(data).to_bytes(4, "little"), 0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _boot() -> bytes:
    """Return the id of the boot of this machine; zeros where the system has none."""
    try:
        return UUID(_BOOT.read_text("ascii").strip()).bytes
    except (OSError, ValueError):
        return bytes(16)
