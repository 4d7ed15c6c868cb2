"""What the probe concludes from the states that describes show."""

import pytest

from ciq_conformance.driver.concurrency_probe import ProbeJob, most_at_once
from ciq_schemas.transcript.jobs import StateObservation, build_timelines
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.transcript.records import Body, Exchange


def _job(*states: tuple[str, float, float]) -> ProbeJob:
    """A job observed in these states, each with the start and the end of its describe."""
    shown = tuple(StateObservation(state, sent, received, 0, "poll") for state, sent, received in states)
    return ProbeJob(observations=shown)


def _exchange(seq: int, step: str, state: str, sent: float) -> ParsedExchange:
    body = f"<Response><JobsDetail><JobId>j1</JobId><State>{state}</State></JobsDetail></Response>"
    submitted = b"<Request><Operation/></Request>" if step == "submit" else b""
    return ParsedExchange(
        Exchange(
            seq=seq,
            scenario="probe",
            step=step,
            started=sent,
            ended=sent + 0.5,
            method="POST" if submitted else "GET",
            url="http://target/jobs",
            request_body=Body.of(submitted),
            status=200,
            response_body=Body.of(body.encode()),
        )
    )


def test_job_observed_from_waiting_to_success() -> None:
    job = _job(("Submitted", 1, 2), ("Running", 3, 4), ("Running", 5, 6), ("Success", 7, 8))
    assert (job.started, job.ended, job.not_ended_before) == (4, 8, 5)
    assert (job.running, job.certain_run) == ((4, 5), 1)
    assert job.last_state == "Success"


def test_job_observed_running_once_proves_no_time_of_running() -> None:
    job = _job(("Running", 3, 4), ("Success", 7, 8))
    assert (job.running, job.certain_run) == (None, 0.0)


def test_job_without_observation_has_neither_start_nor_end() -> None:
    job = _job()
    assert (job.started, job.ended, job.not_ended_before, job.running, job.last_state) == (None, None, None, None, "")


def test_state_in_the_submit_response_is_not_counted() -> None:
    (timeline,) = build_timelines((_exchange(1, "submit", "Running", 0.0),), (_exchange(2, "poll", "Success", 1.0),))
    job = ProbeJob.of(timeline, "done")
    assert (job.started, job.ended, job.not_ended_before, job.message) == (1.5, 1.5, None, "done")


@pytest.mark.parametrize(
    ("runs", "most"),
    [([], 0), ([(1, 3), (4, 6)], 1), ([(1, 4), (3, 6)], 2), ([(1, 3), (3, 6)], 2), ([(1, 9), (2, 4), (3, 5)], 3)],
)
def test_most_jobs_at_once_counts_certain_runs_that_overlap(runs: list[tuple[float, float]], most: int) -> None:
    jobs = [_job(("Running", begin - 1, begin), ("Running", end, end + 1)) for begin, end in runs]
    assert most_at_once(jobs) == most
