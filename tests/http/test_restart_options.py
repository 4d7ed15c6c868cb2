"""A journal is restored under options that differ from those under which it was written: each option, one at a time."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from http_bench import send, submit_body
from workflow_bench import COS, JOB, batch_body, create_batch, create_workflow, trigger

from ciq_mock import cli
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings

WRITTEN = ("--activated", "all", "--clock", "manual", "--duration", "10", "--workers", "2", "--speed-queue")
OTHER: dict[str, tuple[str, ...]] = {
    "workers": ("--workers", "7"),
    "duration": ("--duration", "0"),
    "max_size": ("--max-size", "1"),
    "records": ("--records", "3"),
    "signatures": ("--signatures",),
    "clock": ("--clock", "auto-advance"),
    "activated": ("--activated", "none"),
    "default_bucket": ("--default-bucket", "other-1250000000"),
    "default_region": ("--default-region", "ap-other"),
    "retries": ("--retries", "none"),
    "admin_host": ("--admin-host", "mock.example"),
    "forbid_private": ("--forbid-private",),
    "callback_net": ("--callback-net", "10.1.0.0/16"),
    "dialect": ("--dialect", "held-shows-submitted", "--dialect", "upper-case-ids"),
    "fault": ("--fault", "cancel-ignored"),
    "unknown_inputs": ("--unknown-inputs", "refuse"),
    "object_mib": ("--object-mib", "1"),
    "store_mib": ("--store-mib", "2", "--object-mib", "1"),
}
"""By name of the option; `--speed-queue` is missing from all of them."""
OTHER["speed_queue"] = ()
NOT_ABOUT_STATE = {"help", "host", "port", "data", "recover", "compact", "read_only", "ca_file"} | {
    "tls", "tls_ca", "tls_key", "tls_name",
}  # fmt: skip


def settings_of(*options: str) -> MockSettings:
    """The settings of a command line."""
    return cli._settings(cli.option_parser().parse_args(options))


@dataclass(frozen=True)
class Journaled:
    """A journal and what a client knows of it."""

    folder: Path
    ended: list[str]
    waiting: list[str]
    run_id: str
    batch_id: str


@pytest.fixture(scope="module")
def journaled(tmp_path_factory: pytest.TempPathFactory) -> Journaled:
    """Ended, running and waiting jobs with unknown inputs, uploads of 4 MiB, a workflow, a batch job."""
    folder = tmp_path_factory.mktemp("journal")
    with MockServer(settings_of(*WRITTEN), data=folder) as mock:
        for number in range(2):
            assert send(mock, "PUT", f"/in/{number}.mp4", bytes([number]) * (2 << 20), headers=COS)[0] == 200
        ended = [submitted(mock, number) for number in range(6)]
        mock.advance(100.0)
        run_id = trigger(mock, create_workflow(mock))
        batch_id = create_batch(mock, batch_body("<Prefix>in/</Prefix>", JOB)).job_id or ""
        waiting = [submitted(mock, number) for number in range(4)]
        mock.advance(1.0)
    return Journaled(folder, ended, waiting, run_id, batch_id)


def submitted(mock: MockServer, number: int) -> str:
    """Submit a job; return its id."""
    status, _, body = send(mock, "POST", "/jobs", submit_body(source=f"never/uploaded-{number}"))
    assert status == 200, body
    return re.findall(rb"<JobId>([^<]*)<", body)[0].decode()


def test_every_option_has_other_value_here() -> None:
    """A new option gets a restart test, too."""
    assert {action.dest for action in cli.option_parser()._actions} == set(OTHER) | NOT_ABOUT_STATE


@pytest.mark.parametrize("option", OTHER)
def test_journal_is_restored_with_other_value_of_option(
    option: str, journaled: Journaled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost, except jobs beyond `--records`. The mock accepts calls under the new option."""
    monkeypatch.setenv("CIQ_SECRET_ID", "id")
    monkeypatch.setenv("CIQ_SECRET_KEY", "key")
    folder = shutil.copytree(journaled.folder, tmp_path / "copy")
    changed = settings_of(*WRITTEN[:-1], *OTHER[option])  # the last value of an option counts
    with MockServer(changed, data=folder) as mock:
        known = {job.job_id: job.state.value for job in mock.jobs}
        kept = journaled.ended[-3:] if option == "records" else journaled.ended
        assert set(kept + journaled.waiting) <= set(known)
        if option not in ("clock", "duration"):  # under these, jobs that wait may end at once
            assert [known[job] for job in kept] == ["Success"] * len(kept)
            assert len({*journaled.waiting} & {job for job, state in known.items() if state != "Success"}) == 4
        assert {len(mock.queues), len({queue.queue_id for queue in mock.queues})} == {7}
        state = mock_state(mock)
        assert state["objects"] == {"count": 2, "bytes": 4 << 20}
        if option == "signatures":
            assert send(mock, "GET", f"/workflowexecution/{journaled.run_id}")[0] == 401
            return
        bucket = {"Host": "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"}
        for number in range(2):
            assert send(mock, "GET", f"/in/{number}.mp4", headers=COS)[2] == bytes([number]) * (2 << 20)
        assert send(mock, "GET", f"/workflowexecution/{journaled.run_id}", headers=bucket)[0] == 200
        assert (
            journaled.batch_id.encode()
            in send(mock, "GET", f"/inventorytriggerjob/{journaled.batch_id}", headers=bucket)[2]
        )
        refused = {"unknown_inputs": 400, "max_size": 503}.get(option, 200)
        status, _, body = send(mock, "POST", "/jobs", submit_body(source="never/seen"), headers=bucket)
        assert status == refused, body


def mock_state(mock: MockServer) -> dict[str, object]:
    """The state that the admin page shows."""
    status, _, body = send(mock, "GET", "/_ciq/state")
    assert status == 200
    state = json.loads(body)
    assert isinstance(state, dict)
    return state
