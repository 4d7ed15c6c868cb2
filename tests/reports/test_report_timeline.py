"""Timelines: intervals are those of the transcript, unobserved states are not claimed, evidence is marked."""

from dataclasses import replace
from xml.etree import ElementTree

import msgspec
import pytest
import small_run as run

from ciq_reports import svg
from ciq_reports.job_log import read_log
from ciq_reports.scenario_runs import scenario_runs
from ciq_reports.target_clock import target_clock
from ciq_reports.timeline import Ending, Paused, Phase, Span, Timeline, TimelineJob, Timelines
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Verdict


def order_timeline(records: tuple[AnyRecord, ...] = run.RUN, *verdicts: Verdict, most: int = 40) -> Timeline:
    """The timeline of scenario order on media."""
    view = RunView.of(records)
    line = Timelines(view, read_log(view)).of(scenario_runs(view)["media", "order"], verdicts, most_jobs=most)
    assert line is not None
    return line


def row_of(line: Timeline, label: str) -> TimelineJob:
    """The row with a label."""
    return next(job for job in line.jobs if job.label == label)


def test_timeline_has_one_row_per_job_in_order_of_acceptance() -> None:
    """The label is the scenario's name of the job in UserData."""
    line = order_timeline()
    assert [(job.label, job.level, job.job_id) for job in line.jobs] == [
        ("high", "2", run.FIRST),
        ("low", "0", run.SECOND),
        ("bad", "1", run.THIRD),
    ]
    assert line.jobs[0].accepted == (2.0, 2.1)


def test_phase_spans_first_to_last_observation_only() -> None:
    """Between the last observation of a phase and the first of the next the timeline claims nothing."""
    low = row_of(order_timeline(), "low")
    assert low.spans == (
        Span(Phase.ACCEPTING, 2.2, 2.3000000000000003),
        Span(Phase.WAITING, 2.3000000000000003, 3.1),
        Span(Phase.UNSEEN, 3.1, 4.5),
        Span(Phase.RUNNING, 4.5, 4.6),
        Span(Phase.UNSEEN, 4.6, 4.91),
    )


def test_callback_is_upper_bound_of_job_end() -> None:
    """The job has ended when its callback arrives, even if describe shows the end later."""
    line = order_timeline()
    assert row_of(line, "low").ending == Ending("Success", 4.91)
    assert row_of(line, "bad").ending == Ending("Failed", 6.609999999999999)
    assert [mark.seq for mark in row_of(line, "bad").callbacks] == [16]


def test_job_without_observed_end_has_open_row() -> None:
    """The transcript is cut off; the row ends at the last observation."""
    upto = [r for r in run.RUN if getattr(r, "seq", 0) <= 13]
    high = row_of(order_timeline(tuple(upto)), "high")
    assert high.ending is None
    assert high.spans[-1] == Span(Phase.RUNNING, 5.5, 5.6)


def test_pause_spans_response_to_next_update_request() -> None:
    """It starts at the end of the accepted pause and ends at the start of the resume."""
    assert order_timeline().paused == (Paused(1.2, 4.0),)


def test_pause_without_resume_is_open() -> None:
    """The transcript ends during the pause."""
    upto = tuple(r for r in run.RUN if getattr(r, "seq", 0) <= 8)
    assert order_timeline(upto).paused == (Paused(1.2, None),)


def test_refused_pause_is_not_shown() -> None:
    """Only an accepted update changes the queue."""
    refused = tuple(msgspec.structs.replace(r, status=400) if getattr(r, "step", "") == "pause" else r for r in run.RUN)
    assert order_timeline(refused).paused == ()


def test_evidence_records_and_their_jobs_are_marked() -> None:
    """Jobs that the verdict does not name are not marked."""
    line = order_timeline(run.RUN, run.VERDICTS[0])
    assert {flag.seq for flag in line.flags} == {10, 6, 5}
    assert [job.label for job in line.jobs if job.witness] == ["high", "low"]


def test_limited_timeline_keeps_evidence_and_nearest_job() -> None:
    """The picture states how many jobs it leaves out."""
    accuse_last = msgspec.structs.replace(run.VERDICTS[0], witness=(7,), seen=f"{run.THIRD} was lost")
    line = order_timeline(run.RUN, accuse_last, most=2)
    assert [job.label for job in line.jobs] == ["low", "bad"]
    assert line.left_out == 1
    assert "1 more job(s) not drawn" in line.sentence()


def test_close_timeline_is_limited_to_time_of_its_jobs() -> None:
    """The picture ends soon after its last job and evidence record; it draws nothing outside."""
    view = RunView.of(run.RUN)
    scenario_run = scenario_runs(view)["media", "order"]
    lines = Timelines(view, read_log(view))
    close = lines.of(scenario_run, [run.VERDICTS[0]], most_jobs=2, closely=True)
    whole = lines.of(scenario_run, [run.VERDICTS[0]], most_jobs=2)
    assert close is not None
    assert whole is not None
    assert whole.started <= close.started
    assert close.ended <= whole.ended
    assert (close.started, close.ended) != (whole.started, whole.ended)
    moments = [edge for one in close.jobs for span in one.spans for edge in (span.started, span.ended)]
    moments += [edge for flag in close.flags for edge in (flag.started, flag.ended)]
    assert close.started <= min(moments)
    assert max(moments) <= close.ended


def paused_timeline(*spans: tuple[float, float]) -> Timeline:
    """The timeline with other pauses."""
    return replace(order_timeline(), paused=tuple(Paused(started, ended) for started, ended in spans))


def labels(line: Timeline) -> list[tuple[float, str]]:
    """Positions and texts of the labels of pauses."""
    root = ElementTree.fromstring(svg.picture(line, "w1"))
    return [(float(e.get("x", "0")), e.text or "") for e in root.iter() if e.get("class") == "pause-label"]


def test_pause_labels_do_not_overlap() -> None:
    """Each wide pause has its label at its start; where one is too narrow, a common text replaces them."""
    wide = paused_timeline((1.2, 3.0), (4.0, 6.0))
    (first, _), (second, _) = labels(wide)
    assert second - first >= svg.PAUSE_LABEL
    narrow = paused_timeline(*((1.0 + step / 5, 1.1 + step / 5) for step in range(12)))
    assert [words for _, words in labels(narrow)] == ["❚❚ queue paused 12 times, 1.2 s in all"]
    assert "queue paused 12 times, 1.2 s in all" in narrow.sentence()


def test_clock_offset_follows_from_creation_times() -> None:
    """Target time c observed in [s, e] puts its clock between c - e and c + 1 - s ahead of the suite's."""
    clock = target_clock([("1970-01-01T00:00:10Z", (2.0, 2.5)), ("1970-01-01T00:00:12Z", (4.75, 5.0))])
    assert clock is not None
    assert (clock.least, clock.most) == (7.5, 8.25)
    assert clock.window("1970-01-01T00:00:20Z") == (11.75, 13.5)
    assert clock.window("-") is None


@pytest.mark.parametrize("texts", [("-",), ("",), (None,), ("1970-01-01T00:00:10Z", "1970-01-01T00:09:10Z")])
def test_unset_or_contradicting_times_give_no_clock_offset(texts: tuple[str | None, ...]) -> None:
    """Both cases return no clock."""
    assert target_clock((text, (2.0, 2.1)) for text in texts) is None


def test_start_window_contains_actual_start() -> None:
    """The window is derived from the job's own StartTime."""
    window = row_of(order_timeline(), "high").start_window
    assert window is not None
    assert window[0] <= 5.2 <= window[1]


def test_picture_is_well_formed_with_title_and_texts() -> None:
    """It has title and description, and names evidence and pause in its text."""
    line = order_timeline(run.RUN, run.VERDICTS[0])
    root = ElementTree.fromstring(svg.picture(line, "w1"))
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title") is not None
    description = root.find(f"{space}desc")
    assert description is not None
    assert description.text is not None
    assert "queue paused 1.20 s to 4.00 s" in description.text
    words = "".join(root.itertext())
    assert "⚑ #10 watch" in words
    assert "queue paused" in words
    assert root.get("aria-labelledby") == "w1-t w1-d"


def test_running_bars_are_in_order_of_start() -> None:
    """The order is low, high, bad."""
    root = ElementTree.fromstring(svg.picture(order_timeline(), "w1"))
    bars = [float(e.get("x", "0")) for e in root.iter() if e.get("class") == "run"]
    high, low, bad = bars
    assert low < high < bad
