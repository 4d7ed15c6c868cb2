"""Checks of the scenario `order`: priority and order of submission (PRI)."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, absent, blocked, cannot_tell, deviates, holds
from ciq_conformance.judge.ordering import Inversion, Ordering, agreement, level_rule, order_rule
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.judge.tracks import Track, build_tracks
from ciq_conformance.steps import order as steps
from ciq_conformance.steps.order import Step
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Scenario

FEWEST_PROVEN = 2
"""An order is taken as shown when at least this many jobs certainly waited for one they had to wait for."""

FEWEST_PAIRS = 20
AGREEMENT = 0.95
"""Share of pairs told in the demanded order that lets the order of callbacks stand in for states."""


def order_tracks(evidence: Evidence) -> tuple[Track, ...]:
    """Tracks of the scenario's jobs from all it saw."""
    return build_tracks(
        evidence.of(Scenario.ORDER, *steps.SUBMITS),
        (r for r in evidence.of(Scenario.ORDER) if r.exchange.step not in steps.SUBMITS),
        evidence.arrivals(channel(evidence.feature)),
    )


def channel(feature: Feature) -> str:
    """Name of the channel of the scenario's rule."""
    return f"{feature}.{Scenario.ORDER}.{steps.TOLD}"


def workers(evidence: Evidence) -> int:
    """Workers as calibrated, at least 1."""
    return max(1, evidence.calibration.workers if evidence.calibration else 1)


def obstacle(evidence: Evidence, tracks: Sequence[Track]) -> Finding | None:
    """Why the scenario says nothing, None when it does."""
    mark = evidence.obstacle(Scenario.ORDER)
    if mark is not None:
        return (absent if mark.name == "unsupported" else blocked)(mark.text, witness=(mark.seq,))
    if not tracks:
        return blocked("no job was submitted to the paused queue")
    return None


def words(inversion: Inversion) -> str:
    """One inversion in words."""
    early, late = inversion.early, inversion.late
    proof = (
        f"StartTime is {inversion.gap + 1.0:.0f} s earlier"
        if inversion.by_stamp
        else f"had started by {early.not_after.at:.2f} s while the other still waited at {late.not_before.at:.2f} s"
    )
    return (
        f"job {early.job_id} (level {early.level}, submitted at {early.asked_at:.2f} s) started before "
        f"job {late.job_id} (level {late.level}, submitted at {late.asked_at:.2f} s): {proof}"
    )


def verdict_of(
    ordering: Ordering,
    expected: str,
    tracks: Sequence[Track],
    evidence: Evidence,
    *,
    power: str = "",
    about: Collection[str] | None = None,
    enough: int = FEWEST_PROVEN,
) -> Finding:
    """Inversions deviate; enough proven order holds; else the order of callbacks may show it; else nothing is known."""
    strength = power or f"{ordering.proven} of {ordering.owed} jobs that had to wait are shown to have waited"
    real = _beyond_halted(ordering.inversions, tracks, evidence)
    if real:
        first = real[0]
        return deviates(
            expected,
            f"{words(first)} ({len(real)} job(s) were overtaken)",
            witness=first.witness,
            power=strength,
        )
    if ordering.owed == 0:
        return cannot_tell("no two jobs of the scenario had to keep an order", power=strength)
    if ordering.proven >= min(enough, ordering.owed):
        return holds(strength, power=strength)
    agreeing, comparable = agreement(tracks, about)
    if comparable >= FEWEST_PAIRS and agreeing >= AGREEMENT * comparable:
        told = f"{agreeing} of {comparable} pairs of callbacks arrived in the demanded order"
        return holds(told, power=f"by the order of callbacks only: {told}")
    return cannot_tell(
        "the jobs ended too fast, or too many at once, to see which started first; "
        "name a larger sample input in the profile (inputs.<feature>.good)",
        power=strength,
    )


def _beyond_halted(inversions: Sequence[Inversion], tracks: Sequence[Track], evidence: Evidence) -> Sequence[Inversion]:
    """Leave out what a pause that stops running jobs explains: such jobs look waiting although they had started."""
    halting = any(track.halted for track in tracks) or any(track.halted for track in _running_tracks(evidence))
    return inversions if not halting or len(inversions) > workers(evidence) else ()


def _running_tracks(evidence: Evidence) -> tuple[Track, ...]:
    replies = evidence.of(Scenario.RUNNING)
    submits = [r for r in replies if r.exchange.step == "submit"]
    return build_tracks(submits, (r for r in replies if r.exchange.step != "submit"))


@check("PRI-001")
def greater_level_first(evidence: Evidence, item: Item) -> Finding:
    """Level rule over every pair of levels; each pair must have been shown."""
    tracks = order_tracks(evidence)
    stop = obstacle(evidence, tracks)
    if stop:
        return stop
    expected = "a waiting job of greater JobLevel starts before every waiting job of lesser JobLevel"
    whole = level_rule(tracks)
    pairs = {(2, 1): level_rule(tracks, greater=2, lesser=1), (1, 0): level_rule(tracks, greater=1, lesser=0)}
    power = ", ".join(f"{high} before {low}: {o.proven} of {o.owed}" for (high, low), o in pairs.items())
    finding = verdict_of(whole, expected, tracks, evidence, power=f"shown on {power}")
    if finding.kind == "holds" and "callbacks" not in finding.power:
        for (high, low), ordering in pairs.items():
            if ordering.owed and not ordering.proven:
                return cannot_tell(
                    f"level {high} before level {low} could not be seen; name a larger sample input",
                    power=finding.power,
                )
    return finding


@check("PRI-002")
def equal_levels_in_order(evidence: Evidence, item: Item) -> Finding:
    """Order rule inside each level, over jobs submitted one by one."""
    tracks = order_tracks(evidence)
    stop = obstacle(evidence, tracks)
    if stop:
        return stop
    expected = "of two waiting jobs of one level the one accepted first starts first"
    return verdict_of(order_rule(tracks), expected, tracks, evidence)


@check("PRI-003")
def no_level_is_zero(evidence: Evidence, item: Item) -> Finding:
    """Jobs without JobLevel keep both rules as if they had said 0."""
    tracks = order_tracks(evidence)
    stop = obstacle(evidence, tracks)
    if stop:
        return stop
    silent = {t.job_id for t in tracks if t.asked.level is None}
    if not silent:
        return blocked("no job without JobLevel was accepted")
    expected = "a job without JobLevel takes its place among the jobs of level 0"
    at_zero = order_rule([t for t in tracks if t.level == 0])
    across = level_rule(tracks, lesser=0)
    ordering = Ordering(
        inversions=tuple(
            i
            for i in (*at_zero.inversions, *across.inversions)
            if silent & {i.early.job_id, i.late.job_id} and not _same_dress(i, silent)
        ),
        owed=at_zero.owed,
        proven=at_zero.proven,
    )
    return verdict_of(ordering, expected, tracks, evidence, about=silent)


def _same_dress(inversion: Inversion, silent: set[str]) -> bool:
    """Both said nothing: PRI-002 speaks of those."""
    return {inversion.early.job_id, inversion.late.job_id} <= silent


@check("PRI-005")
def levels_inside_one_request(evidence: Evidence, item: Item) -> Finding:
    """Level rule among the jobs of the one request with several Operations."""
    tracks = order_tracks(evidence)
    stop = obstacle(evidence, tracks)
    if stop:
        return stop
    many = [t for t in tracks if t.step == Step.SUBMIT_MANY]
    if not many:
        return blocked("the request with several Operations was not accepted (see MUL-001)")
    expected = "jobs of one request start by their own JobLevel"
    inversions = level_rule(many).inversions
    ordered = sorted(many, key=lambda t: -t.level)
    proven = sum(high.not_after.at <= low.not_before.at for high, low in pairwise(ordered) if high.level > low.level)
    owed = len(ordered) - 1
    about = {t.job_id for t in many}
    finding = verdict_of(
        Ordering(inversions=inversions, owed=owed, proven=proven), expected, tracks, evidence, about=about, enough=1
    )
    if finding.kind == "cannot tell" and not inversions:
        # Three jobs alone can rarely be told apart; beside the whole batch they can.
        beside = _beside_the_batch(many, tracks)
        if beside:
            return holds(beside, power=beside)
    return finding


def _beside_the_batch(many: Sequence[Track], tracks: Sequence[Track]) -> str:
    """Shown indirectly: of the request's jobs, one started with another group of levels than a lesser one."""
    others = [t for t in tracks if t.step == Step.SUBMIT]
    for high in many:
        for low in many:
            if high.level <= low.level:
                continue
            between = [
                t
                for t in others
                if t.level == low.level and t.accepted_by < low.asked_at and high.not_after.at <= t.not_before.at
            ]
            if between:
                return (
                    f"its job of level {high.level} had started while {len(between)} job(s) of level "
                    f"{low.level}, submitted before the request, still waited"
                )
    return ""


@check("PRI-007")
def order_survives_second_pause(evidence: Evidence, item: Item) -> Finding:
    """Both rules among jobs that still waited when the queue was paused in the middle."""
    tracks = order_tracks(evidence)
    stop = obstacle(evidence, tracks)
    if stop:
        return stop
    frozen = evidence.of(Scenario.ORDER, Step.FROZEN)
    if not frozen:
        return absent(
            "all held jobs had ended before the queue could be paused again: no job was left to keep its place"
        )
    freeze = frozen[0].exchange.started
    left = [t for t in tracks if t.not_before.at >= freeze]
    if len(left) < 2:
        return cannot_tell("fewer than two jobs still waited at the second pause")
    expected = "jobs left waiting by a pause start by level and order of submission after it"
    by_level, by_order = level_rule(left), order_rule(left)
    ordering = Ordering(
        inversions=(*by_level.inversions, *by_order.inversions),
        owed=by_level.owed + by_order.owed,
        proven=by_level.proven + by_order.proven,
    )
    return verdict_of(ordering, expected, left, evidence)
