"""Runs the scenarios against one receiver and records them. Does not judge."""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ciq_conformance.driver.client import Interrupted
from ciq_conformance.driver.scenario_context import PreconditionFailed, Restart
from ciq_conformance.judge.registry import Item, scenario_of
from ciq_conformance.receiver.campaign import Campaign
from ciq_conformance.receiver.forged import forged
from ciq_conformance.receiver.malformed import malformed
from ciq_conformance.receiver.plans import Planned, Planner
from ciq_conformance.receiver.player import Player, ReceiverSilent, hidden_query
from ciq_conformance.receiver.reachability import effect_trouble_of, trouble_of
from ciq_conformance.receiver.service_jobs import ServiceJobs
from ciq_conformance.receiver.steps import (
    EVERY_FEATURE,
    FORGED,
    FORMS,
    HISTORIES,
    MALFORMED,
    REPEATS,
    RESTART,
    SERVICE,
    SPECS,
    TRANSPORT,
    Forged,
)
from ciq_conformance.receiver.wire import send
from ciq_conformance.runner.session import RUN
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import DriverEvent

PROBE = "probe"


@dataclass(kw_only=True)
class ReceiverSession:
    """Runs the planned scenarios in order."""

    player: Player
    planner: Planner
    features: tuple[Feature, ...]
    items: Sequence[Item]
    canary: str
    """Address that an external entity names; a request to it shows that the receiver followed the entity."""
    restart: Restart | None = None
    service: ServiceJobs | None = None
    """The service beside the receiver, which also is the planner's source of jobs."""
    campaign: Campaign | None = None
    _silent: str = field(default="", init=False)

    @property
    def plan(self) -> tuple[tuple[ScenarioSpec, Feature], ...]:
        """The scenarios that the selected items need, each with its feature."""
        wanted = {(scenario_of(item.requirement.id), item.feature.feature) for item in self.items}
        return tuple(
            (spec, feature)
            for spec in SPECS
            for feature in (self.features if spec in EVERY_FEATURE else self.features[:1])
            if (spec, feature) in wanted
        )

    def execute(self) -> None:
        """Runs everything. An exception of a scenario costs its own items only."""
        with self.player.stop.on_signals():
            try:
                if self._reachable():
                    for spec, feature in self.plan:
                        self._scenario(spec, feature)
                    self.player.look_at_all()
            except Interrupted:
                self.player.stop.request("stopped")
            except KeyboardInterrupt:
                self.player.stop.request("stopped by the operator")
            except Exception:
                self._mark("", RUN, "crashed", traceback.format_exc())
        if self.player.stop.requested():
            self._interrupt_rest()

    def _reachable(self) -> bool:
        job = self.planner.source.job(self.features[0], PROBE)
        delivery = self.planner.report(job)
        answer = send(delivery, self.player.within)
        offset = self.player.recorder.now() - answer.ended
        self.player.record(_PROBE_SPEC, self.features[0], PROBE, delivery, answer, offset)
        trouble = trouble_of(answer, hidden_query(self.planner.url)) or self._effect_trouble(job.job_id)
        if trouble:
            self._mark("", RUN, "broken", trouble)
            for spec, feature in self.plan:
                self._mark(feature, spec.name, "broken", trouble)
        return not trouble

    def _effect_trouble(self, job_id: str) -> str:
        reader = self.player.effects
        if reader is None:
            return ""
        place = hidden_query(reader.place(job_id)) if reader.url else reader.place(job_id)
        return effect_trouble_of(reader.ask(job_id), place)

    def _scenario(self, spec: ScenarioSpec, feature: Feature) -> None:
        if self._silent:
            self._mark(feature, spec.name, "broken", self._silent)
            return
        self._mark(feature, spec.name, "begin")
        try:
            self._runner(spec)(feature)
        except ReceiverSilent as silent:
            self._mark(feature, spec.name, "broken", f"the scenario stopped: {silent}")
            self._silent = f"the receiver stopped responding in the scenario {spec}: {silent}"
        except PreconditionFailed as broken:
            self._mark(feature, spec.name, "broken", str(broken))
        except Interrupted:
            self._mark(feature, spec.name, "interrupted", self.player.stop.reason)
            raise
        except Exception:
            self._mark(feature, spec.name, "crashed", traceback.format_exc())
        self._mark(feature, spec.name, "end")

    def _runner(self, spec: ScenarioSpec) -> Callable[[Feature], object]:
        plans: dict[ScenarioSpec, Callable[[Feature], Iterable[Planned]]] = {
            FORMS: self.planner.forms,
            TRANSPORT: self.planner.transport,
            REPEATS: self.planner.repeats,
            MALFORMED: lambda feature: malformed(self.planner, feature, self.canary),
        }

        if spec in plans:
            return lambda feature: self.player.play(spec, feature, plans[spec](feature))
        return {RESTART: self._restart, FORGED: self._forged, HISTORIES: self._histories}[spec]

    def _restart(self, feature: Feature) -> None:
        if self.restart is None:
            return
        before, after = self.planner.around_restart(feature)
        accepted = [job for planned in before for job in self._sent_now(planned, feature)]
        self.restart()
        self.player.await_effects(RESTART, feature, accepted)
        self.player.play(RESTART, feature, after)

    def _sent_now(self, planned: Planned, feature: Feature) -> Sequence[str]:
        """Sends a step without a wait for effects; returns its jobs when they were accepted."""
        answers = self.player.send(RESTART, feature, planned)
        return planned.jobs if all(200 <= answer.status < 300 for answer in answers) else ()

    def _forged(self, feature: Feature) -> None:
        if self.service is None:
            return
        before = len(self.service.service.described())
        self.player.play(FORGED, feature, forged(self.planner, self.service, feature))
        unknown = self.planner.maker.job(feature, Forged.UNKNOWN_JOB).job_id  # the suite itself never describes it
        for path in [path for path in self.service.service.described()[before:] if unknown in path]:
            self.player.record_request(FORGED, feature, SERVICE, path)

    def _histories(self, feature: Feature) -> None:
        if self.campaign is not None:
            script = self.campaign.run()
            if script:
                self._mark(feature, HISTORIES.name, "note", f"a script plays the shortest deviating history: {script}")

    def _interrupt_rest(self) -> None:
        ended = {
            (event.scenario, event.feature)
            for event in self.player.recorder.records
            if isinstance(event, DriverEvent) and event.name in ("end", "interrupted", "broken", "crashed")
        }
        for spec, feature in self.plan:
            if (spec.name, feature) not in ended:
                self._mark(feature, spec.name, "interrupted", f"the run was cut short: {self.player.stop.reason}")

    def _mark(self, feature: str, scenario: str, name: str, text: str = "") -> None:
        self.player.recorder.record_event(scenario, feature, name, text)


_PROBE_SPEC = ScenarioSpec(name=PROBE, title="Sends one callback before the run.", position=0, runs=False)
