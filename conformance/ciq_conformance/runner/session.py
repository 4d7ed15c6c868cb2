"""Runs the scenarios against one target: probes, scenarios, restoration. Produces the transcript; does not judge it.

Knows the order of the steps and which features may run in parallel. Must not know what a scenario or a report contains.

1. Probe all features in parallel.
2. Run isolation, one feature at a time. If it shows that features disturb each other, run the features in series.
3. Run the other scenarios, each feature in its own thread; restore the queue after each scenario.
4. Restore every queue as found, also after an error or a stop.
"""

import threading
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from ciq_conformance.driver.callback_path import callback_trouble
from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.probe import PROBE, Readiness, Unreachable, probe
from ciq_conformance.driver.restoration import Restoration
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.driver.scenario_context import NotOffered, PreconditionFailed, ScenarioContext
from ciq_conformance.driver.stall import BLOCKED_AFTER
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.open_requirements import open_requirements
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.verdict import JUDGED, events_of, judge_item
from ciq_conformance.registry import load_scenario
from ciq_conformance.runner.plan import plan_scenarios, shuffled
from ciq_conformance.scenario_spec import ScenarioName, ScenarioSpec
from ciq_conformance.timeouts import STALLED
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.lifecycle import FINAL_STATES
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.records import Calibration, DriverEvent, Outcome

RUN = "run"
"""Scenario name of the events that concern the run as a whole."""
_DISTURBING = frozenset({Outcome.FAIL, Outcome.WARN, Outcome.BLOCKED, Outcome.SUITE_ERROR})
_STALLED_LOOKS = 5
"""Most jobs of an earlier stall that the session describes again."""
_UNWIND = 5.0
"""Longest wait for scenario threads after a stop (seconds); then the session restores the queues in parallel."""


@dataclass(kw_only=True)
class RunSession:
    """Runs the scenarios that `items` need. Call `execute` once, from the main thread so that signals stop the run."""

    run: RunContext
    items: Sequence[Item]
    skip: Sequence[str] = ()
    serial: bool = False
    """Run the features one after the other (`--serial`)."""
    shuffle: int | None = None
    """Seed of a random order of the scenarios; None keeps the default order."""
    not_restored: tuple[str, ...] = ()
    """Descriptions of what could not be restored."""
    plan: dict[Feature, tuple[ScenarioSpec, ...]] = field(init=False)
    _restorations: dict[Feature, Restoration] = field(default_factory=dict, repr=False)
    _ready: dict[Feature, Readiness] = field(default_factory=dict, repr=False)
    _silent: dict[Feature, str] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        capabilities = self.run.profile.capabilities
        plan = plan_scenarios(self.items, capabilities=capabilities, skip=self.skip)
        self.plan = plan if self.shuffle is None else shuffled(plan, self.shuffle)

    @property
    def scenario_count(self) -> int:
        """How many scenarios the session will run."""
        return sum(len(scenarios) for scenarios in self.plan.values())

    def execute(self) -> None:
        """Runs all scenarios; returns when the transcript is complete and the target is restored."""
        with self.run.stop.on_signals():
            try:
                self._run_all()
            except Interrupted:
                self.run.stop.request("stopped")
            except KeyboardInterrupt:
                self.run.stop.request("stopped by the operator")
            except Exception:
                self._record_crash(RUN, "")
            finally:
                self._restore_all()
        bad_network = self.run.client.connections.trouble
        if bad_network:
            self._unreachable(bad_network)
        if self.run.stop.requested():
            self._interrupt_rest()

    def _run_all(self) -> None:
        self._run_features({feature: self._probe(feature) for feature in self.plan}, parallel=not self.serial)
        if not self._usable():
            return
        ready = [feature for feature in self.plan if feature in self._ready]
        isolated = [(feature, spec) for feature in ready for spec in self.plan[feature] if spec.independence]
        for feature, spec in isolated:
            self._scenario(feature, spec, self._independent_features())
        parallel = not self.serial and not self._features_disturb_each_other(isolated)
        self._run_features({feature: self._scenarios(feature) for feature in ready}, parallel=parallel)

    def _usable(self) -> bool:
        """Returns whether scenarios can run: a feature responds, and callbacks can arrive if scenarios need them."""
        if not self._ready:
            if self._silent and not self.run.stop.requested():
                self._unreachable(next(iter(self._silent.values())))
            return False
        wanted = any(spec.about_callbacks for scenarios in self.plan.values() for spec in scenarios)
        trouble = callback_trouble(self.run, tuple(self._ready.values())) if wanted else ""
        if trouble:
            self._unreachable(trouble)
            for feature in self._ready:
                self._block(feature, self.plan[feature], trouble)
        return not trouble

    def _probe(self, feature: Feature) -> Callable[[], None]:
        def run() -> None:
            self._mark(feature, PROBE, "begin")
            reason = ""
            try:
                ready = probe(self.run, FEATURES[feature], self._will_restore)
                restoration = self._will_restore(ready)
                with self._lock:
                    self._ready[feature] = ready
                restoration.adopt()
                reason = ready.blocked_by
            except Unreachable as silence:
                reason = str(silence)
                with self._lock:
                    self._silent[feature] = reason
            except PreconditionFailed as broken:
                reason = str(broken)
            except Interrupted:
                raise
            except Exception:
                self._record_crash(RUN, feature)
                for scenario in self.plan[feature]:
                    self._mark(feature, scenario, "crashed", "the calibration of the feature failed")
            if reason:
                self._mark(feature, PROBE, "broken", reason)
                probed = feature in self._ready
                self._block(feature, [s for s in self.plan[feature] if s.needs_jobs or not probed], reason)
            self._mark(feature, PROBE, "end")

        return run

    def _will_restore(self, readiness: Readiness) -> Restoration:
        """Notes the queue that is restored at the end of the run, whatever ends it."""
        restoration = Restoration(run=self.run, readiness=readiness)
        with self._lock:
            self._restorations[readiness.spec.feature] = restoration
        return restoration

    def _scenarios(self, feature: Feature) -> Callable[[], None]:
        def run() -> None:
            for scenario in self.plan[feature]:
                if not scenario.independence:
                    with self.run.restart_lock.shared():
                        self._scenario(feature, scenario)

        return run

    def _scenario(self, feature: Feature, scenario: ScenarioSpec, siblings: Sequence[Feature] = ()) -> None:
        ready = self._ready[feature]
        if ready.blocked_by and scenario.needs_jobs:
            return  # the probe has recorded the scenario as broken
        if scenario.needs_jobs:
            for stalled in (feature, *siblings):
                self._confirm_stall(stalled)
        contexts = {other: self._context(other, scenario) for other in siblings}
        ctx = contexts.get(feature) or self._context(feature, scenario)
        ctx.siblings = contexts
        self._mark(feature, scenario, "begin")
        try:
            self._require_running_jobs(feature, scenario)
            load_scenario(scenario)(ctx)
        except PreconditionFailed as broken:
            self._mark(feature, scenario, "broken", str(broken))
        except NotOffered as lacking:
            self._mark(feature, scenario, "unsupported", str(lacking))
        except Interrupted:
            self._mark(feature, scenario, "interrupted", self.run.stop.reason)
            raise
        except Exception:
            self._mark(feature, scenario, "crashed", traceback.format_exc())
        self._mark(feature, scenario, "end")
        for other in contexts or (feature,):
            self.run.stall_watch(other).scenario_ended(scenario.name)
        for touched in contexts or (feature,):
            with self._crashes_recorded(touched):
                self._restorations[touched].between()

    @contextmanager
    def _crashes_recorded(self, feature: Feature) -> Iterator[None]:
        """Records an exception of the block, so that it costs no other scenario; a stop of the run leaves the block."""
        try:
            yield
        except Interrupted:
            raise
        except Exception:
            self._record_crash(RUN, feature)

    def _require_running_jobs(self, feature: Feature, scenario: ScenarioSpec) -> None:
        """After several scenarios whose jobs stalled, runs one job; raises PreconditionFailed when it stalls too.

        Before the next scenario the same job counts: when it has not ended meanwhile, the queue still stalls.
        """
        stall = self.run.stall_watch(feature)
        if not stall.blocking or not scenario.needs_jobs or scenario.runs_when_stalled:
            return
        ctx = self._probe_context(feature)
        if stall.control_jobs and not _any_ended(ctx, stall.control_jobs):
            raise PreconditionFailed(
                f"no job has ended since the scenarios {', '.join(stall.blocking[:BLOCKED_AFTER])}; the job "
                f"{stall.control_jobs[0]}, submitted to the active queue since, has not ended either"
            )
        ids = ctx.submit_or_fail("stall-submit", ctx.job_request(f"before {scenario}"))
        if any(state in FINAL_STATES for state in ctx.watch_ended("stall-job", ids).values()):
            stall.control_jobs = ()
            return
        stall.control_jobs = ids
        raise PreconditionFailed(
            f"no job has ended since the scenarios {', '.join(stall.blocking[:BLOCKED_AFTER])}, and a further one "
            f"did not end within {ctx.timeouts.stall:.1f} s"
        )

    def _confirm_stall(self, feature: Feature) -> None:
        """After a scenario in which no job ended, looks at its jobs again; shortens waits if none has ended."""
        stall = self.run.stall_watch(feature)
        if not stall.nothing_ended or stall.short:
            return
        if not _any_ended(self._probe_context(feature), sorted(stall.gave_up)):
            stall.confirm()

    def _probe_context(self, feature: Feature) -> ScenarioContext:
        ready = self._ready[feature]
        calls = self.run.calls(ready.spec, PROBE, ready.job_path)
        ctx = self.run.ctx(ready.spec, PROBE, calls, self._restorations[feature].working, self._calibration(ready))
        return replace(ctx, several_ids=ready.several_ids)

    @staticmethod
    def _calibration(ready: Readiness) -> Calibration:
        return STALLED if ready.blocked_by else ready.calibration

    def _context(self, feature: Feature, scenario: ScenarioSpec) -> ScenarioContext:
        ready = self._ready[feature]
        calls = self.run.calls(ready.spec, scenario.name, ready.job_path, bad_steps=scenario.bad_steps)
        working = self._restorations[feature].working
        ctx = self.run.ctx(ready.spec, scenario.name, calls, working, self._calibration(ready))
        open_here = partial(self._open_requirements, feature)
        return replace(ctx, several_ids=ready.several_ids, open_requirements=open_here)

    def _open_requirements(self, feature: Feature, ids: Collection[str]) -> Collection[str]:
        """Returns which of the selected requirements the records so far cannot decide."""
        mine = [item for item in self.items if item.feature.feature == feature and item.requirement.id in ids]
        return open_requirements(Evidence(feature=feature, records=self.run.recorder.records), mine) if mine else ()

    def _independent_features(self) -> tuple[Feature, ...]:
        return tuple(f for f in self.plan if f in self._ready and not self._ready[f].blocked_by)

    def _features_disturb_each_other(self, isolated: Iterable[tuple[Feature, ScenarioSpec]]) -> bool:
        """Returns whether the isolation scenario found that features disturb each other; records the first finding."""
        records = self.run.recorder.records
        for feature, spec in isolated:
            evidence = Evidence(feature=feature, records=records)
            events = events_of(evidence)
            blocking = evidence.blocking_event(spec)
            verdicts = [judge_item(item, evidence, events) for item in self._isolation_items(feature, spec)]
            findings = [
                f"{'they are not independent' if verdict.outcome in JUDGED else 'their isolation was not judged'}: "
                f"{verdict.item}: {verdict.seen or verdict.reason}"
                for verdict in sorted(verdicts, key=lambda verdict: verdict.outcome not in JUDGED)
                if verdict.outcome in _DISTURBING
            ]
            if blocking is not None:
                findings.append(f"their isolation was not judged: the scenario could not run: {blocking.text}")
            if findings:
                text = f"features run one after the other from here on, because {findings[0]}"
                self._mark(feature, RUN, "note", text)
                return True
        return False

    def _isolation_items(self, feature: Feature, spec: ScenarioSpec) -> Iterable[Item]:
        for requirement in load_registry():
            if requirement.id in spec.independence and feature in requirement.features:
                yield Item(requirement=requirement, feature=FEATURES[feature])

    def _run_features(self, jobs: Mapping[Feature, Callable[[], None]], *, parallel: bool) -> None:
        """Calls one function per feature, in threads or in series; raises Interrupted when the run was stopped."""
        groups = [list(jobs.items())] if parallel else [[job] for job in jobs.items()]
        for group in groups:
            threads = [
                threading.Thread(target=self._run_in_thread, args=(feature, job), name=f"ciq-{feature}", daemon=True)
                for feature, job in group
            ]
            for thread in threads:
                thread.start()
            self._join(threads)
            if self.run.stop.requested():
                raise Interrupted

    def _join(self, threads: Sequence[threading.Thread]) -> None:
        now = self.run.recorder.now
        end: float | None = None
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(0.05)  # short, so that the main thread can handle signals
            if self.run.stop.requested():
                end = now() + _UNWIND if end is None else end
                if now() > end:
                    return

    def _run_in_thread(self, feature: Feature, job: Callable[[], None]) -> None:
        with suppress(Interrupted), self._crashes_recorded(feature):
            job()

    def _restore_all(self) -> None:
        problems = []
        for feature, restoration in self._restorations.items():
            try:
                left = restoration.finish()
            except Exception as error:
                self._record_crash(RUN, feature)
                left = f"{feature}: {type(error).__name__}: {error}"
            if left:
                self._mark(feature, RUN, "note", f"not restored: {left}")
                problems.append(left)
        self.not_restored = tuple(problems)

    def _interrupt_rest(self) -> None:
        """Records for every scenario without an end that the run was stopped."""
        ended = {
            (event.feature, event.scenario)
            for event in self.run.recorder.records
            if isinstance(event, DriverEvent)
            and event.name in ("end", "interrupted", "broken", "crashed", "unsupported")
        }
        for feature, scenarios in self.plan.items():
            for scenario in scenarios:
                if (feature, scenario.name) not in ended:
                    self._mark(feature, scenario, "interrupted", f"the run was cut short: {self.run.stop.reason}")

    def _block(self, feature: Feature, scenarios: Iterable[ScenarioSpec], reason: str) -> None:
        for scenario in scenarios:
            self._mark(feature, scenario, "broken", reason)

    def _record_crash(self, scenario: str, feature: str) -> None:
        self._mark(feature, scenario, "crashed", traceback.format_exc())

    def _unreachable(self, reason: str) -> None:
        """Records that target or callback path are not reachable; this decides the exit code."""
        self._mark("", RUN, "broken", reason)

    def _mark(self, feature: str, scenario: ScenarioName, name: str, text: str = "") -> None:
        self.run.recorder.record_event(str(scenario), feature, name, self.run.client.redaction.text(text))


def _any_ended(ctx: ScenarioContext, job_ids: Sequence[str]) -> bool:
    """Describes jobs that stalled earlier, a few at most; returns whether one of them has ended."""
    seen = ctx.look("stall-look", job_ids[:_STALLED_LOOKS])
    return any(job.state in FINAL_STATES for job in seen.values())
