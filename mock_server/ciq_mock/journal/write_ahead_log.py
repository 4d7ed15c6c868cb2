"""Finds a damaged frame in SQLite's write-ahead log, which SQLite itself ignores together with all frames after it.

A mock that was killed leaves its last commits in this log. SQLite cannot distinguish a flipped bit from an incomplete
last write: it drops the rest. A damaged frame with a later frame of the same log behind it is damage.
Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from array import array
from pathlib import Path

_HEADER, _FRAME = 32, 24
_MAGIC = 0x377F0682
_BITS = 0xFFFFFFFF


def damaged_frame(log: Path) -> int | None:
    """Return the number of the first damaged frame (from 1), 0 for a damaged header, None when the log is whole."""
    try:
        data = log.read_bytes()
    except FileNotFoundError:
        return None
    return _first_damaged(data)


def repair_header(log: Path) -> None:
    """Correct a header in which one bit is flipped: without it SQLite reads no frame. Anything else stays."""
    data = bytearray(log.read_bytes()) if log.exists() else bytearray()
    if len(data) <= _HEADER or _first_damaged(bytes(data)) != 0:
        return
    for bit in range(8 * _HEADER):
        data[bit // 8] ^= 1 << bit % 8
        salts, right = data[16:24], _first_damaged(bytes(data[:_HEADER]) + b" ") is None
        if right and data[_HEADER + 8 : _HEADER + 16] == salts:  # checksum of the header, and salts of the first frame
            log.write_bytes(data)
            return
        data[bit // 8] ^= 1 << bit % 8


def _first_damaged(data: bytes) -> int | None:
    if len(data) < _HEADER:
        return None
    magic, _, size, _, salt1, salt2, first, second = struct.unpack(">8I", data[:_HEADER])
    if magic & ~1 != _MAGIC:
        return 0 if len(data) > _HEADER else None
    big_endian = bool(magic & 1)
    sums = _added((0, 0), data[:24], big_endian=big_endian)
    if sums != (first, second):
        return 0 if len(data) > _HEADER else None
    starts = range(_HEADER, len(data) - _FRAME - size + 1, _FRAME + size)
    for number, start in enumerate(starts, 1):
        header = struct.unpack(">6I", data[start : start + _FRAME])
        if header[2:4] != (salt1, salt2):
            return _damaged_before(data, starts, number, (salt1, salt2))
        sums = _added(sums, data[start : start + 8], big_endian=big_endian)
        sums = _added(sums, data[start + _FRAME : start + _FRAME + size], big_endian=big_endian)
        if sums != header[4:6]:
            return _damaged_before(data, starts, number, (salt1, salt2))
    return None


def _damaged_before(data: bytes, starts: range, number: int, salts: tuple[int, int]) -> int | None:
    """Return `number` if a later frame belongs to the same log; else the log ends with an incomplete write."""
    for start in starts[number:]:
        if struct.unpack(">2I", data[start + 8 : start + 16]) == salts:
            return number
    return None


def _added(sums: tuple[int, int], data: bytes, *, big_endian: bool) -> tuple[int, int]:
    """Return the checksum after more data, as SQLite computes it."""
    words = array("I", data)
    if big_endian == (struct.pack("=H", 1) == b"\x01\x00"):
        words.byteswap()
    first, second = sums
    numbers = iter(words)
    for one, two in zip(numbers, numbers, strict=True):
        first = (first + one + second) & _BITS
        second = (second + two + first) & _BITS
    return first, second
