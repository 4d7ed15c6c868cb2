"""Restarts the target with the operator's command. Judges nothing."""

import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable

import requests

from ciq_conformance.driver.scenario_context import PreconditionFailed, Restart

_ANSWER = 2.0
_LOOK_AGAIN = 0.1
_LONGEST_MESSAGE = 300


def restart_by(
    command: str, *, url: str, verify: str | bool = True, within: float, pause: Callable[[float], None]
) -> Restart:
    """Returns a function that runs the command and waits until the target responds again.

    The command must return after the old target has ended. `within` limits each of the two waits, in seconds. The
    command runs without a shell. Its child processes may continue, so its standard output is discarded.
    """

    def restart() -> None:
        _run(command, within)
        end = time.monotonic() + within
        while not _answers(url, verify):
            if time.monotonic() > end:
                raise PreconditionFailed(
                    f"the target does not respond {within:g} s after the restart command `{command}`"
                )
            pause(_LOOK_AGAIN)

    return restart


def _run(command: str, within: float) -> None:
    with tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                timeout=within,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PreconditionFailed(f"the restart command `{command}` did not return within {within:g} s") from error
        except OSError as error:
            raise PreconditionFailed(f"the restart command `{command}` cannot be run: {error.strerror}") from error
        if done.returncode:
            errors.seek(0)
            message = errors.read().decode("utf-8", "replace").strip()[-_LONGEST_MESSAGE:]
            raise PreconditionFailed(
                f"the restart command `{command}` returned exit code {done.returncode}: {message or 'no output'}"
            )


def _answers(url: str, verify: str | bool) -> bool:
    """Returns whether the target sends any HTTP response; the exchange is not part of the transcript."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.get(url, verify=verify, timeout=_ANSWER, allow_redirects=False, stream=True).close()
        except requests.RequestException:
            return False
    return True
