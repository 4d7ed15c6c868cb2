"""Reads facts about jobs from responses, shared by checks: their ids, their values, and how two texts differ."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ciq_schemas import times
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange
from ciq_schemas.values import Job


def ids_of(responses: Iterable[ParsedExchange]) -> list[str]:
    """Returns the ids in responses to submits, in order."""
    return [
        raw.text(job.job_id) for response in responses if response.ok for job in response.jobs if raw.text(job.job_id)
    ]


def jobs_in(responses: Iterable[ParsedExchange], ids: Iterable[str]) -> Iterator[tuple[ParsedExchange, Job]]:
    """Returns the jobs of these ids in successful responses, in order."""
    wanted = frozenset(ids)
    for response in responses:
        if response.ok:
            for job in response.jobs:
                if raw.text(job.job_id) in wanted:
                    yield response, job


def requested_ids(describe: ParsedExchange) -> list[str]:
    """Returns the job ids that a describe requests."""
    return [part for part in raw.requested_job_id(describe.exchange).split(",") if part]


def non_exist_ids(describe: ParsedExchange) -> list[str]:
    """Returns the ids in NonExistJobIds of the response to a describe."""
    return [value.strip() for value in describe.job_answer.non_exist_ids if value.strip()]


def tag_of(job: Job) -> str:
    """Returns the tag; the form with several operations has it inside Operation (sample of 436/85083)."""
    inner = job.operation.tag if job.operation is not None else None
    return raw.text(job.tag) or raw.text(inner)


def user_data_of(job: Job) -> str | None:
    """Returns Operation.UserData without surrounding white space, which a pretty printer may have added."""
    value = job.operation.user_data if job.operation is not None else None
    return None if value is None else value.strip()


def level_of(job: Job) -> str:
    """Returns Operation.JobLevel; empty when the job has none."""
    return raw.text(job.operation.job_level) if job.operation is not None else ""


def object_of(job: Job) -> str | None:
    """Returns Input.Object without surrounding white space."""
    value = job.input.object if job.input is not None else None
    return None if value is None else value.strip()


def output_of(job: Job) -> tuple[str, str, str]:
    """Returns Region, Bucket and Object of Operation.Output; empty texts when the job has none."""
    output = job.operation.output if job.operation is not None else None
    if output is None:
        return ("", "", "")
    return raw.text(output.region), raw.text(output.bucket), raw.text(output.object)


LEAST_ZONE = timedelta(minutes=14)
"""The smallest difference that is a wrong time zone: clocks of one service differ by seconds, zones by 15 minutes."""


def zones_apart(responses: Iterable[ParsedExchange]) -> str:
    """Describes the first submit whose CreationTime differs by a time zone from the Date of its response; or empty."""
    for response in responses:
        now = times.of_header(raw.answer_header(response, "date"))
        for job in response.jobs if response.ok else ():
            created = times.parse(job.creation_time)
            if created is not None and now is not None and abs(created - now) >= LEAST_ZONE:
                hours = (created - now).total_seconds() / 3600
                return f"CreationTime {raw.text(job.creation_time)} is {hours:+.1f} h from the Date of its response"
    return ""


def last_seen(responses: Iterable[ParsedExchange], ids: Iterable[str]) -> dict[str, tuple[ParsedExchange, Job]]:
    """Returns the last response about each job."""
    return {raw.text(job.job_id): (response, job) for response, job in jobs_in(responses, ids)}


def first_difference(got: str, want: str) -> str:
    """Describes the first difference of two texts.

    `character 256 is missing`, or `from character 12 on 'x y' instead of 'x  y'`.
    """
    at = next((i for i, (one, other) in enumerate(zip(got, want, strict=False)) if one != other), None)
    if at is not None:
        return f"from character {at + 1} on {got[at : at + 20]!r} instead of {want[at : at + 20]!r}"
    if len(got) < len(want):
        return f"only the first {len(got)} of {len(want)} characters"
    return f"{len(got) - len(want)} characters more, {got[len(want) :][:20]!r}"


def shortened(text: str | None, length: int = 60) -> str:
    """Shortens a long text in the middle, for messages."""
    if text is None:
        return "nothing"
    return repr(text) if len(text) <= length else f"{text[: length // 2]!r} ... {text[-length // 2 :]!r} ({len(text)})"
