"""One conformance run from beginning to end.

Knows the order of things around a session: check the order, open the files, start target and receiver, play, judge.
Whatever is wrong with the order is found before anything is sent (OrderError). Must not print.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import msgspec

from ciq_conformance.checks import load_checks
from ciq_conformance.driver.client import Client
from ciq_conformance.driver.effort import NO_EFFORT, Effort
from ciq_conformance.driver.gate import Gate
from ciq_conformance.driver.probe import Surroundings
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import Listener, RunFileWriteError, RunRecorder
from ciq_conformance.driver.session import RUN, RunSession
from ciq_conformance.driver.stage import Restart
from ciq_conformance.driver.stopping import Stop
from ciq_conformance.judge.baseline import apply_baseline, baseline_text, read_baseline
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.selection import all_items
from ciq_conformance.judge.verdict import CAPABILITY_SETTING, counts, exit_code, judge_run
from ciq_conformance.profile import Profile
from ciq_conformance.profile_loading import Loaded
from ciq_conformance.runner.circumstances import circumstances
from ciq_conformance.runner.embedded import SOUND, Embedding, embedded_target
from ciq_conformance.runner.restarting import restart_by
from ciq_schemas import __version__
from ciq_schemas.features import FEATURES
from ciq_schemas.requirement import load_registry, set_version
from ciq_schemas.transcript.records import (
    SCHEMA_VERSION,
    AnyRecord,
    ExitCode,
    Footer,
    Header,
    Setting,
    TargetInfo,
    Verdict,
)

RUN_FILE = "run.ndjson"
BUFFER = 1024 * 1024
"""Bytes of the run file kept back until the recorder flushes."""
RESTART_WITHIN = 60.0
"""Longest time for the operator's command, and then for the first answer (seconds, times the patience)."""


class OrderError(ValueError):
    """The order cannot be carried out as given: the operator's mistake; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """What the operator wants."""

    loaded: Loaded
    skip: tuple[str, ...] = ()
    embedding: Embedding = SOUND
    """What the embedded mock is like, when that is the target."""
    output: Path | None = None
    """Directory of the run file; None keeps the run in memory."""
    serial: bool = False
    shuffle: int | None = None
    """Seed of another order of the scenarios; None keeps theirs."""
    deadline: float | None = None
    """Seconds after which the run is cut short."""
    effort: Effort = NO_EFFORT
    baseline: Path | None = None
    write_baseline: Path | None = None
    listeners: tuple[Listener, ...] = ()
    announce: Callable[[Header, int], None] | None = None
    """Called once with the header and the number of scenarios to be played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of it."""

    records: tuple[AnyRecord, ...]
    verdicts: tuple[Verdict, ...]
    exit_code: ExitCode
    stale: tuple[str, ...] = ()
    """Baseline entries that are no longer true."""
    unreachable: str = ""
    not_restored: tuple[str, ...] = ()
    stopped: str = ""
    """Why the run was cut short; empty when it was not."""
    run_file: Path | None = None
    trouble: str = ""
    """What went wrong with the suite itself, in one line."""

    @property
    def footer(self) -> Footer | None:
        """The last record of a complete run."""
        last = self.records[-1] if self.records else None
        return last if isinstance(last, Footer) else None


def execute(order: RunOrder, items: Sequence[Item]) -> RunResult:
    """Carry out an order on the given items; OrderError when it cannot be begun."""
    accepted = _read_baseline(order)
    with ExitStack() as stack:
        stream = None
        run_file = None
        if order.output is not None:
            try:
                order.output.mkdir(parents=True, exist_ok=True)
                run_file = order.output / RUN_FILE
                stream = stack.enter_context(run_file.open("wb", buffering=BUFFER))
            except OSError as error:
                raise OrderError(f"cannot write to {order.output}: {error.strerror}") from error
        profile = order.loaded.profile
        restart: Restart | None = None
        if profile.embedded:
            # Only restarts need a journal, and only histories draw restarts.
            data = Path(stack.enter_context(TemporaryDirectory())) if order.effort.histories else None
            target = stack.enter_context(embedded_target(profile, order.embedding, data=data))
            profile, restart = target.profile, target.restart
        problems = load_checks()  # before the clock starts: imports take time
        origin = time.monotonic()
        recorder = RunRecorder(now=lambda: time.monotonic() - origin, stream=stream, listeners=list(order.listeners))
        stop = Stop(deadline=order.deadline)
        client = Client(
            base_url=profile.url,
            recorder=recorder,
            now=recorder.now,
            credentials=profile.credentials,
            answer_within=30.0 * profile.patience,
            stopping=stop.requested,
        )
        stack.callback(client.close)
        run_id = f"{datetime.now(UTC):%y%m%d%H%M%S}{token_hex(3)}"
        receiver = CallbackReceiver(
            recorder=recorder,
            now=recorder.now,
            bind=profile.callback_bind,
            public_url=profile.callback_url,
            redaction=client.redaction,
            stopping=stop.requested,
        )
        try:
            receiver.start()
        except (OSError, SystemExit) as error:  # werkzeug exits when the port is taken
            raise OrderError(f"the callback receiver cannot listen at {profile.callback_bind}: {error}") from error
        if profile.restart_command and not profile.embedded:
            within = RESTART_WITHIN * profile.patience
            restart = restart_by(profile.restart_command, url=profile.url, within=within, pause=stop.pause)
        around = Surroundings(
            profile=profile,
            run_id=run_id,
            client=client,
            receiver=receiver,
            recorder=recorder,
            stop=stop,
            effort=order.effort,
            gate=Gate(stopping=stop.requested),
            restart=None if restart is None else _then(restart, client.reconnect),
        )
        session = RunSession(around=around, items=items, skip=order.skip, serial=order.serial, shuffle=order.shuffle)
        header = _header(order, profile, run_id, items)
        trouble = ""
        try:
            recorder.header(header)
            if order.announce is not None:
                order.announce(header, session.scenario_count)
            for problem in problems:
                recorder.mark(RUN, "", "note", problem)
            session.play()
        except RunFileWriteError as error:
            trouble = str(error)
        finally:
            receiver.close()
        return _conclude(order, items, around, session, accepted, run_file, trouble)


def _then(restart: Restart, reconnect: Callable[[], None]) -> Restart:
    def both() -> None:
        try:
            restart()
        finally:
            reconnect()

    return both


def _conclude(
    order: RunOrder,
    items: Sequence[Item],
    around: Surroundings,
    session: RunSession,
    accepted: frozenset[str],
    run_file: Path | None,
    trouble: str,
) -> RunResult:
    recorder = around.recorder
    declared = {name.value: value for name, value in around.profile.capabilities.items()}
    judged = judge_run(recorder.records, items, declared=declared, skip=order.skip)
    baselined = apply_baseline(judged, accepted)
    verdicts = baselined.verdicts
    told = circumstances(recorder.records)
    code = exit_code(
        verdicts,
        unreachable=bool(told.unreachable),
        suite_failed=told.suite_failed or bool(trouble) or recorder.stream_failed,
        stale=bool(baselined.stale),
        left_changed=bool(session.not_restored),
    )
    footer = Footer(
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration=recorder.now(),
        exit_code=code,
        counts=counts(verdicts),
        restored=not session.not_restored,
    )
    try:
        for verdict in verdicts:
            recorder.verdict(verdict)
        recorder.footer(footer)
        if order.write_baseline is not None:
            order.write_baseline.write_text(baseline_text(verdicts), encoding="utf-8")
    except OSError as error:
        trouble, code = str(error), ExitCode.SUITE_ERROR
    return RunResult(
        records=recorder.records,
        verdicts=verdicts,
        exit_code=code,
        stale=baselined.stale,
        unreachable=told.unreachable,
        not_restored=session.not_restored,
        stopped=around.stop.reason,
        run_file=run_file,
        trouble=trouble or told.trouble,
    )


def _read_baseline(order: RunOrder) -> frozenset[str]:
    if order.baseline is None:
        return frozenset()
    known = [item.name for item in all_items(load_registry(), FEATURES)]
    return read_baseline(order.baseline, known)


def _header(order: RunOrder, profile: Profile, run_id: str, items: Sequence[Item]) -> Header:
    return Header(
        schema_version=SCHEMA_VERSION,
        kit_version=__version__,
        requirement_set=f"core-{set_version()}",
        run_id=run_id,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        target=TargetInfo(
            url=profile.url,
            bucket=profile.bucket,
            region=profile.region,
            signed=profile.credentials is not None,
            embedded=profile.embedded,
        ),
        features=tuple(str(feature) for feature in profile.features),
        selected=tuple(item.name for item in items),
        settings=(*_settings(order.loaded.settings, profile), *_chance(order.effort, run_id)),
    )


def _settings(settings: Sequence[Setting], profile: Profile) -> tuple[Setting, ...]:
    """The settings as loaded, with the capabilities as they hold in the end (the embedded mock knows its own)."""
    words = {True: "true", False: "false", None: "unknown"}
    effective = {f"{CAPABILITY_SETTING}{name}": words[value] for name, value in profile.capabilities.items()}
    return tuple(
        msgspec.structs.replace(s, value=effective[s.name], origin="embedded mock")
        if s.name in effective and s.value != effective[s.name]
        else s
        for s in settings
    )


def _chance(effort: Effort, run_id: str) -> tuple[Setting, ...]:
    """What a later run must be told to try the same by chance; nothing where nothing is."""
    asked = (("explore", effort.histories), ("fuzz", effort.fuzz_seconds))
    found = [Setting(name=name, value=f"{much:g}", origin=f"--{name}") for name, much in asked if much]
    origin = "the run's id" if effort.seed is None else "--seed"
    return (*found, Setting(name="seed", value=str(effort.seed_of(run_id)), origin=origin)) if found else ()
