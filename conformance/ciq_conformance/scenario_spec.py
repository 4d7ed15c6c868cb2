"""Describes one scenario: its position in a run, what it needs, and how the judge reads its records. Pure.

Each area defines one `SPEC`. The plan, the session, the judge and the reports read it; no second table of scenarios
exists. This module imports neither the driver nor an area.
"""

from dataclasses import dataclass

from ciq_schemas.features import Feature

ALL_EXCHANGES = "*"
"""Name of the area whose checks judge the exchanges of every scenario; the probe and the restoration use it too."""

RECEIVER_NOTES = "receiver"
"""Scenario name of the receiver's notes on requests that it does not store."""

UNKNOWN_ADDRESS = "an address that the suite did not issue"
"""Words of such a note, by which the checks recognize it."""


BROKE_OFF = "broke off before the end of its body"
"""Words of the note on a request that ended too early."""

CALLBACKS_DROPPED = "the target sends more callbacks than the receiver stores"
"""First words of the note on the first callback beyond the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSpec:
    """One scenario. `str()` of it is its name in the run file."""

    name: str
    title: str
    """What the scenario does, in one sentence."""
    position: int
    """Position in the order of a run; the smallest runs first."""
    runs: bool = True
    """The driver runs it; False for checks that judge the exchanges of other scenarios."""
    movable: bool = True
    """`--shuffle` may move it. False where later scenarios depend on it, or where it takes long or leaves nothing."""
    needs_jobs: bool = True
    """It needs a target that runs jobs. (`submit` runs anyway, because its checks report why jobs do not run.)"""
    runs_when_stalled: bool = False
    """It runs also where the jobs of earlier scenarios stalled, because its checks report why they did."""
    about_callbacks: bool = False
    """It needs a target whose callbacks can arrive."""
    option: str = ""
    """Option of `ciq run` without which it does not run (`explore`, `fuzz`). Such a scenario is random."""
    also_runs: tuple[str, ...] = ()
    """Names of scenarios that run too, because the checks need their records."""
    own_job_rules: bool = False
    """Only its own checks judge its jobs: restarts, malformed requests and deactivations can excuse deviations."""
    independence: tuple[str, ...] = ()
    """Requirements whose failure means that features disturb each other. A scenario that has some runs first, on one
    feature at a time, when several features run."""
    one_worker: bool = False
    """A target with one worker shows its findings best: with several workers, several jobs start at one moment."""
    rejects: bool = False
    """It sends requests that a service rejects, or may reject; the checks of error documents judge the responses."""
    bad_steps: tuple[str, ...] = ()
    """Steps whose requests are wrong on purpose."""

    def __str__(self) -> str:
        return self.name


ScenarioName = ScenarioSpec | str
"""A scenario, or its name in the run file."""


def channel_name(feature: Feature, scenario: ScenarioName, label: str) -> str:
    """Returns the channel of a callback address, such as `media.rule.queue`."""
    return f"{feature}.{scenario}.{label}"
