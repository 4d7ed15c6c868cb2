"""Faults of what a job that waits shows, and of what lists of jobs and buckets take in: states, bounds, inputs, names."""

import re

from ciq_mock.faults.fault import Fault
from ciq_mock.faults.layers import Edit, Tree, add, answers, drop, forgets, later_page, put, reads, where, with_query
from ciq_mock.faults.scope import calls_of
from ciq_mock.service.call import Call
from ciq_schemas.features import Feature
from ciq_schemas.operations import OperationKind as Kind

DESCRIBE, LIST = Kind.DESCRIBE_JOB, Kind.LIST_JOBS


def waiting(then: Edit) -> Edit:
    """An edit of each job that waits in a paused queue."""
    return where("State", "Pause", then)


def _started(job: Tree) -> None:
    put("StartTime", job.findtext("CreationTime") or "")(job)


def _not_quite(job: Tree) -> None:
    for shown in job.findall("Progress"):
        job.remove(shown)
    add(".", "Progress", "99")(job)


def _some_tag(call: Call) -> Call:
    return call if call.query.get("tag") else with_query(call, tag="Snapshot")


def _first_state(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.partition(",")[0]) if states else call


def _queue_hides_states(call: Call) -> Call:
    return forgets("states")(call) if call.query.get("queueId") else call


def _page_forgets_states(call: Call) -> Call:
    return forgets("states")(call) if later_page(call) else call


def _no_pause(call: Call) -> Call:
    states = call.query.get("states")
    return with_query(call, states=states.replace("Pause", "Failed")) if states else call


def _start_wants_end(call: Call) -> Call:
    return call if call.query.get("endCreationTime") else forgets("startcreationtime")(call)


def _bounds_without_zone(call: Call) -> Call:
    bounds = {name: call.query.get(name) for name in ("startCreationTime", "endCreationTime")}
    return with_query(
        call, **{name.lower(): re.sub(r"[+-]\d{4}$", "+0800", text) for name, text in bounds.items() if text}
    )


def _later_ones_run(answer: Tree) -> None:
    for job in answer.findall("JobsDetail")[1:]:
        put("State", "Running")(job)


def _tenth_passed_over(answer: Tree) -> None:
    jobs = answer.findall("JobsDetail")
    if len(jobs) == 10:
        answer.remove(jobs[-1])


def _two_for_one(call: Call) -> Call:
    return with_query(call, size="2") if call.query.get("size") == "1" else call


def _first_name(call: Call) -> Call:
    names = call.query.get("bucketNames")
    return with_query(call, bucketnames=names.partition(",")[0]) if names else call


FAULTS = (
    Fault("updates-answer-active", "UPD-018", "The answer to an update says Active whatever was set.", answers(put("Queue/State", "Active"), Kind.UPDATE_QUEUE)),
    Fault("several-described-stale", "DES-015", "Of several ids all but the first are described as Running.", answers(_later_ones_run, DESCRIBE)),
    Fault("tenth-passed-over", "DES-016", "Of ten speech jobs nine are described, and nothing is said of the tenth.", calls_of(answers(_tenth_passed_over, DESCRIBE), Feature.SPEECH), Feature.SPEECH),
    Fault("two-for-one", "LST-005", "A page of one job holds two.", reads(_two_for_one, LIST)),
    Fault("waiting-shows-paused", "DES-007", "A job in a paused queue shows Paused.", answers(waiting(put("State", "Paused")), DESCRIBE)),
    Fault("waiting-has-started", "DES-010", "A job in a paused queue has a StartTime.", answers(waiting(_started), DESCRIBE)),
    Fault("parameters-lost-at-end", "SUB-020", "An ended job shows no parameters.", answers(where("State", "Success", drop("Operation/Snapshot")), DESCRIBE)),
    Fault("progress-half-done", "DES-014", "Progress of a job that succeeded is 99.", answers(where("State", "Success", _not_quite), DESCRIBE)),
    Fault("creation-in-other-zone", "SUB-019", "Times are the service's own with the zone of another.", answers(put("JobsDetail/CreationTime", lambda text: text[:-5] + "+0100"), Kind.SUBMIT_JOB)),
    Fault("tag-not-needed", "LST-017", "A list without tag is a list of snapshots.", reads(_some_tag, LIST)),
    Fault("first-state-counts", "LST-007", "Of several states the first alone counts.", reads(_first_state, LIST)),
    Fault("waiting-unlisted", "LST-007", "The state Pause brings nothing.", reads(_no_pause, LIST)),
    Fault("queue-hides-states", "LST-018", "states does not count beside queueId.", reads(_queue_hides_states, LIST)),
    Fault("page-forgets-states", "LST-018", "states does not count on later pages.", reads(_page_forgets_states, LIST)),
    Fault("regions-ignored", "ACT-009", "regions does not count.", reads(forgets("regions"), Kind.LIST_BUCKETS)),
    Fault("bucket-name-ignored", "ACT-010", "bucketName does not count.", reads(forgets("bucketname"), Kind.LIST_BUCKETS)),
    Fault("first-bucket-name-counts", "ACT-005", "Of several bucketNames the first alone counts.", reads(_first_name, Kind.LIST_BUCKETS)),
    Fault("start-wants-end", "LST-009", "startCreationTime does not count without endCreationTime.", reads(_start_wants_end, LIST)),
    Fault("zone-of-bounds-ignored", "LST-015", "Bounds count as if in the zone of the service.", reads(_bounds_without_zone, LIST)),
    Fault("input-object-ignored", "LST-016", "inputObject does not count.", reads(forgets("inputobject"), LIST)),
)  # fmt: skip
