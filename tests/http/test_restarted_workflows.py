"""Workflows and batch jobs over restarts: they go on where they were, start nothing twice and tell of each end."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from http_bench import ask
from pytest_httpserver import HTTPServer
from workflow_bench import COS, JOB, batch_body, batch_made, config, finished, made, run_told, triggered

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
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch jobs feed the queues so little at a time that they begin runs in the middle of their life."""
    monkeypatch.setattr(batches, "WIDTH", 2)


def story(server: MockServer, notify: str, *, restarts: frozenset[int]) -> list[str]:
    """What is shown after each step of ten seconds, ids replaced by their turn."""
    for number in range(5):
        assert ask(server, "PUT", f"/in/{number}.mp4", b"film", headers=COS)[0] == 200
    workflow_id = made(server, config=notify)
    run_id = triggered(server, workflow_id)
    batch = batch_made(
        server, batch_body("<Prefix>in/</Prefix>", f"<WorkflowIds>{workflow_id}</WorkflowIds>", "Workflow")
    )
    stopped = batch_made(server, batch_body("<Prefix>in/</Prefix>", JOB))
    targets = [
        f"/workflowexecution/{run_id}",
        "/workflowexecution?orderByTime=Asc",
        f"/inventorytriggerjob/{batch.job_id}",
        f"/inventorytriggerjob/{stopped.job_id}",
        f"/jobs?tag=Transcode&workflowId={workflow_id}&size=100",
        f"/jobs?tag=Snapshot&inventoryTriggerJobId={stopped.job_id}&size=100",
        "/workflow",
    ]
    turns: dict[str, str] = {}
    shown: list[str] = []
    for step in range(STEPS):
        server.advance(10.0)
        if step in restarts:
            server.restart(abrupt=step % 2 == 0)
        if step == 3:
            assert ask(server, "PUT", f"/inventorytriggerjob/{stopped.job_id}?cancel")[0] == 200
        for target in targets:
            status, _, body = ask(server, "GET", target)
            assert status == 200, body
            text = re.sub("<(RequestId|Md5)>[^<]*</", "", body.decode())  # an Md5 follows from a name with an id
            shown.append(re.sub("[a-z][0-9a-f]{32}", lambda found: turns.setdefault(found[0], f"#{len(turns)}"), text))
    return shown


@pytest.mark.parametrize("restarts", [{0}, {2}, {3, 4}, {5, 9}, set(range(STEPS))], ids=str)
def test_a_story_with_restarts_is_the_story_without(tmp_path: Path, httpserver: HTTPServer, restarts: set[int]) -> None:
    """Runs, tasks, batch jobs and jobs show the same at each step, whether the mock was restarted in between or not;
    each run is told of once."""
    notify = config(httpserver)
    with MockServer(STEPPED) as server:
        plain = story(server, notify, restarts=frozenset())
        server.wait_for_callbacks(lambda _: len(finished(httpserver)) == 6)
    assert "#15" in "".join(plain)
    httpserver.clear_log()
    with MockServer(STEPPED, data=tmp_path) as server:
        assert story(server, notify, restarts=frozenset(restarts)) == plain
        server.wait_for_callbacks(lambda _: len({run_told(b).run_id for b in finished(httpserver)}) == 6)
    told = [run_told(body).run_id for body in finished(httpserver)]
    assert len(told) == len(set(told)) == 6


def test_a_run_whose_end_nobody_took_is_told_after_the_restart(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The callback of a run is owed like that of a job."""
    settings = replace(STEPPED, delivery=replace(STEPPED.delivery, retry_after=(9999.0,)))
    with MockServer(settings, data=tmp_path) as server:
        run_id = triggered(server, made(server, config=config(httpserver)))
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
