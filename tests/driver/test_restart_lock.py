"""The gate between features: side by side, until one of them wants to be alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.restart_lock import RestartLock

LONG = 20.0


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Started."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_scenarios_go_side_by_side() -> None:
    """Two that share are inside at once."""
    restart_lock, met = RestartLock(), threading.Barrier(2)

    def scenario() -> None:
        with restart_lock.shared():
            met.wait(LONG)

    threads = [in_thread(scenario) for _ in range(2)]
    for thread in threads:
        thread.join(LONG)
    assert not met.broken


def test_who_is_alone_meets_nobody() -> None:
    """Of many that share and now and then are alone, none is ever inside beside one that is alone; all come through."""
    restart_lock, lock = RestartLock(), threading.Lock()
    inside: set[int] = set()
    met: list[set[int]] = []

    def scenario(number: int) -> None:
        for turn in range(6):
            with restart_lock.shared():
                with lock:
                    inside.add(number)
                if (turn + number) % 2:
                    with lock:
                        inside.discard(number)
                    with restart_lock.exclusive(), lock:
                        met.append(set(inside))
                    with lock:
                        inside.add(number)
                with lock:
                    inside.discard(number)

    threads = [in_thread(lambda number=number: scenario(number)) for number in range(4)]
    for thread in threads:
        thread.join(LONG)
    assert not any(thread.is_alive() for thread in threads)
    assert met == [set()] * 12


def test_who_wants_to_be_alone_waits_for_a_scenario_to_end_and_keeps_the_next_out() -> None:
    """It begins after the scenario under way, and before one that comes later."""
    restart_lock, order = RestartLock(), []
    playing, wanted, asked = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with restart_lock.shared():
            playing.set()
            wanted.wait(LONG)
            order.append("first scenario")
        asked.set()
        with restart_lock.shared():
            order.append("next scenario")

    def restart() -> None:
        playing.wait(LONG)
        with restart_lock.shared():
            wanted.set()
            with restart_lock.exclusive():
                asked.wait(LONG)
                order.append("restart")

    threads = [in_thread(first), in_thread(restart)]
    for thread in threads:
        thread.join(LONG)
    assert order == ["first scenario", "restart", "next scenario"]


def test_a_run_that_is_stopped_waits_for_nobody() -> None:
    """Who waits for its turn when the run is stopped is interrupted."""
    stopped = threading.Event()
    restart_lock, playing, over = RestartLock(stopping=stopped.is_set), threading.Event(), threading.Event()

    def scenario() -> None:
        with restart_lock.shared():
            playing.set()
            over.wait(LONG)

    thread = in_thread(scenario)
    playing.wait(LONG)
    stopped.set()
    with pytest.raises(Interrupted), restart_lock.shared(), restart_lock.exclusive():
        pytest.fail("it was alone beside another")
    over.set()
    thread.join(LONG)
    assert not thread.is_alive()
