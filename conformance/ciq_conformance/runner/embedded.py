"""The embedded target: the reference mock in this process. The one place where the suite touches the mock.

It asks for signatures, with a key pair made for the run, so that the requirements on signatures are put to it as well.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ciq_conformance.profile import Credentials, Profile
from ciq_mock.server import MockServer
from ciq_mock.settings import Credentials as MockCredentials
from ciq_mock.settings import MockSettings
from ciq_schemas.requirement import Capability

_WORKERS = 8
_JOB_SECONDS = 0.05


@contextmanager
def embedded_target(profile: Profile, faults: tuple[str, ...] = ()) -> Iterator[Profile]:
    """Start the mock, with faults where they are named, and yield the profile that leads to it; stop it afterwards."""
    keys = profile.credentials or Credentials(
        secret_id=f"AKID{secrets.token_hex(12)}", secret_key=secrets.token_hex(20)
    )
    settings = MockSettings(
        workers=_WORKERS,
        duration=_JOB_SECONDS,
        bucket=profile.bucket,
        region=profile.region,
        credentials=(MockCredentials(secret_id=keys.secret_id, secret_key=keys.secret_key),),
        faults=faults,
    )
    offered: dict[Capability, bool | None] = {
        capability: True if declared is None else declared
        for capability in Capability
        for declared in (profile.capabilities.get(capability),)
    }
    with MockServer(settings) as server:
        yield replace(profile, url=server.url, credentials=keys, capabilities=offered, embedded=True)
