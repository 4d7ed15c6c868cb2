"""Writes and reads blocks of ended jobs: the summary as it is, the columns compressed."""

import zlib
from collections.abc import Sequence
from operator import attrgetter

import msgspec

from ciq_mock.engine import Job
from ciq_mock.engine.ended_jobs import BlockSummary, EndedJobs

_LEVEL = 1
"""Of zlib; higher levels take several times as long and save a few percent."""
_JOBS = msgspec.msgpack.Decoder(EndedJobs)


class StoredBlock(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A block as stored."""

    summary: BlockSummary
    compressed: bytes

    def decode(self) -> EndedJobs:
        """Return the columns. Raises zlib.error, msgspec.MsgspecError for damaged ones."""
        return _JOBS.decode(zlib.decompress(self.compressed))

    def mentions(self, text: str) -> bool:
        """Return False only if no job contains the text."""
        return text.encode() in zlib.decompress(self.compressed)


_BLOCK = msgspec.msgpack.Decoder(StoredBlock)


def written_block(jobs: Sequence[Job]) -> bytes:
    """Return the bytes of a block."""
    ordered = sorted(jobs, key=attrgetter("number"))
    queues = list(dict.fromkeys(job.queue for job in ordered))
    columns = zlib.compress(msgspec.msgpack.encode(EndedJobs.of(ordered, queues)), _LEVEL)
    return msgspec.msgpack.encode(StoredBlock(BlockSummary.of(ordered, queues), columns))


def read_block(data: bytes) -> StoredBlock:
    """Return a block, its columns not decoded. Raises msgspec.MsgspecError for anything else."""
    return _BLOCK.decode(data)
