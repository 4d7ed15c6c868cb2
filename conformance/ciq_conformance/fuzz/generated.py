"""Requests that schemathesis generates from the OpenAPI document, and valid bodies with a few bytes changed.

Operations that deactivate the feature or change resources outside it are excluded. The address of the suite's receiver
replaces all addresses in generated bodies, so that the target sends no callback elsewhere.
"""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit

import schemathesis
from hypothesis import strategies as st
from requests import Request
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Err

from ciq_conformance.driver.hypothesis_backend import draw, exclusive
from ciq_conformance.fuzz.fuzz_request import FuzzRequest
from ciq_schemas.features import FeatureSpec
from ciq_schemas.operations import FeatureOperation, OperationKind, operations

SAFE = frozenset(
    {
        OperationKind.LIST_BUCKETS,
        OperationKind.LIST_QUEUES,
        OperationKind.UPDATE_QUEUE,
        OperationKind.SUBMIT_JOB,
        OperationKind.DESCRIBE_JOB,
        OperationKind.LIST_JOBS,
        OperationKind.CANCEL_JOB,
    }
)
_ADDRESS = re.compile(rb"(<(CallBack|Url)>)[^<]*(</\2>)")
_BASE = "http://target.invalid"


def generated_requests(spec: FeatureSpec, job_path: str, address: str, *, each: int, begin: int) -> list[FuzzRequest]:
    """Returns about `each` requests per mode for every safe operation, alternating between the operations."""
    with exclusive():
        columns = list(_columns(spec, job_path, address, each, begin))
    return [row for index in range(each) for column in columns for row in column[index : index + 1]]


def _columns(spec: FeatureSpec, job_path: str, address: str, each: int, begin: int) -> Iterator[list[FuzzRequest]]:
    document = json.loads((files("ciq_schemas") / "openapi.json").read_text(encoding="utf-8"))
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config())
    wanted = {
        (one.method, one.path): one.kind
        for one in operations()
        if isinstance(one, FeatureOperation) and one.feature is spec.feature and one.kind in SAFE
    }
    for result in schema.get_all_operations():
        if isinstance(result, Err):
            raise result.err()
        operation = result.ok()
        kind = wanted.get((operation.method.upper(), operation.path))
        if kind is None:
            continue
        for mode in GenerationMode:
            cases = draw(operation.as_strategy(generation_mode=mode), each, begin)
            label = f"schema {mode.value} {kind}"
            yield [_request_of(case, label, spec, job_path, address) for case in cases]


def _request_of(case: Case[Any], label: str, spec: FeatureSpec, job_path: str, address: str) -> FuzzRequest:
    parts = case.as_transport_kwargs(base_url=_BASE)
    prepared = Request(
        method=parts["method"],
        url=parts["url"],
        params=parts.get("params"),
        data=parts.get("data"),
        headers={"Content-Type": "application/xml"},
    ).prepare()
    split = urlsplit(prepared.url or "")
    path = split.path.replace(spec.job_path, job_path, 1) if split.path.startswith(spec.job_path) else split.path
    body = prepared.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    target = path + (f"?{split.query}" if split.query else "")
    return FuzzRequest(
        label=label,
        method=(prepared.method or "GET").upper(),
        target=quote(target, safe="/?&=%+,:;@!$'()*~-._"),
        body=_ADDRESS.sub(rb"\g<1>" + address.encode() + rb"\g<3>", raw),
    )


def mutated_bodies(valid: bytes, *, count: int, begin: int) -> list[bytes]:
    """Returns valid bodies with parts removed, repeated, moved or overwritten."""

    def change(body: bytes, where: int, length: int, how: int, what: bytes) -> bytes:
        start = where % len(body)
        head, part, tail = body[:start], body[start : start + length], body[start + length :]
        return (head + tail, head + part * 3 + tail, head + what + tail, tail + part + head)[how]

    strategy = st.builds(
        change,
        st.just(valid),
        st.integers(0, 10_000),
        st.integers(1, 40),
        st.integers(0, 3),
        st.sampled_from((b"\x00", b"<", b"&", b"]]>", b"\xff", b"<!--", b"9" * 50, "\u202e".encode())),
    )
    return draw(strategy, count, begin)
