"""Checks of the scenario `callback`: what the bodies say, against describe, the order, and the other form (SHP)."""

from collections.abc import Iterator, Mapping

from ciq_conformance.areas.callback import SPEC
from ciq_conformance.areas.callback import labels as steps
from ciq_conformance.areas.callback.checks import form_of
from ciq_conformance.areas.callback.jobs import Telling, readable_of
from ciq_conformance.judge.body_paths import texts_by_path
from ciq_conformance.judge.documented import is_named
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, cannot_tell, holds
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import ENDED_BY_RUNNING, JobState
from ciq_schemas.requirement import Format
from ciq_schemas.transcript.jobs import Observation
from ciq_schemas.values import Job

_ASKED = {
    "Input.Object": "Input.Object",
    "JobLevel": "Operation.JobLevel",
    "Output.Region": "Operation.Output.Region",
    "Output.Bucket": "Operation.Output.Bucket",
    "Output.Object": "Operation.Output.Object",
}
"""Fields that some samples lack. Where the order had them, as is said by the path, and describe shows them, they are
owed; the others are owed when describe shows them."""
_TIMES = ("StartTime", "EndTime")
"""Compared where both have them set: some pages have none."""
_WITHOUT_TIMES = frozenset({Feature.DOC, Feature.SPEECH})
"""Features whose pages or SDK types lack StartTime or EndTime (1045/47932, 1045/49789)."""
_OWN_TO_A_JOB = frozenset({"JobId", "CreationTime", "StartTime", "EndTime", "Progress"})
_RESULTS = ("Result", "Info")
"""Ends of the names of result containers: what the work found may differ from job to job."""


def _fields(job: Job) -> Mapping[str, str]:
    """The compared fields that have a value, by their path below JobsDetail."""
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


def _same(name: str, one: str, other: str) -> bool:
    if name == "CreationTime" or name in _TIMES:
        moments = times.parse(one), times.parse(other)
        if moments[0] is not None and moments[1] is not None:
            if name in _TIMES:  # a fraction of a second may be shown in one place only
                return moments[0].replace(microsecond=0) == moments[1].replace(microsecond=0)
            return moments[0] == moments[1]
    return one == other


@check("SHP-004", SPEC)
def state_is_the_jobs(evidence: Evidence, item: Item) -> Finding:
    """State is Success or Failed, and the one that describe shows for the ended job."""
    tellings = readable_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    compared = 0
    for telling in tellings:
        state = (telling.told.state or "").strip()
        if state not in ENDED_BY_RUNNING:
            found.add(telling.seq, f"State is {state or 'missing'}")
            continue
        shown = _final_look(telling)
        if shown is not None:
            compared += 1
            if shown.job.state != state:
                found.add(telling.seq, f"State is {state}, describe shows job {telling.job.job_id} {shown.job.state}")
    return found.finding(
        "State Success or Failed, as the job's own",
        holds(f"{len(tellings)} callbacks, {compared} compared with describe", witness=(tellings[0].seq,)),
    )


def _final_look(telling: Telling) -> Observation | None:
    """A look that shows the job ended, best one after the callback."""
    after = next((look for look in telling.job.observations_after(telling.callback) if look.is_final), None)
    return after or telling.job.ended


@check("SHP-005", SPEC)
def agrees_with_describe(evidence: Evidence, item: Item) -> Finding:
    """The details are those that describe answers for the job."""
    tellings = readable_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    compared: set[str] = set()
    for telling in tellings:
        look = _final_look(telling) or next(iter(telling.job.observations[-1:]), None)
        if look is None:
            continue
        for name, text in _differences(telling, look):
            compared.add(name)
            if text:
                found.add(telling.seq, text)
                found.add(look.seq, text)
    if not compared:
        return blocked("describe showed none of the jobs that were told; the DES requirements judge describe")
    return found.finding(
        "the fields of JobsDetail as describe answers them",
        holds(f"{len(tellings)} callbacks agree on {', '.join(sorted(compared))}", witness=(tellings[0].seq,)),
    )


def _differences(telling: Telling, look: Observation) -> Iterator[tuple[str, str]]:
    """Each comparable field with what is wrong about it, empty when nothing is."""
    told, shown = _fields(telling.told), _fields(look.job)
    asked = texts_by_path(telling.job.submit.exchange.request_body.data)
    for name, value in shown.items():
        if (name == "State" or name in _TIMES) and not look.is_final:
            continue  # the look came too early to compare; DEL-003 has its own word on that
        if name in told:
            same = _same(name, told[name], value)
            yield name, "" if same else f"{name} is {told[name]!r} in the callback and {value!r} in describe"
        elif name not in _TIMES and (name not in _ASKED or _ASKED[name] in asked):
            yield name, f"{name} is missing in the callback, describe shows {value!r}"


@check("SHP-007", SPEC)
def times_can_be_read(evidence: Evidence, item: Item) -> Finding:
    """Times carry date, time and zone; an ended job has them where its feature shows them."""
    tellings = readable_of(evidence, form_of(item))
    if isinstance(tellings, Finding):
        return tellings
    found = Deviations()
    for telling in tellings:
        job = telling.told
        for name, text in (
            ("CreationTime", job.creation_time),
            ("StartTime", job.start_time),
            ("EndTime", job.end_time),
        ):
            if times.is_unset(text):
                # A job that fails before it runs has no StartTime.
                owed = job.state == JobState.SUCCESS or (name == "EndTime" and job.state == JobState.FAILED)
                if name == "CreationTime" or (evidence.feature not in _WITHOUT_TIMES and owed):
                    found.add(telling.seq, f"{name} of an ended job is {'missing' if text is None else 'not set'}")
            elif times.parse(text) is None:
                found.add(telling.seq, f"{name} is {text!r}")
    return found.finding(
        "date, time and zone, like 2026-01-05T09:00:00+0800",
        holds(f"{len(tellings)} callbacks", witness=(tellings[0].seq,)),
    )


@check("SHP-008", SPEC)
def both_forms_say_the_same(evidence: Evidence, _item: Item) -> Finding:
    """Two like jobs, one told in XML and one in JSON: the same elements, and the same values where they are like."""
    like: list[Telling] = []
    for form in (Format.XML, Format.JSON):
        tellings = readable_of(evidence, form)
        if isinstance(tellings, Finding):
            return tellings
        plain = [telling for telling in tellings if telling.job.step in steps.PLAIN[form]]
        if not plain:
            return cannot_tell(f"the plain job was not told in {form.upper()}; DEL-001 judges that")
        like.append(plain[0])
    xml, json = like
    if xml.told.state != json.told.state:
        return cannot_tell(
            f"the two jobs ended differently ({xml.told.state}, {json.told.state}), so their callbacks differ rightly",
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
        "the same elements with the same values in both forms",
        holds(f"{len(one)} elements in both", witness=(xml.seq, json.seq)),
    )


def _comparable(telling: Telling) -> Mapping[str, tuple[str, ...]]:
    """Paths of documented or asked elements with their values; without values where they are a job's own.

    Results are cut down to their container. What no document names may come in one form only.
    """
    asked = {f"JobsDetail.{path}" for path in texts_by_path(telling.job.submit.exchange.request_body.data)}
    kept: dict[str, tuple[str, ...]] = {}
    for path, values in texts_by_path(telling.callback.arrival.body.data).items():
        names = path.split(".")
        cut = next((at for at, name in enumerate(names) if name.endswith(_RESULTS)), None)
        known = path in asked or is_named(names if cut is None else names[: cut + 1])
        if not known:
            continue
        if cut is not None:
            kept[".".join(names[: cut + 1])] = ()
        elif names[-1] in _OWN_TO_A_JOB or any(telling.job.job_id in value for value in values):
            kept[path] = ()
        else:
            kept[path] = values
    return kept
