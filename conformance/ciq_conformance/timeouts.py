"""All timeouts of the suite in one table, derived from one probe.

Pure arithmetic over a `Calibration`; seconds throughout. The operator's `scale` multiplies every deadline.
"""

import math
from dataclasses import dataclass

from ciq_schemas.transcript.records import Calibration

UNMEASURED = Calibration(
    seq=0, feature="", job_path="", start_latency=1.0, job_latency=3.0, callback_latency=None, workers=1
)
"""Used until the probe has measured the target."""

STALLED = Calibration(
    seq=0, feature="", job_path="", start_latency=0.5, job_latency=0.5, callback_latency=None, workers=1
)
"""Used when the first job of the run did not end: further jobs are observed for a short time only."""

GRACE, SHORT_GRACE = 5.0, 1.0
"""Seconds in addition to a multiple of what was measured; the short ones after a stall in several scenarios."""

SHOWN_WITHIN = 2.0
"""Seconds until an update must be visible in a list: no document promises that it is at once."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines and pauses of one feature's scenarios.

    | wait for | formula |
    | --- | --- |
    | one response | 30 s |
    | the first job of all | 60 s |
    | n jobs to end | grace + 4 x rounds x job latency, rounds = n / workers rounded up |
    | any of n jobs to change its state | grace + 4 x job latency |
    | a callback | grace + 10 x callback latency |
    | a paused queue to show a leak | 3 x start latency, from 0.4 s to 5 s |
    | a callback that must not arrive | 2 x callback latency after a control callback, from 0.3 s to 5 s |
    | states to settle after a pause | job latency + 0.3 s, at most 10 s |
    """

    calibration: Calibration = UNMEASURED
    scale: float = 1.0
    grace: float = GRACE

    @property
    def answer(self) -> float:
        """Longest wait for one HTTP response."""
        return 30.0 * self.scale

    @property
    def first_job(self) -> float:
        """Longest wait for the probe's job, when nothing is known yet."""
        return 60.0 * self.scale

    def jobs(self, count: int = 1) -> float:
        """Longest wait for `count` jobs to end."""
        rounds = math.ceil(count / max(1, self.calibration.workers))
        return (self.grace + 4.0 * rounds * max(self.calibration.job_latency, 0.05)) * self.scale

    @property
    def stall(self) -> float:
        """Longest wait for any of several jobs to change its state: a queue with a free worker starts the next one."""
        return self.jobs(1)

    def drain(self, count: int) -> float:
        """How long `count` jobs should take by the calibration."""
        return self.calibration.job_latency * math.ceil(count / max(1, self.calibration.workers))

    @property
    def callback(self) -> float:
        """Longest wait for a callback after its job has ended."""
        return (self.grace + 10.0 * (self.calibration.callback_latency or 0.0)) * self.scale

    @property
    def hold(self) -> float:
        """Seconds for which a paused queue is polled."""
        return min(5.0, max(0.4, 3.0 * self.calibration.start_latency)) * self.scale

    @property
    def quiet(self) -> float:
        """Seconds to wait, after a control callback arrived, for a callback that must not arrive."""
        return min(5.0, max(0.3, 2.0 * (self.calibration.callback_latency or 0.0))) * self.scale

    @property
    def settle(self) -> float:
        """Seconds that jobs running at a pause may need to become idle."""
        return min(10.0, 0.3 + self.calibration.job_latency) * self.scale

    @property
    def poll(self) -> float:
        """Seconds between two polls of the same jobs."""
        return min(0.5, max(0.01, self.calibration.job_latency / 8.0))
