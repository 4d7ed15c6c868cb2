"""What checks read from the records of a receiver run: responses by step, jobs of a body, counts of a job. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, Kind, absent, blocked, deviates, holds, inconclusive
from ciq_conformance.receiver.counting import times_counted
from ciq_conformance.receiver.steps import CALLBACK, SEEN, job_of_step
from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas import codec
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.records import Exchange
from ciq_schemas.values import JobCallback

ACCEPTED = "a response with status 2xx, which means that the callback was received and accepted (RFC 9110, 15.3)"
NO_EFFECTS = (
    "the run does not observe effects: give --seen-url 'http://HOST:PORT/PATH/{job_id}' or --seen-command, "
    'whose answer is {"times": N}'
)


def sent(evidence: Evidence, spec: ScenarioSpec, steps: Iterable[str]) -> tuple[Exchange, ...]:
    """Returns the callbacks of these steps, in order of time."""
    wanted = tuple(dict.fromkeys(steps))
    return tuple(
        response.exchange
        for response in (evidence.of(spec, *wanted) if wanted else ())
        if response.exchange.operation == CALLBACK
    )


def is_accepted(exchange: Exchange) -> bool:
    """Returns whether the receiver accepted a callback."""
    return 200 <= exchange.status < 300


def described(exchange: Exchange) -> str:
    """Describes the response to a callback: `HTTP 500 to success-xml`."""
    if exchange.status:
        return f"HTTP {exchange.status} to {exchange.step}"
    return f"no response to {exchange.step} ({exchange.error})"


def without_steps(evidence: Evidence, spec: ScenarioSpec) -> Finding:
    """Returns the finding of a check whose steps were not sent."""
    event = evidence.blocking_event(spec)
    reason = event.text if event is not None else f"the scenario {spec} did not send this"
    return blocked(reason, witness=(event.seq,) if event is not None else ())


def accepted(evidence: Evidence, spec: ScenarioSpec, *steps: str, hint: str = "") -> Finding:
    """Judges that the receiver accepted every callback of these steps; `hint` is the reason of a deviation."""
    found = sent(evidence, spec, steps)
    if not found:
        return without_steps(evidence, spec)
    wrong = Deviations()
    for exchange in found:
        if not is_accepted(exchange):
            wrong.add(exchange.seq, described(exchange))
    statuses = ", ".join(str(status) for status in sorted({exchange.status for exchange in found}))
    seqs = tuple(exchange.seq for exchange in found)
    finding = wrong.finding(ACCEPTED, holds(f"{len(found)} callback(s) got HTTP {statuses}", witness=seqs[:6]))
    return replace(finding, reason=hint) if finding.kind is Kind.DEVIATES and hint else finding


def offered_workflow(evidence: Evidence) -> Finding | None:
    """Returns the finding that the receiver takes no WorkflowFinish, when nothing declares that it must; else None.

    A receiver whose callback rule sends TaskFinish only may reject every WorkflowFinish with 4xx.
    """
    if evidence.declared.get(Capability.WORKFLOW) is not None:
        return None
    runs = [
        response.exchange
        for response in evidence.responses
        if response.exchange.operation == CALLBACK and b"WorkflowFinish" in response.exchange.request_body.data
    ]
    if not runs or not all(400 <= exchange.status < 500 for exchange in runs):
        return None
    return absent(
        f"the receiver rejects every WorkflowFinish ({described(runs[0])}); "
        "if the callback rule sends this event, give --event TaskFinish --event WorkflowFinish",
        witness=(runs[0].seq,),
    )


@lru_cache(maxsize=2048)
def jobs_of(body: bytes) -> tuple[str, ...]:
    """Returns the ids of the jobs that a body reports; empty when it is no callback about jobs."""
    value = codec.to_value(JobCallback, codec.read_callback(body))
    return tuple(job.job_id for job in value.jobs if job.job_id)


@dataclass(frozen=True, slots=True)
class Count:
    """What the receiver showed for one job."""

    seqs: tuple[int, ...] = ()
    times: int | None = None
    """The highest count; None when no answer has one."""
    unclear: str = ""
    """An answer that is not a count."""


def counts_of(evidence: Evidence) -> Mapping[str, Count]:
    """Returns the counts of all jobs whose effects the run observed."""
    found: dict[str, Count] = {}
    for response in evidence.responses:
        exchange = response.exchange
        if exchange.operation != SEEN:
            continue
        job = job_of_step(exchange.step)
        before = found.get(job, Count())
        times = times_counted(exchange.status, exchange.response_body.data)
        shown = exchange.error or f"HTTP {exchange.status} {exchange.response_body.text[:60]!r}"
        known = [number for number in (before.times, times) if number is not None]
        found[job] = Count(
            (*before.seqs, exchange.seq),
            max(known) if known else None,
            before.unclear or ("" if times is not None else shown),
        )
    return found


def effects(evidence: Evidence, spec: ScenarioSpec, steps: Sequence[str], *, times: int = 1) -> Finding:
    """Judges that each job of the accepted callbacks of these steps was counted exactly `times`."""
    found = sent(evidence, spec, steps)
    if not found:
        return without_steps(evidence, spec)
    reporting = {job: exchange for exchange in found if is_accepted(exchange) for job in _jobs(exchange)}
    if not reporting:
        return blocked(f"the receiver accepted none of these callbacks: {described(found[0])}", witness=(found[0].seq,))
    counts = evidence.derive(counts_of)
    if not counts:
        return inconclusive(NO_EFFECTS)
    wrong, unclear = Deviations(), []
    for job, exchange in reporting.items():
        count = counts.get(job, Count())
        if count.times is None:
            unclear.append(f"{job}: {count.unclear or 'no answer'}")
        elif count.times != times:
            wrong.add(exchange.seq, f"{exchange.step}: job {job} was counted {_often(count.times)}")
            wrong.items.extend((seq, wrong.items[-1][1]) for seq in count.seqs[-1:])
    if wrong.items:
        return wrong.finding(f"each accepted job is counted {_often(times)}", holds())
    if unclear:
        return inconclusive(f'the answers about effects are no counts ({unclear[0]}): expected {{"times": N}} or 404')
    seqs = tuple(counts[job].seqs[-1] for job in reporting if job in counts)
    return holds(f"{len(reporting)} job(s) were counted {_often(times)} each", witness=seqs[:6])


def never(evidence: Evidence, jobs: Mapping[str, Exchange], expected: str) -> Finding:
    """Judges that none of these jobs was counted; each comes with the callback that reported it."""
    counts = evidence.derive(counts_of)
    if not counts:
        return inconclusive(NO_EFFECTS)
    observed = {job: counts[job] for job in jobs if job in counts}
    for job, count in observed.items():
        if count.times:
            seqs = (jobs[job].seq, count.seqs[-1])
            return deviates(expected, f"job {job} of {jobs[job].step} was counted {_often(count.times)}", witness=seqs)
    unclear = next((count.unclear for count in observed.values() if count.times is None), "")
    if unclear:
        return inconclusive(f'the answers about effects are no counts ({unclear}): expected {{"times": N}} or 404')
    missing = next((job for job in jobs if job not in counts), "")
    if missing or not jobs:
        return inconclusive(f"the run has no count of {missing or 'such a job'}")
    return holds("none of them was counted", witness=tuple(count.seqs[-1] for count in observed.values())[:6])


def _jobs(exchange: Exchange) -> tuple[str, ...]:
    return jobs_of(exchange.request_body.data)


def _often(times: int) -> str:
    return {0: "never", 1: "once"}.get(times, f"{times} times")
