"""Checks of the scenario `concurrency` (CON): whether what several clients saw at once is a legal history."""

from collections import Counter
from collections.abc import Iterator

from ciq_conformance.checks.job_facts import user_data_of
from ciq_conformance.checks.ordering_claims import running_tracks, words
from ciq_conformance.checks.premise import not_put, said
from ciq_conformance.driver.stage import channel_name
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Collected, Finding, absent, blocked, deviates, holds
from ciq_conformance.judge.ordering import lagging_level_rule, order_rule, settled_after
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.steps.concurrency import CANCELS, PAUSES, RESUMES, SUBMITS, TOLD, Step
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState, QueueState
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.jobs import JobTimeline, build_timelines, requested_settings
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.pauses import (
    STARTED,
    StateSetting,
    certain_pauses,
    held_observation,
    last_requested,
    leaks,
    settings_of,
)

HERE = Scenario.CONCURRENCY
_UPDATES = PAUSES | RESUMES


def concurrent_tracks(evidence: Evidence) -> tuple[JobTimeline, ...]:
    """Tracks of the scenario's jobs from all it saw."""
    return build_timelines(
        evidence.of(HERE, *SUBMITS),
        (r for r in evidence.of(HERE) if r.exchange.step not in SUBMITS | _UPDATES),
        _notices(evidence),
    )


def _notices(evidence: Evidence) -> tuple[ParsedCallback, ...]:
    return evidence.arrivals(channel_name(evidence.feature, HERE, TOLD))


def _settings(evidence: Evidence) -> tuple[StateSetting, ...]:
    return settings_of(evidence.of(HERE, *_UPDATES), PAUSES)


def _stopped(evidence: Evidence, tracks: tuple[JobTimeline, ...]) -> Finding | None:
    """Why the scenario says nothing of its jobs, None when it does."""
    if evidence.obstacle(HERE) is not None or not evidence.of(HERE):
        return not_put(evidence, HERE, "the scenario was not played")
    if len(tracks) < 2:
        return blocked("of all the jobs that were submitted at once fewer than two were accepted")
    return None


@check("CON-001")
def each_request_for_itself(evidence: Evidence, item: Item) -> Finding:
    """Ids are given once; answers and callbacks tell a job's own UserData."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    wrong = Collected()
    given = Counter(track.job_id for track in tracks)
    for track in tracks:
        if given[track.job_id] > 1:
            wrong.add(track.submit_seq, f"JobId {track.job_id} was given {given[track.job_id]} times")
    for reply in evidence.of(HERE, *SUBMITS):
        if reply.ok and len(reply.jobs) != len(requested_settings(reply)):
            wrong.add(reply.exchange.seq, f"{len(reply.jobs)} job(s) in the answer to one Operation")
    asked = {track.job_id: track.asked.user_data for track in tracks if given[track.job_id] == 1}
    compared = 0
    for seq, job_id, told in _told_user_data(evidence):
        if job_id in asked:
            compared += 1
            if told != asked[job_id]:
                wrong.add(seq, f"job {job_id} was submitted with UserData {asked[job_id]!r} and is told with {told!r}")
    power = f"{len(tracks)} jobs, {compared} times told with their UserData"
    expected = "every request gets a JobId of its own, and every job keeps its own UserData"
    return wrong.finding(expected, holds(power, power=power))


def _told_user_data(evidence: Evidence) -> Iterator[tuple[int, str, str]]:
    for reply in evidence.of(HERE):
        for job in reply.jobs if reply.ok and reply.exchange.step not in _UPDATES else ():
            if job.job_id and user_data_of(job):
                yield reply.exchange.seq, job.job_id, user_data_of(job) or ""
    for notice in _notices(evidence):
        for job in notice.callback.jobs:
            if job.job_id and user_data_of(job):
                yield notice.arrival.seq, job.job_id, user_data_of(job) or ""


@check("CON-002")
def order_holds(evidence: Evidence, item: Item) -> Finding:
    """Both rules of order among the jobs of all clients; requests that overlap are in no order."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    settled = settled_after(evidence.calibration)
    # Workers may have taken a job that still shows itself waiting: a level counts against those that wait on.
    by_level = lagging_level_rule(tracks, lambda _track: settled)
    by_order = order_rule(tracks)
    inversions = sorted((*by_level.inversions, *by_order.inversions), key=lambda i: -i.gap)
    overtaken = len({inversion.late.job_id for inversion in inversions})
    shown = by_level.proven + by_order.proven
    power = f"{len(tracks)} jobs, {shown} shown to have waited for another"
    if overtaken > _excused(evidence, tracks):
        return deviates(
            "of two waiting jobs the greater level starts first, of equal levels the one accepted first",
            f"{words(inversions[0])} ({overtaken} job(s) were overtaken)",
            witness=inversions[0].witness,
            power=power,
        )
    if not shown:
        return absent("the jobs of the clients ended too fast to see their order here (PRI judges it without a crowd)")
    return holds(power, power=power)


def _excused(evidence: Evidence, tracks: tuple[JobTimeline, ...]) -> int:
    """Jobs that a pause which stops running ones makes look as if they had never started: a worker's at each pause."""
    if not any(track.halted for track in (*tracks, *evidence.derive(running_tracks))):
        return 0
    workers = max(1, evidence.calibration.workers if evidence.calibration else 1)
    return workers * len(evidence.of(HERE, *PAUSES))


@check("CON-003")
def pause_holds(evidence: Evidence, item: Item) -> Finding:
    """No job starts where, of all updates at once, only a pause can have been the last."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    settled = settled_after(evidence.calibration)
    until = max(reply.exchange.ended for reply in evidence.of(HERE))
    spans = certain_pauses(_settings(evidence), until=until)
    wrong = Collected()
    shown = 0
    for span in spans:
        shown += sum(held_observation(track, span, settled) is not None for track in tracks)
        for leak in leaks(tracks, span, settled):
            for record in leak.witness:
                wrong.add(record, leak.text)
    power = f"{shown} job(s) seen held in {len(spans)} certain pause(s)"
    if not shown and not wrong.items:
        return absent("no job was seen waiting while the queue was paused (see PAU-007)")
    return wrong.finding(
        "no waiting job starts before the queue is resumed, however many submit meanwhile", holds(power, power=power)
    )


@check("CON-004")
def no_job_is_lost(evidence: Evidence, item: Item) -> Finding:
    """Every accepted job that nobody cancelled ended as Success."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    cancelled = set(_cancels(evidence))
    kept = [track for track in tracks if track.job_id not in cancelled]
    if not kept:
        return blocked("every accepted job was one of those to be cancelled")
    lost = Collected()
    for track in kept:
        if track.last_state != JobState.SUCCESS:
            seq = track.sightings[-1].seq if track.sightings else track.submit_seq
            lost.add(seq, f"job {track.job_id} was last seen {track.last_state or 'never'}")
    power = f"{len(kept)} jobs followed to their end"
    return lost.finding("every accepted job ends as Success once the queue is active", holds(power, power=power))


def _cancels(evidence: Evidence) -> dict[str, ParsedExchange]:
    """The cancel of each job, refused or not."""
    found = {}
    for reply in evidence.of(HERE, *CANCELS):
        path = reply.exchange.url.partition("?")[0]
        found[path.rpartition("/")[2]] = reply
    return found


@check("CON-005")
def cancelled_job_never_runs(evidence: Evidence, item: Item) -> Finding:
    """Jobs cancelled while they were held in the queue, before anything could start them."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    until = max(reply.exchange.ended for reply in evidence.of(HERE))
    spans = certain_pauses(_settings(evidence), until=until)
    by_id = {track.job_id: track for track in tracks}
    wrong = Collected()
    followed = 0
    for job_id, reply in _cancels(evidence).items():
        track, cancel = by_id.get(job_id), reply.exchange
        if track is None or not reply.ok:
            continue
        if not any(span.begin <= track.asked_at and cancel.ended <= span.end for span in spans):
            continue  # it may have been running by then
        after = [sighting for sighting in track.sightings if sighting.sent > cancel.ended]
        followed += bool(after)
        ran = next((sighting for sighting in after if sighting.state in STARTED), None)
        if ran is not None:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and later seen {ran.state}")
            wrong.add(ran.seq, f"job {job_id} was cancelled while it waited, and later seen {ran.state}")
        elif after and after[-1].state != JobState.CANCEL:
            wrong.add(cancel.seq, f"job {job_id} was cancelled while it waited, and last seen {after[-1].state}")
    power = f"{followed} job(s) cancelled while they waited"
    if not followed and not wrong.items:
        return absent("no job could be cancelled while it waited for certain")
    return wrong.finding("a job cancelled while it waits shows Cancel and never runs", holds(power, power=power))


@check("CON-006")
def each_job_is_told(evidence: Evidence, item: Item) -> Finding:
    """One callback at least for every job that ended, the queue's rule being the same all the time."""
    tracks = evidence.derive(concurrent_tracks)
    stop = _stopped(evidence, tracks)
    if stop:
        return stop
    ended = [track for track in tracks if track.last_state in ENDED_BY_RUNNING]
    if not ended:
        return blocked("no job ended (see CON-004)")
    if not _notices(evidence):
        return blocked("no callback arrived at all (see RUL-001, DEL-001)")
    silent = Collected()
    for track in ended:
        if not track.told:
            silent.add(track.sightings[-1].seq, f"job {track.job_id} ended as {track.last_state}, and no callback came")
    power = f"{len(ended)} ended jobs"
    return silent.finding("every job that ended is told by callback", holds(power, power=power))


@check("CON-007")
def last_update_counts(evidence: Evidence, item: Item) -> Finding:
    """State of the queue whenever every client had its answer; the last word of each was resume."""
    looks = _last_looks(evidence)
    if not looks:
        return not_put(evidence, HERE, "the queue's State was not listed")
    wrong = Collected()
    told = 0
    for look in looks:
        shown = [queue.state for queue in look.queue_list.queues]
        if not look.ok or len(shown) != 1:
            return blocked(f"the list of the queue's id was answered {said(look)} with {len(shown)} queue(s)")
        settings = [s for s in _settings(evidence) if s.sent < look.exchange.started]
        legal = last_requested(settings)
        told += len(legal) == 1
        if shown[0] not in {QueueState.PAUSED if paused else QueueState.ACTIVE for paused in legal}:
            wrong.add(look.exchange.seq, f"State {shown[0]} after all {len(settings)} updates so far had been answered")
    if not told:
        return absent("which update came last was certain at no time: some were not answered with 200")
    return wrong.finding(
        "the State that an update asked for which can have been the last",
        holds(f"{told} times right after updates by several clients", witness=(looks[-1].exchange.seq,)),
    )


def _last_looks(evidence: Evidence) -> list[ParsedExchange]:
    """The last list of the State before each further update: what is published late has shown by then."""
    found: list[ParsedExchange] = []
    listed = None
    for reply in evidence.of(HERE, *_UPDATES, Step.STATE):
        if reply.exchange.step == Step.STATE:
            listed = reply
        elif listed is not None:
            found.append(listed)
            listed = None
    return found if listed is None else [*found, listed]
