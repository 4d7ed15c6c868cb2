"""The targets of coverage-guided fuzzing: each reads arbitrary bytes and raises for a wrong result.

`fuzz_one_target.py` runs a target under atheris; `test_guided_corpus.py` runs it on the stored inputs. A target allows
only the errors that the interface documents.
"""

import io
from collections.abc import Callable
from contextlib import suppress

from ciq_mock.http.router import Router
from ciq_mock.http.signature import SignedRequest, check
from ciq_mock.http.target import HostReader, Place, read_path, read_query
from ciq_mock.service.refusal import Refusal
from ciq_mock.settings import Credentials, Limits
from ciq_schemas import codec
from ciq_schemas.codec import Decoded, Document, EncodeError, Reading
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange, describe_response
from ciq_schemas.transcript.records import CallbackReceived, Exchange, RunFileError, read_records, write_record
from ciq_schemas.values import JobAnswer, JobCallback, QueueList, Run, Workflow

Target = Callable[[bytes], None]
DOCUMENTS = tuple(Document)
SECRET, TOKEN = "a-secret-that-no-message-contains", "a-token"
_TOKEN_NAMES = (b"x-ci-security-token", b"x-cos-security-token")
KEYS = {
    "id": Credentials(secret_id="id", secret_key=SECRET),
    "temporary": Credentials(secret_id="temporary", secret_key=SECRET, token=TOKEN),
}
LIMITS = Limits()
ROUTER = Router()
HOSTS = HostReader(Place(bucket="b-1", region="ap-test"))


def read_xml(data: bytes) -> None:
    """The first byte selects a document. What the strict reading accepts, the tolerant one reads in the same way."""
    document, body = DOCUMENTS[data[0] % len(DOCUMENTS)] if data else DOCUMENTS[0], data[1:]
    tolerant = codec.read(document, body)
    strict = codec.read(document, body, Reading.STRICT)
    codec.read_request(document, body)
    for kind in (JobAnswer, QueueList, Run, Workflow):
        codec.to_value(kind, tolerant)
    if strict.ok:
        assert tolerant.ok, tolerant.problems
        assert tolerant.value == strict.value
        assert not tolerant.notes, tolerant.notes
        check_round_trip(strict)


def check_round_trip(decoded: Decoded) -> None:
    """The encoder writes the value of a valid document as a document with the same value."""
    again = codec.read(decoded.document, codec.encode(decoded.document, decoded.value), Reading.STRICT)
    assert again.ok, again.problems
    assert again.value == decoded.value


def read_json_callback(data: bytes) -> None:
    """A callback in any form is read without an error; JSON that is valid is written and read again."""
    decoded = codec.read_callback(data)
    codec.to_value(JobCallback, decoded)
    if not decoded.ok:
        return
    try:
        written = codec.encode_callback_json(decoded.value, document=decoded.document)
    except EncodeError:
        return
    again = codec.read_callback(written)
    assert codec.same_content(again.value, decoded.value), (again.value, decoded.value)


def check_signature(data: bytes) -> None:
    """Lines: method, path, query, headers. Only a Refusal is raised, and its texts contain no secret."""
    method, path, query, *headers = [*data.split(b"\n"), b"", b"", b""][: max(3, data.count(b"\n") + 1)]
    request = SignedRequest(
        method=method.decode("latin-1"),
        path=path,
        query=query,
        headers=[(name.lower(), value) for name, _, value in (line.partition(b":") for line in headers)],
    )
    others = [part for part in query.split(b"&") if not part.lower().startswith(_TOKEN_NAMES)]
    others += [line for line in headers if not line.lower().startswith(_TOKEN_NAMES)]
    elsewhere = b"\n".join([method, path, *others])
    try:
        check(request, KEYS, now=1700000100.0)
    except Refusal as refusal:
        for text in (refusal.message, refusal.for_log):
            assert SECRET not in text
            assert TOKEN not in text or TOKEN.encode() in elsewhere
    else:
        raise AssertionError("a request without knowledge of the key passed")


def route(data: bytes) -> None:
    """Lines: method, path, query, host. Each is read or refused; a found operation has the method."""
    method, path, query, host = [*data.split(b"\n", 3), b"", b"", b"", b""][:4]
    with suppress(Refusal):
        HOSTS.place(host)
    with suppress(Refusal):
        for value in read_query(query, LIMITS).values.values():
            value.encode()
    with suppress(Refusal):
        decoded = read_path(path, LIMITS)
        operation, key = ROUTER.find(method.decode("latin-1"), decoded)
        assert operation.method == method.decode("latin-1").replace("HEAD", "GET")
        assert decoded.endswith(key)


def read_run_file(data: bytes) -> None:
    """A run file is read up to its first wrong line; what was read is written again as the same records."""
    records = []
    with suppress(RunFileError):
        for record in read_records(io.BytesIO(data)):
            records.append(record)  # noqa: PERF402 - those before an error count
    for record in records:
        if isinstance(record, Exchange):
            response = ParsedExchange(record)
            for part in (response.queue_list, response.job_ids, response.run, response.batch_answer, response.error):
                assert part is not NotImplemented
            describe_response(response)
        elif isinstance(record, CallbackReceived):
            callback = ParsedCallback(record)
            assert isinstance(callback.job_ids, tuple)
    stream = io.BytesIO()
    for record in records:
        write_record(stream, record)
    stream.seek(0)
    assert list(read_records(stream)) == records


TARGETS: dict[str, Target] = {
    "xml": read_xml,
    "signature": check_signature,
    "router": route,
    "json-callback": read_json_callback,
    "run-file": read_run_file,
}
