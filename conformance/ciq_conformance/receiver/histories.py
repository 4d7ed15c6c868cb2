"""Draws random histories of deliveries and shrinks one that deviates, with Hypothesis. Knows no receiver."""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st

from ciq_conformance.driver.hypothesis_backend import WHOLE, draw, exclusive, meanwhile
from ciq_conformance.receiver.history_replay import CUT, LEFT, ONE, TOGETHER, Move

History = tuple[Move, ...]
JOBS = 4
"""Jobs of one history: few, so that repeats are frequent."""
_FEWEST, _MOST = 3, 12
_JOB = st.integers(0, JOBS - 1)
_MOVES = st.one_of(
    _JOB.map(lambda job: Move(ONE, (job,))),
    st.lists(_JOB, min_size=2, max_size=4).map(lambda jobs: Move(TOGETHER, tuple(jobs))),
    _JOB.map(lambda job: Move(CUT, (job,))),
    _JOB.map(lambda job: Move(LEFT, (job,))),
)


def draw_histories(count: int, seed: int) -> list[History]:
    """Returns `count` histories, the same for the same seed."""
    strategy = st.lists(_MOVES, min_size=_FEWEST, max_size=_MOST).map(tuple)
    return draw(strategy, count, seed)


class _Deviating(Exception):  # noqa: N818 - the search result, not an error
    """Reports to Hypothesis that a part deviates."""

    def __init__(self, part: History) -> None:
        super().__init__()
        self.part = part


def shrink(history: History, deviates: Callable[[History], bool]) -> History:
    """Returns the smallest deviating part found; the whole history must deviate.

    Hypothesis decides for each move whether it stays, and then for each job of a simultaneous move. `deviates` may
    return False for all parts once its budget is spent: no part is tried twice.
    """
    known: dict[History, bool] = {history: True, (): False}
    history = _search([_all_of(move) for move in history], history, known, deviates)
    return _search([_some_jobs_of(move) for move in history], history, known, deviates)


def _search(
    parts: Sequence[st.SearchStrategy[History]],
    history: History,
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
    @given(st.tuples(*parts).map(lambda chosen: tuple(move for part in chosen for move in part)))
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


def _all_of(move: Move) -> st.SearchStrategy[History]:
    return st.booleans().map(lambda stays: (move,) if stays else ())


def _some_jobs_of(move: Move) -> st.SearchStrategy[History]:
    if move.kind != TOGETHER:
        return _all_of(move)

    def put_together(stays: tuple[bool, ...]) -> History:
        jobs = tuple(job for job, stay in zip(move.jobs, stays, strict=True) if stay)
        if not jobs:
            return ()
        return (Move(TOGETHER if len(jobs) > 1 else ONE, jobs),)

    return st.tuples(*(st.booleans() for _ in move.jobs)).map(put_together)
