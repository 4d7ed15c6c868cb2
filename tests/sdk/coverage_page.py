"""docs/sdk-coverage.md: the result of every method of the official SDKs, from runs on an embedded mock.

`python tests/sdk/coverage_page.py` calls every method of the Python SDK and writes the page. The rows of the Node SDK
are those of its last run, which `tox -e sdk` repeats and compares (`--node FOLDER` takes new ones).
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from python_methods import EXERCISES
from python_sdk import KEYS, bench_of
from qcloud_cos import CosClientError, CosServiceError
from sdk_recordings import names, recording

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.operations import operation_of

COMMAND = "python tests/sdk/coverage_page.py"
PAGE = Path(__file__).parents[2] / "docs" / "sdk-coverage.md"
NODE = Path(__file__).parent / "node"
NODE_ROWS = NODE / "rows.json"
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One method: its request and the content of the response."""

    method: str
    call: str
    found: str


def manual_clock_mock() -> MockServer:
    """A mock whose behaviour does not depend on the speed of the machine; it checks signatures."""
    return MockServer(MockSettings(credentials=(KEYS,), clock=ClockKind.MANUAL, duration=10.0))


def python_rows() -> list[Row]:
    """Call every method of the Python SDK once."""
    with manual_clock_mock() as server:
        context = bench_of(server)
        rows = []
        for method, exercise in EXERCISES.items():
            try:
                found = exercise(context)
            except (CosServiceError, CosClientError, AssertionError, LookupError, TypeError, ValueError) as error:
                found = f"failed: {type(error).__name__}: {error}"
            rows.append(Row(method, _call(method), found))
        return rows


def node_rows(modules: Path) -> list[Row]:
    """Run the core path through cos-nodejs-sdk-v5 as installed in `modules` (a node_modules folder)."""
    with manual_clock_mock() as server:
        done = subprocess.run(
            ["node", str(NODE / "core_path.js"), f"127.0.0.1:{server.port}"],
            env={
                "PATH": os.environ["PATH"],
                "NODE_PATH": str(modules),
                "CIQ_SECRET_ID": KEYS.secret_id,
                "CIQ_SECRET_KEY": KEYS.secret_key,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
    if done.returncode:
        raise SystemExit(f"core_path.js ended with {done.returncode}:\n{done.stderr}")
    return [Row("request", row["call"], row["found"]) for row in json.loads(done.stdout.splitlines()[-1])]


def stored_node_rows() -> list[Row]:
    """The rows of the last run of the Node SDK."""
    return [Row("request", row["call"], row["found"]) for row in json.loads(NODE_ROWS.read_text(encoding="utf-8"))]


def store_node_rows(rows: Sequence[Row]) -> None:
    """Store the rows of a run."""
    text = json.dumps([{"call": row.call, "found": row.found} for row in rows], indent=1, ensure_ascii=False)
    NODE_ROWS.write_text(text + "\n", encoding="utf-8")


def render(python: Sequence[Row], node: Sequence[Row]) -> str:
    """The page."""
    return "\n".join(
        [
            "# What the official SDKs get",
            "",
            f"Written by `{COMMAND}` from runs on the mock with signatures checked; do not edit.",
            "Each call is made by the unmodified SDK, and the last column is what its caller reads. `tox -e sdk`",
            "repeats both runs.",
            "",
            f"## Python: cos-python-sdk-v5, {len(python)} methods",
            "",
            *_table(python),
            "",
            f"## Node: cos-nodejs-sdk-v5, {len(node)} calls of the core path",
            "",
            "This SDK has no methods of its own for the service: every call is `cos.request`.",
            "",
            *_table(node),
            "",
        ]
    )


def _table(rows: Sequence[Row]) -> list[str]:
    lines = (f"| `{row.method}` | `{row.call}` | {row.found.replace('|', chr(92) + '|')} |" for row in rows)
    return ["| Method | Call | Result |", "| --- | --- | --- |", *lines]


def _call(method: str) -> str:
    """Method and path template of the request in the method's recording."""
    name = next(name for name in names() if name.partition("__")[0] == method)
    request = recording(name)
    operation = operation_of(request.method, request.path)
    return f"{request.method} {request.path if operation is None else operation.path}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return the exit code, 1 when a method failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--node", type=Path, help="node_modules folder with cos-nodejs-sdk-v5: run the Node SDK anew")
    given = parser.parse_args(arguments)
    if given.node is not None:
        store_node_rows(node_rows(given.node.resolve()))
    rows = python_rows()
    failed = [row for row in rows if row.found.startswith("failed")]
    for row in failed:
        print(f"{row.method}: {row.found}", file=sys.stderr)
    PAGE.write_text(render(rows, stored_node_rows()), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
