"""The reference mock of the job queues: a service for tests, and the embedded target of a run.

    from ciq_mock import MockServer, MockSettings

Names in `__all__` are the public interface; everything else is internal. Each is loaded at its first use, so that
importing the package costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciq_mock.admin.views import JobView, QueueView
    from ciq_mock.callback_wait import NoMoreCallbacksError
    from ciq_mock.clock import ClockKind
    from ciq_mock.delivery import Attempt
    from ciq_mock.engine import Failure, HeldReading
    from ciq_mock.http.hosts import ForeignRequest
    from ciq_mock.http.request_log import RequestEntry
    from ciq_mock.http.serving import AddressInUseError
    from ciq_mock.ids import IdSource
    from ciq_mock.observations import Observations
    from ciq_mock.server import MockServer
    from ciq_mock.settings import (
        AdminSettings,
        Certificate,
        Credentials,
        DeliverySettings,
        FailureByInput,
        Handshake,
        Limits,
        MockSettings,
        ObjectSettings,
        RuleMoment,
        SettingError,
        Shutdown,
        TlsSettings,
        UnknownInput,
    )
    from ciq_mock.store import StoreError

__all__ = [
    "AddressInUseError",
    "AdminSettings",
    "Attempt",
    "Certificate",
    "ClockKind",
    "Credentials",
    "DeliverySettings",
    "Failure",
    "FailureByInput",
    "ForeignRequest",
    "Handshake",
    "HeldReading",
    "IdSource",
    "JobView",
    "Limits",
    "MockServer",
    "MockSettings",
    "NoMoreCallbacksError",
    "ObjectSettings",
    "Observations",
    "QueueView",
    "RequestEntry",
    "RuleMoment",
    "SettingError",
    "Shutdown",
    "StoreError",
    "TlsSettings",
    "UnknownInput",
]

_MODULES = {
    "admin.views": ("JobView", "QueueView"),
    "callback_wait": ("NoMoreCallbacksError",),
    "clock": ("ClockKind",),
    "delivery": ("Attempt",),
    "engine": ("Failure", "HeldReading"),
    "http.hosts": ("ForeignRequest",),
    "http.request_log": ("RequestEntry",),
    "http.serving": ("AddressInUseError",),
    "ids": ("IdSource",),
    "observations": ("Observations",),
    "server": ("MockServer",),
    "settings": (
        "AdminSettings",
        "Certificate",
        "Credentials",
        "DeliverySettings",
        "FailureByInput",
        "Handshake",
        "Limits",
        "MockSettings",
        "ObjectSettings",
        "RuleMoment",
        "SettingError",
        "Shutdown",
        "TlsSettings",
        "UnknownInput",
    ),
    "store": ("StoreError",),
}
_MODULE_OF = {name: f"ciq_mock.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name at its first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
