"""Values drawn by Hypothesis. Pure but for a lock, and the registration of a source of choices.

One thread draws at a time: Hypothesis parses source texts while it draws, and CPython 3.11's parser can fail with
`SystemError: AST constructor recursion depth mismatch` when two threads parse at once. Whoever does something long
between two draws lets the others in with `meanwhile`.
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
"""Name of the source of choices that depends on nothing but the seed (`settings(backend=EVEN)`)."""
WHOLE = "ciq-whole"
"""Name of the source that says yes to every question: of the parts of a thing it chooses all."""


class EvenProvider(HypothesisProvider):
    """Hypothesis's own source without the numbers that it picks from the source files of loaded modules.

    Which modules are loaded differs between a whole run and one that looks again at a single requirement, and a seed
    must give the same choices in both. It also keeps what it picks in a folder `.hypothesis` of the working directory.
    """

    def _maybe_draw_constant(self, *_: object, **__: object) -> None:
        return None


class WholeProvider(EvenProvider):
    """Leaves nothing out."""

    def draw_boolean(self, p: float = 0.5) -> bool:  # noqa: ARG002
        """Yes."""
        return True


for _name, _provider in ((EVEN, EvenProvider), (WHOLE, WholeProvider)):
    AVAILABLE_PROVIDERS.setdefault(_name, f"{__name__}.{_provider.__name__}")


@contextmanager
def exclusive() -> Iterator[None]:
    """Within: no other thread draws, or builds strategies."""
    with _PARSER:
        yield


@contextmanager
def meanwhile() -> Iterator[None]:
    """Within, one level inside of `alone`: others may draw."""
    _PARSER.release()
    try:
        yield
    finally:
        _PARSER.acquire()


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

    with exclusive():
        try:
            collect()
        except Unsatisfiable:
            return []
    return found
