"""Decodes responses about jobs, each body once: driver, judge and reports of a run read the same bodies.

Values are frozen, so that all readers can share one.
"""

from functools import lru_cache

from ciq_schemas.codec.binding import to_value
from ciq_schemas.codec.documents import Document, Reading
from ciq_schemas.codec.reading import read
from ciq_schemas.values import JobAnswer

MOST_BODIES = 8192
"""About as many different responses as a run over six features contains."""


@lru_cache(maxsize=MOST_BODIES)
def job_answer(data: bytes) -> JobAnswer:
    """Decodes the body of a submit, describe or list response with the tolerant reading; empty when it is none."""
    return to_value(JobAnswer, read(Document.JOB_ANSWER, data, Reading.TOLERANT))
