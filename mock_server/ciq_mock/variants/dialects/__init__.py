"""Dialects: every freedom that the documents leave, by name. A mock that follows any of them, or any number of them
that do not exclude each other, is still right, and a suite that blames it is wrong.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ciq_mock.variants.dialects import callbacks, encoding, fields, queues, read_lag, requests, wire
from ciq_mock.variants.dialects.dialect import Dialect

__all__ = ["DIALECTS", "Dialect"]

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for module in (queues, requests, fields, encoding, wire, read_lag, callbacks)
        for dialect in module.DIALECTS
    }
)
