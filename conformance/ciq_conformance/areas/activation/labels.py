"""Labels of the scenario `activation`, used by the scenario and its checks."""

from enum import StrEnum


class Label(StrEnum):
    """Labels of the exchanges, in the order in which the scenario makes them."""

    RENAME_AND_PAUSE = "rename-and-pause"
    QUEUES_BEFORE = "queues-before"
    ACTIVATE = "activate"
    QUEUES_AFTER = "queues-after"
    BUCKETS = "buckets"
    BUCKETS_BY_NAME = "buckets-by-name"
    BUCKETS_BY_UNKNOWN_NAME = "buckets-by-unknown-name"
    BUCKETS_BY_SHORT_NAME = "buckets-by-short-name"
    BUCKETS_BY_NAMES = "buckets-by-names"
    BUCKETS_BY_BEGINNING = "buckets-by-beginning"
    BUCKETS_BY_END = "buckets-by-end"
    BUCKETS_OF_REGION = "buckets-of-region"
    BUCKETS_OF_OTHER_REGION = "buckets-of-other-region"
    PAGE_SIZE_101 = "page-size-101"
    PAGE_SIZE_0 = "page-size-0"


OUT_OF_RANGE = (Label.PAGE_SIZE_101, Label.PAGE_SIZE_0)
"""Requests with a page size outside the documented range."""
