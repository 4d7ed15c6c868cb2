"""The embedded target: the reference mock in this process. The one place where the suite touches the mock.

It asks for signatures, with a key pair made for the run, so that the requirements on signatures are put to it as well.
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
from ciq_schemas.requirement import BY_OPTION, Capability, load_registry
from ciq_schemas.transcript.records import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class MockOptions:
    """What the embedded mock is like."""

    workers: int = 8
    job_seconds: float = 0.05
    faults: tuple[str, ...] = ()
    """What it is to get wrong: for the proof that the suite sees it."""


SOUND = MockOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFault:
    """A fault the mock can be given, in plain words."""

    name: str
    breaks: str
    says: str
    seam: str
    shows_on: Feature | None


def known_faults() -> tuple[KnownFault, ...]:
    """All of them. Their modules are loaded only here: a run without faults starts without them."""
    from ciq_mock.variants.faults import FAULTS

    return tuple(
        KnownFault(name=one.name, breaks=one.breaks, says=one.says, seam=one.seam, shows_on=one.shows_on)
        for one in FAULTS.values()
    )


def uncovered(faults: Iterable[KnownFault]) -> tuple[str, ...]:
    """MUST and SHOULD requirements that no fault breaks, of all sets that ask without an option."""
    broken = {fault.breaks for fault in faults}
    return tuple(
        one.id
        for one in load_registry()
        if one.set not in BY_OPTION and one.level is not Level.NOTE and not one.untested and one.id not in broken
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """The running mock."""

    profile: Profile
    """Leads to it."""
    restart: Restart | None
    """Stops and starts it again on the same port; None where it keeps nothing."""


@contextmanager
def embedded_target(
    profile: Profile, embedding: MockOptions = SOUND, *, data: Path | None = None
) -> Iterator[Embedded]:
    """Start the mock, with a journal in the directory `data` where there is one; stop it afterwards."""
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
        led = replace(profile, url=server.url, credentials=keys, capabilities=offered, embedded=True)
        yield Embedded(profile=led, restart=None if data is None else server.restart)
