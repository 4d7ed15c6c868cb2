"""What one exchange or arrival says, read once and tolerantly into values. Pure; shared by driver and judge."""

from dataclasses import dataclass
from functools import cached_property

from ciq_schemas import codec
from ciq_schemas.codec import Decoded, Document, Reading
from ciq_schemas.run import Arrival, Exchange
from ciq_schemas.values import ErrorAnswer, Job, JobAnswer, JobCallback, Queue, QueueList


@dataclass(frozen=True)
class Reply:
    """An exchange with its answer read on demand. Never raises for what the target sent: see `problems`."""

    exchange: Exchange

    @property
    def ok(self) -> bool:
        """The target accepted the request."""
        return 200 <= self.exchange.status < 300

    @property
    def refused(self) -> bool:
        """The target answered with a client error."""
        return 400 <= self.exchange.status < 500

    def read(self, document: Document) -> Decoded:
        """The answer's body as `document`, tolerant reading; a body that does not parse is a problem in it."""
        return codec.read(document, self.exchange.response_body.data, Reading.TOLERANT)

    @cached_property
    def queue_list(self) -> QueueList:
        """The body as a queue list; empty where it is none."""
        return codec.to_value(QueueList, self.read(Document.QUEUE_LIST))

    @cached_property
    def queue(self) -> Queue | None:
        """The one queue of an update answer, None where there is none."""
        return codec.queue_of_update(self.read(Document.QUEUE_UPDATE_ANSWER))

    @cached_property
    def job_answer(self) -> JobAnswer:
        """The body as an answer about jobs; empty where it is none."""
        return codec.job_answer(self.exchange.response_body.data)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs in the answer."""
        return self.job_answer.jobs

    @cached_property
    def error(self) -> ErrorAnswer:
        """The body in the error form; empty where it is none."""
        return codec.to_value(ErrorAnswer, self.read(Document.ERROR))


@dataclass(frozen=True)
class Notice:
    """An arrival at the callback receiver with its body read on demand; XML or JSON is told by the first byte."""

    arrival: Arrival

    @cached_property
    def decoded(self) -> Decoded:
        """The body as a TaskFinish callback, tolerant reading."""
        return codec.read_callback(self.arrival.body.data)

    @cached_property
    def callback(self) -> JobCallback:
        """The body as a value; empty where it is none."""
        return codec.to_value(JobCallback, self.decoded)

    @property
    def is_json(self) -> bool:
        """The body looks like JSON rather than XML."""
        return self.arrival.body.data.lstrip()[:1] in (b"{", b"[")

    @cached_property
    def job_ids(self) -> tuple[str, ...]:
        """Ids of the jobs in the message."""
        return tuple(job.job_id for job in self.callback.jobs if job.job_id)
