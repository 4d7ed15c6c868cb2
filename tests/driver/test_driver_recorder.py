"""Tests of the recorder: order and numbers of the records, limits, a full disk."""

import io
import itertools
import threading

import pytest

from ciq_conformance.driver import recorder as recorder_module
from ciq_conformance.driver.recorder import RecorderFullError, RunFileWriteError, RunRecorder
from ciq_schemas.transcript.records import SCHEMA_VERSION, AnyRecord, Exchange, Header, TargetInfo, read_records


def recorder_of(stream: io.RawIOBase | io.BytesIO | None = None) -> RunRecorder:
    """Returns a recorder with a test clock."""
    ticks = itertools.count()
    return RunRecorder(now=lambda: float(next(ticks)), stream=stream)  # type: ignore[arg-type]


def exchange(recorder: RunRecorder, body: bytes = b"") -> Exchange:
    """Records one exchange with the given response body."""
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


def test_file_and_memory_hold_the_same_records() -> None:
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
def test_longest_response_can_be_read_back(body: bytes) -> None:
    """Whatever bytes a response of the maximum length has, its line stays within the run file's limit."""
    stream = io.BytesIO()
    recorder = recorder_of(stream)
    recorder.header(HEADER)
    exchange(recorder, body)
    _, found = read_records(stream.getvalue().splitlines(keepends=True))
    assert isinstance(found, Exchange)
    assert found.response_body.data == body


def test_event_with_an_unknown_name_is_rejected() -> None:
    """A misspelt event would block nothing, so the recorder raises."""
    recorder = recorder_of()
    recorder.record_event("queues", "media", "begin", "")
    with pytest.raises(ValueError, match="no event is called 'begun'"):
        recorder.record_event("queues", "media", "begun", "")


def test_full_disk_is_reported_once_and_records_stay_in_memory() -> None:
    """After the first failed write the recorder writes nothing more, and the records stay readable."""

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    recorder = recorder_of(Full())
    with pytest.raises(RunFileWriteError, match="No space left"):
        exchange(recorder)
    exchange(recorder)
    assert recorder.stream_trouble
    assert len(recorder.records) == 2


def test_run_over_the_record_limit_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of records of a run is limited."""
    monkeypatch.setattr(recorder_module, "MAX_RECORDS", 3)
    recorder = recorder_of()
    for _ in range(3):
        exchange(recorder)
    with pytest.raises(RecorderFullError):
        exchange(recorder)


def test_listeners_receive_every_record_in_order() -> None:
    """The console receives the same records as the file."""
    on_job_ended: list[AnyRecord] = []
    recorder = recorder_of()
    recorder.listeners.append(on_job_ended.append)
    exchange(recorder)
    recorder.record_event("queues", "media", "end", "")
    assert tuple(on_job_ended) == recorder.records


class _Flushed(io.BytesIO):
    """A stream that remembers which text was flushed to the disk."""

    safe = b""

    def flush(self) -> None:
        """Stores the text that was written so far."""
        self.safe = self.getvalue()


def test_records_reach_the_disk_after_a_short_delay() -> None:
    """Exchanges may stay in the buffer briefly; an event, or an exchange after the delay, flushes everything."""
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
