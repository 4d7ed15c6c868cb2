"""The doctor's examination: probes every feature once and says in plain words what works. Judges no requirement."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from ciq_conformance.driver.callback_path import callback_trouble
from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Client, Interrupted
from ciq_conformance.driver.probe import Readiness, RunContext, Unreachable, probe
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.restoration import Restoration
from ciq_conformance.driver.scenario_context import PreconditionFailed
from ciq_conformance.profile_loading import Loaded
from ciq_conformance.runner.embedded import embedded_target
from ciq_conformance.runner.execution import RunConfigError
from ciq_schemas.features import FEATURES
from ciq_schemas.transcript.records import ExitCode

INTENT = (
    "list the queues of each feature; a feature without a queue is activated (POST on its bucket path)",
    "set each queue Active with its callback rule leading to my receiver, and put it back afterwards",
    "submit about 17 jobs per feature and describe them until they end; wait for the first one's callback",
    "with keys in the profile, send one unsigned and one wrongly signed request, to see whether signatures count",
)
_TOLERABLE_OFFSET = 60.0
"""Seconds between the clocks above which signatures may be refused."""
_DATE_STEP = 2.0
"""A Date header has whole seconds, and servers renew it once a second: no finer word is possible."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One finding: well, not well, or only worth knowing (None)."""

    well: bool | None
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings and what they mean for a run."""

    signs: tuple[Sign, ...]
    exit_code: ExitCode


def examine(loaded: Loaded) -> Diagnosis:
    """Examine the target of a profile; OrderError when the receiver cannot listen."""
    with ExitStack() as stack:
        profile = loaded.profile
        if profile.embedded:
            profile = stack.enter_context(embedded_target(profile)).profile
        origin = time.monotonic()
        recorder = RunRecorder(now=lambda: time.monotonic() - origin)
        stop = CancelToken()
        client = Client(
            base_url=profile.url,
            recorder=recorder,
            now=recorder.now,
            credentials=profile.credentials,
            answer_within=10.0 * profile.timeout_factor,
            stopping=stop.requested,
        )
        stack.callback(client.close)
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
            raise RunConfigError(f"the callback receiver cannot listen at {profile.callback_bind}: {error}") from error
        stack.callback(receiver.close)
        run = RunContext(
            profile=profile,
            run_id=f"doctor{datetime.now(UTC):%y%m%d%H%M%S}{token_hex(3)}",
            client=client,
            receiver=receiver,
            recorder=recorder,
            stop=stop,
        )
        with stop.on_signals():
            return _examine(run)


def _examine(run: RunContext) -> Diagnosis:
    signs: list[Sign] = []
    ready: list[Readiness] = []
    for feature in run.profile.features:
        try:
            one = probe(run, FEATURES[feature])
        except Unreachable as silence:
            signs.append(Sign(False, "way there", str(silence)))
            return Diagnosis(tuple(signs), ExitCode.UNREACHABLE)
        except PreconditionFailed as broken:
            signs.append(Sign(False, feature, str(broken)))
            continue
        except Interrupted:
            signs.append(Sign(False, "examination", run.stop.reason))
            return Diagnosis(tuple(signs), ExitCode.SUITE_ERROR)
        ready.append(one)
        signs.extend(_of_feature(one))
        if len(ready) == 1:
            signs.extend(_signatures(run, one))
        left = Restoration(run=run, readiness=one).finish()
        if left:
            signs.append(Sign(False, "putting back", left))
    signs.insert(0, Sign(True, "way there", f"{run.profile.url} answers"))
    trouble = callback_trouble(run, ready)
    if trouble:
        signs.append(Sign(False, "way back", trouble))
        return Diagnosis(tuple(signs), ExitCode.UNREACHABLE)
    arrived = any(one.calibration.callback_latency is not None for one in ready)
    address = run.receiver.base_url
    signs.append(Sign(True if arrived else None, "way back", _way_back(address, arrived=arrived)))
    ill = any(sign.well is False for sign in signs)
    return Diagnosis(tuple(signs), ExitCode.DEVIATES if ill else ExitCode.CONFORMS)


def _way_back(address: str, *, arrived: bool) -> str:
    if arrived:
        return f"callbacks reach {address}"
    return (
        f"no callback reached {address}, though the way is open from this machine. If the target runs in a container, "
        "set callback_bind and callback_url so that it can reach the receiver"
    )


def _of_feature(one: Readiness) -> list[Sign]:
    name = one.spec.feature.value
    made = ", activated just now" if one.activated else ""
    signs = [Sign(True, name, f"queue {one.found.name} ({one.found.queue_id}), found {one.found.state}{made}")]
    if one.hindrance:
        return [*signs, Sign(False, f"{name} jobs", one.hindrance)]
    measured = one.calibration
    told = measured.callback_latency
    signs.append(
        Sign(
            True,
            f"{name} jobs",
            f"at {one.job_path}, end after {measured.job_latency:.2f} s, at least {measured.workers} at once, "
            + ("no callback" if told is None else f"callback after {told:.2f} s"),
        )
    )
    offset = measured.clock_offset
    if offset is not None:
        near = abs(offset) <= _DATE_STEP
        words = "agrees with this machine's" if near else f"is {offset:+.0f} s from this machine's"
        signs.append(Sign(None if abs(offset) > _TOLERABLE_OFFSET else True, f"{name} clock", words))
    return signs


def _signatures(run: RunContext, one: Readiness) -> list[Sign]:
    if run.profile.credentials is None:
        return [Sign(None, "signature", "no keys in the profile: requests go unsigned")]
    calls = run.calls(one.spec, "doctor", one.job_path)
    signed = calls.list_queues("signed")
    path = calls.spec.queue_path
    refused = {
        "no": calls.raw("signature-none", "GET", path, signing="none").exchange.status,
        "wrong": calls.raw("signature-wrong", "GET", path, signing="wrong").exchange.status,
    }
    if not signed.ok:
        return [
            Sign(False, "signature", f"a signed request is answered {signed.exchange.status}: check keys and clock")
        ]
    if all(status in (401, 403) for status in refused.values()):
        return [Sign(True, "signature", "accepted, and requests without or with a wrong one are refused")]
    detail = ", ".join(f"{signing} signature: {status}" for signing, status in refused.items())
    return [Sign(None, "signature", f"accepted, but the target does not seem to check it ({detail})")]
