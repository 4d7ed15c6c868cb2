"""`from ciq_mock import ...`: the public names of the mock, loaded at their first use."""

import subprocess
import sys

import pytest

import ciq_mock

PUBLIC = {
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
}
"""Users import these names: removing one breaks them."""


def test_public_names_are_pinned() -> None:
    """`__all__` holds exactly the public names, in order, and `dir` lists them."""
    assert list(ciq_mock.__all__) == sorted(PUBLIC)
    assert set(dir(ciq_mock)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_can_be_imported(name: str) -> None:
    """The package returns the object of that name."""
    assert getattr(ciq_mock, name).__name__ == name


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that is not public is refused as Python refuses it."""
    with pytest.raises(AttributeError, match="no_such_name"):
        vars(ciq_mock)["__getattr__"]("no_such_name")


def test_import_of_the_package_loads_no_module_of_the_mock() -> None:
    """The pytest plugin and the command line pay only for what they use."""
    code = "import sys, ciq_mock; print([name for name in sys.modules if name.startswith('ciq_mock.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
