"""A mock that stands at the time of the recordings, and what its answers are held to."""

from dataclasses import dataclass, field

from sdk_recordings import Heard, Recording, recording, send_raw

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
"""The ids that the recordings use, by first letter; those of jobs are a test's own."""


@dataclass
class RecordedIds:
    """Gives queues, templates and the like the ids that the recordings use, and jobs the ids a test asks for."""

    jobs: list[str] = field(default_factory=list)

    def __call__(self, letter: str) -> str:
        """An id that begins with the letter, or a test's own."""
        return _FIXED.get(letter) or self.jobs.pop(0)


@dataclass
class Bench:
    """A mock that stands at the time of the recordings."""

    server: MockServer
    ids: RecordedIds
    times: list[float]

    def replay(self, wanted: Recording, raw: bytes | None = None) -> Heard:
        """Send a recording at the time of its signature."""
        self.times[0] = wanted.signed_at
        return send_raw(self.server.port, wanted.raw if raw is None else raw, method=wanted.method)

    def have_jobs(self, path: str, *ids: str) -> None:
        """Submit jobs of these ids on a job path; the first runs, the others wait."""
        self.ids.jobs = list(ids)
        for _ in ids:
            assert self.replay(recording(CREATE_OF[path])).status == 200


def strictly(document: Document, on_job_ended: Heard, status: int = 200) -> Decoded:
    """The answer as `document`, which it must be to the letter, with the headers the SDKs need."""
    assert on_job_ended.status == status, on_job_ended.body
    assert on_job_ended.header("Content-Type") == "application/xml"
    assert on_job_ended.header("Content-Length") == str(len(on_job_ended.body))
    assert on_job_ended.header("x-ci-request-id")
    assert on_job_ended.header("x-ci-request-id") == on_job_ended.header("x-cos-request-id")
    decoded = read(document, on_job_ended.body, Reading.STRICT)
    assert decoded.ok, decoded.problems
    if "RequestId" in decoded.value:
        assert decoded.value["RequestId"] == on_job_ended.header("x-ci-request-id")
    return decoded


def refused(on_job_ended: Heard, code: str, status: int) -> None:
    """The answer is that refusal, in the error form, with every part that SDKs read."""
    error = to_value(ErrorAnswer, strictly(Document.ERROR, on_job_ended, status))
    assert error.code == code
    assert error.message
    assert error.resource
    assert error.trace_id == on_job_ended.header("x-ci-trace-id")
