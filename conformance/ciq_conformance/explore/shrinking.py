"""Shrinks a history to the commands that cause a deviation, with Hypothesis. Independent of targets and rules.

Hypothesis draws for each command and each job whether it stays. The number of draws does not depend on their results,
so the shrinker needs few runs, which may last seconds each.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from ciq_conformance.driver.hypothesis_backend import WHOLE, exclusive, meanwhile
from ciq_conformance.explore.history import Command, History, Op

Part = TypeVar("Part")
_STAYS = st.booleans()


class _Deviating(Exception):  # noqa: N818 - the search result, not an error
    """Reports to Hypothesis that a part deviates."""

    def __init__(self, part: History) -> None:
        super().__init__()
        self.part = part


def shrink(history: History, deviates: Callable[[History], bool]) -> History:
    """The smallest deviating part found: removes whole commands first, then jobs. The whole history must deviate.

    `deviates` is called for smaller parts only, once for each, sequentially. It may return False for all parts when its
    budget is spent: no part is tried twice, so Hypothesis observes no contradiction.
    """
    known = {history: True, (): False}
    for part_of in (_all_of, _some_jobs_of):
        history = _search(history, part_of, known, deviates)
    return history


def _search(
    history: History,
    part_of: Callable[[Command], st.SearchStrategy[History]],
    known: dict[History, bool],
    deviates: Callable[[History], bool],
) -> History:
    @settings(
        max_examples=2,  # the empty part and the whole
        phases=(Phase.generate, Phase.shrink),
        backend=WHOLE,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(_some_of([part_of(command) for command in history]))
    def try_part(part: History) -> None:
        if part not in known:
            with meanwhile():
                known[part] = deviates(part)
        if known[part]:
            raise _Deviating(part)

    with exclusive():
        try:
            try_part()
        except _Deviating as found:
            return found.part
    return history


def _all_of(command: Command) -> st.SearchStrategy[History]:
    """The command, or nothing."""
    return _STAYS.map(lambda stays: (command,) if stays else ())


def _some_jobs_of(command: Command) -> st.SearchStrategy[History]:
    """The command with some of its jobs, unchanged or as a plain submit; or nothing."""
    if not command.levels:
        return _all_of(command)
    levels = _some_of([_job(level) for level in command.levels])
    special = _STAYS if command.own or command.op is Op.MANY else st.just(False)

    def put_together(parts: tuple[tuple[int | None, ...], bool]) -> History:
        left, unchanged = parts
        if not left:
            return ()
        if unchanged:
            return (replace(command, levels=left),)
        return (replace(command, op=Op.SUBMIT, levels=left, own=False),)

    return st.tuples(levels, special).map(put_together)


def _job(level: int | None) -> st.SearchStrategy[tuple[int | None, ...]]:
    return _STAYS.map(lambda stays: (level,) if stays else ())


def _some_of(parts: Sequence[st.SearchStrategy[tuple[Part, ...]]]) -> st.SearchStrategy[tuple[Part, ...]]:
    """The concatenated parts, nested in halves, so that Hypothesis can remove a half in one step."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return st.tuples(_some_of(parts[:middle]), _some_of(parts[middle:])).map(lambda two: two[0] + two[1])
