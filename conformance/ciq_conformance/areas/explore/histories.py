"""Reads the random histories of the scenario `explore` from a transcript. Pure.

It uses only the exchanges and their labels, so a stored run gets the same verdicts as a live one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from ciq_conformance.areas.explore import SPEC
from ciq_conformance.areas.explore.history_rules import RULES, RuleResult
from ciq_conformance.areas.explore.labels import CHANNELS, OWN, SUBMITS, UPDATES, JobLabel, Label, label_of
from ciq_conformance.areas.explore.observed_history import (
    AcceptedJob,
    Callback,
    Cancel,
    Conditions,
    HistoryJob,
    JobQuery,
    ObservedHistory,
    Proof,
    QueueUpdate,
    QueueView,
    RestartListing,
    StateObservation,
)
from ciq_conformance.areas.order.ordering_claims import running_timelines
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.worker_allowance import worker_allowance
from ciq_conformance.scenario_spec import channel_name
from ciq_schemas import times
from ciq_schemas.lifecycle import JobState
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.values import Queue

Labelled = tuple[JobLabel, ParsedExchange]


@dataclass(frozen=True)
class RecordedHistory:
    """One history in the transcript: its exchanges, and what they prove."""

    number: int
    exchanges: tuple[Labelled, ...]
    observed: ObservedHistory

    def result(self, rule: str) -> RuleResult:
        """The result of one rule, by the id of its requirement."""
        return RULES[rule](self.observed)


def recorded_histories(evidence: Evidence) -> tuple[RecordedHistory, ...]:
    """All histories of the feature, in the order in which they ran."""
    by_number: dict[int, list[Labelled]] = {}
    for response in evidence.of(SPEC):
        label = label_of(response.exchange.step)
        if label is not None:
            by_number.setdefault(label.history, []).append((label, response))
    short_names = {channel_name(evidence.feature, SPEC, channel): str(channel) for channel in CHANNELS}
    callbacks = evidence.arrivals(*short_names)
    expired = [event.text for event in evidence.events(SPEC, "expired")]
    conditions = _conditions(evidence, arrived=bool(callbacks))
    found: list[RecordedHistory] = []
    failed_from: float = math.inf
    for number, exchanges in sorted(by_number.items()):
        observed = _observed(number, exchanges, callbacks, short_names, expired, failed_from, conditions)
        found.append(RecordedHistory(number, tuple(exchanges), observed))
        began = exchanges[0][1].exchange.started
        bad = [n.arrival.started for n in callbacks if n.arrival.answered != HTTPStatus.OK]
        failed_from = next((at for at in bad if at >= began), math.inf)
    return _with_other_histories(found, conditions)


def stops_running_jobs(evidence: Evidence) -> bool:
    """Whether a pause stopped a running job, which is one documented reading."""
    histories = evidence.derive(recorded_histories)
    return any(timeline.returned_to_waiting for timeline in evidence.derive(running_timelines)) or any(
        job.returned_to_waiting for history in histories for job in history.observed.jobs
    )


def _conditions(evidence: Evidence, *, arrived: bool) -> Conditions:
    calibration = evidence.calibration
    return Conditions(
        start_latency=calibration.start_latency if calibration else 0.0,
        workers=max(1, calibration.workers if calibration else 1),
        stops_running_jobs=any(timeline.returned_to_waiting for timeline in evidence.derive(running_timelines)),
        held_by_workers=evidence.derive(worker_allowance).jobs,
        callbacks_arrive=arrived,
    )


def _with_other_histories(histories: Sequence[RecordedHistory], conditions: Conditions) -> tuple[RecordedHistory, ...]:
    """Adds what only all histories together prove: the jobs of the run, and whether a pause stops running jobs."""
    jobs = [job for history in histories for job in history.observed.jobs]
    if any(job.returned_to_waiting for job in jobs):
        conditions = replace(conditions, stops_running_jobs=True)
    accepted = tuple(AcceptedJob(job_id=job.job_id, answered=job.answered, seq=job.seq) for job in jobs)
    return tuple(
        replace(history, observed=replace(history.observed, accepted=accepted, conditions=conditions))
        for history in histories
    )


def _observed(
    number: int,
    exchanges: Sequence[Labelled],
    callbacks: Sequence[ParsedCallback],
    short_names: Mapping[str, str],
    expired: Iterable[str],
    failed_before: float,
    conditions: Conditions,
) -> ObservedHistory:
    began = exchanges[0][1].exchange.started
    ended = max(response.exchange.ended for _, response in exchanges)
    submits = [response for label, response in exchanges if label.step in SUBMITS]
    others = [(label, response) for label, response in exchanges if label.step not in SUBMITS | UPDATES]
    ids = {job.job_id for response in submits for job in response.jobs if job.job_id}
    own_callbacks = [callback for callback in callbacks if ids.intersection(callback.job_ids)]
    timelines = build_timelines(submits, (response for _, response in others), own_callbacks)
    stamps = _start_stamps([*submits, *(response for _, response in others)])
    prefix = f"{number} "
    return ObservedHistory(
        jobs=tuple(_job(timeline, stamps, own_callbacks) for timeline in timelines),
        updates=tuple(_update(label, response) for label, response in exchanges if label.step in UPDATES),
        cancels=tuple(_cancel(label, response) for label, response in others if label.step is Label.CANCEL),
        queries=tuple(_query(response, ids) for _, response in others if _shows_known_jobs(response)),
        listings=tuple(_listing(label, response) for label, response in others if label.step is Label.RESTART),
        callbacks=tuple(
            Callback(
                channel=short_names[n.arrival.channel],
                arrived=n.arrival.started,
                answered=n.arrival.ended,
                job_ids=tuple(n.job_ids),
                seq=n.arrival.seq,
            )
            for n in own_callbacks
        ),
        accepted=(),
        expired=frozenset(
            text.removeprefix(prefix).partition(":")[0].split()[0] for text in expired if text.startswith(prefix)
        ),
        receiver_failed=failed_before < began
        or any(n.arrival.answered != HTTPStatus.OK and began <= n.arrival.started <= ended for n in callbacks),
        last=ended,
        conditions=conditions,
    )


def _start_stamps(responses: Iterable[ParsedExchange]) -> dict[tuple[str, int], float]:
    """`StartTime` of each job in each answer that contains it, by job id and record."""
    found: dict[tuple[str, int], float] = {}
    for response in responses:
        for job in response.jobs:
            stamp = times.parse(job.start_time)
            if job.job_id and stamp is not None:
                found[job.job_id, response.exchange.seq] = stamp.timestamp()
    return found


def _job(
    timeline: JobTimeline, stamps: Mapping[tuple[str, int], float], callbacks: Iterable[ParsedCallback]
) -> HistoryJob:
    label = label_of(timeline.step)
    return HistoryJob(
        job_id=timeline.job_id,
        level=None if timeline.requested.level is None else timeline.level,
        own_address=label is not None and label.how == OWN,
        sent=timeline.submitted_at,
        answered=timeline.accepted_by,
        observations=tuple(
            StateObservation(
                state=s.state,
                sent=s.sent,
                received=s.received,
                start_stamp=stamps.get((timeline.job_id, s.seq)),
                seq=s.seq,
            )
            for s in timeline.observations
        ),
        start_callbacks=tuple(
            Proof(n.arrival.started, n.arrival.seq)
            for n in callbacks
            for job in n.callback.jobs
            if job.job_id == timeline.job_id and job.state != JobState.CANCEL
        ),
        seq=timeline.submit_seq,
    )


def _update(label: JobLabel, response: ParsedExchange) -> QueueUpdate:
    exchange = response.exchange
    return QueueUpdate(
        kind=label.step,
        rule=label.how if label.step in (Label.OPEN, Label.RULE) else "",
        sent=exchange.started,
        answered=exchange.ended,
        ok=response.ok,
        queue=_view(response.queue) if response.queue is not None else None,
        seq=exchange.seq,
    )


def _view(queue: Queue) -> QueueView:
    rule = queue.notify_config
    return QueueView(
        queue_id=queue.queue_id or "",
        state=queue.state or "",
        rule=None if rule is None else (rule.state or "", rule.url if rule.state == "On" else None),
    )


def _cancel(label: JobLabel, response: ParsedExchange) -> Cancel:
    exchange = response.exchange
    return Cancel(
        job_id=label.how,
        sent=exchange.started,
        answered=exchange.ended,
        ok=response.ok,
        refused=response.refused,
        seq=exchange.seq,
    )


def _shows_known_jobs(response: ParsedExchange) -> bool:
    """Whether the answer shows which jobs are known: the answer to a single unknown id may be a 404."""
    exchange = response.exchange
    unknown = exchange.method == "GET" and exchange.status == HTTPStatus.NOT_FOUND and "," not in exchange.url
    return response.ok or unknown


def _query(response: ParsedExchange, ids: Iterable[str]) -> JobQuery:
    exchange = response.exchange
    named = frozenset(job_id for job_id in ids if job_id in exchange.url)
    return JobQuery(job_ids=named, sent=exchange.started, seq=exchange.seq)


def _listing(label: JobLabel, response: ParsedExchange) -> RestartListing:
    exchange = response.exchange
    return RestartListing(
        restart=float(label.how),
        sent=exchange.started,
        ok=response.ok,
        refused=response.refused,
        queues=tuple(_view(queue) for queue in response.queue_list.queues) if response.ok else (),
        seq=exchange.seq,
    )
