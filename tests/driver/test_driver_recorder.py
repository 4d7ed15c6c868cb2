"""The transcript on its way to the run file: order, numbers, limits, a full disk."""

import io
import itertools
import threading

import pytest

from ciq_conformance.driver import recorder as recorder_module
from ciq_conformance.driver.recorder import RecorderFullError, RunFileWriteError, RunRecorder
from ciq_schemas.transcript.records import SCHEMA_VERSION, AnyRecord, Exchange, Header, TargetInfo, read_records


def recorder_of(stream: io.RawIOBase | io.BytesIO | None = None) -> RunRecorder:
    """A recorder with a made-up clock."""
    ticks = itertools.count()
    return RunRecorder(now=lambda: float(next(ticks)), stream=stream)  # type: ignore[arg-type]


def exchange(recorder: RunRecorder, body: bytes = b"") -> Exchange:
    """Record one made-up exchange with an answer."""
    return recorder.exchange(
        scenario="queues",
        step="list",
        feature="media",
        operation="list_queues",
        started=0.0,
        ended=1.0,
        method="GET",
        url="http://t/queue",
        request_headers=(),
        request_body=b"",
        status=200,
        response_body=body,
    )


HEADER = Header(
    schema_version=SCHEMA_VERSION,
    kit_version="0",
    requirement_set="core",
    run_id="r",
    started_at="2026-01-01T00:00:00+00:00",
    target=TargetInfo(url="http://t", bucket="b-1", region="r"),
    features=("media",),
    selected=(),
)


def test_the_file_holds_what_the_memory_holds() -> None:
    """Each record is on its line when it is made, in order of its number, also from many threads."""
    stream = io.BytesIO()
    recorder = recorder_of(stream)
    recorder.header(HEADER)
    threads = [threading.Thread(target=lambda: [exchange(recorder) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = tuple(read_records(stream.getvalue().splitlines(keepends=True)))
    assert records == recorder.records
    assert [record.seq for record in records if isinstance(record, Exchange)] == list(range(1, 201))


@pytest.mark.parametrize("body", [bytes(8 * 1024 * 1024), b"\x01" * (8 * 1024 * 1024), b"\xff" * (8 * 1024 * 1024)])
def test_the_longest_answer_can_be_read_back(body: bytes) -> None:
    """Whatever the bytes of an answer of the greatest length, its line stays within the run file's limit."""
    stream = io.BytesIO()
    recorder = recorder_of(stream)
    recorder.header(HEADER)
    exchange(recorder, body)
    _, found = read_records(stream.getvalue().splitlines(keepends=True))
    assert isinstance(found, Exchange)
    assert found.response_body.data == body


def test_a_mark_has_a_known_name() -> None:
    """A misspelt mark would block nothing: it is our mistake and told."""
    recorder = recorder_of()
    recorder.record_event("queues", "media", "begin", "")
    with pytest.raises(ValueError, match="no event is called 'begun'"):
        recorder.record_event("queues", "media", "begun", "")


def test_a_full_disk_is_told_once_and_the_run_kept_in_memory() -> None:
    """After the first failed write nothing is written any more, and the records stay readable."""

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    recorder = recorder_of(Full())
    with pytest.raises(RunFileWriteError, match="No space left"):
        exchange(recorder)
    exchange(recorder)
    assert recorder.stream_failed
    assert len(recorder.records) == 2


def test_a_runaway_loop_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not grow without end."""
    monkeypatch.setattr(recorder_module, "MAX_RECORDS", 3)
    recorder = recorder_of()
    for _ in range(3):
        exchange(recorder)
    with pytest.raises(RecorderFullError):
        exchange(recorder)


def test_listeners_hear_every_record_in_order() -> None:
    """The console sees what the file sees."""
    on_job_ended: list[AnyRecord] = []
    recorder = recorder_of()
    recorder.listeners.append(on_job_ended.append)
    exchange(recorder)
    recorder.record_event("queues", "media", "end", "")
    assert tuple(on_job_ended) == recorder.records


class _Flushed(io.BytesIO):
    """A stream that knows what would be on the disk."""

    safe = b""

    def flush(self) -> None:
        """Take down what has been written so far."""
        self.safe = self.getvalue()


def test_the_file_follows_the_run_at_short_distance() -> None:
    """Exchanges may wait in the buffer for a moment; a mark, or an exchange after it, brings all to the disk."""
    stream, moment = _Flushed(), 0.0
    recorder = RunRecorder(now=lambda: moment, stream=stream)
    recorder.header(HEADER)
    moment = 10.0
    exchange(recorder)
    assert stream.safe.count(b"\n") == 2
    exchange(recorder)
    assert stream.safe.count(b"\n") == 2
    moment += recorder_module.LONGEST_IN_BUFFER
    exchange(recorder)
    assert stream.safe.count(b"\n") == 4
    exchange(recorder)
    recorder.record_event("queues", "media", "end")
    assert stream.safe == stream.getvalue()
