"""Checks of the scenario `list`: order and pages (LST-003 to LST-006, LST-008, LST-010, LST-011, LST-019)."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from ciq_conformance.areas.list_jobs import SPEC
from ciq_conformance.areas.list_jobs.labels import Label
from ciq_conformance.areas.list_jobs.pages import (
    filtered,
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
from ciq_conformance.judge.finding import Deviations, Finding, deviates, holds, inconclusive, observed
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
    """Judges the order of jobs in one walk, and in other walks with the same order that the target answered."""
    walks = [walk_of(evidence, step, rule), *(walk_if_answered(evidence, other) for other in others)]
    wrong, most, longest = Deviations(), 0, 0
    for walk in walks:
        moments = [(response, job, times.parse(job.creation_time)) for response, job in jobs_along(walk)]
        known = [(response, job, moment) for response, job, moment in moments if moment is not None]
        most = max(most, len({moment for _, _, moment in known}))
        longest = max(longest, len(known))
        for (first, one, earlier), (second, other, later) in pairwise(known):
            if not right(earlier, later):
                text = f"{one.job_id} of {one.creation_time} precedes {other.job_id} of {other.creation_time}"
                for response in (first, second):
                    wrong.add(response.exchange.seq, f"{text} ({response.exchange.step})")
    if most < 2 and not wrong.items:
        reason = f"all {longest} listed jobs have the same CreationTime, so any order is correct"
        return inconclusive(reason, witness=record_ids(*walks[0][:1]))
    pages = max(map(len, walks))
    power = f"{longest} jobs of {most} different CreationTimes, on up to {pages} pages"
    return wrong.finding(rule, holds(power, witness=record_ids(*walks[0][:3]), power=power))


@check("LST-003", SPEC)
@with_preconditions
def default_order_is_newest_first(evidence: Evidence, item: Item) -> Finding:
    """Lists without orderByTime and with Desc have the newest jobs first; jobs of one second have any order."""
    rule = "CreationTime never rises along the list"
    others = (Label.PAGE_OF_THREE, Label.EMPTY_VALUES)
    return _order(evidence, Label.WINDOW, others, rule, lambda one, other: one >= other)


@check("LST-004", SPEC)
@with_preconditions
def ascending_order_is_oldest_first(evidence: Evidence, item: Item) -> Finding:
    """Lists with orderByTime=Asc have the oldest jobs first, on one page and on several."""
    rule = "with orderByTime=Asc CreationTime never falls along the list"
    return _order(evidence, Label.ASCENDING, (Label.ASCENDING_BY_THREE,), rule, lambda one, other: one <= other)


@check("LST-005", SPEC)
@windowed
def size_limits_the_page(evidence: Evidence, item: Item) -> Finding:
    """Pages with size 3 and 1 are never longer, and the first page is full when there are enough jobs."""
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
@filtered
def pages_contain_each_job_once(evidence: Evidence, item: Item) -> Finding:
    """Pages of three jobs contain each own job once, in both orders."""
    own = own_jobs(evidence)
    expected = "NextToken leads through all pages, and each job is on exactly one page"
    walk = walk_of(evidence, Label.PAGE_OF_THREE, expected)
    walks = [walk, *filter(None, [walk_if_answered(evidence, Label.ASCENDING_BY_THREE)])]
    wrong = Deviations()
    for one in walks:
        _each_once(own, one, wrong)
    if not wrong.items:
        for one in walks:
            if missing_from(own, one):
                return inconclusive(
                    f"the window has more than {len(one)} pages with size 3", witness=record_ids(one[0], one[-1])
                )
        if len(walk) < 2:
            return inconclusive("the list has only one page; see LST-005", witness=record_ids(*walk))
    power = f"{len(own)} jobs on {len(walk)} pages, in {len(walks)} walk(s)"
    return wrong.finding(expected, holds(power, witness=record_ids(*walk[:6]), power=power))


@check("LST-019", SPEC)
@windowed
def new_job_does_not_shift_the_next_page(evidence: Evidence, item: Item) -> Finding:
    """The second page repeats no job of the first one, although the list got a new job in between."""
    expected = "the second page repeats no job of the first one, although a new job was listed in between"
    pages = walk_of(evidence, Label.BETWEEN_PAGES, expected)
    new = ids_of(require_responses(evidence, SPEC, Label.SUBMIT_BETWEEN))
    listed = ids_along(list(evidence.of(SPEC, Label.LISTED_BETWEEN)))
    if len(pages) < 2 or not new or new[0] not in listed:
        return inconclusive(
            "the list did not show a new job before the suite requested the second page", witness=record_ids(*pages)
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
                wrong.add(response.exchange.seq, f"{counts[job_id]} pages contain {job_id}")
    last = token(walk[-1])
    used = [raw.query_value(response.exchange, "nextToken") for response in walk]
    if last and last in used:
        wrong.add(walk[-1].exchange.seq, f"NextToken {last} repeats")
    missing = missing_from(own, walk)
    if missing and not last:
        seen = f"none of {len(walk)} pages contains {', '.join(missing[:3])}"
        for response in walk:
            wrong.add(response.exchange.seq, seen)


@check("LST-008", SPEC)
@with_preconditions
def default_page_has_ten_jobs(evidence: Evidence, item: Item) -> Finding:
    """A list without size has ten jobs when the tag has more."""
    expected = "ten jobs when the tag has more"
    own = own_jobs(evidence)
    response = expect_success(evidence, SPEC, Label.DEFAULT, expected)
    count = evidence.one(SPEC, Label.COUNT)
    submitted = ids_of(evidence.of(SPEC, Label.FILL))
    listed = {raw.text(job.job_id) for job in count.jobs} if count is not None and count.ok else set()
    total = len(listed | set(own) | set(submitted))
    got = len(response.jobs)
    witness = record_ids(*((count,) if count is not None else ()), response)
    if got > DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs", witness=witness)
    if total <= DEFAULT_SIZE:
        return inconclusive(f"the tag has only {total} jobs", witness=witness)
    if got < DEFAULT_SIZE:
        return deviates(expected, f"{got} jobs of at least {total}", witness=witness)
    if not token(response):
        return deviates(
            "NextToken for the other jobs", f"{got} jobs of at least {total} and no NextToken", witness=witness
        )
    return holds(f"{got} of at least {total}", witness=witness)


@check("LST-010", SPEC)
@windowed
def pages_may_have_100_jobs(evidence: Evidence, item: Item) -> Finding:
    """Pages with size=100, of the window and of the whole tag, have up to 100 jobs. A full run has enough jobs."""
    own = own_jobs(evidence)
    expected = "pages of 100 jobs when there are enough"
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
    power = f"{most} jobs on a page" + ("" if most >= 100 else "; the list has no more jobs")
    return wrong.finding(expected, holds(power, witness=record_ids(walk[0], *everything[:1]), power=power))


@check("LST-011", SPEC)
@with_preconditions
def response_to_size_101(evidence: Evidence, item: Item) -> Finding:
    """Reports how the target answers size=101."""
    response = require_response(evidence, SPEC, Label.SIZE_101)
    return observed(
        f"{describe_response(response)}, {len(response.jobs)} jobs" if response.ok else describe_response(response),
        witness=record_ids(response),
    )
