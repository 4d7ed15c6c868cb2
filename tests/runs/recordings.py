"""Recorded material for the tests of `ciq check`: callbacks, answers, and HAR files made of exchanges."""

import json
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from command import CommandResult, in_process
from transcripts import QUEUE, Transcript, job_xml, operation_xml, queue_xml, response_xml, submit_xml

from ciq_schemas.transcript.records import CallbackReceived, Exchange

STARTED, ENDED = "2026-01-02T03:04:07+0800", "2026-01-02T03:04:09+0800"
_BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def task_xml(job_id: str = "j1", state: str = "Success", **more: str) -> str:
    """A TaskFinish callback as XML."""
    job = job_xml(job_id, state, started=STARTED, ended=ENDED, **more)
    return f"<Response><EventName>TaskFinish</EventName>{job}</Response>"


def task_json(job_id: str = "j1", **more: object) -> dict[str, object]:
    """A TaskFinish callback as a JSON value; `more` replaces members of its job."""
    job: dict[str, object] = {
        "Code": "Success",
        "JobId": job_id,
        "State": "Success",
        "Tag": "Snapshot",
        "CreationTime": "2026-01-02T03:04:05+0800",
        "StartTime": STARTED,
        "EndTime": ENDED,
        "QueueId": QUEUE,
        "Input": {"Object": "in.mp4"},
        "Operation": {"JobLevel": 1},
    }
    return {"EventName": "TaskFinish", "JobsDetail": [{**job, **more}]}


def described(job_id: str = "j1", state: str = "Success", **more: str) -> str:
    """An answer to DescribeJob."""
    stamps = {"started": STARTED, "ended": ENDED} if state == "Success" else {}
    return response_xml(job_xml(job_id, state, **{**stamps, **more}))


def queue_list(**more: str) -> str:
    """An answer to the list of queues."""
    return response_xml(queue_xml(**more))


def har(records: Iterable[Exchange | CallbackReceived], *, base64: bool = False) -> str:
    """An HTTP archive of records."""
    return json.dumps({"log": {"version": "1.2", "entries": [_entry(record, base64=base64) for record in records]}})


def _entry(record: Exchange | CallbackReceived, *, base64: bool) -> dict[str, object]:
    if isinstance(record, Exchange):
        url, sent, received = record.url, record.request_body.data, record.response_body.data
        headers, response_headers, status = record.request_headers, record.response_headers, record.status
    else:
        url, sent, received = f"http://receiver.example{record.target}", record.body.data, b""
        headers, response_headers, status = record.headers, (), record.answered
    content: dict[str, object] = {"size": len(received), "mimeType": "application/xml"}
    if base64:
        content |= {"text": b64encode(received).decode(), "encoding": "base64"}
    elif received:
        content |= {"text": received.decode()}
    return {
        "startedDateTime": (_BEGIN + timedelta(seconds=record.started)).isoformat(),
        "time": round((record.ended - record.started) * 1000, 3),
        "request": {
            "method": record.method,
            "url": url,
            "headers": [{"name": name, "value": value} for name, value in headers],
            **({"postData": {"mimeType": "application/xml", "text": sent.decode()}} if sent else {}),
        },
        "response": {
            "status": status,
            "headers": [{"name": name, "value": value} for name, value in response_headers],
            "content": content,
        },
    }


def submit(transcript: Transcript, job_id: str, level: str = "0") -> Transcript:
    """Adds a submit whose job waits."""
    return transcript.exchange(
        "submit",
        response_xml(job_xml(job_id, level=level)),
        request=submit_xml(operation_xml(level=level, user_data=f"data-{job_id}")),
        method="POST",
        target="/jobs",
        operation="submit_job",
    )


def look(transcript: Transcript, job_id: str, state: str) -> Transcript:
    """Adds a describe of one job."""
    return transcript.exchange("look", described(job_id, state), target=f"/jobs/{job_id}", operation="describe_job")


def pause(transcript: Transcript, state: str) -> Transcript:
    """Adds an update that sets the state of the queue."""
    return transcript.exchange(
        "update",
        response_xml(queue_xml(container="Queue", state=state)),
        request=f"<Request><Name>queue-1</Name><State>{state}</State></Request>",
        method="PUT",
        target=f"/queue/{QUEUE}",
        operation="update_queue",
    )


def messages(transcript: Transcript) -> list[Exchange | CallbackReceived]:
    """The messages of a transcript, as a recorder beside the service would see them."""
    return [record for record in transcript.records if isinstance(record, (Exchange, CallbackReceived))]


class Check:
    """Runs `ciq check` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, content: str | bytes, *options: str, name: str = "recorded.xml") -> CommandResult:
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return self.run(name, *options)

    def run(self, *arguments: str) -> CommandResult:
        """Runs `ciq check` with arguments."""
        return in_process("check", *arguments, cwd=self.folder)

    def outcomes(self, content: str | bytes, *options: str, name: str = "recorded.xml") -> dict[str, str]:
        """The outcome of each requirement."""
        result = self(content, "--json", *options, name=name)
        lines = [json.loads(line) for line in result.out.splitlines()]
        return {line["requirement"]: line["outcome"] for line in lines}
