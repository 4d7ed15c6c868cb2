"""Tests of whole runs of the command, as a user or a CI pipeline makes them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
import requests
from command import as_from_a_terminal, ciq, environment, normalized, records_of, verdicts_of
from lxml import etree
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_mock.admin.views import QueueView
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.transcript.records import DriverEvent, Exchange, Footer, Header

HOST = "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"
GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def target() -> Iterator[MockServer]:
    """A mock on an own port, media active."""
    with MockServer(MockSettings(duration=0.02, workers=4, activated=(Feature.MEDIA, Feature.DOC))) as mock:
        yield mock


def media_queue(mock: MockServer) -> QueueView:
    """Returns the current media queue."""
    (queue,) = [one for one in mock.queues if one.feature is Feature.MEDIA]
    return queue


def put_queue(mock: MockServer, state: str, rule: str) -> None:
    """Sets the media queue as an operator may have before the run."""
    queue = media_queue(mock)
    body = f"<Request><Name>mine</Name><State>{state}</State><NotifyConfig>{rule}</NotifyConfig></Request>"
    answer = requests.put(f"{mock.url}/queue/{queue.queue_id}", data=body, headers={"Host": HOST}, timeout=10)
    assert answer.status_code == 200, answer.text


RULE_ON = "<State>On</State><Url>http://127.0.0.1:9/mine</Url><Event>TaskFinish</Event><Type>Url</Type>"


def test_embedded_run_prints_the_golden_output(tmp_path: Path) -> None:
    """A run of one requirement on one feature prints the text of the golden file and writes the three files."""
    done = ciq("run", "--feature", "doc", "-k", "QUE-003", "-o", "out", cwd=tmp_path)
    assert done.code == 0, done.text
    golden = GOLDEN / "run-one-requirement.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(normalized(done.out), encoding="utf-8")
    assert normalized(done.out) == golden.read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run.ndjson", "junit.xml", "report.html"}
    suite = etree.parse(tmp_path / "out" / "junit.xml")
    assert [case.get("name", "").split()[0] for case in suite.iter("testcase")] == ["QUE-003-doc"]
    assert isinstance(records_of(tmp_path / "out")[-1], Footer)


def test_judge_of_a_run_file_equals_the_live_verdicts(target: MockServer, tmp_path: Path) -> None:
    """`ciq judge` gives the same verdicts without a target, and others for another selection."""
    globs = [part for glob in ("QUE-*", "UPD-*", "SUB-*", "HDR-*", "ERR-*") for part in ("-k", glob)]
    live = ciq("run", "--target", target.url, "--feature", "media", *globs, "-o", "live", cwd=tmp_path)
    again = ciq("judge", "live", "-o", "again", cwd=tmp_path)
    assert again.code == live.code == 0, live.text + again.text
    assert verdicts_of(tmp_path / "again") == verdicts_of(tmp_path / "live")
    fewer = ciq("judge", "live/run.ndjson", "-k", "QUE-00?", "--level", "MUST", "-o", "fewer", cwd=tmp_path)
    assert fewer.code == 0, fewer.text
    assert {name[:7] for name in verdicts_of(tmp_path / "fewer")} < {f"QUE-00{n}" for n in range(10)}
    unplayed = ciq("judge", "live", "-k", "PRI-001", cwd=tmp_path)
    assert unplayed.code == 5, unplayed.text
    rebuilt = ciq("report", "live", "-o", "rebuilt", cwd=tmp_path)
    assert rebuilt.code == 0, rebuilt.text
    first, second = ((tmp_path / name / "junit.xml").read_bytes() for name in ("live", "rebuilt"))
    assert first == second


def test_queue_is_restored_after_the_run(target: MockServer, tmp_path: Path) -> None:
    """A queue that was paused, renamed and had a rule has the same state after a run that needed it active."""
    put_queue(target, "Paused", RULE_ON)
    done = ciq("run", "--target", target.url, "--feature", "media", "-k", "SUB-001", "-k", "UPD-*", cwd=tmp_path)
    assert done.code == 0, done.text
    queue = media_queue(target)
    assert (queue.state, queue.name, queue.callback_url) == (QueueState.PAUSED, "mine", "http://127.0.0.1:9/mine")
    footer = records_of(tmp_path / "ciq-report")[-1]
    assert isinstance(footer, Footer)
    assert footer.restored


def stopped_run(mock: MockServer, cwd: Path, when: Callable[[QueueView], bool], number: signal.Signals) -> str:
    """Runs against the mock, sends the signal when the media queue satisfies `when`, and returns the output."""
    command = [sys.executable, "-m", "ciq_conformance", "run", "--target", mock.url, "--feature", "media"]
    process = subprocess.Popen(
        [*command, "-k", "PRI-*"],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=as_from_a_terminal,
    )
    try:
        deadline = time.monotonic() + 60
        while not when(media_queue(mock)) and process.poll() is None:
            assert time.monotonic() < deadline, "the queue never came to the wanted state"
            time.sleep(0.005)  # looks again until the condition holds
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    text = out.decode()
    assert process.returncode == 5, text
    assert f"stopped by {number.name}" in text
    return text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_restores_the_queue(target: MockServer, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C or SIGTERM while the suite has paused the queue: it is restored, and nothing unproven passes."""
    put_queue(target, "Active", RULE_ON)
    stopped_run(target, tmp_path, lambda queue: queue.state is QueueState.PAUSED, number)
    queue = media_queue(target)
    assert (queue.state, queue.name, queue.callback_url) == (QueueState.ACTIVE, "mine", "http://127.0.0.1:9/mine")
    footer = records_of(tmp_path / "ciq-report")[-1]
    assert isinstance(footer, Footer)
    assert footer.restored
    assert {verdict.outcome for verdict in verdicts_of(tmp_path / "ciq-report").values()} == {"inconclusive"}


def test_run_stopped_during_the_probe_restores_the_queue(tmp_path: Path) -> None:
    """Ctrl-C during the probe, with its rule on the queue and its job running, restores the queue too."""
    with MockServer(MockSettings(duration=30, workers=1, activated=(Feature.MEDIA,))) as mock:
        put_queue(mock, "Paused", RULE_ON)
        stopped_run(mock, tmp_path, lambda queue: queue.running > 0, signal.SIGINT)
        queue = media_queue(mock)
    assert (queue.state, queue.name, queue.callback_url) == (QueueState.PAUSED, "mine", "http://127.0.0.1:9/mine")


def test_deadline_stops_the_run(target: MockServer, tmp_path: Path) -> None:
    """A run beyond its deadline stops, restores the queue and proves nothing."""
    done = ciq("run", "--target", target.url, "--deadline", "1", "--feature", "media", cwd=tmp_path)
    assert done.code in (1, 5), done.text
    assert "deadline of 1 s has passed" in done.text
    assert all(queue.state is QueueState.ACTIVE for queue in target.queues)


def test_no_output_contains_a_secret(tmp_path: Path) -> None:
    """Keys, token and signatures are in no file and on no stream, though every request is signed."""
    secrets = {"CIQ_SECRET_ID": "AKIDmostsecret99", "CIQ_SECRET_KEY": "keymostsecret99", "CIQ_TOKEN": "tokmostsecret99"}
    keys = Credentials(secret_id=secrets["CIQ_SECRET_ID"], secret_key=secrets["CIQ_SECRET_KEY"])
    settings = MockSettings(duration=0.02, credentials=(keys,), activated=(Feature.MEDIA,))
    with MockServer(settings) as mock:
        globs = ["-k", "ERR-*", "-k", "QUE-001", "--feature", "media"]
        done = ciq(
            "run", "--target", mock.url, *globs, "-v", "-o", "out", cwd=tmp_path, CIQ_SIGNATURE="true", **secrets
        )
    assert done.code == 0, done.text
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir()) + done.text.encode()
    for secret in secrets.values():
        assert secret.encode() not in written
    exchanges = [record for record in records_of(tmp_path / "out") if isinstance(record, Exchange)]
    signed = [dict(e.request_headers).get("Authorization", "") for e in exchanges]
    assert sum("q-signature=***" in value for value in signed) > 10


def test_signatures_are_judged_with_the_embedded_mock(tmp_path: Path) -> None:
    """Without any setting the suite checks signatures on the mock, and they hold."""
    done = ciq("run", "-k", "ERR-011", "-k", "ERR-012", "-k", "ERR-013", cwd=tmp_path)
    assert done.code == 0, done.text
    assert {v.outcome for v in verdicts_of(tmp_path / "ciq-report").values()} == {"pass"}


def test_stale_baseline_entry_fails_the_run(target: MockServer, tmp_path: Path) -> None:
    """A baseline entry of an item that passes makes the run fail, and the message names it."""
    (tmp_path / "known.txt").write_text("QUE-003-media  # was wrong once\n", encoding="utf-8")
    arguments = ["run", "--target", target.url, "--feature", "media", "-k", "QUE-003"]
    done = ciq(*arguments, "--baseline", "known.txt", "--write-baseline", "new.txt", cwd=tmp_path)
    assert done.code == 1, done.text
    assert "baseline: QUE-003-media did not deviate in this run" in done.err
    assert "CONFORMS, STALE BASELINE (exit 1)" in done.out
    assert "remove it" not in done.text
    assert "QUE-003" not in (tmp_path / "new.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_dependent_features_run_sequentially(tmp_path: Path) -> None:
    """Where a pause affects every feature only the isolation requirements fail."""
    with Miniature(Traits(fault="shared_pause")) as wrong:
        globs = [part for glob in ("QUE-*", "UPD-*", "ONE-008", "PRI-001") for part in ("-k", glob)]
        done = ciq("run", "--target", wrong.url, *globs, cwd=tmp_path)
    assert done.code == 1, done.text
    red = {v.requirement for v in verdicts_of(tmp_path / "ciq-report").values() if v.outcome in ("fail", "blocked")}
    assert red == {"ONE-008"}
    notes = [record.text for record in records_of(tmp_path / "ciq-report") if isinstance(record, DriverEvent)]
    assert any(text.startswith("features run one after the other") for text in notes)


def test_records_of_a_run_satisfy_their_schema(target: MockServer, tmp_path: Path) -> None:
    """Every line of a run file satisfies the JSON Schema that the kit publishes for it."""
    done = ciq("run", "--target", target.url, "--feature", "media", "-k", "RUL-001", "-k", "QUE-001", cwd=tmp_path)
    assert done.code == 0, done.text
    schema = (files("ciq_schemas") / "json_schema" / "run_record.json").read_text(encoding="utf-8")
    validator = jsonschema_rs.validator_for(schema)
    lines = (tmp_path / "ciq-report" / "run.ndjson").read_bytes().splitlines()
    assert {msgspec.json.decode(line)["kind"] for line in lines} >= {"header", "exchange", "arrival", "verdict"}
    for line in lines:
        validator.validate(msgspec.json.decode(line))


def test_pytest_runs_the_same_items(target: MockServer, tmp_path: Path) -> None:
    """`pytest --pyargs ciq_conformance.suite` runs the suite, with one test per requirement and feature."""
    command = [sys.executable, "-m", "pytest", "-p", "ciq_conformance.pytest_plugin", "-p", "no:cacheprovider"]
    options = ["--pyargs", "ciq_conformance.suite", "--ciq-target", target.url, "--ciq-feature", "media"]
    choice = ["--ciq-only", "QUE-003", "--ciq-only", "ERR-011", "--ciq-output", "out", "-v"]
    done = subprocess.run(
        [*command, *options, *choice],
        cwd=tmp_path,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "::QUE-003-media PASSED" in done.stdout
    assert "::ERR-011-media SKIPPED" in done.stdout
    header = records_of(tmp_path / "out")[0]
    assert isinstance(header, Header)
    assert set(header.selected) == {"QUE-003-media", "ERR-011-media"}


def test_foreign_pytest_configuration_is_ignored(target: MockServer, tmp_path: Path) -> None:
    """`ciq run` works in a directory with a hostile pytest.ini, conftest and PYTEST_ADDOPTS."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option -x\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('not mine')\n", encoding="utf-8")
    done = ciq(
        *("run", "--target", target.url, "--feature", "media", "-k", "QUE-003"),
        cwd=tmp_path,
        PYTEST_ADDOPTS="--no-such-option",
        PYTEST_PLUGINS="no_such_plugin",
    )
    assert done.code == 0, done.text
