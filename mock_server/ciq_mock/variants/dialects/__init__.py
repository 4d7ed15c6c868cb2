"""Dialects: every reading that the documents leave open, by name.

A mock that follows any of them, or several that do not exclude each other, still conforms. A suite that reports a
failure of such a mock is wrong.
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
