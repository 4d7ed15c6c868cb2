"""Executes one conformance run: checks the config, opens the files, starts target and receiver, runs, judges.

A wrong configuration raises RunConfigError before anything is sent. Must not print.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import IO

import msgspec

from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Client
from ciq_conformance.driver.extra_testing import NO_EXTRA_TESTING, ExtraTesting
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import Listener, RunFileWriteError, RunRecorder
from ciq_conformance.driver.restart_lock import RestartLock
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.driver.scenario_context import Restart
from ciq_conformance.driver.trust import CertificateFileError, Trust
from ciq_conformance.judge.baseline import Entry, apply_baseline, baseline_text, read_accepted
from ciq_conformance.judge.registry import Item
from ciq_conformance.judge.verdict import CAPABILITY_SETTING, counts, exit_code, judge_run
from ciq_conformance.profile import Profile
from ciq_conformance.profile_loading import Loaded
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.embedded import SOUND, MockOptions, embedded_target
from ciq_conformance.runner.restart_command import restart_by
from ciq_conformance.runner.run_status import run_status
from ciq_conformance.runner.session import RUN, RunSession
from ciq_schemas import __version__
from ciq_schemas.requirement import set_version
from ciq_schemas.transcript.records import (
    SCHEMA_VERSION,
    AnyRecord,
    ExitCode,
    Footer,
    Header,
    Setting,
    StaleEntry,
    TargetInfo,
    Verdict,
)

RUN_FILE = "run.ndjson"
BUFFER = 1024 * 1024
"""Bytes of the run file buffered until the recorder flushes."""
_HYPOTHESIS = "HYPOTHESIS_STORAGE_DIRECTORY"
RESTART_WITHIN = 60.0
"""Longest time for the operator's command and for the first response after it (seconds, times the timeout factor)."""


class RunConfigError(ValueError):
    """The configuration is wrong; the run sent nothing."""


def trust_of(profile: Profile) -> Trust:
    """Returns the certificates that a run trusts at its target; raises RunConfigError when their file is unusable."""
    try:
        return Trust.of(profile.ca_file, profile.url)
    except CertificateFileError as error:
        raise RunConfigError(str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """The configuration of one run."""

    loaded: Loaded
    skip: tuple[str, ...] = ()
    embedding: MockOptions = SOUND
    """Options of the embedded mock, when it is the target."""
    output: Path | None = None
    """Directory of the run file; None keeps the run in memory."""
    serial: bool = False
    shuffle: int | None = None
    """Seed of a random order of the scenarios; None keeps the default order."""
    deadline: float | None = None
    """Seconds after which the run is cut short."""
    extra_testing: ExtraTesting = NO_EXTRA_TESTING
    baseline: Path | None = None
    known_flaky: Path | None = None
    write_baseline: Path | None = None
    listeners: tuple[Listener, ...] = ()
    announce: Callable[[Header, int], None] | None = None
    """Called once with the header and the number of scenarios to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of one run."""

    records: tuple[AnyRecord, ...]
    verdicts: tuple[Verdict, ...]
    exit_code: ExitCode
    stale: tuple[StaleEntry, ...] = ()
    """Baseline entries whose items did not deviate."""
    unreachable: str = ""
    not_restored: tuple[str, ...] = ()
    stopped: str = ""
    """Why the run was cut short; empty when it was not."""
    run_file: Path | None = None
    trouble: str = ""
    """Defect of the suite in one line; empty when there was none."""

    @property
    def footer(self) -> Footer | None:
        """The last record of a complete run."""
        last = self.records[-1] if self.records else None
        return last if isinstance(last, Footer) else None


def execute(config: RunConfig, items: Sequence[Item]) -> RunResult:
    """Runs the suite on the given items and judges them; raises RunConfigError before anything is sent."""
    accepted = read_accepted(config.baseline, config.known_flaky)
    with ExitStack() as stack:
        stack.enter_context(hypothesis_storage())
        stream = None
        run_file = None
        if config.output is not None:
            stream, run_file = open_run_file(config.output)
            stack.callback(close_run_file, stream)
        profile = config.loaded.profile
        restart: Restart | None = None
        if profile.embedded:
            # Only restarts need a journal, and only histories draw restarts.
            data = Path(stack.enter_context(TemporaryDirectory())) if config.extra_testing.histories else None
            target = stack.enter_context(embedded_target(profile, config.embedding, data=data))
            profile, restart = target.profile, target.restart
        problems = load_checks()  # before the clock starts: imports take time
        origin = time.monotonic()
        recorder = RunRecorder(now=lambda: time.monotonic() - origin, stream=stream, listeners=list(config.listeners))
        stop = CancelToken(deadline=config.deadline)
        trust = trust_of(profile)
        client = Client(
            base_url=profile.url,
            recorder=recorder,
            now=recorder.now,
            credentials=profile.credentials,
            signed_prefix=profile.signed_prefix,
            trust=trust,
            answer_within=30.0 * profile.timeout_factor,
            stopping=stop.requested,
            stop=stop.request,
            sleep=stop.sleep,
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
        start_listening(receiver, "the callback receiver", profile.callback_bind)
        if profile.restart_command and not profile.embedded:
            within = RESTART_WITHIN * profile.timeout_factor
            restart = restart_by(
                profile.restart_command, url=profile.url, verify=trust.verify, within=within, pause=stop.pause
            )
        run = RunContext(
            profile=profile,
            run_id=run_id,
            client=client,
            receiver=receiver,
            recorder=recorder,
            stop=stop,
            extra_testing=config.extra_testing,
            restart_lock=RestartLock(stopping=stop.requested),
            restart=None if restart is None else _restart_then(restart, client.reconnect),
        )
        session = RunSession(run=run, items=items, skip=config.skip, serial=config.serial, shuffle=config.shuffle)
        header = _header(config, profile, run_id, items)
        trouble = ""
        try:
            recorder.header(header)
            if config.announce is not None:
                config.announce(header, session.scenario_count)
            for problem in problems:
                recorder.record_event(RUN, "", "note", problem)
            session.execute()
        except RunFileWriteError as error:
            trouble = str(error)
        finally:
            receiver.close()
        return conclude(
            recorder,
            items,
            accepted,
            declared={name.value: value for name, value in run.profile.capabilities.items()},
            skip=config.skip,
            write_baseline=config.write_baseline,
            not_restored=session.not_restored,
            stopped=run.stop.reason,
            run_file=run_file,
            trouble=trouble,
        )


def open_run_file(folder: Path) -> tuple[IO[bytes], Path]:
    """Opens the run file in a folder, which it creates; raises RunConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / RUN_FILE
        return path.open("wb", buffering=BUFFER), path
    except OSError as error:
        raise RunConfigError(f"cannot write to {folder}: {error.strerror}") from error


def close_run_file(stream: IO[bytes]) -> None:
    """Closes the run file; when its last bytes cannot be written, the recorder has reported that before."""
    with suppress(OSError):
        stream.close()


@contextmanager
def hypothesis_storage() -> Iterator[None]:
    """Keeps the files of Hypothesis out of the working directory."""
    if _HYPOTHESIS in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="ciq-") as folder:
        os.environ[_HYPOTHESIS] = folder
        try:
            yield
        finally:
            os.environ.pop(_HYPOTHESIS, None)


def _restart_then(restart: Restart, reconnect: Callable[[], None]) -> Restart:
    def both() -> None:
        try:
            restart()
        finally:
            reconnect()

    return both


def conclude(
    recorder: RunRecorder,
    items: Sequence[Item],
    accepted: Mapping[str, Entry],
    *,
    declared: Mapping[str, bool | None],
    skip: tuple[str, ...] = (),
    write_baseline: Path | None = None,
    not_restored: tuple[str, ...] = (),
    stopped: str = "",
    run_file: Path | None = None,
    trouble: str = "",
) -> RunResult:
    """Judges the recorded run, records verdicts and footer, and returns the result. `accepted`: the baseline."""
    judged = judge_run(recorder.records, items, declared=declared, skip=skip)
    baselined = apply_baseline(judged, accepted, day=datetime.now(UTC).date())
    verdicts = baselined.verdicts
    status = run_status(recorder.records)
    code = exit_code(
        verdicts,
        unreachable=bool(status.unreachable),
        unwritten=bool(trouble or recorder.stream_trouble),
        suite_failed=status.suite_failed,
        stale=bool(baselined.stale),
        left_changed=bool(not_restored),
    )
    troubles = [trouble or recorder.stream_trouble]
    if write_baseline is not None:
        try:
            write_baseline.write_text(baseline_text(verdicts, accepted), encoding="utf-8")
        except OSError as error:
            troubles.append(f"cannot write {write_baseline}: {error.strerror}")
            code = ExitCode.SUITE_ERROR
    footer = Footer(
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration=recorder.now(),
        exit_code=code,
        counts=counts(verdicts),
        restored=not not_restored,
        stale=baselined.stale,
    )
    conclusion: tuple[Verdict | Footer, ...] = (*verdicts, footer)
    for record in conclusion:
        try:
            recorder.conclude(record)
        except RunFileWriteError as error:  # once: what follows is recorded in memory only
            troubles.append(str(error))
            code = ExitCode.SUITE_ERROR
    return RunResult(
        records=(*recorder.records[:-1], msgspec.structs.replace(footer, exit_code=code)),
        verdicts=verdicts,
        exit_code=code,
        stale=baselined.stale,
        unreachable=status.unreachable,
        not_restored=not_restored,
        stopped=stopped,
        run_file=run_file,
        trouble="; ".join(filter(None, troubles)) or status.trouble,
    )


def _header(config: RunConfig, profile: Profile, run_id: str, items: Sequence[Item]) -> Header:
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
        settings=(*_settings(config.loaded.settings, profile), *random_settings(config.extra_testing, run_id)),
    )


def start_listening(receiver: CallbackReceiver, what: str, bind: str) -> None:
    """Starts a receiver of callbacks. Raises RunConfigError when its port is taken."""
    try:
        receiver.start()
    except (OSError, SystemExit) as error:  # werkzeug exits when the port is taken
        raise RunConfigError(f"{what} cannot listen at {bind}: {error}") from error


def _settings(settings: Sequence[Setting], profile: Profile) -> tuple[Setting, ...]:
    """Returns the loaded settings with the effective capabilities (the embedded mock declares its own)."""
    words = {True: "true", False: "false", None: "unknown"}
    effective = {f"{CAPABILITY_SETTING}{name}": words[value] for name, value in profile.capabilities.items()}
    return tuple(
        msgspec.structs.replace(s, value=effective[s.name], origin="embedded mock")
        if s.name in effective and s.value != effective[s.name]
        else s
        for s in settings
    )


def random_settings(extra_testing: ExtraTesting, run_id: str) -> tuple[Setting, ...]:
    """Returns the settings that reproduce the randomized part of the run; empty without one."""
    requested = (("explore", extra_testing.histories), ("fuzz", extra_testing.fuzz_seconds))
    found = [Setting(name=name, value=f"{amount:g}", origin=f"--{name}") for name, amount in requested if amount]
    origin = "the run's id" if extra_testing.seed is None else "--seed"
    return (*found, Setting(name="seed", value=str(extra_testing.seed_of(run_id)), origin=origin)) if found else ()
