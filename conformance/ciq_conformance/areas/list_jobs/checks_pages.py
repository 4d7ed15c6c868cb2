"""Checks of the scenario `list`: order and pages (LST-003 to LST-006, LST-008, LST-010, LST-011, LST-019)."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from ciq_conformance.areas.list_jobs import SPEC
from ciq_conformance.areas.list_jobs.labels import Label
from ciq_conformance.areas.list_jobs.pages import (
    ids_along,
    jobs_along,
    missing_from,
    own_jobs,
    token,
    walk_if_answered,
    walk_of,
    windowed,
)
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, cannot_tell, deviates, holds, observed
from ciq_conformance.judge.job_facts import ids_of
from ciq_conformance.judge.preconditions import (
    expect_success,
    record_ids,
    require_response,
    require_responses,
    with_preconditions,
)
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

DEFAULT_SIZE = 10


def _order(
    evidence: Evidence, step: Label, others: tuple[Label, ...], rule: str, right: Callable[[datetime, datetime], bool]
) -> Finding:
    """The order along one walk, and along others in the same order where they were answered."""
    walks = [walk_of(evidence, step, rule), *(walk_if_answered(evidence, other) for other in others)]
    wrong, most, longest = Deviations(), 0, 0
    for walk in walks:
        moments = [(response, job, times.parse(job.creation_time)) for response, job in jobs_along(walk)]
        known = [(response, job, moment) for response, job, moment in moments if moment is not None]
        most = max(most, len({moment for _, _, moment in known}))
        longest = max(longest, len(known))
        for (first, one, earlier), (second, other, later) in pairwise(known):
            if not right(earlier, later):
                text = f"{one.job_id} of {one.creation_time} stands before {other.job_id} of {other.creation_time}"
                for response in (first, second):
                    wrong.add(response.exchange.seq, f"{text} ({response.exchange.step})")
    if most < 2 and not wrong.items:
        reason = f"the {longest} jobs listed have one CreationTime between them, so any order looks right"
        return cannot_tell(reason, witness=record_ids(*walks[0][:1]))
    pages = max(map(len, walks))
    power = f"{longest} jobs of {most} different CreationTimes, on up to {pages} pages"
    return wrong.finding(rule, holds(power, witness=record_ids(*walks[0][:3]), power=power))


@check("LST-003", SPEC)
@with_preconditions
def newest_first(evidence: Evidence, item: Item) -> Finding:
    """CreationTime along the lists without orderByTime and with Desc; jobs of one second stand in any order."""
    rule = "CreationTime never rises along the list"
    others = (Label.PAGE_OF_THREE, Label.EMPTY_VALUES)
    return _order(evidence, Label.WINDOW, others, rule, lambda one, other: one >= other)


@check("LST-004", SPEC)
@with_preconditions
def oldest_first(evidence: Evidence, item: Item) -> Finding:
    """CreationTime along the lists with orderByTime=Asc, on one page and over several."""
    rule = "with orderByTime=Asc CreationTime never falls along the list"
    return _order(evidence, Label.ASCENDING, (Label.ASCENDING_BY_THREE,), rule, lambda one, other: one <= other)


@check("LST-005", SPEC)
@windowed
def size_bounds(evidence: Evidence, item: Item) -> Finding:
    """Pages of three and of one: none longer, and the first, of more jobs than it takes, no shorter."""
    own = own_jobs(evidence)
    expected = "pages of three jobs"
    walk = walk_of(evidence, Label.PAGE_OF_THREE, expected)
    wrong = Deviations()
    for response in walk:
        size = len(response.jobs)
        if size > 3:
            wrong.add(response.exchange.seq, f"size=3 returns {size} jobs")
    one = evidence.one(SPEC, Label.ONE)
    if one is not None and one.ok and len(one.jobs) != 1:
        wrong.add(one.exchange.seq, f"size=1 returns {len(one.jobs)} jobs of at least {len(own)}")
    first = len(walk[0].jobs)
    if first < 3 and len(own) > 3:
        wrong.add(walk[0].exchange.seq, f"size=3 returns {first} job(s) of at least {len(own)}")
    return wrong.finding(expected, holds(f"{len(walk)} pages", witness=record_ids(*walk[:3])))


@check("LST-006", SPEC)
@windowed
def pages_give_each_once(evidence: Evidence, item: Item) -> Finding:
    """Own jobs along the pages of three, newest first and oldest first."""
    own = own_jobs(evidence)
    expected = "NextToken leads through all pages, each job on one of them"
    walk = walk_of(evidence, Label.PAGE_OF_THREE, expected)
    walks = [walk, *filter(None, [walk_if_answered(evidence, Label.ASCENDING_BY_THREE)])]
    wrong = Deviations()
    for one in walks:
        _each_once(own, one, wrong)
    if not wrong.items:
        for one in walks:
            if missing_from(own, one):
                return cannot_tell(
                    f"the window has more than {len(one)} pages of three", witness=record_ids(one[0], one[-1])
                )
        if len(walk) < 2:
            return cannot_tell("there was one page only; see LST-005", witness=record_ids(*walk))
    power = f"{len(own)} jobs on {len(walk)} pages, {len(walks)} times"
    return wrong.finding(expected, holds(power, witness=record_ids(*walk[:6]), power=power))


@check("LST-019", SPEC)
@windowed
def a_new_job_turns_no_page_back(evidence: Evidence, item: Item) -> Finding:
    """Two pages of a list, newest first, between which a job came in that the list showed before the second."""
    expected = "no job of the first page on the second, though a job came in between"
    pages = walk_of(evidence, Label.BETWEEN_PAGES, expected)
    new = ids_of(require_responses(evidence, SPEC, Label.SUBMIT_BETWEEN))
    shown = ids_along(list(evidence.of(SPEC, Label.SHOWN_BETWEEN)))
    if len(pages) < 2 or not new or new[0] not in shown:
        return cannot_tell(
            "the list did not show a new job before its second page was asked for", witness=record_ids(*pages)
        )
    again = [job_id for job_id in ids_along(pages[1:]) if job_id in ids_along(pages[:1])]
    if again:
        seen = f"{', '.join(again[:3])} on both pages"
        return deviates(expected, seen, witness=record_ids(*pages))
    return holds(f"{len(pages[1].jobs)} further jobs on the second page", witness=record_ids(*pages))


def _each_once(own: list[str], walk: list[ParsedExchange], wrong: Deviations) -> None:
    counts = Counter(ids_along(walk))
    for job_id in own:
        if counts[job_id] > 1:
            for response in (response for response in walk if job_id in ids_along([response])):
                wrong.add(response.exchange.seq, f"{job_id} stands on {counts[job_id]} pages")
    last = token(walk[-1])
    used = [raw.query_value(response.exchange, "nextToken") for response in walk]
    if last and last in used:
        wrong.add(walk[-1].exchange.seq, f"NextToken {last} leads back to itself")
    missing = missing_from(own, walk)
    if missing and not last:
        seen = f"{', '.join(missing[:3])} on none of {len(walk)} pages"
        for response in walk:
            wrong.add(response.exchange.seq, seen)


@check("LST-008", SPEC)
@with_preconditions
def default_size(evidence: Evidence, item: Item) -> Finding:
    """The list without size, when the tag has more than ten jobs."""
    expected = "ten jobs, when there are more"
    own = own_jobs(evidence)
    response = expect_success(evidence, SPEC, Label.DEFAULT, expected)
    count = evidence.one(SPEC, Label.COUNT)
    submitted = ids_of(evidence.of(SPEC, Label.FILL))
    listed = {raw.text(job.job_id) for job in count.jobs} if count is not None and count.ok else set()
    there = len(listed | set(own) | set(submitted))
    got = len(response.jobs)
    witness = record_ids(*((count,) if count is not None else ()), response)
    if got > DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs", witness=witness)
    if there <= DEFAULT_SIZE:
        return cannot_tell(f"the tag has only {there} jobs", witness=witness)
    if got < DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs of at least {there}", witness=witness)
    if not token(response):
        return deviates("NextToken to the others", f"{got} jobs of at least {there} and no NextToken", witness=witness)
    return holds(f"{got} of at least {there}", witness=witness)


@check("LST-010", SPEC)
@windowed
def size_100(evidence: Evidence, item: Item) -> Finding:
    """Pages of a hundred, of the window and of all jobs of the tag, which are more in a whole run."""
    own = own_jobs(evidence)
    expected = "pages of a hundred jobs, when there are as many"
    walk = walk_of(evidence, Label.SIZE_100, expected)
    wrong = Deviations()
    for response in walk:
        if len(response.jobs) > 100:
            wrong.add(response.exchange.seq, f"{len(response.jobs)} jobs on a page")
    if missing := missing_from(own, walk[:1]):
        first = walk[0]
        if len(first.jobs) < 100:
            seen = f"{len(first.jobs)} jobs on the first page, {len(missing)} of {len(own)} own jobs missing"
            wrong.add(first.exchange.seq, seen)
    everything = walk_if_answered(evidence, Label.SIZE_100_OF_ALL)
    pages = [len(response.jobs) for response in everything]
    if pages and pages[0] > 100:
        wrong.add(everything[0].exchange.seq, f"{pages[0]} jobs on a page")
    if len(pages) > 1 and pages[0] < 100 and len(set(ids_along(everything))) > pages[0]:
        for response in everything:
            wrong.add(response.exchange.seq, f"{pages[0]} jobs on the first page, {pages[1]} more on the next")
    most = max(len(walk[0].jobs), *pages[:1], 0)
    power = f"{most} jobs on a page" + ("" if most >= 100 else ", there are no more")
    return wrong.finding(expected, holds(power, witness=record_ids(walk[0], *everything[:1]), power=power))


@check("LST-011", SPEC)
@with_preconditions
def size_above_100(evidence: Evidence, item: Item) -> Finding:
    """What size=101 is answered."""
    response = require_response(evidence, SPEC, Label.SIZE_101)
    return observed(
        f"{describe_response(response)}, {len(response.jobs)} jobs" if response.ok else describe_response(response),
        witness=record_ids(response),
    )
