"""Diagnoses the setup: probes every feature once and reports what works. Judges no requirement."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from ciq_conformance.driver.callback_path import callback_trouble
from ciq_conformance.driver.cancellation import CancelToken
from ciq_conformance.driver.client import Client, Interrupted
from ciq_conformance.driver.probe import Readiness, Unreachable, probe
from ciq_conformance.driver.receiver import CallbackReceiver
from ciq_conformance.driver.recorder import RunRecorder
from ciq_conformance.driver.restoration import Restoration
from ciq_conformance.driver.run_context import RunContext
from ciq_conformance.driver.scenario_context import PreconditionFailed
from ciq_conformance.profile_loading import Loaded
from ciq_conformance.runner.embedded import embedded_target
from ciq_conformance.runner.execution import start_listening, trust_of
from ciq_schemas.features import FEATURES
from ciq_schemas.transcript.records import ExitCode

INTENT = (
    "list the queues of each feature; a feature without a queue is activated (POST on its bucket path)",
    "set each queue Active with a callback rule to the suite's receiver, and restore it afterwards",
    "submit about 17 jobs per feature and describe them until they end; wait for the first one's callback",
    "with keys in the profile, send one unsigned and one wrongly signed request, to test whether it checks them",
)
_LIMIT = 120.0
"""Seconds per feature after which the diagnosis ends (times the timeout factor)."""
_TOLERABLE_OFFSET = 60.0
"""Seconds between the clocks above which signatures may be refused."""
_DATE_STEP = 2.0
"""A Date header has whole seconds and servers renew it once a second, so a smaller offset cannot be measured."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One finding: works, does not work, or a note (None)."""

    works: bool | None
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings and the exit code that follows."""

    symptoms: tuple[Symptom, ...]
    exit_code: ExitCode


def diagnose(loaded: Loaded) -> Diagnosis:
    """Diagnoses the target of a profile; raises RunConfigError when the receiver cannot listen."""
    with ExitStack() as stack:
        profile = loaded.profile
        if profile.embedded:
            profile = stack.enter_context(embedded_target(profile)).profile
        origin = time.monotonic()
        recorder = RunRecorder(now=lambda: time.monotonic() - origin)
        stop = CancelToken(deadline=_LIMIT * len(profile.features) * profile.timeout_factor)
        trust = trust_of(profile)
        client = Client(
            base_url=profile.url,
            recorder=recorder,
            now=recorder.now,
            credentials=profile.credentials,
            signed_prefix=profile.signed_prefix,
            trust=trust,
            answer_within=10.0 * profile.timeout_factor,
            stopping=stop.requested,
            stop=stop.request,
            sleep=stop.sleep,
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
        start_listening(receiver, "the callback receiver", profile.callback_bind)
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
            return _diagnose(run)


def _diagnose(run: RunContext) -> Diagnosis:
    symptoms: list[Symptom] = []
    changed: list[Readiness] = []
    try:
        return _probe_all(run, symptoms, changed)
    except Interrupted:
        symptoms.append(Symptom(False, "diagnosis", run.stop.reason))
        symptoms.extend(_restore(run, changed))
        return Diagnosis(tuple(symptoms), ExitCode.SUITE_ERROR if run.stop.by_signal else ExitCode.UNREACHABLE)


def _restore(run: RunContext, changed: list[Readiness]) -> list[Symptom]:
    """Restores the queues that are not restored yet; returns what is left."""
    left = [Restoration(run=run, readiness=one).finish() for one in changed]
    changed.clear()
    return [Symptom(False, "restoration", text) for text in left if text]


def _probe_all(run: RunContext, symptoms: list[Symptom], changed: list[Readiness]) -> Diagnosis:
    """Probes each feature; adds what it finds to `symptoms`, and the features to restore to `changed`."""
    ready: list[Readiness] = []
    without_queue: list[str] = []
    for feature in run.profile.features:
        try:
            one = probe(run, FEATURES[feature], changed.append)
        except Unreachable as silence:
            symptoms.append(Symptom(False, "target reachability", str(silence)))
            return Diagnosis(tuple(symptoms), ExitCode.UNREACHABLE)
        except PreconditionFailed as broken:
            symptoms.append(Symptom(False, feature, str(broken)))
            if not changed:
                without_queue.append(feature)
            symptoms.extend(_restore(run, changed))
            continue
        ready.append(one)
        changed[:] = [one]
        symptoms.extend(_of_feature(one))
        if len(ready) == 1:
            symptoms.extend(_signatures(run, one))
        symptoms.extend(_restore(run, changed))
    symptoms.insert(0, Symptom(True, "target reachability", f"{run.profile.url} responds"))
    if without_queue and ready:
        symptoms.append(_shorter_run(run.profile.url, [one.spec.feature for one in ready], without_queue))
    trouble = callback_trouble(run, ready)
    if trouble:
        symptoms.append(Symptom(False, "callback delivery", trouble))
        return Diagnosis(tuple(symptoms), ExitCode.UNREACHABLE)
    arrived = any(one.calibration.callback_latency is not None for one in ready)
    address = run.receiver.base_url
    symptoms.append(
        Symptom(True if arrived else None, "callback delivery", _callback_delivery(address, arrived=arrived))
    )
    failed = any(symptom.works is False for symptom in symptoms)
    return Diagnosis(tuple(symptoms), ExitCode.DEVIATES if failed else ExitCode.CONFORMS)


def _shorter_run(url: str, offered: Sequence[str], without: Sequence[str]) -> Symptom:
    """Proposes a run over the features that have a queue."""
    options = " ".join(f"--feature {feature}" for feature in offered)
    return Symptom(
        None,
        "features",
        f"the target has no queue of {' and '.join(without)}. If it offers {' and '.join(offered)} only: "
        f"ciq run --target {url} {options}",
    )


def _callback_delivery(address: str, *, arrived: bool) -> str:
    if arrived:
        return f"callbacks reach {address}"
    return (
        f"no callback reached {address}, although this machine can reach it. If the target runs in a container, "
        "set callback_bind and callback_url so that it can reach the receiver"
    )


def _of_feature(one: Readiness) -> list[Symptom]:
    name = one.spec.feature.value
    activated = ", activated by this command" if one.activated else ""
    symptoms = [
        Symptom(True, name, f"queue {one.found.name} ({one.found.queue_id}), found {one.found.state}{activated}")
    ]
    if one.blocked_by:
        return [*symptoms, Symptom(False, f"{name} jobs", one.blocked_by)]
    measured = one.calibration
    latency = measured.callback_latency
    symptoms.append(
        Symptom(
            True,
            f"{name} jobs",
            f"at {one.job_path}, end after {measured.job_latency:.2f} s, at least {measured.workers} at once, "
            + ("no callback" if latency is None else f"callback after {latency:.2f} s"),
        )
    )
    offset = measured.clock_offset
    if offset is not None:
        near = abs(offset) <= _DATE_STEP
        words = "agrees with this machine's" if near else f"is {offset:+.0f} s from this machine's"
        symptoms.append(Symptom(None if abs(offset) > _TOLERABLE_OFFSET else True, f"{name} clock", words))
    return symptoms


def _signatures(run: RunContext, one: Readiness) -> list[Symptom]:
    if run.profile.credentials is None:
        return [Symptom(None, "signature", "no keys in the profile: requests are not signed")]
    calls = run.calls(one.spec, "doctor", one.job_path)
    signed = calls.list_queues("signed")
    path = calls.spec.queue_path
    refused = {
        "no": calls.raw("signature-none", "GET", path, signing="none").exchange.status,
        "wrong": calls.raw("signature-wrong", "GET", path, signing="wrong").exchange.status,
    }
    if not signed.ok:
        return [
            Symptom(False, "signature", f"a signed request returned {signed.exchange.status}: check keys and clock")
        ]
    if all(status in (401, 403) for status in refused.values()):
        return [
            Symptom(True, "signature", "accepted; the target rejects requests without a signature or with a wrong one")
        ]
    detail = ", ".join(f"{signing} signature: {status}" for signing, status in refused.items())
    return [Symptom(None, "signature", f"accepted, but the target does not seem to check it ({detail})")]
