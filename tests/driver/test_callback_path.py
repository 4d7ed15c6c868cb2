"""Tests of the decision whether callbacks can reach the receiver."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from ciq_conformance.driver.callback_path import callback_trouble
from ciq_conformance.driver.probe import Readiness
from ciq_conformance.driver.run_context import RunContext


@dataclass
class Receiver:
    """A receiver with some arrivals."""

    received: tuple[str, ...] = ()
    base_url: str = "http://192.0.2.1:9000"

    def arrivals(self) -> tuple[str, ...]:
        """Returns what arrived on any address."""
        return self.received


@pytest.mark.parametrize("received", [(), ("a callback whose job cannot be read",)])
def test_any_callback_proves_the_path(received: tuple[str, ...]) -> None:
    """A target with unreadable callbacks is reachable; only without any callback the path is in doubt."""
    profile = SimpleNamespace(callback_url="", url="http://192.0.2.2:8080")
    run = cast(RunContext, SimpleNamespace(receiver=Receiver(received), profile=profile))
    calibration = SimpleNamespace(callback_latency=None)
    one = cast(Readiness, SimpleNamespace(callback_rule_accepted=True, blocked_by="", calibration=calibration))
    assert bool(callback_trouble(run, [one])) is (not received)
