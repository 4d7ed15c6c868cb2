"""Draws values with Hypothesis. Pure except for a lock and the registration of two backends.

One thread draws at a time: Hypothesis parses source texts while it draws, and CPython 3.11's parser can fail with
`SystemError: AST constructor recursion depth mismatch` when two threads parse at once. A thread that does long work
between two draws releases the lock with `meanwhile`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

Drawn = TypeVar("Drawn")
_PARSER = threading.RLock()
EVEN = "ciq-even"
"""Name of the backend whose choices depend on the seed only (`settings(backend=EVEN)`)."""
WHOLE = "ciq-whole"
"""Name of the backend that draws True for every boolean: it includes every optional part."""


class EvenProvider(HypothesisProvider):
    """Hypothesis's own backend without the constants that it collects from the source files of loaded modules.

    The loaded modules differ between a whole run and a rerun of one requirement, and a seed must give the same choices
    in both. Hypothesis would also store the constants in a folder `.hypothesis` of the working directory.
    """

    def _maybe_draw_constant(self, *_: object, **__: object) -> None:
        return None


class WholeProvider(EvenProvider):
    """Includes every optional part."""

    def draw_boolean(self, p: float = 0.5) -> bool:  # noqa: ARG002
        """Returns True."""
        return True


for _name, _provider in ((EVEN, EvenProvider), (WHOLE, WholeProvider)):
    AVAILABLE_PROVIDERS.setdefault(_name, f"{__name__}.{_provider.__name__}")


@contextmanager
def exclusive() -> Iterator[None]:
    """Within the block no other thread draws or builds strategies."""
    with _PARSER:
        yield


@contextmanager
def meanwhile() -> Iterator[None]:
    """Within the block, one level inside `exclusive`, other threads may draw."""
    _PARSER.release()
    try:
        yield
    finally:
        _PARSER.acquire()


def draw(strategy: st.SearchStrategy[Drawn], count: int, begin: int) -> list[Drawn]:
    """Returns at most `count` values, the same for the same `begin`; none when the strategy has none."""
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

    with exclusive():
        try:
            collect()
        except Unsatisfiable:
            return []
    return found
