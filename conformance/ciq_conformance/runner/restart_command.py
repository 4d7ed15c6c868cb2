"""Restarting the target by a command of the operator's. Judges nothing: what is lost on the way the suite finds out."""

import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable

import requests

from ciq_conformance.driver.scenario_context import PreconditionFailed, Restart

_ANSWER = 2.0
_LOOK_AGAIN = 0.1
_MOST_WORDS = 300


def restart_by(command: str, *, url: str, within: float, pause: Callable[[float], None]) -> Restart:
    """Run the command, which must return once the old target has ended, and wait until the new one answers.

    `within` is the longest time for either, in seconds. The command runs without a shell; what it leaves behind may go
    on, so its output is not waited for.
    """

    def restart() -> None:
        _run(command, within)
        end = time.monotonic() + within
        while not _answers(url):
            if time.monotonic() > end:
                raise PreconditionFailed(
                    f"the target does not answer {within:g} s after the restart command `{command}`"
                )
            pause(_LOOK_AGAIN)

    return restart


def _run(command: str, within: float) -> None:
    with tempfile.TemporaryFile() as words:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                timeout=within,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PreconditionFailed(f"the restart command `{command}` did not return within {within:g} s") from error
        except OSError as error:
            raise PreconditionFailed(f"the restart command `{command}` cannot be run: {error.strerror}") from error
        if done.returncode:
            words.seek(0)
            said = words.read().decode("utf-8", "replace").strip()[-_MOST_WORDS:]
            raise PreconditionFailed(
                f"the restart command `{command}` ended with exit code {done.returncode}: {said or 'no words'}"
            )


def _answers(url: str) -> bool:
    """Anything in HTTP is an answer; it is no part of the transcript."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.get(url, timeout=_ANSWER, allow_redirects=False, stream=True).close()
        except requests.RequestException:
            return False
    return True
