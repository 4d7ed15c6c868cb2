"""Collects the jobs and pauses of a whole run, for checks that judge more than one scenario. Pure."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.registry import scenarios_of_checks
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.pauses import PauseSpan, certain_activity, certain_pauses, state_settings


def has_own_job_rules(scenario: str) -> bool:
    """Returns whether only the scenario's own checks judge its jobs."""
    return any(spec.own_job_rules and spec.name == scenario for spec in scenarios_of_checks())


def exchanges_of(evidence: Evidence, kind: OperationKind) -> tuple[ParsedExchange, ...]:
    """Returns all exchanges of one operation."""
    return tuple(response for response in evidence.responses if response.exchange.operation == kind)


def all_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Builds the timelines of every job of the feature, from submits, describes and callbacks; lists may be stale."""
    describes = exchanges_of(evidence, OperationKind.DESCRIBE_JOB)
    return build_timelines(exchanges_of(evidence, OperationKind.SUBMIT_JOB), describes, evidence.callbacks)


def judged_timelines(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Returns the timelines of the jobs of all scenarios without their own job rules."""
    excluded = {
        response.exchange.seq
        for response in exchanges_of(evidence, OperationKind.SUBMIT_JOB)
        if has_own_job_rules(response.exchange.scenario)
    }
    return tuple(timeline for timeline in evidence.derive(all_timelines) if timeline.submit_seq not in excluded)


def paused_spans(evidence: Evidence) -> tuple[PauseSpan, ...]:
    """Returns the spans in which the feature's queue was certainly paused."""
    return certain_pauses(state_settings(_updates(evidence), QueueState.PAUSED), until=_end(evidence))


def active_spans(evidence: Evidence) -> tuple[PauseSpan, ...]:
    """Returns the spans in which the feature's queue was certainly active."""
    return certain_activity(state_settings(_updates(evidence), QueueState.ACTIVE), until=_end(evidence))


def _updates(evidence: Evidence) -> tuple[ParsedExchange, ...]:
    return exchanges_of(evidence, OperationKind.UPDATE_QUEUE)


def _end(evidence: Evidence) -> float:
    return max((response.exchange.ended for response in evidence.responses), default=0.0)
