"""Checks of the scenario `order`: priority and order of submission (PRI)."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from ciq_conformance.areas.order import SPEC
from ciq_conformance.areas.order import labels as steps
from ciq_conformance.areas.order.labels import Label
from ciq_conformance.areas.order.ordering_claims import Claim, decide
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, blocked, inconclusive, untested
from ciq_conformance.judge.ordering import (
    SLACK,
    Inversion,
    Ordering,
    PairFilter,
    lagging_level_rule,
    order_rule,
    settled_after,
)
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.whole_run import judged_timelines, paused_spans
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas.features import Feature
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.pauses import PauseSpan, certain_pauses, settings_of

_STEP = 1e-6
"""Seconds between Operations of one request, where they count as submitted one after the other."""


def order_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Builds the timelines of the scenario's jobs; a job of another path counts only when the target describes it."""
    timelines = build_timelines(
        evidence.of(SPEC, *steps.SUBMITS),
        (r for r in evidence.of(SPEC) if r.exchange.step not in steps.SUBMITS),
        evidence.arrivals(rule_channel(evidence.feature)),
    )
    return tuple(
        timeline for timeline in timelines if timeline.observations[1:] or timeline.step != Label.SUBMIT_OTHER_PATH
    )


def order_pauses(evidence: Evidence) -> tuple[PauseSpan, ...]:
    """Returns the spans in which the scenario's queue was certainly paused."""
    updates = evidence.of(SPEC, *steps.PAUSES, *steps.RESUMES)
    until = max((response.exchange.ended for response in evidence.of(SPEC)), default=0.0)
    return certain_pauses(settings_of(updates, steps.PAUSES), until=until)


def levels(
    evidence: Evidence, timelines: Sequence[JobTimeline], *, greater: int | None = None, lesser: int | None = None
) -> Ordering:
    """Applies the level rule; for inversions, a job submitted to an active queue counts as accepted a little later."""
    return _levels_with(evidence, timelines, evidence.derive(order_pauses), greater=greater, lesser=lesser)


def _levels_with(
    evidence: Evidence,
    timelines: Sequence[JobTimeline],
    spans: Sequence[PauseSpan],
    *,
    greater: int | None = None,
    lesser: int | None = None,
) -> Ordering:
    settled = settled_after(evidence.calibration)

    def lag(timeline: JobTimeline) -> float:
        held = any(span.begin <= timeline.submitted_at and timeline.accepted_by <= span.end for span in spans)
        return 0.0 if held else settled

    spare = evidence.derive(worker_allowance).jobs
    return lagging_level_rule(timelines, lag, greater=greater, lesser=lesser, held_by_workers=spare)


def _other_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Jobs of the other scenarios, whose inversions count too; none where a pause makes running jobs wait again."""
    mine = {timeline.job_id for timeline in evidence.derive(order_timelines)}
    others = tuple(t for t in evidence.derive(judged_timelines) if t.job_id not in mine)
    return () if any(t.returned_to_waiting for t in others) else others


def _levels_elsewhere(evidence: Evidence) -> Claim:
    """Inversions of the level rule in other scenarios; they can only contradict."""
    ordering = _levels_with(evidence, evidence.derive(_other_timelines), evidence.derive(paused_spans))
    return Claim.of("other scenarios", ordering, must_show=False)


def _order_elsewhere(evidence: Evidence) -> Claim:
    """Inversions of the order of submission in other scenarios; they can only contradict."""
    return Claim.of("other scenarios", submission_order(evidence, evidence.derive(_other_timelines)), must_show=False)


def submission_order(evidence: Evidence, timelines: Sequence[JobTimeline]) -> Ordering:
    """The order rule; more overtaking jobs than workers can hold prove it without a gap in seconds."""
    return order_rule(timelines, held_by_workers=evidence.derive(worker_allowance).jobs)


def rule_channel(feature: Feature) -> str:
    """Returns the channel of the scenario's callback rule."""
    return channel_name(feature, SPEC, steps.RULE_CHANNEL)


def blocking_finding(evidence: Evidence, timelines: Sequence[JobTimeline]) -> Finding | None:
    """Returns why the scenario's jobs cannot be judged; None when they can."""
    event = evidence.blocking_event(SPEC)
    if event is not None:
        return (untested if event.name == "unsupported" else blocked)(event.text, witness=(event.seq,))
    if not timelines:
        return blocked("no job was submitted to the paused queue")
    return None


def _order_by_batch(evidence: Evidence, timelines: Sequence[JobTimeline]) -> Ordering:
    """Applies the order rule inside each batch: an ended batch before the next one proves nothing."""
    pauses = [response.exchange.started for response in evidence.of(SPEC, Label.PAUSE)]
    batches: dict[int, list[JobTimeline]] = {}
    for timeline in timelines:
        batches.setdefault(bisect_right(pauses, timeline.submitted_at), []).append(timeline)
    parts = [submission_order(evidence, batch) for batch in batches.values()]
    return Ordering(
        inversions=tuple(inversion for part in parts for inversion in part.inversions),
        owed=sum(part.owed for part in parts),
        proven=sum(part.proven for part in parts),
    )


def _later_but_higher(high: int, low: int) -> PairFilter:
    """Selects pairs whose job of the higher level was submitted later: without levels they start in reverse."""

    def counts(first: JobTimeline, second: JobTimeline) -> bool:
        return first.level == high and second.level == low and first.submitted_at > second.accepted_by

    return counts


@check("PRI-001", SPEC)
def greater_level_starts_first(evidence: Evidence, item: Item) -> Finding:
    """Checks that jobs of a greater level start first; requires proof for 2 before 1 and for 1 before 0."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    claims = [Claim.of("all levels", levels(evidence, timelines), must_show=False)]
    for high, low in ((2, 1), (1, 0)):
        claims.append(
            Claim.of(
                f"level {high} before an earlier level {low}",
                levels(evidence, timelines, greater=high, lesser=low),
                timelines,
                _later_but_higher(high, low),
            )
        )
    claims.append(evidence.derive(_levels_elsewhere))
    expected = "a waiting job of greater JobLevel starts before every waiting job of lesser JobLevel"
    return decide(expected, claims, timelines, evidence)


@check("PRI-002", SPEC)
def equal_levels_start_in_order_of_submission(evidence: Evidence, item: Item) -> Finding:
    """Checks that jobs of one level start in the order of their submits."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    claim = Claim.of(
        "order of submission",
        submission_order(evidence, timelines),
        timelines,
        lambda first, second: first.level == second.level,
    )
    expected = "waiting jobs of one level start in the order in which they were accepted"
    return decide(expected, [claim, evidence.derive(_order_elsewhere)], timelines, evidence)


@check("PRI-003", SPEC)
def job_without_level_counts_as_level_0(evidence: Evidence, item: Item) -> Finding:
    """Checks that both rules treat jobs without JobLevel as jobs of level 0."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    without_level = [t for t in timelines if t.requested.level is None]
    if not without_level:
        return blocked("the target accepted no job without JobLevel")
    ids = {t.job_id for t in without_level}
    at_zero = submission_order(evidence, [t for t in timelines if t.level == 0])
    below = levels(evidence, [t for t in timelines if t.job_id in ids or t.level > 0])
    below = replace(below, inversions=tuple(i for i in below.inversions if ids & {i.early.job_id, i.late.job_id}))
    claims = [
        Claim.of(
            "its place among jobs of level 0",
            Ordering(
                # PRI-002 judges pairs of jobs without JobLevel; here one of the two has JobLevel 0.
                inversions=tuple(i for i in at_zero.inversions if len(ids & {i.early.job_id, i.late.job_id}) == 1),
                owed=at_zero.owed,
                proven=at_zero.proven,
            ),
            must_show=False,
        ),
        Claim.of(
            "after later jobs of greater level",
            below,
            timelines,
            lambda first, second: second.job_id in ids and first.level > 0 and first.submitted_at > second.accepted_by,
        ),
    ]
    expected = "a job without JobLevel takes its place among the jobs of level 0"
    finding = decide(expected, claims, timelines, evidence)
    if finding.kind is Kind.DEVIATES and _zero_is_overtaken(evidence, [t for t in timelines if t.job_id not in ids]):
        return inconclusive(
            "jobs of level 0 are overtaken in the same way (see PRI-001, PRI-002)",
            seen=finding.seen,
            witness=finding.witness,
        )
    return finding


def _zero_is_overtaken(evidence: Evidence, named: Sequence[JobTimeline]) -> bool:
    """Whether jobs that name level 0 do not keep the rules either, so that a missing level explains nothing."""
    zero = [timeline for timeline in named if timeline.level == 0]
    return bool(levels(evidence, named, lesser=0).inversions or submission_order(evidence, zero).inversions)


@check("PRI-005", SPEC)
def levels_inside_one_request(evidence: Evidence, item: Item) -> Finding:
    """Checks the level rule for jobs of one request with several Operations, among themselves and with other jobs."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    many = [t for t in timelines if t.step == Label.SUBMIT_MANY]
    if not many:
        return blocked("the target did not accept the request with several Operations; see MUL-001")
    ids = {t.job_id for t in many}
    by_level = sorted(many, key=lambda t: -t.level)
    steps_down = [(high, low) for high, low in pairwise(by_level) if high.level > low.level]
    among = sum(high.not_after.at <= low.not_before.at for high, low in steps_down)
    others = [t for t in timelines if t.step == Label.SUBMIT]
    # A job of the request started while a job of a lesser level, submitted before the request, still waited.
    beside = sum(
        any(
            high.level > low.level and low.accepted_by < high.submitted_at and high.not_after.at <= low.not_before.at
            for low in others
        )
        for high in many
        if high.level > 0
    )
    ordering = Ordering(
        inversions=levels(evidence, many).inversions or _of_request(levels(evidence, timelines).inversions, ids),
        owed=len(steps_down) + len(many),
        proven=among + beside,
    )
    claim = Claim.of(
        "its jobs by their own levels",
        ordering,
        timelines,
        lambda first, second: (
            first.job_id in ids
            and first.level > second.level
            and (second.job_id in ids or first.submitted_at > second.accepted_by)
        ),
        enough=1,
    )
    return decide("jobs of one request start by their own JobLevel", [claim], timelines, evidence)


def _of_request(inversions: tuple[Inversion, ...], ids: set[str]) -> tuple[Inversion, ...]:
    """Inversions between the request's jobs and others; none where others break the level rule among themselves."""
    return inversions if all(ids & {i.early.job_id, i.late.job_id} for i in inversions) else ()


@check("PRI-009", SPEC)
def jobs_of_a_request_start_in_order_of_operations(evidence: Evidence, item: Item) -> Finding:
    """Checks that jobs of one request with equal level start in the order of its Operations."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    requests: dict[int, list[JobTimeline]] = {}
    for timeline in timelines:
        if timeline.step == Label.SUBMIT_EQUAL:
            requests.setdefault(timeline.submit_seq, []).append(timeline)
    if not requests:
        return blocked("the target did not accept the request with several Operations; see MUL-001")
    inversions: list[Inversion] = []
    proven = owed = 0
    for unsorted in requests.values():
        jobs = sorted(
            unsorted, key=lambda job: job.requested.user_data or ""
        )  # they end in the number of the Operation
        # The jobs of one request have one submit: let each Operation follow the one before it.
        placed = [
            replace(
                job,
                submitted_at=job.submitted_at + 2 * place * _STEP,
                accepted_by=job.submitted_at + (2 * place + 1) * _STEP,
            )
            for place, job in enumerate(jobs)
        ]
        ordering = submission_order(evidence, placed)
        originals = {job.job_id: job for job in jobs}
        inversions += [
            replace(i, early=originals[i.early.job_id], late=originals[i.late.job_id]) for i in ordering.inversions
        ]
        # Only a gap that would prove the wrong order as well is proof of the right one.
        started = list(accumulate((job.not_after.at for job in jobs), min))
        owed += len(jobs) - 1
        proven += sum(job.not_before.at - first >= SLACK for first, job in zip(started, jobs[1:], strict=False))
    ordering = Ordering(inversions=tuple(inversions), owed=owed, proven=proven)
    expected = "jobs of one request with equal level start in the order of its Operations"
    claim = Claim.of("the order of the Operations", ordering, enough=1)
    finding = decide(expected, [claim], timelines, evidence)
    if finding.kind is Kind.INCONCLUSIVE:
        return untested(f"the jobs of one request started too close together to observe their order ({claim.power})")
    return finding


@check("PRI-007", SPEC)
def order_survives_second_pause(evidence: Evidence, item: Item) -> Finding:
    """Checks both rules among the jobs that still waited when the queue was paused for the second time."""
    timelines = evidence.derive(order_timelines)
    stop = blocking_finding(evidence, timelines)
    if stop:
        return stop
    second_pause = evidence.of(SPEC, Label.FROZEN)
    if not second_pause:
        return untested(
            "all jobs ended before the suite could pause the queue again, so no job waited in the second pause"
        )
    paused_at = second_pause[0].exchange.started
    left = [t for t in timelines if t.not_before.at >= paused_at]
    by_level = levels(evidence, left)
    by_order = _order_by_batch(evidence, left)
    if not by_level.owed + by_order.owed:
        return untested("no two jobs with a required order still waited in the second pause")
    ordering = Ordering(
        inversions=(*by_level.inversions, *by_order.inversions),
        owed=by_level.owed + by_order.owed,
        proven=by_level.proven + by_order.proven,
    )
    claim = Claim.of("jobs waiting in the second pause", ordering, left, lambda _first, _second: True, enough=1)
    return decide("jobs that wait during a pause start by level and order of submission", [claim], left, evidence)
