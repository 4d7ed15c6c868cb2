"""`ciq repro` and `ciq show`: a recorded deviation as a stand-alone script, and single records as text."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import in_process, records_of, verdicts_of

from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials, MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Exchange

QUICK = {
    "queue-without-max-size": "QUE-002",
    "submit-without-queue": "SUB-001",
}
SLOW = {
    "window-end-ignored": "LST-009",
    "levels-upside-down": "PRI-001",
    "pause-ignored": "PAU-001",
    "failure-callbacks-in-xml": "DEL-005",
    "unknown-ids-unnamed": "DES-003",
    "cancelled-unlisted": "CAN-010",
}


def mock(*faults: str) -> MockServer:
    """A mock with faults."""
    return MockServer(MockSettings(faults=faults, activated=(Feature.MEDIA,), duration=0.05, workers=4))


def replay(script: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as its reader would: another folder, and no kit on the path (-I)."""
    command = [sys.executable, "-I", "-W", "error", str(script), *arguments]
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        command, env=environment, cwd=script.parent, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [*QUICK.items(), *(pytest.param(*pair, marks=pytest.mark.slow) for pair in SLOW.items())],
)
def test_script_shows_the_fault_again_and_passes_on_the_clean_mock(
    fault: str, requirement: str, tmp_path: Path
) -> None:
    """Exit 1 with expected and observed on the faulty mock, exit 0 on a mock without the fault."""
    with mock(fault) as faulty:
        arguments = ["run", "--target", faulty.url, "--feature", "media", "-k", requirement, "-o", "out"]
        assert in_process(*arguments, cwd=tmp_path).code == 1
        written = in_process("repro", "out", requirement, cwd=tmp_path)
        assert written.code == 0, written.text
        script = tmp_path / "out" / f"repro-{requirement}-media.py"
        again = replay(script, faulty.url)
    assert again.returncode == 1, again.stdout + again.stderr
    verdict = verdicts_of(tmp_path / "out")[f"{requirement}-media"]
    assert f"expected: {verdict.expected}" in again.stdout
    assert "DEVIATES (try 1)" in again.stdout
    with mock() as clean:
        done = replay(script, clean.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the deviation did not show in" in done.stdout
    assert f"--feature media --only {requirement}" in done.stdout


def test_script_contains_no_secret_and_signs_with_the_keys_of_its_environment(tmp_path: Path) -> None:
    """A target that requires signatures answers the script only with keys."""
    keys = Credentials(secret_id="AKIDexample", secret_key="a-secret-of-the-operator")
    environment = {"CIQ_SECRET_ID": keys.secret_id, "CIQ_SECRET_KEY": keys.secret_key}
    settings = MockSettings(credentials=(keys,), faults=("queue-without-max-size",), activated=(Feature.MEDIA,))
    with MockServer(settings) as target, pytest.MonkeyPatch.context() as patch:
        (tmp_path / "ciq.toml").write_text(
            f'[credentials]\nsecret_id = "{keys.secret_id}"\nsecret_key = "{keys.secret_key}"\n', encoding="utf-8"
        )
        patch.chdir(tmp_path)
        arguments = ["run", "--target", target.url, "--feature", "media", "-k", "QUE-002", "-o", "out"]
        assert in_process(*arguments, cwd=tmp_path).code == 1
        assert in_process("repro", "out", "QUE-002", "-o", "again.py", cwd=tmp_path).code == 0
        script = tmp_path / "again.py"
        text = script.read_text(encoding="utf-8")
        assert keys.secret_key not in text
        assert keys.secret_id not in text
        assert "q-signature=" not in text.split("CASE = ")[1]
        assert replay(script, target.url, **environment).returncode == 1
        assert replay(script, target.url).returncode == 2


def test_script_and_command_name_wrong_usage(tmp_path: Path) -> None:
    """A passing or unknown requirement has no script; the script needs one URL and a target that answers."""
    with mock("queue-without-max-size") as faulty:
        in_process("run", "--target", faulty.url, "--feature", "media", "-k", "QUE-00[23]", "-o", "o", cwd=tmp_path)
        url = faulty.url
    passed = in_process("repro", "o", "QUE-003", cwd=tmp_path)
    assert (passed.code, "QUE-003 shows no deviation in this run (QUE-003-media: pass)" in passed.err) == (2, True)
    unknown = in_process("repro", "o", "QEU-002", cwd=tmp_path)
    assert (unknown.code, "did you mean QUE-002" in unknown.err) == (2, True)
    assert in_process("repro", "nothing", "QUE-002", cwd=tmp_path).code == 2
    assert in_process("repro", "o", "que-002", "-o", "s.py", cwd=tmp_path).code == 0
    assert replay(tmp_path / "s.py").returncode == 2
    silent = replay(tmp_path / "s.py", url)
    assert (silent.returncode, "cannot judge" in silent.stdout) == (2, True)


def test_show_prints_an_exchange_with_its_curl_command(tmp_path: Path) -> None:
    """Request, response and curl; several records; an unknown number is an error of usage."""
    with mock() as target:
        arguments = ["run", "--target", target.url, "--feature", "media", "-k", "QUE-003", "-o", "out"]
        assert in_process(*arguments, cwd=tmp_path).code == 0
    exchange = next(r for r in records_of(tmp_path / "out") if isinstance(r, Exchange) and r.method == "PUT")
    shown = in_process("show", "out", "--record", str(exchange.seq), "--record", "1", cwd=tmp_path)
    assert shown.code == 0, shown.text
    assert f"#{exchange.seq} PUT /queue/" in shown.out
    assert "curl -sS -i -X PUT" in shown.out
    assert "<QueueId>" in shown.out
    missing = in_process("show", "out", "--record", "99999", cwd=tmp_path)
    assert (missing.code, "has no record 99999" in missing.err) == (2, True)
