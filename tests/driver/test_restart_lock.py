"""Tests of the restart lock: scenarios share it, a restart holds it exclusively."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.restart_lock import RestartLock

LONG = 20.0


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Runs the work in a started thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_two_scenarios_share_the_lock() -> None:
    """Two shared holders are inside at the same time."""
    restart_lock, met = RestartLock(), threading.Barrier(2)

    def scenario() -> None:
        with restart_lock.shared():
            met.wait(LONG)

    threads = [in_thread(scenario) for _ in range(2)]
    for thread in threads:
        thread.join(LONG)
    assert not met.broken


def test_exclusive_holder_excludes_all_others() -> None:
    """With many shared and some exclusive holders, no one is inside beside an exclusive one, and all finish."""
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


def test_exclusive_holder_waits_for_running_and_blocks_later_scenarios() -> None:
    """The restart begins after the running scenario and before a later one."""
    restart_lock, order = RestartLock(), []
    playing, wanted, requested = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with restart_lock.shared():
            playing.set()
            wanted.wait(LONG)
            order.append("first scenario")
        requested.set()
        with restart_lock.shared():
            order.append("next scenario")

    def restart() -> None:
        playing.wait(LONG)
        with restart_lock.shared():
            wanted.set()
            with restart_lock.exclusive():
                requested.wait(LONG)
                order.append("restart")

    threads = [in_thread(first), in_thread(restart)]
    for thread in threads:
        thread.join(LONG)
    assert order == ["first scenario", "restart", "next scenario"]


def test_cancellation_interrupts_a_waiting_holder() -> None:
    """A holder that waits for the lock is interrupted when the run is cancelled."""
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
