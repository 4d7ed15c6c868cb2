"""Starts the embedded target: the reference mock in this process. The only module of the suite that imports the mock.

The mock requires signatures with a key pair generated for the run, so that signature requirements are judged too.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ciq_conformance.driver.scenario_context import Restart
from ciq_conformance.profile import Credentials, Profile
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials as MockCredentials
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.requirement import BY_COMMAND, BY_OPTION, Capability, load_registry
from ciq_schemas.transcript.records import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class MockOptions:
    """Options of the embedded mock."""

    workers: int = 8
    job_seconds: float = 0.05
    faults: tuple[str, ...] = ()
    """Names of faults, to prove that the suite detects them."""


SOUND = MockOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFault:
    """A fault of the mock, as `ciq faults` lists it."""

    name: str
    breaks: str
    description: str
    replaces: str
    shows_on: Feature | None


def known_faults() -> tuple[KnownFault, ...]:
    """Returns all faults. Loads their modules only here, so that a run without faults starts faster."""
    from ciq_mock.variants.faults import FAULTS

    return tuple(
        KnownFault(
            name=one.name,
            breaks=one.breaks,
            description=one.description,
            replaces=one.replaces,
            shows_on=one.shows_on,
        )
        for one in FAULTS.values()
    )


def client_faults() -> tuple[tuple[str, str], ...]:
    """Returns names and descriptions of the faults that test clients of the mock and break no requirement."""
    from ciq_mock.variants.faults import CLIENT_FAULTS

    return tuple((one.name, one.description) for one in CLIENT_FAULTS.values())


def uncovered(faults: Iterable[KnownFault]) -> tuple[str, ...]:
    """Returns the MUST and SHOULD requirements that no fault breaks, without the sets of options and commands."""
    broken = {fault.breaks for fault in faults}
    return tuple(
        one.id
        for one in load_registry()
        if one.set not in BY_OPTION | BY_COMMAND
        and one.level is not Level.NOTE
        and not one.untested
        and one.id not in broken
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """The running mock."""

    profile: Profile
    """Profile whose URL is the mock's."""
    restart: Restart | None
    """Restarts the mock on the same port; None without a journal."""


@contextmanager
def embedded_target(
    profile: Profile, embedding: MockOptions = SOUND, *, data: Path | None = None
) -> Iterator[Embedded]:
    """Starts the mock, with a journal in the directory `data` if given, and stops it afterwards."""
    keys = profile.credentials or Credentials(
        secret_id=f"AKID{secrets.token_hex(12)}", secret_key=secrets.token_hex(20)
    )
    settings = MockSettings(
        workers=embedding.workers,
        duration=embedding.job_seconds,
        bucket=profile.bucket,
        region=profile.region,
        credentials=(MockCredentials(secret_id=keys.secret_id, secret_key=keys.secret_key),),
        faults=embedding.faults,
    )
    offered: dict[Capability, bool | None] = {
        capability: True if declared is None else declared
        for capability in Capability
        for declared in (profile.capabilities.get(capability),)
    }
    with MockServer(settings, data=data) as server:
        embedded_profile = replace(
            profile,
            url=server.url,
            second_bucket=profile.second_bucket or _second_bucket(profile.bucket),
            credentials=keys,
            capabilities=offered,
            embedded=True,
        )
        yield Embedded(profile=embedded_profile, restart=None if data is None else server.restart)


def results_of(job_id: str, tag: str, source: str, operation: bytes) -> bytes:
    """Returns the result containers that the mock makes for a successful job; b"" when the tag has none."""
    from ciq_mock.results import result_of
    from ciq_mock.results.finished import Finished

    return result_of(Finished(job_id=job_id, tag=tag, source=source, operation=operation))


class ServiceBeside:
    """The mock beside a callback receiver: it runs jobs, and the receiver may ask it about them."""

    failing = "missing/"
    lasting = "lasting/"

    def __init__(self, server: MockServer) -> None:
        self.url, self.bucket, self.region = server.url, server.bucket, server.region
        self._server = server

    def described(self) -> tuple[str, ...]:
        """Returns the targets of all GET requests, oldest first."""
        return tuple(entry.target for entry in self._server.requests if entry.method == "GET")


@contextmanager
def service_beside(bind: str, *, bucket: str, region: str) -> Iterator[ServiceBeside]:
    """Starts the mock at an address, with every feature and without signatures; raises OSError if it is taken."""
    host, _, port = bind.rpartition(":")
    settings = MockSettings(
        workers=100,
        duration=0.0,
        durations_by_prefix=((ServiceBeside.lasting, 86_400.0),),
        bucket=bucket,
        region=region,
        activated=tuple(Feature),
    )
    with MockServer(settings, host=host.strip("[]"), port=int(port)) as server:
        yield ServiceBeside(server)


def _second_bucket(bucket: str) -> str:
    """Returns the name of another bucket of the same account: the mock has every bucket that a Host names."""
    name, dash, account = bucket.rpartition("-")
    return f"{(name or bucket)[:40]}-second{dash}{account if dash else ''}"
