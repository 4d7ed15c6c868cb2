"""What the driver and the runner share during one run: the target's client, the receiver, the recorder, the profile."""

from collections.abc import Collection
from dataclasses import dataclass, field

from ciq_conformance.driver.calls import FeatureCalls
from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Client
from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.restart_lock import RestartLock
from ciq_conformance.driver.scenario_context import Restart, ScenarioContext
from ciq_conformance.driver.stall import StallWatch
from ciq_conformance.profile import Profile
from ciq_conformance.timeouts import GRACE, SHORT_GRACE, Timeouts
from ciq_schemas.features import Feature, FeatureSpec
from ciq_schemas.transcript.records import Calibration
from ciq_schemas.values import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The shared parts of one run; builds the calls and the context of a scenario from them."""

    profile: Profile
    run_id: str
    client: Client
    receiver: CallbackReceiver
    recorder: RunRecorder
    stop: CancelToken
    extra_testing: ExtraTesting = NO_EXTRA_TESTING
    restart_lock: RestartLock = field(default_factory=RestartLock)
    restart: Restart | None = None
    """Restarts the target; None without a restart command."""
    _stalls: dict[Feature, StallWatch] = field(default_factory=dict)

    def stall_watch(self, feature: Feature) -> StallWatch:
        """Returns what stalled in the scenarios of a feature so far."""
        return self._stalls.setdefault(feature, StallWatch())

    def calls(
        self,
        spec: FeatureSpec,
        scenario: str,
        job_path: str,
        *,
        bad_steps: Collection[str] = (),
        though_stopping: bool = False,
    ) -> FeatureCalls:
        """Returns the calls of a feature, recorded under a scenario's name."""
        return FeatureCalls(
            client=self.client,
            profile=self.profile,
            spec=spec,
            scenario=scenario,
            job_path=job_path,
            bad_steps=bad_steps,
            though_stopping=though_stopping,
        )

    def ctx(
        self, spec: FeatureSpec, scenario: str, calls: FeatureCalls, found: Queue, calibration: Calibration
    ) -> ScenarioContext:
        """Returns the context in which one scenario submits and observes jobs."""
        stall = self.stall_watch(spec.feature)
        grace = SHORT_GRACE if stall.short else GRACE
        return ScenarioContext(
            spec=spec,
            scenario=scenario,
            run_id=self.run_id,
            profile=self.profile,
            timeouts=Timeouts(calibration, self.profile.timeout_factor, grace),
            calls=calls,
            receiver=self.receiver,
            recorder=self.recorder,
            now=self.recorder.now,
            pause_thread=self.stop.pause,
            found=found,
            stall=stall,
            extra_testing=self.extra_testing,
            exclusive=self.restart_lock.exclusive,
            restart=self.restart,
        )
