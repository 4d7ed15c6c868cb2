"""Values drawn from Hypothesis strategies, all before any of them is used. Pure but for the lock.

One thread at a time: Hypothesis parses source texts while it draws, and CPython 3.11's parser can fail with
`SystemError: AST constructor recursion depth mismatch` when two threads parse at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

Drawn = TypeVar("Drawn")
_PARSER = threading.RLock()


@contextmanager
def alone() -> Iterator[None]:
    """Within: no other thread draws, or builds strategies."""
    with _PARSER:
        yield


def draw(strategy: st.SearchStrategy[Drawn], count: int, begin: int) -> list[Drawn]:
    """At most `count` values, the same for the same `begin`; none where the strategy has none."""
    found: list[Drawn] = []

    @seed(begin)
    @settings(
        max_examples=count,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Drawn) -> None:
        found.append(value)

    with alone():
        try:
            collect()
        except Unsatisfiable:
            return []
    return found
