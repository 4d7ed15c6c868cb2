"""The check of the scenario `callback` of result containers: they are those of the result table (SHP)."""

from collections.abc import Iterable, Mapping

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback.checks import format_of
from ciq_conformance.areas.callback.jobs import Delivery, readable_deliveries_of
from ciq_conformance.judge.body_paths import Node, UnreadableBody, read_body, text_of, texts_by_path
from ciq_conformance.judge.documented import is_named
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, holds, inconclusive, untested
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import JobState
from ciq_schemas.results import TAG_RESULTS

_RESULT = "Result"
"""The documented names of results end with it, or are in the result table."""


@check("SHP-015", SPEC)
def result_is_in_a_documented_container(evidence: Evidence, item: Item) -> Finding:
    """A successful job has a container that the pages of its tag show, and no result in a container of another name."""
    deliveries = readable_deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    ended = [delivery for delivery in deliveries if delivery.reported.state == JobState.SUCCESS]
    if not ended:
        return inconclusive("every job of the scenario failed, so no callback has a result")
    tags = {_tag(delivery) for delivery in ended}
    known = [tag for tag in sorted(tags) if tag in TAG_RESULTS and TAG_RESULTS[tag].documented]
    if not known:
        return untested(f"no page shows the result of {', '.join(sorted(tags)) or 'a job without Tag'}")
    found = Deviations()
    for delivery in ended:
        for text in _problems(delivery):
            found.add(delivery.seq, text)
    expected = "; ".join(f"{tag}: {_names(TAG_RESULTS[tag].containers) or 'no container of results'}" for tag in known)
    return found.finding(
        f"a result in the documented containers ({expected})",
        holds(f"{len(ended)} callbacks of successful jobs", witness=(ended[0].seq,)),
    )


def _problems(delivery: Delivery) -> Iterable[str]:
    """Yields what is wrong with the containers of one callback."""
    row = TAG_RESULTS.get(_tag(delivery))
    if row is None or not row.documented:
        return
    operation = _operation(delivery)
    requested = {path.split(".")[1] for path in _requested(delivery) if path.count(".")}
    own = sorted(
        name
        for name in operation
        if name.endswith(_RESULT) and name not in requested and not is_named(("JobsDetail", "Operation", name))
    )
    if own:
        yield f"{_names(own)} of a {row.tag} job is in no document"
    if row.containers and not row.condition and not any(name in operation for name in row.containers):
        yield f"a successful {row.tag} job has no {' or '.join(row.containers)}"


def _tag(delivery: Delivery) -> str:
    job = delivery.reported
    return (job.tag or (job.operation.tag if job.operation else None) or "").strip()


def _requested(delivery: Delivery) -> Iterable[str]:
    return texts_by_path(delivery.job.submit.exchange.request_body.data)


def _operation(delivery: Delivery) -> Mapping[str, list[Node]]:
    """Returns the elements of Operation of this job in the callback."""
    try:
        content = read_body(delivery.callback.body).content
    except UnreadableBody:
        return {}
    jobs = content.get("JobsDetail", []) if isinstance(content, Mapping) else []
    for job in jobs:
        if isinstance(job, Mapping) and _first_text(job, "JobId") == delivery.job.job_id:
            operation = next(iter(job.get("Operation", ())), None)
            return operation if isinstance(operation, Mapping) else {}
    return {}


def _first_text(job: Mapping[str, list[Node]], name: str) -> str:
    first = next(iter(job.get(name, ())), None)
    return "" if isinstance(first, Mapping) else text_of(first)


def _names(containers: Iterable[str]) -> str:
    return ", ".join(containers)
