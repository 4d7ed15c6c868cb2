"""Tests of cancellation: the first reason is kept, waits end at once, a second signal ends the process."""

import signal
import subprocess
import sys
import time

import pytest

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Interrupted

WAITER = """
import time
from ciq_conformance.driver.cancellation import CancelToken
stop = CancelToken()
with stop.on_signals():
    print("ready", flush=True)
    while not stop.requested():
        time.sleep(0.01)
    print(stop.reason, flush=True)
    while True:
        time.sleep(0.01)
"""

FROM_TERMINAL = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
signal.signal(signal.SIGINT, signal.default_int_handler)
"""


def test_second_cancellation_keeps_the_first_reason() -> None:
    """The token reports the first reason."""
    stop = CancelToken()
    assert not stop.requested()
    stop.request("one")
    stop.request("two")
    assert stop.requested()
    assert stop.reason == "one"


def test_pause_ends_on_cancellation() -> None:
    """Cancellation interrupts a waiting scenario at once."""
    stop = CancelToken()
    stop.pause(0.001)
    stop.request("enough")
    before = time.monotonic()
    with pytest.raises(Interrupted):
        stop.pause(60)
    assert time.monotonic() - before < 30


def test_passed_deadline_cancels_the_run() -> None:
    """The token is cancelled when the deadline has passed, and a pause does not outlast it."""
    now = [0.0]
    stop = CancelToken(deadline=5, clock=lambda: now[0])
    assert not stop.requested()
    now[0] = 5.1
    assert stop.requested()
    assert stop.reason == "the run's deadline of 5 s has passed"


def test_second_signal_ends_the_process() -> None:
    """A second Ctrl-C ends the process although the target is not restored."""
    process = subprocess.Popen([sys.executable, "-c", FROM_TERMINAL + WAITER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopped by SIGINT\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
    finally:
        process.kill()
        process.communicate()


def test_repeated_hangup_does_not_end_the_restoration() -> None:
    """A closed terminal sends SIGHUP twice; a second Ctrl-C still ends the process."""
    process = subprocess.Popen([sys.executable, "-c", FROM_TERMINAL + WAITER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline() == "stopped by SIGHUP\n"
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == -signal.SIGINT
    finally:
        process.kill()
        process.communicate()


def test_signal_that_the_caller_ignores_does_not_stop_the_run() -> None:
    """`nohup ciq run` continues after the terminal is closed."""
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)" + WAITER
    process = subprocess.Popen([sys.executable, "-c", ignoring], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopped by SIGTERM\n"
    finally:
        process.kill()
        process.communicate()
