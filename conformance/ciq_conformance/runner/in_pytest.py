"""Runs the pytest suite in this process, shielded from the working directory's own pytest configuration.

Own rootdir and inifile, no plugins that happen to be installed, no console of pytest's: the caller shows the run.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ciq_conformance import pytest_plugin
from ciq_conformance.judge.selection import Selection
from ciq_conformance.runner.execution import RunConfig, RunResult
from ciq_schemas.transcript.records import ExitCode

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")
_NO_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
_HYPOTHESIS = "HYPOTHESIS_STORAGE_DIRECTORY"


class SuiteTrouble(Exception):  # noqa: N818 - carries the blame in `exit_code`
    """The suite could not give a result; `exit_code` says whose fault it is."""

    def __init__(self, message: str, exit_code: ExitCode) -> None:
        """Keep message and exit code."""
        super().__init__(message)
        self.exit_code = exit_code


class _Orders:
    """Hands the order to the suite, and its result back."""

    def __init__(self, order: RunConfig, selection: Selection) -> None:
        self._order = order
        self._selection = selection
        self.config: pytest.Config | None = None
        self.errors: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self.config = config
        config.stash[pytest_plugin.ORDER] = self._order
        config.stash[pytest_plugin.SELECTION] = self._selection

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr))

    def pytest_internalerror(self, excrepr: object) -> None:
        self.errors.append(str(excrepr))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when != "call":
            self.errors.append(str(report.longrepr))


def run_suite(order: RunConfig, selection: Selection) -> RunResult:
    """Carry out an order through the suite; SuiteTrouble when there is no result."""
    folder = Path(pytest_plugin.__file__).parent
    orders = _Orders(order, selection)
    arguments = [
        str(folder / "test_requirements.py"),
        f"--rootdir={folder}",
        f"--config-file={folder / 'pytest.ini'}",
        "--capture=no",
        "--assert=plain",
        "-pno:cacheprovider",
        "-pno:terminal",
        "-pno:faulthandler",
        f"-p{pytest_plugin.__name__}",
    ]
    with _shielded():
        pytest.main(arguments, plugins=[orders])
    result = orders.config.stash.get(pytest_plugin.RESULT, None) if orders.config is not None else None
    if result is not None:
        return result
    refused = orders.config.stash.get(pytest_plugin.REFUSED, "") if orders.config is not None else ""
    if refused:
        raise SuiteTrouble(refused, ExitCode.USAGE)
    raise SuiteTrouble("the suite failed before it could judge:\n" + "\n".join(orders.errors), ExitCode.SUITE_ERROR)


@contextmanager
def _shielded() -> Iterator[None]:
    """Within: no pytest settings from the environment, and nothing of Hypothesis in the working directory."""
    before = {name: os.environ.get(name) for name in (*_FOREIGN, _NO_AUTOLOAD, _HYPOTHESIS)}
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ[_NO_AUTOLOAD] = "1"
    try:
        with TemporaryDirectory(prefix="ciq-") as folder:
            os.environ.setdefault(_HYPOTHESIS, folder)
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
