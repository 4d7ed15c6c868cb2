"""Checks of the scenario `callback`: contents compared with describe, the request and the other format (SHP)."""

from collections.abc import Iterator, Mapping

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.checks import format_of
from ciq_conformance.areas.callback.jobs import Delivery, readable_deliveries_of
from ciq_conformance.judge.body_paths import texts_by_path
from ciq_conformance.judge.callback_body import (
    ENDED_TIMES,
    REQUESTED_FIELDS,
    compared_fields,
    equal_values,
    time_problems,
)
from ciq_conformance.judge.documented import is_named
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, holds, inconclusive
from ciq_conformance.judge.registry import Item, check
from ciq_schemas.lifecycle import ENDED_BY_RUNNING
from ciq_schemas.requirement import Format
from ciq_schemas.results import RESULT_CONTAINERS
from ciq_schemas.transcript.jobs import Observation

_JOB_SPECIFIC = frozenset({"JobId", "CreationTime", "StartTime", "EndTime", "Progress"})
_RESULTS = ("Result", "Info")
"""Suffixes of the names of result containers, of undocumented ones too; the results of two jobs may differ."""


@check("SHP-004", SPEC)
def state_agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """State is Success or Failed, as describe shows it for the ended job."""
    deliveries = readable_deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    compared = 0
    for delivery in deliveries:
        state = (delivery.reported.state or "").strip()
        if state not in ENDED_BY_RUNNING:
            found.add(delivery.seq, f"State is {state or 'missing'}")
            continue
        observation = _final_observation(delivery)
        if observation is not None:
            compared += 1
            if observation.job.state != state:
                text = f"State is {state}, describe shows {observation.job.state} for job {delivery.job.job_id}"
                found.add(delivery.seq, text)
    return found.finding(
        "State Success or Failed, as in describe",
        holds(f"{len(deliveries)} callbacks, {compared} compared with describe", witness=(deliveries[0].seq,)),
    )


def _final_observation(delivery: Delivery) -> Observation | None:
    """Returns an observation of the ended job, preferably one after the callback."""
    after = next((o for o in delivery.job.observations_after(delivery.callback) if o.is_final), None)
    return after or delivery.job.ended


@check("SHP-005", SPEC)
def details_agree_with_describe(evidence: Evidence, item: Item) -> Finding:
    """The fields of a callback are those that describe returns for the job."""
    deliveries = readable_deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    compared: set[str] = set()
    for delivery in deliveries:
        observation = _final_observation(delivery) or next(iter(delivery.job.observations[-1:]), None)
        if observation is None:
            continue
        for name, text in _differences(delivery, observation):
            compared.add(name)
            if text:
                found.add(delivery.seq, text)
                found.add(observation.seq, text)
    if not compared:
        return blocked("describe returned none of the jobs in callbacks; the DES requirements judge describe")
    return found.finding(
        "the fields of JobsDetail as describe returns them",
        holds(f"{len(deliveries)} callbacks agree on {', '.join(sorted(compared))}", witness=(deliveries[0].seq,)),
    )


def _differences(delivery: Delivery, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yields each compared field with its deviation, which is empty where there is none."""
    reported, described = compared_fields(delivery.reported), compared_fields(observation.job)
    requested = texts_by_path(delivery.job.submit.exchange.request_body.data)
    for name, value in described.items():
        if (name == "State" or name in ENDED_TIMES) and not observation.is_final:
            continue  # this observation is too early to compare; DEL-003 judges that
        if name in reported:
            equal = equal_values(name, reported[name], value)
            yield name, "" if equal else f"{name} is {reported[name]!r} in the callback and {value!r} in describe"
        elif name not in ENDED_TIMES and (name not in REQUESTED_FIELDS or REQUESTED_FIELDS[name] in requested):
            yield name, f"{name} is missing in the callback, describe has {value!r}"


@check("SHP-007", SPEC)
def times_are_readable(evidence: Evidence, item: Item) -> Finding:
    """Times have date, time and zone; an ended job has them where the pages of its feature have them."""
    deliveries = readable_deliveries_of(evidence, format_of(item))
    if isinstance(deliveries, Finding):
        return deliveries
    found = Deviations()
    for delivery in deliveries:
        for problem in time_problems(delivery.reported, evidence.feature):
            found.add(delivery.seq, problem)
    return found.finding(
        "date, time and zone, like 2026-01-05T09:00:00+0800",
        holds(f"{len(deliveries)} callbacks", witness=(deliveries[0].seq,)),
    )


@check("SHP-008", SPEC)
def both_formats_have_the_same_content(evidence: Evidence, _item: Item) -> Finding:
    """Two equal jobs, one reported in XML and one in JSON, have the same elements and the same comparable values."""
    pair: list[Delivery] = []
    for form in (Format.XML, Format.JSON):
        deliveries = readable_deliveries_of(evidence, form)
        if isinstance(deliveries, Finding):
            return deliveries
        plain = [delivery for delivery in deliveries if delivery.job.step in steps.PLAIN[form]]
        if not plain:
            return inconclusive(f"no {form.upper()} callback of the plain job arrived; DEL-001 judges that")
        pair.append(plain[0])
    xml, json = pair
    if xml.reported.state != json.reported.state:
        return inconclusive(
            f"the two jobs ended as {xml.reported.state} and {json.reported.state}, so their callbacks may differ",
            witness=(xml.seq, json.seq),
        )
    one, other = _comparable(xml), _comparable(json)
    found = Deviations()
    for path in sorted(one.keys() | other.keys()):
        if path not in other:
            found.add(xml.seq, f"{path} is in XML only")
        elif path not in one:
            found.add(json.seq, f"{path} is in JSON only")
        elif one[path] and other[path] and one[path] != other[path]:
            found.add(json.seq, f"{path} is {', '.join(one[path])!r} in XML and {', '.join(other[path])!r} in JSON")
    if found.items:
        found.add(xml.seq, found.items[0][1])
    return found.finding(
        "the same elements with the same values in both formats",
        holds(f"{len(one)} elements in both formats", witness=(xml.seq, json.seq)),
    )


def _is_result(name: str) -> bool:
    return name in RESULT_CONTAINERS or name.endswith(_RESULTS)


def _comparable(delivery: Delivery) -> Mapping[str, tuple[str, ...]]:
    """Returns the paths of documented or requested elements with their values; values of one job only are left out.

    Of results only the container is compared. An element that no document names may be in one format only.
    """
    requested = {f"JobsDetail.{path}" for path in texts_by_path(delivery.job.submit.exchange.request_body.data)}
    comparable: dict[str, tuple[str, ...]] = {}
    for path, values in texts_by_path(delivery.callback.body).items():
        names = path.split(".")
        cut = next((at for at, name in enumerate(names) if _is_result(name)), None)
        known = path in requested or is_named(names if cut is None else names[: cut + 1])
        if not known:
            continue
        if cut is not None:
            comparable[".".join(names[: cut + 1])] = ()
        elif names[-1] in _JOB_SPECIFIC or any(delivery.job.job_id in value for value in values):
            comparable[path] = ()
        else:
            comparable[path] = values
    return comparable
