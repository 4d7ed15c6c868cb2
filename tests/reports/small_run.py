"""A composed run: one queue with every outcome, one pair of jobs in the wrong order, a pause, callbacks.

Times are seconds of the run. The wall clock of the composed target is 2026-01-02T03:04:00+0800 at second 0.
"""

from ciq_schemas.transcript.records import (
    SCHEMA_VERSION,
    AnyRecord,
    Body,
    Calibration,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Footer,
    Header,
    Level,
    Outcome,
    Setting,
    TargetInfo,
    Verdict,
)

URL = "http://127.0.0.1:9999"
QUEUE_ID = "p00000000000000000000000000000001"
FIRST, SECOND, THIRD = (f"j0000000000000000000000000000000{digit}" for digit in "abc")
INJECTION = "</script></pre><script>alert('owned')</script><img src=x onerror=alert(1)>"
CLAUSE = "1045/43607, Queue (2025-12-30): “greater level first”; 436/46412"

HEADER = Header(
    schema_version=SCHEMA_VERSION,
    kit_version="0.1.0",
    requirement_set="core-1a2b3c",
    run_id="r1a2b3",
    started_at="2026-01-01T19:04:00Z",
    target=TargetInfo(url=URL, bucket="examplebucket-1250000000", region="ap-chongqing", signed=True),
    features=("media", "doc"),
    selected=("PRI-001", "PRI-002", "PAU-001", "PAU-004"),
    settings=(
        Setting(name="url", value=URL, origin="--target"),
        Setting(name="secret_key", value="***", origin="CIQ_SECRET_KEY"),
    ),
)


def clock(second: float) -> str:
    """The target's time at a second of the run."""
    whole = int(second)
    return f"2026-01-02T03:{4 + whole // 60:02d}:{whole % 60:02d}+0800"


def job_xml(job_id: str, state: str, *, label: str, level: int, created: float, started: float | None = None) -> str:
    """One JobsDetail."""
    return (
        f"<JobsDetail><Code>Success</Code><Message/><JobId>{job_id}</JobId><Tag>Snapshot</Tag>"
        f"<State>{state}</State><CreationTime>{clock(created)}</CreationTime>"
        f"<StartTime>{'-' if started is None else clock(started)}</StartTime><EndTime>-</EndTime>"
        f"<QueueId>{QUEUE_ID}</QueueId><Input><Object>samples/clip.mp4</Object></Input>"
        f"<Operation><UserData>r1a2b3 order {label}</UserData><JobLevel>{level}</JobLevel></Operation></JobsDetail>"
    )


def answer(*jobs: str) -> bytes:
    """A response with jobs."""
    return f'<?xml version="1.0" encoding="utf-8"?><Response>{"".join(jobs)}</Response>'.encode()


def exchange(
    seq: int,
    started: float,
    ended: float,
    *,
    method: str,
    path: str,
    step: str,
    operation: str = "",
    request: bytes = b"",
    response: bytes = b"",
    status: int = 200,
    scenario: str = "order",
    feature: str = "media",
    error: str = "",
) -> Exchange:
    """One exchange with the usual headers."""
    return Exchange(
        seq=seq,
        scenario=scenario,
        step=step,
        feature=feature,
        operation=operation,
        started=started,
        ended=ended,
        method=method,
        url=URL + path,
        request_headers=(
            ("Host", "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"),
            ("Authorization", "q-sign-algorithm=sha1&q-ak=***&q-signature=***"),
            ("Content-Type", "application/xml"),
        ),
        request_body=Body.of(request),
        status=status,
        response_headers=(("Content-Type", "application/xml"), ("x-ci-request-id", f"R{seq}")),
        response_body=Body.of(response),
        error=error,
    )


def update(seq: int, at: float, state: str) -> Exchange:
    """An exchange that sets the queue to a state, in a fifth of a second."""
    body = (
        f"<Request><Name>queue-1</Name><State>{state}</State><NotifyConfig><State>Off</State></NotifyConfig></Request>"
    )
    response = f"<Response><RequestId>R</RequestId><Queue><QueueId>{QUEUE_ID}</QueueId></Queue></Response>"
    step = "pause" if state == "Paused" else "resume"
    return exchange(
        seq,
        at,
        at + 0.2,
        method="PUT",
        path=f"/queue/{QUEUE_ID}",
        step=step,
        operation="update_queue",
        request=body.encode(),
        response=response.encode(),
    )


def submit(seq: int, at: float, job_id: str, label: str, level: int) -> Exchange:
    """An exchange that submits one job, in a tenth of a second."""
    return exchange(
        seq,
        at,
        at + 0.1,
        method="POST",
        path="/jobs",
        step="submit",
        operation="submit_job",
        request=f"<Request><Tag>Snapshot</Tag><QueueId>{QUEUE_ID}</QueueId></Request>".encode(),
        response=answer(job_xml(job_id, "Submitted", label=label, level=level, created=at)),
    )


def describe(seq: int, at: float, *jobs: str) -> Exchange:
    """An exchange that describes jobs, in a tenth of a second."""
    path = f"/jobs/{FIRST},{SECOND},{THIRD}"
    return exchange(
        seq,
        at,
        at + 0.1,
        method="GET",
        path=path,
        step="watch",
        operation="describe_job",
        response=answer(*jobs),
    )


def first(state: str, started: float | None = None) -> str:
    """The job of level 2."""
    return job_xml(FIRST, state, label="high", level=2, created=2.0, started=started)


def second(state: str, started: float | None = None) -> str:
    """The job of level 0, which the target wrongly starts first."""
    return job_xml(SECOND, state, label="low", level=0, created=2.2, started=started)


def third(state: str, started: float | None = None) -> str:
    """The job that fails."""
    return job_xml(THIRD, state, label="bad", level=1, created=2.4, started=started)


def callback(seq: int, at: float, job: str, *, channel: str = "media.order.job") -> CallbackReceived:
    """A callback of a job."""
    body = f"<Response><EventName>TaskFinish</EventName>{job}</Response>"
    return CallbackReceived(
        seq=seq,
        feature="media",
        channel=channel,
        started=at,
        ended=at + 0.01,
        method="POST",
        target="/cb/media.order.job?x=1",
        headers=(("Content-Type", "application/xml"),),
        body=Body.of(body.encode()),
    )


TRANSCRIPT: tuple[AnyRecord, ...] = (
    Calibration(
        seq=1,
        feature="media",
        job_path="/jobs",
        start_latency=0.05,
        job_latency=0.4,
        callback_latency=0.02,
        workers=1,
        clock_offset=0.0,
    ),
    Calibration(
        seq=2,
        feature="doc",
        job_path="/doc_jobs",
        start_latency=0.1,
        job_latency=1.25,
        callback_latency=None,
        workers=10,
    ),
    DriverEvent(seq=3, scenario="order", feature="media", at=0.9, name="begin"),
    update(4, 1.0, "Paused"),
    submit(5, 2.0, FIRST, "high", 2),
    submit(6, 2.2, SECOND, "low", 0),
    submit(7, 2.4, THIRD, "bad", 1),
    describe(8, 3.0, first("Pause"), second("Pause"), third("Submitted")),
    update(9, 4.0, "Active"),
    describe(10, 4.5, first("Submitted"), second("Running", 4.3), third("Submitted")),
    describe(11, 5.0, first("Submitted"), second("Success", 4.3), third("Submitted")),
    callback(12, 4.9, second("Success", 4.3)),
    describe(13, 5.5, first("Running", 5.2), second("Success", 4.3), third("Submitted")),
    describe(14, 6.0, first("Success", 5.2), second("Success", 4.3), third("Running", 6.0)),
    callback(15, 5.95, first("Success", 5.2)),
    callback(16, 6.6, third("Failed", 6.0)),
    describe(17, 7.0, first("Success", 5.2), second("Success", 4.3), third("Failed", 6.0)),
    DriverEvent(seq=18, scenario="order", feature="media", at=7.2, name="end"),
    exchange(
        19,
        7.5,
        7.6,
        method="POST",
        path="/doc_jobs",
        step="no-body",
        operation="submit_job",
        scenario="errors",
        feature="doc",
        status=500,
        response=f"<html>{INJECTION}</html>".encode(),
    ),
    exchange(
        20,
        7.7,
        37.7,
        method="GET",
        path="/docqueue",
        step="list",
        operation="list_queues",
        scenario="queues",
        feature="doc",
        status=0,
        error="timed out after 30 s",
    ),
    DriverEvent(
        seq=21, scenario="multi", feature="doc", at=38.0, name="broken", text="submit answered 500 instead of 2 job(s)"
    ),
)

VERDICTS = (
    Verdict(
        requirement="PRI-001",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        feature="media",
        scenario="order",
        title="The greater level runs first",
        clause=CLAUSE,
        expected="a job of level 2 starts before one of level 0 that waited with it",
        seen=f"{SECOND} (level 0) was Running while {FIRST} (level 2) was still Submitted",
        reason="compare the two looks; is the waiting set sorted by JobLevel?",
        witness=(10, 6, 5),
        power="3 pairs could be told apart",
    ),
    Verdict(
        requirement="PAU-001",
        level=Level.MUST,
        outcome=Outcome.PASS,
        feature="media",
        scenario="order",
        title="No waiting job starts in a paused queue",
        clause=CLAUSE,
        seen="3 jobs waited 2.0 s",
    ),
    Verdict(
        requirement="PAU-004",
        level=Level.NOTE,
        outcome=Outcome.NOTE,
        feature="media",
        scenario="order",
        title="Which reading of the held state",
        clause="1045/72940; 1045/47936",
        seen="Pause and Submitted",
        witness=(8,),
    ),
    Verdict(
        requirement="ERR-001",
        level=Level.MUST,
        outcome=Outcome.FAIL,
        feature="doc",
        scenario="errors",
        title="A request without body is refused",
        clause="1045/43611",
        expected="4xx with MissingContent in the error form",
        seen=f"500 {INJECTION}",
        witness=(19,),
        baseline=True,
    ),
    Verdict(
        requirement="MUL-001",
        level=Level.MUST,
        outcome=Outcome.BLOCKED,
        feature="doc",
        scenario="multi",
        title="Many operations make many jobs",
        clause="436/85083",
        expected="as many jobs as operations",
        reason="submit answered 500 instead of 2 job(s): mend SUB-001 first",
        witness=(21,),
    ),
    Verdict(
        requirement="QUE-001",
        level=Level.MUST,
        outcome=Outcome.INCONCLUSIVE,
        feature="doc",
        scenario="queues",
        title="The queue is listed",
        clause="1045/47935",
        expected="an answer",
        reason="no answer within 30 s: try a greater timeout_factor",
        witness=(20,),
    ),
    Verdict(
        requirement="HDR-001",
        level=Level.SHOULD,
        outcome=Outcome.WARN,
        feature="media",
        scenario="*",
        title="Every answer has a request id",
        clause="1045/49352",
        expected="x-ci-request-id",
        seen="absent on 2 of 17 answers",
        witness=(4,),
    ),
    Verdict(
        requirement="HDR-001",
        level=Level.SHOULD,
        outcome=Outcome.WARN,
        feature="doc",
        scenario="*",
        title="Every answer has a request id",
        clause="1045/49352",
        expected="x-ci-request-id",
        seen="absent on 1 of 2 answers",
        witness=(19,),
    ),
    Verdict(
        requirement="SHP-001",
        level=Level.MUST,
        outcome=Outcome.SUITE_ERROR,
        feature="media",
        format="json",
        scenario="callback",
        title="The callback names the job",
        reason="the check raised KeyError: 'JobId'\nTraceback (most recent call last):\n  …",
    ),
    Verdict(
        requirement="SHP-001",
        level=Level.MUST,
        outcome=Outcome.PASS,
        feature="media",
        format="xml",
        scenario="callback",
        title="The callback names the job",
    ),
    Verdict(
        requirement="CAN-001",
        level=Level.MUST,
        outcome=Outcome.NOT_IMPLEMENTED,
        feature="doc",
        scenario="cancel",
        title="A waiting job can be cancelled",
        reason="documented for media and pic only; the target answered 404",
    ),
    Verdict(
        requirement="CAN-001",
        level=Level.MUST,
        outcome=Outcome.SKIPPED,
        feature="media",
        scenario="cancel",
        title="A waiting job can be cancelled",
        reason="skipped by the operator",
    ),
    Verdict(
        requirement="ACT-007",
        level=Level.MUST,
        outcome=Outcome.UNTESTED,
        feature="media",
        scenario="activation",
        title="Activation is billed",
        reason="money cannot be observed through the API",
    ),
)

COUNTS: dict[str, int] = {}
for _verdict in VERDICTS:
    COUNTS[_verdict.outcome] = COUNTS.get(_verdict.outcome, 0) + 1

FOOTER = Footer(ended_at="2026-01-01T19:04:41Z", duration=41.0, exit_code=4, counts=COUNTS, restored=True)

RUN: tuple[AnyRecord, ...] = (HEADER, *TRANSCRIPT, *VERDICTS, FOOTER)
CUT_OFF: tuple[AnyRecord, ...] = RUN[:-4]
CONFORMING: tuple[AnyRecord, ...] = (
    HEADER,
    *TRANSCRIPT[:18],
    *(verdict for verdict in VERDICTS if verdict.outcome in (Outcome.PASS, Outcome.NOTE)),
    Footer(ended_at="2026-01-01T19:04:08Z", duration=8.0, exit_code=0, counts={"pass": 2, "note": 1}),
)
