"""Answers about jobs as values, each body read once: driver, judge and reports of a run all ask for the same ones.

Knows that values are frozen, so that one can be shared. Must not know who asks.
"""

from functools import lru_cache

from ciq_schemas.codec.binding import to_value
from ciq_schemas.codec.documents import Document, Reading
from ciq_schemas.codec.reading import read
from ciq_schemas.values import JobAnswer

MOST_BODIES = 8192
"""About as many different answers as a run of six features holds."""


@lru_cache(maxsize=MOST_BODIES)
def job_answer(data: bytes) -> JobAnswer:
    """The body of a submit, describe or list answer, tolerant reading; empty where it is none."""
    return to_value(JobAnswer, read(Document.JOB_ANSWER, data, Reading.TOLERANT))
