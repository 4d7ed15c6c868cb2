"""Ids of jobs and queues: a letter and 32 lower-case hex digits, as in every documented sample.

Knows the form only. Ids are opaque to clients and not secret: access to a job depends on the signature of the request.
"""

from random import Random
from typing import Protocol

QUEUE_LETTER = "p"


class IdSource(Protocol):
    """Returns a new id that begins with `letter`."""

    def __call__(self, letter: str) -> str: ...


class RandomIds:
    """Ids from a generator of pseudo-random numbers; the same seed gives the same ids in the same order."""

    __slots__ = ("_random",)

    def __init__(self, *, seed: int | str | None = None) -> None:
        self._random = Random(seed)  # noqa: S311 - names, not secrets

    def __call__(self, letter: str) -> str:
        return f"{letter}{self._random.getrandbits(128):032x}"
