"""The mock to which recordings are replayed."""

from collections.abc import Iterator

import pytest
from recording_bench import KEYS, Bench, RecordedIds

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature


@pytest.fixture(scope="module")
def _running() -> Iterator[Bench]:
    ids, times = RecordedIds(), [0.0]
    settings = MockSettings(
        activated=tuple(Feature),
        credentials=(KEYS,),
        clock=ClockKind.MANUAL,
        start_time=1704038400.0,
        workers=1,
        duration=1000.0,
    )
    with MockServer(settings, ids=ids, wall_clock=lambda: times[0]) as server:
        yield Bench(server, ids, times)


@pytest.fixture
def bench(_running: Bench) -> Bench:
    """The mock, reset."""
    _running.server.reset()
    _running.ids.jobs = []
    return _running
