"""Tests that the script of a history and the judge of a run return the same verdicts on the same histories."""

from __future__ import annotations

import ast
import importlib.util
import random
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from history_transcripts import HistoryTranscript
from test_explore_rules import ABSENT, DEVIATING, HOLDING, LEGAL

from ciq_conformance.areas.explore import history_rules, observed_history
from ciq_conformance.areas.explore.histories import RecordedHistory, recorded_histories
from ciq_conformance.areas.explore.labels import OWN, SUBMITS, UPDATES, Label, label_of
from ciq_conformance.areas.order.ordering_claims import describe_inversion
from ciq_conformance.explore import replay, replay_record, replay_wire
from ciq_conformance.explore.script import script_text
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.ordering import SLACK, STAMP_STEPS, lagging_level_rule, order_rule
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, FINAL_STATES, WAITING_STATES, JobState, may_be_seen_after
from ciq_schemas.transcript.jobs import Bound, JobTimeline
from ciq_schemas.transcript.records import CallbackReceived, DriverEvent, Exchange
from ciq_schemas.transcript.requests import RequestedJob

HISTORIES: dict[str, HistoryTranscript] = {
    **{f"deviating: {name}": built for name, (_, built, _, _) in DEVIATING.items()},
    **{f"legal: {name}": built for name, (_, built) in LEGAL.items()},
    **{f"holding: {name}": built for name, built in HOLDING.items()},
    **{f"absent: {name}": built for name, built in ABSENT.items()},
}
Verdicts = dict[str, tuple[int, list[str]]]


@pytest.fixture(scope="module", name="script")
def script_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """A written script, imported from its file."""
    path: Path = tmp_path_factory.mktemp("script") / "explore_script.py"
    path.write_text(script_text({"rule": "EXP-001"}), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("explore_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["explore_script"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["explore_script"]


def by_judge(built: HistoryTranscript) -> tuple[RecordedHistory, Verdicts]:
    """Returns the history of a transcript as the judge reads it, and its result for each rule."""
    evidence = Evidence(feature=Feature.MEDIA, records=built.transcript.records)
    (history,) = recorded_histories(evidence)
    results = {rule: history.result(rule) for rule in history_rules.RULES}
    return history, {rule: (one.cases, [d.text for d in one.deviations]) for rule, one in results.items()}


def by_script(script: Any, built: HistoryTranscript, conditions: observed_history.Conditions) -> Verdicts:
    """Returns the results of a script that observes the exchanges of a transcript."""
    recorder = script.Recorder()
    arrivals = []
    for record in built.transcript.records:
        if isinstance(record, Exchange):
            observe(script, recorder, record)
        elif isinstance(record, CallbackReceived):
            channel = record.channel.rpartition(".")[2]
            arrivals.append(
                script.Arrival(record.started, record.ended, channel, record.body.text, record.answered or 200)
            )
        elif isinstance(record, DriverEvent) and record.name == "expired":
            recorder.expired.add(record.text.split()[1].rstrip(":"))
    known = script.Conditions(
        start_latency=conditions.start_latency,
        workers=conditions.workers,
        stops_running_jobs=conditions.stops_running_jobs,
        callbacks_arrive=conditions.callbacks_arrive,
    )
    history = recorder.history(arrivals, known)
    results = {rule: judge(history) for rule, judge in script.RULES.items()}
    return {rule: (one.cases, [d.text for d in one.deviations]) for rule, one in results.items()}


def observe(script: Any, recorder: Any, exchange: Exchange) -> None:
    """Passes one recorded exchange to the recorder of a script."""
    label = label_of(exchange.step)
    assert label is not None
    text = exchange.response_body.text
    root = ElementTree.fromstring(text) if text else ElementTree.Element("nothing")
    answer = script.Answer(exchange.status, root, exchange.started, exchange.ended)
    if label.step in UPDATES:
        recorder.updated(str(label.step), label.how, answer)
    elif label.step in SUBMITS:
        request = ElementTree.fromstring(exchange.request_body.text)
        levels = [int(element.text or "0") for element in request.iter("JobLevel")]
        recorder.submitted(levels, label.how == OWN, answer)
    elif label.step is Label.CANCEL:
        recorder.cancelled(label.how, answer)
    elif label.step is Label.RESTART:
        recorder.listed(float(label.how), answer)
    else:
        recorder.looked(exchange.url.rpartition("/")[2], answer)


@pytest.mark.parametrize("name", HISTORIES)
def test_script_and_judge_return_equal_verdicts(script: ModuleType, name: str) -> None:
    """For each rule: the same deviations in the same words, and the same number of cases."""
    history, expected = by_judge(HISTORIES[name])
    assert len(expected) == 8
    assert by_script(script, HISTORIES[name], history.observed.conditions) == expected


def test_every_rule_deviates_in_some_history() -> None:
    """The comparison covers a deviation of each rule."""
    deviating = {
        rule for transcript in HISTORIES.values() for rule, (_, texts) in by_judge(transcript)[1].items() if texts
    }
    assert deviating == set(history_rules.RULES)


def test_parts_of_a_script_import_only_the_standard_library() -> None:
    """Except for one another: a script contains all of them."""
    parts = (observed_history, history_rules, replay_wire, replay_record, replay)
    names = {part.__name__ for part in parts}
    for part in parts:
        tree = ast.parse(Path(str(part.__file__)).read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported
        assert not {one for one in imported - names if one.partition(".")[0] not in sys.stdlib_module_names}


def test_constants_of_the_rules_equal_those_of_the_kit() -> None:
    """The rules import nothing of the kit, so states and slack are compared here."""
    assert (history_rules.SLACK, history_rules.STAMP_STEPS) == (SLACK, STAMP_STEPS)
    assert {str(state) for state in WAITING_STATES} == history_rules.WAITING
    assert {str(state) for state in FINAL_STATES} == history_rules.ENDED
    assert {str(state) for state in ENDED_BY_RUNNING} | {"Running"} == history_rules.STARTED
    assert {str(state) for state in JobState} == history_rules.STATES
    for earlier, later in product(JobState, repeat=2):
        assert history_rules.may_follow(str(earlier), str(later)) == may_be_seen_after(earlier, later)


def random_jobs(seed: int) -> tuple[observed_history.HistoryJob, ...]:
    """Returns jobs of three levels that wait, start and show StartTime at random instants."""
    draw = random.Random(seed)
    jobs = []
    for number in range(draw.randint(2, 14)):
        sent = draw.randint(0, 40) / 10
        seen = sorted((sent + draw.randint(0, 60) / 10, draw.choice(["Submitted", "Running"])) for _ in range(3))
        observations = tuple(
            observed_history.StateObservation(
                state=state,
                sent=at,
                received=at + 0.1,
                start_stamp=float(draw.randint(0, 6)) if state == "Running" and draw.random() < 0.5 else None,
                seq=100 * number + place,
            )
            for place, (at, state) in enumerate(seen)
        )
        jobs.append(
            observed_history.HistoryJob(
                job_id=f"j{number}",
                level=draw.choice([None, 0, 1, 2]),
                own_address=False,
                sent=sent,
                answered=sent + 0.1,
                observations=observations,
                seq=1000 + number,
            )
        )
    return tuple(jobs)


def timeline_of(job: observed_history.HistoryJob) -> JobTimeline:
    """Returns the same job for `judge.ordering`."""
    level = None if job.level is None else str(job.level)
    return JobTimeline(
        job_id=job.job_id,
        step="1 submit",
        requested=RequestedJob(level=level, user_data=None, tag=None),
        submit_seq=job.seq,
        submitted_at=job.sent,
        accepted_by=job.answered,
        not_before=Bound(job.not_before.at, job.not_before.seq),
        not_after=Bound(job.not_after.at, job.not_after.seq),
        start_stamp=job.start_stamp,
    )


def test_order_of_starts_is_judged_as_in_the_other_scenarios() -> None:
    """The plain comparison of all pairs finds the inversions and proofs of the sweep in `judge.ordering`."""
    inverted = 0
    for seed in range(300):
        jobs = random_jobs(seed)
        conditions = observed_history.Conditions(
            start_latency=0.2, workers=1, stops_running_jobs=False, callbacks_arrive=True
        )
        played = observed_history.ObservedHistory(
            jobs=jobs,
            updates=(),
            cancels=(),
            queries=(),
            listings=(),
            callbacks=(),
            accepted=(),
            expired=frozenset(),
            receiver_failed=False,
            last=20.0,
            conditions=conditions,
        )
        timelines = [timeline_of(job) for job in jobs]
        by_level = lagging_level_rule(timelines, lambda _timeline: SLACK + 0.2)
        by_order = order_rule(timelines)
        expected = sorted((*by_level.inversions, *by_order.inversions), key=lambda i: -i.gap)
        found = history_rules.jobs_start_in_order(played)
        assert found.cases == by_level.proven + by_order.proven, seed
        # Of equal gaps either job may come first.
        assert {(d.text, d.witness) for d in found.deviations} == {
            (describe_inversion(i), i.witness) for i in expected
        }, seed
        assert len(found.deviations) == len(expected)
        inverted += bool(expected)
    assert inverted > 50
