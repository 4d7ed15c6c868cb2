"""Writes and reads blocks of ended jobs, compressed."""

import zlib
from collections.abc import Sequence

import msgspec

from ciq_mock.engine import Job
from ciq_mock.engine.ended_jobs import EndedJobs

_LEVEL = 1
"""Of zlib; higher levels take several times as long and save a few percent."""
_DECODER = msgspec.msgpack.Decoder(EndedJobs)


def written_block(jobs: Sequence[Job]) -> bytes:
    """Return the bytes of a block."""
    return zlib.compress(msgspec.msgpack.encode(EndedJobs.of(jobs)), _LEVEL)


def read_block(data: bytes) -> EndedJobs:
    """Return a block. Raises zlib.error, msgspec.MsgspecError for anything else."""
    return _DECODER.decode(zlib.decompress(data))
