"""Jobs and pauses of a whole run, whatever the scenario; shared by checks that look beyond one story. Pure."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.paused import Setting, Span, certain_activity, certain_pauses
from ciq_conformance.judge.requested import requested_update
from ciq_conformance.judge.tracks import Track, build_tracks
from ciq_conformance.reply import Reply
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind
from ciq_schemas.requirement import Scenario

OWN_RULES = frozenset({Scenario.EXPLORE, Scenario.FUZZ, Scenario.DEACTIVATION})
"""Scenarios whose jobs are judged there: restarts, odd requests and deactivations explain much."""


def made_by(evidence: Evidence, kind: OperationKind) -> tuple[Reply, ...]:
    """All exchanges of one operation."""
    return tuple(reply for reply in evidence.replies if reply.exchange.operation == kind)


def all_tracks(evidence: Evidence) -> tuple[Track, ...]:
    """Every job of the feature in the run, as submits, describes and callbacks tell; lists may be behind."""
    looks = made_by(evidence, OperationKind.DESCRIBE_JOB)
    return build_tracks(made_by(evidence, OperationKind.SUBMIT_JOB), looks, evidence.notices)


def judged_tracks(evidence: Evidence) -> tuple[Track, ...]:
    """The jobs of scenarios that have no rules of their own for them."""
    apart = {
        reply.exchange.seq
        for reply in made_by(evidence, OperationKind.SUBMIT_JOB)
        if reply.exchange.scenario in OWN_RULES
    }
    return tuple(track for track in evidence.derive(all_tracks) if track.submit_seq not in apart)


def paused_spans(evidence: Evidence) -> tuple[Span, ...]:
    """When the feature's queue was paused for certain."""
    return certain_pauses(_settings(evidence, QueueState.PAUSED), until=_end(evidence))


def active_spans(evidence: Evidence) -> tuple[Span, ...]:
    """When the feature's queue was active for certain."""
    settings = tuple(_settings(evidence, QueueState.ACTIVE))
    return certain_activity(settings, until=_end(evidence))


def _settings(evidence: Evidence, state: QueueState) -> tuple[Setting, ...]:
    """Updates of the queue; one to another state than this counts as one to the opposite, so that nothing is sure."""
    sure = state is QueueState.PAUSED
    updates = (reply for reply in made_by(evidence, OperationKind.UPDATE_QUEUE) if not reply.refused)
    return tuple(Setting.of(reply, paused=(requested_update(reply).state == state) is sure) for reply in updates)


def _end(evidence: Evidence) -> float:
    return max((reply.exchange.ended for reply in evidence.replies), default=0.0)
