"""Findings grouped by root cause: diagnosis, evidence, prerequisite chains, order, and how the reports show them."""

import msgspec
import pytest
import small_run as run
from test_report_texts import console_text

from ciq_reports import html, summary_markdown
from ciq_reports.diagnosis import diagnose
from ciq_reports.next_steps import next_steps
from ciq_reports.root_causes import root_causes
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, DriverEvent, Exchange, Footer, Level, Outcome, Verdict

FOOTER = Footer(ended_at="", duration=30.0, exit_code=1, counts={})


def verdict(
    requirement: str,
    outcome: Outcome,
    *witness: int,
    reason: str = "",
    scenario: str = "order",
    level: Level = Level.MUST,
    baseline: bool = False,
) -> Verdict:
    """A verdict on media."""
    return Verdict(
        requirement=requirement,
        level=level,
        outcome=outcome,
        feature="media",
        scenario=scenario,
        title=f"title of {requirement}",
        reason=reason,
        witness=witness,
        baseline=baseline,
    )


def view(*records: AnyRecord) -> RunView:
    """A run with these records."""
    return RunView.of((run.HEADER, *records, FOOTER))


def ids(seen: RunView) -> list[list[str]]:
    """The requirements of each cause, its findings only."""
    return [[group.requirement for group in cause.groups] for cause in root_causes(seen)]


def job(number: int, state: str, level: int = 0) -> str:
    """The XML of a job."""
    return run.job_xml(f"j{number:032d}", state, label=f"{number}", level=level, created=1.0)


def submit(seq: int, at: float, number: int, level: int = 0) -> Exchange:
    """A submit of one job."""
    body = (
        f"<Request><Tag>Snapshot</Tag><QueueId>{run.QUEUE_ID}</QueueId>"
        f"<Operation><JobLevel>{level}</JobLevel></Operation></Request>"
    )
    return run.exchange(
        seq,
        at,
        at + 0.01,
        method="POST",
        path="/jobs",
        step="submit",
        operation="submit_job",
        request=body.encode(),
        response=run.answer(job(number, "Submitted", level)),
    )


PAUSES = (10.0, 20.0)


def paused_run(leaking: int, held: int, *, delay: float) -> list[AnyRecord]:
    """Two pauses of 5 s; in each `leaking` jobs start `delay` seconds after it, the others stay waiting."""
    records: list[AnyRecord] = []
    seq = 100
    for begin in PAUSES:
        numbers = [seq + n for n in range(leaking + held)]
        records += [submit(100 * seq + n, begin - 1.0, number) for n, number in enumerate(numbers)]
        records.append(run.update(seq, begin - 0.2, "Paused"))
        for place, at in enumerate((begin + 0.01, begin + delay, begin + 4.0), start=1):
            states = ["Submitted" if place == 1 or n >= leaking else "Success" for n in range(len(numbers))]
            shown = [job(number, state) for number, state in zip(numbers, states, strict=True)]
            records.append(run.describe(seq + place, at, *shown))
        records.append(run.update(seq + 10, begin + 5.0, "Active"))
        seq += 100
    return records


@pytest.mark.parametrize(
    ("leaking", "held", "delay", "words"),
    [
        (4, 6, 0.3, "Workers take jobs ahead of the pause: 4 job(s) started in each of 2 pauses"),
        (6, 0, 3.9, "The pause has no effect, jobs start until its end: 6 job(s)"),
    ],
)
def test_diagnosis_of_jobs_that_start_in_pauses(leaking: int, held: int, delay: float, words: str) -> None:
    """Few starts right after each pause are a prefetch; starts until the end mean that the pause has no effect."""
    failed = verdict("PAU-001", Outcome.FAIL, 101, 102)
    (diagnosis,) = diagnose(view(*paused_run(leaking, held, delay=delay), failed))
    assert diagnosis.text.startswith(words)
    assert "after the pause was acknowledged" in diagnosis.text
    assert diagnose(view(*paused_run(0, 6, delay=0.3), failed)) == ()


def levels_run(order: list[int]) -> list[AnyRecord]:
    """Jobs of levels 0, 1, 2, 0, 1, 2 that wait together and start in this order."""
    levels = (0, 1, 2, 0, 1, 2)
    records: list[AnyRecord] = [submit(10 + n, 1.0 + n / 10, n, level) for n, level in enumerate(levels)]
    started: set[int] = set()
    for place, number in enumerate(order):
        started.add(number)
        shown = [job(n, "Success" if n in started else "Submitted", level) for n, level in enumerate(levels)]
        records += [run.describe(30 + 2 * place + again, 3.0 + place + again / 2, *shown) for again in (0, 1)]
    return records


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([0, 3, 1, 4, 2, 5], "The levels are reversed: in 8 of 8 pairs"),
        ([0, 1, 2, 3, 4, 5], "JobLevel is ignored, the jobs start in the order of acceptance"),
        ([2, 5, 1, 4, 0, 3], ""),
    ],
)
def test_diagnosis_of_levels(order: list[int], words: str) -> None:
    """Reversed levels and ignored levels are told apart by the pairs of jobs; the right order has no diagnosis."""
    found = diagnose(view(*levels_run(order), verdict("PRI-001", Outcome.FAIL, 30)))
    assert [diagnosis.text[: len(words)] for diagnosis in found] == ([words] if words else [])


def test_diagnosis_of_the_newest_first() -> None:
    """Jobs of one level that start in the reverse order of submission."""
    records = [submit(10 + n, 1.0 + n / 10, n) for n in range(4)]
    watched = [
        run.describe(30 + place, 3.0 + place, *(job(n, "Success" if n >= first else "Submitted") for n in range(4)))
        for place, first in enumerate((3, 3, 2, 2, 1, 1, 0, 0))
    ]
    (diagnosis,) = diagnose(view(*records, *watched, verdict("PRI-002", Outcome.FAIL, 30)))
    assert diagnosis.text.startswith("The newest job of a level starts first: in 3 of 3 pairs")


def test_diagnosis_of_an_ignored_time_filter() -> None:
    """The listed jobs lie before the bound of the request."""
    listed = run.exchange(
        5,
        1.0,
        1.1,
        method="GET",
        path="/jobs?startCreationTime=2026-01-02T03%3A05%3A01%2B0800",
        step="list",
        operation="list_jobs",
        response=run.answer(job(1, "Success")),
    )
    (diagnosis,) = diagnose(view(listed, verdict("LST-009", Outcome.FAIL, 5, scenario="list")))
    assert diagnosis.text.endswith("1 of 1 listed jobs lie outside startCreationTime, by up to 1 min 00 s")


def test_diagnosis_of_a_shared_queue() -> None:
    """Two features list the same queue."""
    body = f"<Response><QueueList><QueueId>{run.QUEUE_ID}</QueueId></QueueList></Response>".encode()
    lists = [
        run.exchange(
            n, 1.0, 1.1, method="GET", path="/queue", step="l", operation="list_queues", feature=f, response=body
        )
        for n, f in ((1, "media"), (2, "doc"))
    ]
    failed = verdict("ONE-003", Outcome.FAIL, 1, scenario="isolation")
    (diagnosis,) = diagnose(view(*lists, failed))
    assert f"media and doc list the same queue {run.QUEUE_ID}" in diagnosis.text


def test_findings_with_one_diagnosis_or_the_same_evidence_have_one_cause() -> None:
    """Evidence of one inside the evidence of the other, in one scenario; all exchanges have no common evidence."""
    records = paused_run(4, 6, delay=0.3)
    joined = view(
        *records,
        verdict("CON-003", Outcome.FAIL, 203, scenario="concurrency"),
        verdict("PAU-001", Outcome.FAIL, 101, 102),
        verdict("SUB-001", Outcome.FAIL, 201),
        verdict("SUB-002", Outcome.FAIL, 201, 202),
        verdict("SUB-003", Outcome.FAIL, 201, scenario="submit"),
        verdict("HDR-001", Outcome.FAIL, 100, scenario="*"),
        verdict("HDR-002", Outcome.FAIL, 100, scenario="*"),
    )
    assert sorted(map(sorted, ids(joined))) == [
        ["CON-003", "PAU-001"],
        ["HDR-001"],
        ["HDR-002"],
        ["SUB-001", "SUB-002"],
        ["SUB-003"],
    ]
    pause = next(cause for cause in root_causes(joined) if len(cause.diagnoses) == 1)
    assert pause.lead is not None
    assert pause.lead.requirement == "PAU-001", "the quiet scenario is simpler evidence than concurrent clients"


def test_blocked_and_inconclusive_point_to_the_finding_that_caused_them() -> None:
    """By the id in the reason, through a chain; by the same record; by the response that stopped the scenario."""
    refused = run.exchange(
        7, 3.0, 3.1, method="POST", path="/jobs", step="submit", operation="submit_job", status=500, scenario="submit"
    )
    last = msgspec.structs.replace(refused, seq=8, scenario="multi", started=4.0, ended=4.1)
    broken = DriverEvent(seq=9, scenario="multi", feature="media", at=4.2, name="broken", text="submit answered 500")
    fine = msgspec.structs.replace(refused, seq=20, scenario="list", status=200, started=5.0, ended=5.1)
    other = DriverEvent(seq=21, scenario="list", feature="media", at=5.2, name="broken", text="no jobs")
    seen = view(
        refused,
        last,
        broken,
        fine,
        other,
        verdict("SUB-001", Outcome.FAIL, 7, scenario="submit"),
        verdict("SUB-002", Outcome.BLOCKED, reason="see SUB-001"),
        verdict("SUB-003", Outcome.INCONCLUSIVE, reason="too few jobs; see SUB-002"),
        verdict("SUB-004", Outcome.INCONCLUSIVE, 7, reason="no answer"),
        verdict("MUL-001", Outcome.BLOCKED, 9, reason="submit answered 500"),
        verdict("LST-001", Outcome.BLOCKED, 21, reason="no jobs"),
    )
    first, second = root_causes(seen)
    assert first.consequences == ("SUB-002", "SUB-003", "SUB-004", "MUL-001")
    assert first.requirements == ("SUB-001", "SUB-002", "SUB-003", "SUB-004", "MUL-001")
    assert [group.requirement for group in second.groups] == ["LST-001"]


def test_what_a_leaking_pause_blocks_points_to_the_pause() -> None:
    """A scenario that finds no waiting job in its pause is blocked by the jobs that left the pause."""
    event = DriverEvent(seq=900, scenario="order", feature="media", at=26.0, name="broken", text="no job waits")
    seen = view(
        *paused_run(6, 0, delay=3.9),
        event,
        verdict("PAU-001", Outcome.FAIL, 101, 102),
        *(verdict(f"CAN-00{n}", Outcome.BLOCKED, 900, reason="no job waits") for n in range(1, 7)),
    )
    (cause,) = root_causes(seen)
    assert len(cause.consequences) == 6


def test_order_is_what_unblocks_most_then_simplest_evidence() -> None:
    """Neither the alphabet nor the order of the registry decides."""
    seen = view(
        *run.TRANSCRIPT,
        verdict("AAA-001", Outcome.WARN, 4, level=Level.SHOULD, scenario="a"),
        verdict("BBB-001", Outcome.FAIL, 9, baseline=True, scenario="b"),
        verdict("CCC-001", Outcome.FAIL, 4, 5, 6, scenario="c"),
        verdict("DDD-001", Outcome.FAIL, 9, scenario="d"),
        verdict("EEE-001", Outcome.FAIL, 5, scenario="e"),
        verdict("FFF-001", Outcome.FAIL, 4, 5, 6, 8, 9, scenario="f"),
        verdict("GGG-001", Outcome.BLOCKED, reason="see FFF-001"),
        verdict("HHH-001", Outcome.FAIL, 4, scenario="explore"),
    )
    assert [group for groups in ids(seen) for group in groups] == [
        "FFF-001",
        "EEE-001",
        "DDD-001",
        "CCC-001",
        "HHH-001",
        "AAA-001",
        "BBB-001",
    ]


def test_reports_show_the_cause_once_with_all_ids_in_the_command() -> None:
    """Console, page, Markdown and next steps name the diagnosis, and the command has every id of the group."""
    records = (
        run.HEADER,
        *paused_run(4, 6, delay=0.3),
        verdict("PAU-001", Outcome.FAIL, 101, 102),
        verdict("CON-003", Outcome.FAIL, 203, scenario="concurrency"),
        verdict("CAN-001", Outcome.BLOCKED, reason="see PAU-001"),
        FOOTER,
    )
    seen = RunView.of(records)
    command = f"ciq run --target {run.URL} --only PAU-001 --only CON-003 --only CAN-001"
    console = " ".join(console_text(records).split())
    assert "also ✗ fail CON-003" in console
    assert "blocks 1 requirement(s): CAN-001" in console
    assert console.count("⊘ BLOCKED") == 0
    for text in (console, html.render(seen), " ".join(next_steps(seen))):
        assert "Workers take jobs ahead of the pause: 4 job(s)" in text
        assert command in text
    assert "Workers take jobs ahead of the pause: 4 job" in summary_markdown.render(seen)
    assert "1 more finding(s) have the same cause and its correction unblocks 1 requirement(s)" in next_steps(seen)[0]


def test_target_without_queues_of_some_features_gets_a_shorter_run() -> None:
    """One step names the features to select; a target without any queue gets no such step."""
    event = DriverEvent(
        seq=9, scenario="probe", feature="doc", at=1.0, name="broken", text="doc has no queue: HTTP 404"
    )
    other = DriverEvent(seq=8, scenario="probe", feature="media", at=1.0, name="broken", text="media has no queue: 404")
    step = next_steps(view(event, verdict("QUE-001", Outcome.BLOCKED, 9, reason=event.text)))[0]
    assert step.startswith("The target has no queue of doc, which blocks all their requirements")
    assert f"`ciq run --target {run.URL} --feature media`" in step
    assert not any("has no queue" in step for step in next_steps(view(event, other)))
