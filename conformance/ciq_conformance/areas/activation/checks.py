"""Checks of the scenario `activation` (ACT-001 to ACT-006, ACT-008 to ACT-010, ACT-014, ONE-004)."""

from lxml import etree

from ciq_conformance.areas.activation import SPEC
from ciq_conformance.areas.activation.labels import OUT_OF_RANGE, Label
from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Deviations, Finding, blocked, deviates, holds, observed
from ciq_conformance.judge.preconditions import (
    expect_rejections,
    expect_status_200,
    expect_success,
    record_ids,
    require_response,
    require_responses,
    require_success,
    with_preconditions,
)
from ciq_conformance.judge.queue_shape import listed, updatable_values
from ciq_conformance.judge.registry import Item, check
from ciq_schemas import times
from ciq_schemas.transcript import raw
from ciq_schemas.transcript.parsed import ParsedExchange, describe_response

BUCKET_FIELDS = ("Name", "BucketId", "Region", "CreateTime")
LARGEST_PAGE = 100
PAGE_NUMBERS = ("TotalCount", "PageNumber", "PageSize")


def _already_active(response: ParsedExchange) -> bool:
    """Whether the target rejects because the bucket is already bound (1045/33700: BucketAlreadyBinded, 1100)."""
    code = (response.error.code or "").lower()
    return response.refused and (code == "1100" or "already" in code or ("bind" in code and "unbind" not in code))


def _bucket_name(evidence: Evidence) -> str:
    return raw.bucket_in(evidence.records)


def _judge_activation(evidence: Evidence, item: Item) -> Finding:
    element = item.feature.bucket_element
    expected = f"HTTP 200 and Response with RequestId and one {element} with Name, BucketId, Region, CreateTime"
    response = require_response(evidence, SPEC, Label.ACTIVATE)
    if _already_active(response):
        return holds(f"rejected because already active: {describe_response(response)}", witness=record_ids(response))
    response = expect_status_200(evidence, SPEC, Label.ACTIVATE, expected)
    root = raw.response_root(response)
    if root is None:
        return deviates(expected, "the body is not a Response document", witness=record_ids(response))
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    buckets = raw.children(root, element)
    if len(buckets) == 1:
        faults += _bucket_faults(buckets[0], _bucket_name(evidence))
    else:
        names = ", ".join(raw.texts(root)) or "no element"
        faults.append(f"{len(buckets)} {element} elements (Response has {names})")
    if faults:
        return deviates(expected, "; ".join(faults), witness=record_ids(response))
    return holds(f"{element} {raw.child_text(buckets[0], 'Name')}", witness=record_ids(response))


def _bucket_faults(bucket: etree._Element, name: str) -> list[str]:
    fields = raw.texts(bucket)
    faults = [f"no {field}" for field in BUCKET_FIELDS if not fields.get(field)]
    if fields.get("CreateTime") and times.parse(fields["CreateTime"]) is None:
        faults.append(f"CreateTime {fields['CreateTime']}")
    if name and fields.get("Name") and name not in (fields["Name"], fields.get("BucketId")):
        faults.append(f"Name {fields['Name']} instead of {name}")
    return faults


@check("ACT-001", SPEC)
@with_preconditions
def activation_returns_the_bucket(evidence: Evidence, item: Item) -> Finding:
    """POST on the bucket path returns the bucket with its fields."""
    return _judge_activation(evidence, item)


@check("ACT-002", SPEC)
@with_preconditions
def media_activation_response_is_reported(evidence: Evidence, item: Item) -> Finding:
    """Reports the response to POST on the bucket path for media, which only SDK types document."""
    response = require_response(evidence, SPEC, Label.ACTIVATE)
    if not response.ok:
        return observed(describe_response(response), witness=record_ids(response))
    finding = _judge_activation(evidence, item)
    return observed(finding.seen, witness=finding.witness, expected=finding.expected)


def _bucket_names(response: ParsedExchange, element: str) -> list[str]:
    return [
        raw.child_text(entry, "Name") or raw.child_text(entry, "BucketId") or ""
        for entry in raw.children(raw.response_root(response), element)
    ]


@check("ACT-003", SPEC)
@check("ACT-008", SPEC)
@with_preconditions
def bucket_is_in_the_bucket_list(evidence: Evidence, item: Item) -> Finding:
    """The bucket list at the host of the region has the paged structure and contains the bucket."""
    element = item.feature.bucket_list_element
    expected = f"HTTP 200 and Response with RequestId, TotalCount, PageNumber, PageSize and {element} of the bucket"
    expect_status_200(evidence, SPEC, Label.BUCKETS, expected)
    pages = [response for response in require_responses(evidence, SPEC, Label.BUCKETS) if response.ok]
    for response in pages:
        faults = _page_faults(response, element)
        if faults:
            return deviates(expected, "; ".join(faults), witness=record_ids(response))
    bucket = _bucket_name(evidence)
    names = [name for response in pages for name in _bucket_names(response, element)]
    if bucket not in names:
        first_names = ", ".join(names[:3]) or "none"
        seen = f"{bucket} is not among the {len(names)} listed buckets ({first_names})"
        return deviates(expected, seen, witness=record_ids(*pages))
    return holds(f"{bucket} is listed", witness=record_ids(*pages))


def _page_faults(response: ParsedExchange, element: str) -> list[str]:
    root = raw.response_root(response)
    if root is None:
        return ["the body is not a Response document"]
    faults = [] if raw.child_text(root, "RequestId") else ["no RequestId"]
    for name in PAGE_NUMBERS:
        value = raw.child_text(root, name)
        if raw.number(value) is None:
            faults.append(f"{name} {value}" if value else f"no {name}")
    for entry in raw.children(root, element):
        fields = raw.texts(entry)
        faults += [f"{element} without {field}" for field in BUCKET_FIELDS if field not in fields]
    return list(dict.fromkeys(faults))


@check("ACT-004", SPEC)
@with_preconditions
def activation_creates_a_queue(evidence: Evidence, item: Item) -> Finding:
    """The queue list contains a queue right after the activation."""
    activation = require_response(evidence, SPEC, Label.ACTIVATE)
    if not activation.ok and not _already_active(activation):
        return blocked(f"the activation returned {describe_response(activation)}", witness=record_ids(activation))
    expected = "the queue list contains a queue after activation"
    after = expect_success(evidence, SPEC, Label.QUEUES_AFTER, expected)
    queues = after.queue_list.queues
    if not queues:
        return deviates(expected, "the list is empty", witness=record_ids(activation, after))
    return holds(f"{queues[0].name} ({queues[0].queue_id})", witness=record_ids(after))


@check("ACT-005", SPEC)
@with_preconditions
def bucket_names_filters_by_exact_name(evidence: Evidence, item: Item) -> Finding:
    """`bucketNames` returns the bucket for its name, and nothing for a name that is only similar."""
    element = item.feature.bucket_list_element
    bucket = _bucket_name(evidence)
    expected = "bucketNames returns the buckets of exactly these names"
    by_name = expect_success(evidence, SPEC, Label.BUCKETS_BY_NAME, expected)
    names = _bucket_names(by_name, element)
    if names != [bucket]:
        return deviates(
            expected, f"bucketNames={bucket} lists {', '.join(names) or 'none'}", witness=record_ids(by_name)
        )
    several = evidence.one(SPEC, Label.BUCKETS_BY_NAMES)
    if several is not None and (not several.ok or _bucket_names(several, element) != [bucket]):
        seen = f"bucketNames={raw.query_value(several.exchange, 'bucketNames')} returns {describe_response(several)}"
        names_in_list = ", ".join(_bucket_names(several, element)) or "no bucket"
        return deviates(expected, f"{seen} with {names_in_list}" if several.ok else seen, witness=record_ids(several))
    unknown = require_response(evidence, SPEC, Label.BUCKETS_BY_UNKNOWN_NAME)
    wanted = raw.query_value(unknown.exchange, "bucketNames")
    if unknown.refused:
        seen = f"a name that does not exist returns {describe_response(unknown)}"
        return observed(
            seen,
            witness=record_ids(unknown),
            expected=expected,
            reason="the documents describe a list without that bucket",
        )
    if not unknown.ok:
        return deviates(
            expected, f"bucketNames={wanted} returns {describe_response(unknown)}", witness=record_ids(unknown)
        )
    short = evidence.one(SPEC, Label.BUCKETS_BY_SHORT_NAME)
    if short is not None and short.ok and bucket in _bucket_names(short, element):
        seen = f"bucketNames={raw.query_value(short.exchange, 'bucketNames')} lists {bucket}"
        return deviates(expected, seen, witness=record_ids(short))
    others = _bucket_names(unknown, element)
    if others:
        seen = f"bucketNames={wanted}, which does not exist, lists {', '.join(others[:3])}"
        return deviates(expected, seen, witness=record_ids(unknown))
    return holds(f"only {bucket} for its name, no bucket for {wanted}", witness=record_ids(by_name, unknown))


@check("ACT-009", SPEC)
@with_preconditions
def regions_filters_by_region(evidence: Evidence, item: Item) -> Finding:
    """`regions` returns the bucket for two regions with its own, and does not return it for another region."""
    return _judge_filter(evidence, item, Label.BUCKETS_OF_REGION, Label.BUCKETS_OF_OTHER_REGION, "regions")


@check("ACT-010", SPEC)
@with_preconditions
def bucket_name_filters_by_prefix(evidence: Evidence, item: Item) -> Finding:
    """`bucketName` returns the bucket for the beginning of its name, and not for its name without the first letter."""
    return _judge_filter(evidence, item, Label.BUCKETS_BY_BEGINNING, Label.BUCKETS_BY_END, "bucketName")


def _judge_filter(evidence: Evidence, item: Item, within: Label, without: Label, parameter: str) -> Finding:
    bucket, element = _bucket_name(evidence), item.feature.bucket_list_element
    good = expect_success(evidence, SPEC, within, f"the target accepts {parameter} and lists {bucket}")
    value = raw.query_value(good.exchange, parameter)
    # A full page may have the bucket on a later page.
    if bucket not in _bucket_names(good, element) and len(_bucket_names(good, element)) < LARGEST_PAGE:
        seen = f"{parameter}={value} lists {', '.join(_bucket_names(good, element)[:3]) or 'none'}"
        return deviates(f"{parameter}={value} lists {bucket}", seen, witness=record_ids(good))
    other = require_response(evidence, SPEC, without)
    if other.ok and bucket in _bucket_names(other, element):
        wrong = raw.query_value(other.exchange, parameter)
        return deviates(f"{parameter}={wrong} does not list {bucket}", f"it lists {bucket}", witness=record_ids(other))
    return holds(f"{bucket} is listed for {value} only", witness=record_ids(good, other))


@check("ACT-006", SPEC)
@with_preconditions
def page_size_out_of_range_is_rejected(evidence: Evidence, item: Item) -> Finding:
    """The target rejects page sizes outside 1 to 100."""
    return expect_rejections(
        require_responses(evidence, SPEC, *OUT_OF_RANGE), "the target rejects pageSize 101 and 0 with 400", status=400
    )


@check("ONE-004", SPEC)
@with_preconditions
def second_activation_adds_no_queue(evidence: Evidence, item: Item) -> Finding:
    """The queue ids are the same before and after the second activation."""
    before = require_success(evidence, SPEC, Label.QUEUES_BEFORE)
    activation = require_response(evidence, SPEC, Label.ACTIVATE)
    if not activation.ok and not _already_active(activation):
        return blocked(f"the activation returned {describe_response(activation)}", witness=record_ids(activation))
    expected = "only the same queue after a second activation"
    after = expect_success(evidence, SPEC, Label.QUEUES_AFTER, expected)
    ids = [sorted(raw.text(queue.queue_id) for queue in response.queue_list.queues) for response in (before, after)]
    if not ids[0]:
        return blocked("no queue was listed before the second activation", witness=record_ids(before))
    if ids[0] != ids[1]:
        seen = f"{', '.join(ids[0])} before, {', '.join(ids[1]) or 'none'} after"
        return deviates(expected, seen, witness=record_ids(before, activation, after))
    return holds(f"{', '.join(ids[1])} before and after", witness=record_ids(before, activation, after))


@check("ACT-014", SPEC)
@with_preconditions
def second_activation_does_not_change_the_queue(evidence: Evidence, item: Item) -> Finding:
    """Name, State and rule of the renamed and paused queue are the same after the second activation."""
    require_success(evidence, SPEC, Label.RENAME_AND_PAUSE)
    activation = require_response(evidence, SPEC, Label.ACTIVATE)
    expected = "Name, State and NotifyConfig as before the second activation"
    require_success(evidence, SPEC, Label.QUEUES_BEFORE)
    require_success(evidence, SPEC, Label.QUEUES_AFTER)
    before, after = (evidence.of(SPEC, step)[-1] for step in (Label.QUEUES_BEFORE, Label.QUEUES_AFTER))
    wrong, judged = Deviations(), 0
    for queue in before.queue_list.queues:
        now = listed(after, raw.text(queue.queue_id))
        if now is None:
            continue
        judged += 1
        old, new = updatable_values(queue), updatable_values(now)
        for name in (name for name in old if old[name] != new[name]):
            wrong.add(after.exchange.seq, f"{name} changed from {old[name]} to {new[name]}")
    if not judged:
        return blocked("no queue is in both lists; see ONE-004", witness=record_ids(before, after))
    return wrong.finding(expected, holds("unchanged", witness=record_ids(before, activation, after)))
