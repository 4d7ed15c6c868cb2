"""Reads how often the receiver has counted a job: from an address or from a command of the operator. Judges nothing."""

import shlex
import subprocess
from dataclasses import dataclass
from urllib.parse import quote

from ciq_conformance.receiver.wire import Answer, Delivery, send

PLACEHOLDER = "{job_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectReader:
    """Asks for one job. Exactly one of `url` and `command` is set; each contains `{job_id}`."""

    url: str = ""
    command: str = ""
    within: float = 5.0
    """Seconds for one answer."""

    @property
    def method(self) -> str:
        """`GET`, or `RUN` for a command; for the run file."""
        return "GET" if self.url else "RUN"

    def place(self, job_id: str) -> str:
        """The address or the command line for a job."""
        return self.url.replace(PLACEHOLDER, quote(job_id, safe="")) if self.url else self._line(job_id)

    def ask(self, job_id: str) -> Answer:
        """Asks how often a job was counted. A command's standard output is the body; exit code 0 gives status 200."""
        if self.url:
            delivery = Delivery(url=self.place(job_id), method="GET", content_type="")
            return send(delivery, self.within)
        return self._run(job_id)

    def _line(self, job_id: str) -> str:
        return self.command.replace(PLACEHOLDER, shlex.quote(job_id))

    def _run(self, job_id: str) -> Answer:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                shlex.split(self._line(job_id)),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.within,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(error=f"the command did not return within {self.within:g} s")
        except OSError as error:
            return Answer(error=f"the command cannot be run: {error.strerror}")
        if done.returncode:
            message = done.stderr.decode("utf-8", "replace").strip()[-200:]
            return Answer(error=f"the command returned exit code {done.returncode}: {message or 'no output'}")
        return Answer(status=200, body=done.stdout)
