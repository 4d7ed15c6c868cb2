"""Executes one receiver run: checks the configuration, opens the run file, sends, judges. Must not print.

A wrong configuration raises RunConfigError before anything is sent.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.extra_testing import ExtraTesting
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import Listener, RunFileWriteError, RunRecorder
from ciq_conformance.judge.baseline import read_accepted
from ciq_conformance.judge.registry import Item, scenario_of
from ciq_conformance.judge.selection import Selection, all_items, narrowed
from ciq_conformance.judge.verdict import CAPABILITY_SETTING
from ciq_conformance.receiver.campaign import Campaign
from ciq_conformance.receiver.effects import EffectReader
from ciq_conformance.receiver.messages import JobMaker
from ciq_conformance.receiver.plans import Planner
from ciq_conformance.receiver.player import Player, hidden_query
from ciq_conformance.receiver.service_jobs import Service, ServiceJobs
from ciq_conformance.receiver.session import ReceiverSession
from ciq_conformance.receiver.steps import ANSWER_WITHIN, CANARY, EVERY_FEATURE, MALFORMED
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.embedded import results_of, service_beside
from ciq_conformance.runner.execution import (
    RESTART_WITHIN,
    RunConfigError,
    RunResult,
    close_run_file,
    conclude,
    hypothesis_storage,
    open_run_file,
    random_settings,
    start_listening,
)
from ciq_conformance.runner.restart_command import restart_by
from ciq_conformance.runner.session import RUN
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas import __version__
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import RECEIVER, Capability, Format, load_registry, set_version
from ciq_schemas.transcript.records import SCHEMA_VERSION, Header, Setting, TargetInfo

_WAIT = 2.0
"""A response is awaited for this multiple of `ANSWER_WITHIN`."""
EFFECT_WITHIN = 5.0
"""Seconds in which accepted callbacks must have their effects, times the timeout factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverConfig:
    """The configuration of one receiver run."""

    url: str
    features: tuple[Feature, ...] = (Feature.MEDIA, Feature.SPEECH, Feature.DOC)
    formats: tuple[Format, ...] = (Format.XML, Format.JSON)
    workflow: bool | None = None
    """Whether the callback rule sends WorkflowFinish; None finds out whether the receiver accepts it."""
    seen_url: str = ""
    seen_command: str = ""
    restart_command: str = ""
    canary_bind: str = "127.0.0.1:0"
    """Where the suite listens for requests that an external entity causes."""
    canary_url: str = ""
    """That address as the receiver reaches it."""
    service_bind: str = ""
    """Where a mock of the service listens, for a receiver that asks back; empty for none."""
    histories: int = 0
    seed: int | None = None
    """Start value of the random histories; None derives it from the run id."""
    bucket: str = "examplebucket-1250000000"
    region: str = "ap-guangzhou"
    timeout_factor: float = 1.0
    settings: tuple[Setting, ...] = ()
    """The options of the operator, for the run file."""
    skip: tuple[str, ...] = ()
    output: Path | None = None
    deadline: float | None = None
    baseline: Path | None = None
    known_flaky: Path | None = None
    write_baseline: Path | None = None
    listeners: tuple[Listener, ...] = ()
    announce: Callable[[Header, int], None] | None = None


def receiver_items(features: tuple[Feature, ...], formats: Iterable[Format], selection: Selection) -> tuple[Item, ...]:
    """Returns the items of a receiver run; raises UnknownRequirementError for a glob that fits no requirement."""
    load_checks()
    wanted_formats = frozenset(formats)
    known = [
        item
        for item in all_items(load_registry(), FEATURES)
        if item.requirement.set == RECEIVER
        and item.feature.feature in (features if scenario_of(item.requirement.id) in EVERY_FEATURE else features[:1])
        and (item.format is None or item.format in wanted_formats)
    ]
    return narrowed(known, selection)


def run_receiver(config: ReceiverConfig, items: tuple[Item, ...]) -> RunResult:
    """Sends the callbacks of the items' scenarios to the receiver and judges them."""
    accepted = read_accepted(config.baseline, config.known_flaky)
    with ExitStack() as stack:
        stack.enter_context(hypothesis_storage())
        stream = None
        run_file = None
        if config.output is not None:
            stream, run_file = open_run_file(config.output)
            stack.callback(close_run_file, stream)
        problems = load_checks()
        origin = time.monotonic()
        recorder = RunRecorder(now=lambda: time.monotonic() - origin, stream=stream, listeners=list(config.listeners))
        stop = CancelToken(deadline=config.deadline)
        run_id = f"{datetime.now(UTC):%y%m%d%H%M%S}{token_hex(3)}"
        canary = CallbackReceiver(
            recorder=recorder,
            now=recorder.now,
            bind=config.canary_bind,
            public_url=config.canary_url,
            stopping=stop.requested,
        )
        start_listening(canary, "the canary", config.canary_bind)
        stack.callback(canary.close)
        place = canary.address(channel_name(config.features[0], MALFORMED, CANARY))
        service = None
        if config.service_bind:
            try:
                service = stack.enter_context(
                    service_beside(config.service_bind, bucket=config.bucket, region=config.region)
                )
            except OSError as error:
                raise RunConfigError(f"the service cannot listen at {config.service_bind}: {error}") from error
        session = _session(config, items, recorder, stop, run_id, canary=place, service=service)
        header = _header(config, run_id, items)
        trouble = ""
        try:
            recorder.header(header)
            if config.announce is not None:
                config.announce(header, len(session.plan))
            for problem in problems:
                recorder.record_event(RUN, "", "note", problem)
            session.execute()
        except RunFileWriteError as error:
            trouble = str(error)
        return conclude(
            recorder,
            items,
            accepted,
            declared=_declared(config),
            skip=config.skip,
            write_baseline=config.write_baseline,
            stopped=stop.reason,
            run_file=run_file,
            trouble=trouble,
        )


def _session(
    config: ReceiverConfig,
    items: tuple[Item, ...],
    recorder: RunRecorder,
    stop: CancelToken,
    run_id: str,
    *,
    canary: str,
    service: Service | None,
) -> ReceiverSession:
    factor = config.timeout_factor
    maker = JobMaker(
        run_id=run_id,
        now=lambda: datetime.now(UTC),
        bucket=config.bucket,
        region=config.region,
        results=results_of,
    )
    reader = None
    if config.seen_url or config.seen_command:
        reader = EffectReader(url=config.seen_url, command=config.seen_command, within=ANSWER_WITHIN * factor)
    player = Player(
        recorder=recorder,
        stop=stop,
        within=_WAIT * ANSWER_WITHIN * factor,
        effects=reader,
        effect_within=EFFECT_WITHIN * factor,
    )
    jobs = None if service is None else ServiceJobs(service=service, run_id=run_id, pause=stop.pause)
    planner = Planner(
        url=config.url,
        formats=config.formats,
        source=jobs or maker,
        maker=maker,
        workflow=_workflow(config) is not False,
    )
    campaign = None
    if config.histories:
        campaign = Campaign(
            player=player,
            planner=planner,
            feature=config.features[0],
            count=config.histories,
            seed=_extra(config).seed_of(run_id),
            scripts=config.output,
        )
    restart = None
    if config.restart_command:
        within = RESTART_WITHIN * factor
        restart = restart_by(config.restart_command, url=config.url, within=within, pause=stop.pause)
    return ReceiverSession(
        player=player,
        planner=planner,
        features=config.features,
        items=items,
        canary=canary,
        restart=restart,
        service=jobs,
        campaign=campaign,
    )


_WORDS = {True: "true", False: "false", None: "unknown"}


def _workflow(config: ReceiverConfig) -> bool | None:
    """Whether the callback rule sends WorkflowFinish; the service beside the receiver runs no workflows."""
    return False if config.service_bind else config.workflow


def _extra(config: ReceiverConfig) -> ExtraTesting:
    return ExtraTesting(histories=config.histories, seed=config.seed)


def _declared(config: ReceiverConfig) -> dict[str, bool | None]:
    return {Capability.WORKFLOW.value: _workflow(config)}


def _factor(config: ReceiverConfig) -> tuple[Setting, ...]:
    """Returns the timeout factor as a setting, which checks read, unless the operator's options have it."""
    if any(setting.name == "timeout_factor" for setting in config.settings):
        return ()
    return (Setting(name="timeout_factor", value=f"{config.timeout_factor:g}", origin="default"),)


def _header(config: ReceiverConfig, run_id: str, items: tuple[Item, ...]) -> Header:
    declared = tuple(
        Setting(
            name=f"{CAPABILITY_SETTING}{name}", value=_WORDS[value], origin="default" if value is None else "--event"
        )
        for name, value in _declared(config).items()
    )
    return Header(
        schema_version=SCHEMA_VERSION,
        kit_version=__version__,
        requirement_set=f"{RECEIVER}-{set_version()}",
        run_id=run_id,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        target=TargetInfo(url=hidden_query(config.url), bucket=config.bucket, region=config.region),
        features=tuple(str(feature) for feature in config.features),
        selected=tuple(item.name for item in items),
        settings=(*config.settings, *_factor(config), *random_settings(_extra(config), run_id), *declared),
    )
