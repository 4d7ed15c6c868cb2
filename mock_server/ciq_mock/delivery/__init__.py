"""Delivery of callbacks: HTTP POST to addresses, in-memory message queues, and a log of all attempts."""

from ciq_mock.delivery.address import AddressRefusedError, check_address
from ciq_mock.delivery.dispatcher import BodyBuilder, CallbackDispatcher
from ciq_mock.delivery.log import Attempt, DeliveryLog
from ciq_mock.delivery.sinks import SinkMessage, Sinks

__all__ = [
    "AddressRefusedError",
    "Attempt",
    "BodyBuilder",
    "CallbackDispatcher",
    "DeliveryLog",
    "SinkMessage",
    "Sinks",
    "check_address",
]
