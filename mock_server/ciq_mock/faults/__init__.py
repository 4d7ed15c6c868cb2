"""Faults: each breaks one documented rule on purpose and names the requirement that it breaks.

A fault is a small value: what it bends, and at which seam. The catalogue is data; faults may be combined, with each
other and with dialects.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ciq_mock.faults import (
    of_answers,
    of_callbacks,
    of_cancels,
    of_failures,
    of_features,
    of_json,
    of_lists,
    of_order,
    of_places,
    of_queues,
    of_races,
    of_refusals,
    of_restarts,
    of_settings,
    of_templates,
    of_texts,
    of_workflows,
)
from ciq_mock.faults.fault import Fault

__all__ = ["FAULTS", "Fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for module in (
            of_order,
            of_places,
            of_answers,
            of_queues,
            of_callbacks,
            of_refusals,
            of_workflows,
            of_templates,
            of_features,
            of_json,
            of_lists,
            of_races,
            of_cancels,
            of_restarts,
            of_failures,
            of_texts,
            of_settings,
        )
        for fault in module.FAULTS
    }
)
