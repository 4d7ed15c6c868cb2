"""Faults: each breaks one documented rule on purpose and names the requirement that it breaks.

A fault is a value: an override and its description. Faults can be combined with each other and with dialects.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ciq_mock.variants.faults import (
    answers,
    callbacks,
    cancels,
    failures,
    features,
    json_answers,
    lists,
    order,
    places,
    queues,
    races,
    refusals,
    restarts,
    settings,
    templates,
    texts,
    tls,
    workers,
    workflows,
)
from ciq_mock.variants.faults.fault import ClientFault, Fault

__all__ = ["CLIENT_FAULTS", "FAULTS", "ClientFault", "Fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for module in (
            order,
            places,
            answers,
            queues,
            callbacks,
            refusals,
            workflows,
            templates,
            features,
            json_answers,
            lists,
            races,
            cancels,
            restarts,
            failures,
            texts,
            settings,
            workers,
        )
        for fault in module.FAULTS
    }
)
CLIENT_FAULTS: Mapping[str, ClientFault] = MappingProxyType({fault.name: fault for fault in tls.FAULTS})
"""Faults that test clients; the suite does not detect them."""
