"""Workflows and batch jobs across restarts: they continue, start nothing twice and send one callback per end."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from http_bench import send
from pytest_httpserver import HTTPServer
from workflow_bench import (
    COS,
    JOB,
    batch_body,
    callback_rule,
    create_batch,
    create_workflow,
    run_callbacks,
    run_of,
    trigger,
)

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_mock.workflow import batches
from ciq_schemas.features import Feature

STEPPED = MockSettings(
    activated=tuple(Feature), clock=ClockKind.MANUAL, start_time=1.8e9, workers=1, duration=10.0, seed=4
)
STEPS = 14


@pytest.fixture(autouse=True)
def small_batch_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch jobs submit few jobs at a time, so that runs still start after a restart."""
    monkeypatch.setattr(batches, "WIDTH", 2)


def responses_per_step(server: MockServer, notify: str, *, restarts: frozenset[int]) -> list[str]:
    """The responses after each step of ten seconds, with ids replaced by their order of appearance."""
    for number in range(5):
        assert send(server, "PUT", f"/in/{number}.mp4", b"film", headers=COS)[0] == 200
    workflow_id = create_workflow(server, config=notify)
    run_id = trigger(server, workflow_id)
    batch = create_batch(
        server, batch_body("<Prefix>in/</Prefix>", f"<WorkflowIds>{workflow_id}</WorkflowIds>", "Workflow")
    )
    stopped = create_batch(server, batch_body("<Prefix>in/</Prefix>", JOB))
    targets = [
        f"/workflowexecution/{run_id}",
        "/workflowexecution?orderByTime=Asc",
        f"/inventorytriggerjob/{batch.job_id}",
        f"/inventorytriggerjob/{stopped.job_id}",
        f"/jobs?tag=Transcode&workflowId={workflow_id}&size=100",
        f"/jobs?tag=Snapshot&inventoryTriggerJobId={stopped.job_id}&size=100",
        "/workflow",
    ]
    numbers: dict[str, str] = {}
    shown: list[str] = []
    for step in range(STEPS):
        server.advance(10.0)
        if step in restarts:
            server.restart(abrupt=step % 2 == 0)
        if step == 3:
            assert send(server, "PUT", f"/inventorytriggerjob/{stopped.job_id}?cancel")[0] == 200
        for target in targets:
            status, _, body = send(server, "GET", target)
            assert status == 200, body
            text = re.sub("<(RequestId|Md5)>[^<]*</", "", body.decode())  # the Md5 is derived from a name with an id
            shown.append(
                re.sub("[a-z][0-9a-f]{32}", lambda found: numbers.setdefault(found[0], f"#{len(numbers)}"), text)
            )
    return shown


@pytest.mark.parametrize("restarts", [{0}, {2}, {3, 4}, {5, 9}, set(range(STEPS))], ids=str)
def test_responses_with_and_without_restarts_are_equal(
    tmp_path: Path, httpserver: HTTPServer, restarts: set[int]
) -> None:
    """Runs, tasks, batch jobs and jobs are the same at each step. Each run sends one callback."""
    notify = callback_rule(httpserver)
    with MockServer(STEPPED) as server:
        plain = responses_per_step(server, notify, restarts=frozenset())
        server.wait_for_callbacks(lambda _: len(run_callbacks(httpserver)) == 6)
    assert "#15" in "".join(plain)
    httpserver.clear_log()
    with MockServer(STEPPED, data=tmp_path) as server:
        assert responses_per_step(server, notify, restarts=frozenset(restarts)) == plain
        server.wait_for_callbacks(lambda _: len({run_of(b).run_id for b in run_callbacks(httpserver)}) == 6)
    run_ids = [run_of(body).run_id for body in run_callbacks(httpserver)]
    assert len(run_ids) == len(set(run_ids)) == 6


def test_restart_sends_pending_callback_of_run(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The callback of a run is sent after a restart like that of a job."""
    settings = replace(STEPPED, delivery=replace(STEPPED.delivery, retry_after=(9999.0,)))
    with MockServer(settings, data=tmp_path) as server:
        run_id = trigger(server, create_workflow(server, config=callback_rule(httpserver)))
        httpserver.clear_all_handlers()
        httpserver.expect_request("/wf").respond_with_data("", status=500)
        for _ in range(3):
            server.advance(10.0)
        server.wait_for_callbacks(lambda attempts: run_id in {attempt.job_id for attempt in attempts})
        server.restart(abrupt=True)
        server.wait_for_callbacks(lambda attempts: run_id in {attempt.job_id for attempt in attempts})
        httpserver.clear_all_handlers()
        httpserver.expect_request("/wf").respond_with_data("")
        server.restart(abrupt=True)
        server.wait_for_callbacks(lambda attempts: run_id in {one.job_id for one in attempts if one.delivered})
        server.restart()
        server.advance(0.0)
        assert server.deliveries == ()
