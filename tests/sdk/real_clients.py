"""The official SDKs of Node, Go and Java as clients of a mock, each in a process of its own.

`fetch_sdks.py` installs them; the rows of their last runs are in `rows/`, so that the page and the fast tests need none
of them.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from pytest_httpserver import HTTPServer
from python_sdk import BUCKET, KEYS, REGION, WORKFLOW, bench_of

from ciq_mock.client_environment import TRUST_STORE_PASSWORD, trust_store_of
from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

HERE = Path(__file__).parent
STORED = HERE / "rows"
HTTPS, HTTP = "https", "http"
_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the path: what its caller reads, and the fields that the SDK can read and the answer left empty."""

    step: str
    found: str
    empty: tuple[str, ...] = ()


def manual_clock_mock(*, tls: bool = False) -> MockServer:
    """A mock whose behaviour does not depend on the speed of the machine; it checks signatures."""
    settings = MockSettings(credentials=(KEYS,), clock=ClockKind.MANUAL, duration=10.0)
    return MockServer(settings, tls=tls)


def node_steps(modules: Path, scheme: str) -> tuple[Step, ...]:
    """Run the path through cos-nodejs-sdk-v5 as installed in `modules` (a node_modules folder)."""
    with manual_clock_mock(tls=scheme == HTTPS) as server:
        command = ["node", str(HERE / "node" / "core_path.js"), f"127.0.0.1:{server.port}", scheme]
        trust = {"NODE_EXTRA_CA_CERTS": str(server.ca_file)} if scheme == HTTPS else {}
        return _steps(server, command, {"NODE_PATH": str(modules), **trust})


def job_callback() -> bytes:
    """The callback of a job that has ended, as a receiver gets it."""
    output = f"<Output><Region>{REGION}</Region><Bucket>{BUCKET}</Bucket><Object>out.mp3</Object></Output>"
    with HTTPServer(host="127.0.0.1") as receiver, MockServer(MockSettings(activated=(Feature.MEDIA,))) as mock:
        receiver.expect_request("/cb").respond_with_data("ok")
        operation = f"<Operation><Transcode><Container><Format>mp3</Format></Container></Transcode>{output}</Operation>"
        address = f"<CallBack>{receiver.url_for('/cb')}</CallBack>"
        body = f"<Request><Tag>Transcode</Tag><Input><Object>in/a.mp4</Object></Input>{operation}{address}</Request>"
        requests.post(f"{mock.url}/jobs", data=body, timeout=10).raise_for_status()
        mock.wait_for_callbacks(1)
        ((received, _),) = receiver.log
        return received.get_data()


def go_steps(program: Path, scheme: str) -> tuple[Step, ...]:
    """Run the path through cos-go-sdk-v5 with the program that was built from go/core_path.go."""
    with manual_clock_mock(tls=scheme == HTTPS) as server:
        trust = {"SSL_CERT_FILE": str(server.ca_file)} if scheme == HTTPS else {}
        with TemporaryDirectory() as folder:
            callback = Path(folder) / "callback.xml"
            callback.write_bytes(job_callback())
            return _steps(server, [str(program), str(callback)], {"CIQ_SCHEME": scheme, **trust})


def java_steps(libraries: Path) -> tuple[Step, ...]:
    """Run the path through cos_api over HTTPS (it refuses HTTP) with the jar files in a folder."""
    with manual_clock_mock(tls=True) as server:
        context = bench_of(server)
        workflow = context.cos.ci_create_workflow(BUCKET, WORKFLOW)["MediaWorkflow"]["WorkflowId"]
        command = [
            "java",
            f"-Djavax.net.ssl.trustStore={trust_store_of(server.ca_file)}",
            "-Djavax.net.ssl.trustStoreType=PKCS12",
            f"-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD}",
            "-Dfile.encoding=UTF-8",
            "-cp",
            f"{libraries}/*",
            str(HERE / "java" / "CorePath.java"),
        ]
        return _steps(server, command, {"CIQ_SCHEME": HTTPS, "CIQ_WORKFLOW": workflow})


def _steps(server: MockServer, command: Sequence[str], more: Mapping[str, str]) -> tuple[Step, ...]:
    keys = {"CIQ_SECRET_ID": KEYS.secret_id, "CIQ_SECRET_KEY": KEYS.secret_key, "CIQ_MOCK": server.url}
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "LANG": "C.UTF-8", **keys, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    if done.returncode:
        refused = "".join(f"  {one.method} {one.target}: {one.status} {one.reason}\n" for one in server.requests[-3:])
        raise SystemExit(f"{command[0]} ended with {done.returncode}; the newest requests:\n{refused}{done.stderr}")
    assert server.foreign_requests == (), "the SDK has requested another host"
    return tuple(
        Step(row.get("step") or row["call"], row["found"], tuple(row.get("empty", ())))
        for row in json.loads(done.stdout.splitlines()[-1])
    )


def stored(name: str) -> tuple[Step, ...]:
    """The rows of the last stored run of an SDK."""
    rows = json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(Step(row["step"], row["found"], tuple(row.get("empty", ()))) for row in rows)


def store(name: str, steps: Sequence[Step]) -> None:
    """Store the rows of a run."""
    rows = [{"step": one.step, "found": one.found} | ({"empty": one.empty} if one.empty else {}) for one in steps]
    STORED.mkdir(exist_ok=True)
    (STORED / f"{name}.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


__all__ = ["BUCKET", "HTTP", "HTTPS", "REGION", "Step", "go_steps", "java_steps", "node_steps", "store", "stored"]
