"""Resolves the fault and dialect names in the settings to overrides.

Faults are applied first and dialects wrap them, because a faulty service still formats its responses in its dialect.
The modules of faults and dialects are loaded only when a setting names one.
"""

from ciq_mock.overrides import Override
from ciq_mock.settings import MockSettings, SettingError


def overrides_of(settings: MockSettings) -> tuple[Override, ...]:
    """Returns the overrides of `settings` in the order of application; raises SettingError for an unknown name."""
    return (*_faults(settings), *_dialects(settings))


def _dialects(settings: MockSettings) -> tuple[Override, ...]:
    if not settings.dialects:
        return ()
    from ciq_mock.variants.dialects import DIALECTS

    for name in settings.dialects:
        if name not in DIALECTS:
            raise SettingError(f"dialects names the unknown dialect {name!r}: `ciq dialects` lists them all")
    return tuple(DIALECTS[name].override for name in dict.fromkeys(settings.dialects))


def _faults(settings: MockSettings) -> tuple[Override, ...]:
    if not settings.faults:
        return ()
    from ciq_mock.variants.faults import CLIENT_FAULTS, FAULTS

    known = {one.name: one.override for one in FAULTS.values()}
    known |= {one.name: one.override for one in CLIENT_FAULTS.values()}
    for name in settings.faults:
        if name not in known:
            raise SettingError(f"faults names the unknown fault {name!r}: `ciq faults` lists them all")
    return tuple(known[name] for name in dict.fromkeys(settings.faults))
