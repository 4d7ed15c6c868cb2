"""Rules for the content of one callback body, without a scenario: structure, times, types, agreement with describe.

The checks of the scenario `callback` and `ciq check` use them. Pure.
"""

from collections.abc import Iterator, Mapping

from ciq_conformance.judge.body_paths import Body, Node, leaves, text_of
from ciq_conformance.judge.documented import is_covered
from ciq_schemas import times
from ciq_schemas.codec import ProblemKind
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import JobState
from ciq_schemas.values import Job

TASK_FINISH = "TaskFinish"
STRUCTURAL = frozenset({ProblemKind.STRUCTURE, ProblemKind.TOO_MANY})
"""Schema problems that SHP-002 counts; values (states, times) have their own requirements."""
ENDED_TIMES = ("StartTime", "EndTime")
"""Compared where both sides have a value: some pages have no times."""
REQUESTED_FIELDS = {
    "Input.Object": "Input.Object",
    "JobLevel": "Operation.JobLevel",
    "Output.Region": "Operation.Output.Region",
    "Output.Bucket": "Operation.Output.Bucket",
    "Output.Object": "Operation.Output.Object",
}
"""Fields that some samples lack, with their paths in the request. A callback must have such a field where the request
and describe have it; it must have any other field where describe has it."""
_TEXTS = ("JobId", "State", "QueueId", "CreationTime")
_NO_INPUT = frozenset({"FileCompress", "Tts"})
"""Tags whose source is in Operation (436/83112 and the pages of the tags)."""
_WITHOUT_TIMES = frozenset({Feature.DOC, Feature.SPEECH})
"""Features whose pages or SDK types lack StartTime or EndTime (1045/47932, 1045/49789)."""
_NUMBER_IN_SAMPLE = "JobLevel"
"""The only element that is a number in a documented JSON sample (Translation)."""


def missing_parts(job: Node) -> list[str]:
    """Returns what a JobsDetail lacks. Only a failed job must have Code: pages and samples differ for other jobs."""
    if not isinstance(job, Mapping):
        return ["JobsDetail has a value instead of elements"]
    problems = [f"JobsDetail.{name} is missing or empty" for name in _TEXTS if not child_text(job, name)]
    operation = next(iter(job.get("Operation", ())), None)
    tag = child_text(job, "Tag") or child_text(operation, "Tag")
    if not tag:
        problems.append("JobsDetail.Tag is missing or empty")
    if child_text(job, "State") == "Failed" and not child_text(job, "Code"):
        problems.append("JobsDetail.Code of a failed job is missing or empty")
    if not isinstance(operation, Mapping):
        problems.append("JobsDetail.Operation is missing or is not a container")
    source = next(iter(job.get("Input", ())), None)
    if not isinstance(source, Mapping) and tag not in _NO_INPUT:
        problems.append("JobsDetail.Input is missing or is not a container")
    return problems


def child_text(node: Node, name: str) -> str:
    """Returns the text of the first child of that name; empty for a container or without such a child."""
    if not isinstance(node, Mapping):
        return ""
    first = next(iter(node.get(name, ())), None)
    return "" if isinstance(first, Mapping) else text_of(first)


def time_problems(job: Job, feature: Feature | None) -> Iterator[str]:
    """Yields each time of an ended job that is not set or cannot be read; `feature` None: unknown."""
    for name, text in (
        ("CreationTime", job.creation_time),
        ("StartTime", job.start_time),
        ("EndTime", job.end_time),
    ):
        if times.is_unset(text):
            # A job that fails before it runs has no StartTime.
            required = job.state == JobState.SUCCESS or (name == "EndTime" and job.state == JobState.FAILED)
            has_times = feature is not None and feature not in _WITHOUT_TIMES
            if name == "CreationTime" or (has_times and required):
                yield f"{name} of an ended job is {'missing' if text is None else 'not set'}"
        elif times.parse(text) is None:
            yield f"{name} is {text!r}"


def values_not_strings(body: Body) -> Iterator[str]:
    """Yields each documented value of a JSON body that is no string; one sample has a number in JobLevel."""
    for path, leaf in leaves(body.content):
        if isinstance(leaf, str) or (path.endswith(_NUMBER_IN_SAMPLE) and isinstance(leaf, int)):
            continue
        if is_covered(path.split(".")):
            yield f"{path} is {'null' if leaf is None else text_of(leaf)}, not a string"


def compared_fields(job: Job) -> Mapping[str, str]:
    """Returns the fields with a value that callback and describe must agree on, by their path below JobsDetail."""
    operation, source = job.operation, job.input
    output = operation.output if operation else None
    values = {
        "JobId": job.job_id,
        "State": job.state,
        "Tag": job.tag or (operation.tag if operation else None),
        "QueueId": job.queue_id,
        "CreationTime": job.creation_time,
        "StartTime": None if times.is_unset(job.start_time) else job.start_time,
        "EndTime": None if times.is_unset(job.end_time) else job.end_time,
        "Input.Object": source.object if source else None,
        "UserData": operation.user_data if operation else None,
        "JobLevel": operation.job_level if operation else None,
        "Output.Region": output.region if output else None,
        "Output.Bucket": output.bucket if output else None,
        "Output.Object": output.object if output else None,
    }
    return {name: value.strip() for name, value in values.items() if value and value.strip()}


def equal_values(name: str, one: str, other: str) -> bool:
    """Returns whether two values of a field are equal; times are compared as moments."""
    if name == "CreationTime" or name in ENDED_TIMES:
        moments = times.parse(one), times.parse(other)
        if moments[0] is not None and moments[1] is not None:
            if name in ENDED_TIMES:  # one side may omit the fraction of a second
                return moments[0].replace(microsecond=0) == moments[1].replace(microsecond=0)
            return moments[0] == moments[1]
    return one == other
