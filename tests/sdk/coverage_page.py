"""docs/sdk-coverage.md: the result of every method of the official SDKs, from runs on an embedded mock.

`python tests/sdk/coverage_page.py` calls every method of the Python SDK and writes the page. The rows of the other SDKs
are those of their last runs, which `tox -e sdk` repeats and compares (`--sdks FOLDER`, as fetch_sdks.py fills it, takes
new ones).
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from empty_fields import by_reason
from python_methods import EXERCISES
from python_sdk import bench_of
from python_test_names import OUT_OF_SCOPE, WORKS
from qcloud_cos import CosClientError, CosServiceError
from real_clients import HTTP, HTTPS, Step, go_steps, java_steps, manual_clock_mock, node_steps, store, stored
from sdk_recordings import names, recording

from ciq_schemas.operations import operation_of

COMMAND = "python tests/sdk/coverage_page.py"
PAGE = Path(__file__).parents[2] / "docs" / "sdk-coverage.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One method: its request and the content of the response."""

    method: str
    call: str
    found: str


def python_rows(scheme: str = HTTP) -> list[Row]:
    """Call every method of the Python SDK once."""
    with manual_clock_mock(tls=scheme == HTTPS) as server:
        context = bench_of(server, scheme)
        rows = []
        for method, exercise in EXERCISES.items():
            try:
                found = exercise(context)
            except (CosServiceError, CosClientError, AssertionError, LookupError, TypeError, ValueError) as error:
                found = f"failed: {type(error).__name__}: {error}"
            rows.append(Row(method, _call(method), found))
        return rows


def render(python: Sequence[Row]) -> str:
    """The page: runs of the Python SDK, and the stored rows of the others."""
    node, go, java = stored("node"), stored("go"), stored("java")
    return "\n".join(
        [
            "# What the official SDKs get",
            "",
            f"Written by `{COMMAND}` from runs on the mock with signatures checked; do not edit.",
            "Each call is made by the unmodified SDK, and the results are what its caller reads. `tox -e sdk` repeats",
            "all runs: Python, Node and Go over HTTP and HTTPS, Java over HTTPS. [How to redirect an SDK](sdks.md).",
            "",
            "## The path through each SDK",
            "",
            *_path_table(python, node, go, java),
            "",
            f"## Python: cos-python-sdk-v5, {len(python)} methods",
            "",
            *_table(python),
            "",
            f"## Node: cos-nodejs-sdk-v5, {len(node)} calls of the path",
            "",
            "This SDK has no methods of its own for the service: every call is `cos.request`.",
            "",
            "| Call | Result |",
            "| --- | --- |",
            *(f"| `{one.step}` | {one.found} |" for one in node),
            "",
            "## Fields that stay empty",
            "",
            "Go and Java read answers into classes. The path leaves these of their fields empty. A test fails for an",
            "empty field without a reason here, because a page gives it a value.",
            "",
            *_empty_table(go, java),
            "",
            "## The tests of the Python SDK",
            "",
            "Its own tests `test_ci_*` need a real account. The mock has all calls of these:",
            "",
            *(f"* `{name}`: {', '.join(f'`{method}`' for method in methods)}" for name, methods in WORKS.items()),
            "",
            "Out of scope ([why](out-of-scope.md)):",
            "",
            *(f"* `{name}`: {reason}" for name, reason in OUT_OF_SCOPE.items()),
            "",
        ]
    )


PATH: Sequence[tuple[str, str, str]] = (
    ("activate", "ci_open_asr_bucket", "POST /mediabucket"),
    ("list queues", "ci_get_media_queue", "GET /queue"),
    ("callback rule", "ci_update_media_queue", "PUT /queue/{id}"),
    ("pause", "ci_update_media_queue", "PUT /queue/{id}"),
    ("put object", "put_object", "PUT /{object}"),
    ("submit one", "ci_create_media_jobs", "POST /jobs"),
    ("submit several", "ci_create_media_jobs", "POST /jobs"),
    ("cancel", "ci_cancel_jobs", "PUT /jobs/{id}?cancel"),
    ("describe several", "", "GET /jobs/{id},{id}"),
    ("resume", "ci_update_media_queue", "PUT /queue/{id}"),
    ("describe", "ci_get_media_jobs", "GET /jobs/{id}"),
    ("list jobs", "ci_list_media_jobs", "GET /jobs?tag&states&size"),
    ("get object", "get_object", "GET /{object}"),
    ("create template", "ci_create_template", "POST /template"),
    ("list templates", "ci_get_template", "GET /template?ids"),
    ("create workflow", "ci_create_workflow", "POST /workflow"),
    ("activate workflow", "ci_update_workflow_state", ""),
    ("list workflows", "ci_get_workflow", "GET /workflow?ids"),
    ("trigger workflow", "ci_trigger_workflow", "POST /triggerworkflow?workflowId&object"),
    ("describe run", "ci_get_workflowexecution", "GET /workflowexecution/{id}"),
    ("list runs", "ci_list_workflowexecution", ""),
    ("create batch job", "ci_create_inventory_trigger_jobs", "POST /inventorytriggerjob"),
    ("list batch jobs", "ci_list_inventory_trigger_jobs", ""),
    ("cancel batch job", "ci_delete_inventory_trigger_jobs", "PUT /inventorytriggerjob/{id}?cancel"),
    ("describe batch job", "ci_get_inventory_trigger_jobs", "GET /inventorytriggerjob/{id}"),
    ("callback", "", ""),
    ("delete workflow", "ci_delete_workflow", "DELETE /workflow/{id}"),
    ("delete template", "ci_delete_template", "DELETE /template/{id}"),
)
"""Steps by their name in the programs for Go and Java, with the method of Python and the call of Node."""
NO_METHOD = "no such method"
_OBJECTS = frozenset({"put_object", "get_object"})
"""Methods of the Python SDK that its tests of objects call (test_python_sdk_objects.py)."""


def _path_table(python: Sequence[Row], node: Sequence[Step], go: Sequence[Step], java: Sequence[Step]) -> list[str]:
    works = {row.method for row in python if not row.found.startswith("failed")} | _OBJECTS
    called = {one.step for one in node}
    lines = [
        "| Step | Python | Node | Go | Java |",
        "| --- | --- | --- | --- | --- |",
    ]
    for step, method, call in PATH:
        cells = (
            f"works (`{method}`)" if method in works else NO_METHOD,
            f"works (`{call}`)" if call in called else (NO_METHOD if step == "callback" else "not called"),
            *(next((one.found for one in steps if one.step == step), NO_METHOD) for steps in (go, java)),
        )
        lines.append(f"| {step} | {' | '.join(cells)} |")
    return lines


def _empty_table(go: Sequence[Step], java: Sequence[Step]) -> list[str]:
    lines = ["| Why | Go | Java |", "| --- | --- | --- |"]
    columns = [by_reason(path for one in steps for path in one.empty) for steps in (go, java)]
    for reason in sorted({reason for column in columns for reason in column}):
        cells = (", ".join(f"`{path}`" for path in column.get(reason, ())) for column in columns)
        lines.append(f"| {reason} | {' | '.join(cells)} |")
    return lines


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
    parser.add_argument("--sdks", type=Path, help="folder of fetch_sdks.py: run the SDKs of Node, Go and Java anew")
    given = parser.parse_args(arguments)
    if given.sdks is not None:
        folder = given.sdks.resolve()
        store("node", node_steps(folder / "node" / "node_modules", HTTPS))
        store("go", go_steps(folder / "go_path", HTTPS))
        store("java", java_steps(folder / "java"))
    rows = python_rows()
    failed = [row for row in rows if row.found.startswith("failed")]
    for row in failed:
        print(f"{row.method}: {row.found}", file=sys.stderr)
    PAGE.write_text(render(rows), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
