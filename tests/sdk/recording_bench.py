"""A mock with the time and ids of the recordings, and strict checks of its responses."""

from dataclasses import dataclass, field

from sdk_recordings import RecordedResponse, Recording, recording, send_raw

from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials
from ciq_schemas.codec import Decoded, Document, Reading, read, to_value
from ciq_schemas.values import ErrorAnswer

BUCKET = "examplebucket-1250000000"
QUEUE_ID = "p0000000000000000000000000000001"
TEMPLATE_ID = "t0000000000000000000000000000001"
KEYS = Credentials(secret_id="AKIDEXAMPLE", secret_key="EXAMPLEKEY")
CREATE_OF = {
    "/jobs": "ci_create_media_jobs",
    "/pic_jobs": "ci_create_media_pic_jobs",
    "/asr_jobs": "ci_create_asr_job",
    "/doc_jobs": "ci_create_doc_job",
    "/file_jobs": "ci_create_file_hash_job",
}
_FIXED = {
    "p": QUEUE_ID,
    "t": TEMPLATE_ID,
    "v": "x",
    "w": "w0000000000000000000000000000001",
    "i": "i0000000000000000000000000000001",
}
"""The ids of the recordings by first letter. A test sets the ids of jobs itself."""


@dataclass
class RecordedIds:
    """Gives queues, templates and similar items the ids of the recordings, and jobs the ids that a test sets."""

    jobs: list[str] = field(default_factory=list)

    def __call__(self, letter: str) -> str:
        """Return the id of the recordings with this letter, or the next job id of the test."""
        return _FIXED.get(letter) or self.jobs.pop(0)


@dataclass
class Bench:
    """A mock with the time of the recordings."""

    server: MockServer
    ids: RecordedIds
    times: list[float]

    def replay(self, request: Recording, raw: bytes | None = None) -> RecordedResponse:
        """Send a recording at the time of its signature."""
        self.times[0] = request.signed_at
        return send_raw(self.server.port, request.raw if raw is None else raw, method=request.method)

    def submit_jobs(self, path: str, *ids: str) -> None:
        """Submit jobs of these ids on a job path; the first runs, the others wait."""
        self.ids.jobs = list(ids)
        for _ in ids:
            assert self.replay(recording(CREATE_OF[path])).status == 200


def read_strictly(document: Document, response: RecordedResponse, status: int = 200) -> Decoded:
    """Check the response strictly as `document`, with the headers that the SDKs need."""
    assert response.status == status, response.body
    assert response.header("Content-Type") == "application/xml"
    assert response.header("Content-Length") == str(len(response.body))
    assert response.header("x-ci-request-id")
    assert response.header("x-ci-request-id") == response.header("x-cos-request-id")
    decoded = read(document, response.body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    if "RequestId" in decoded.value:
        assert decoded.value["RequestId"] == response.header("x-ci-request-id")
    return decoded


def expect_refusal(response: RecordedResponse, code: str, status: int) -> None:
    """Check that the response is this refusal in the error form, with all parts that SDKs read."""
    error = to_value(ErrorAnswer, read_strictly(Document.ERROR, response, status))
    assert error.code == code
    assert error.message
    assert error.resource
    assert error.trace_id == response.header("x-ci-trace-id")
