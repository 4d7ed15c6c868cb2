"""The bends that settings name: faults inside, dialects around them, as a service that is wrong still has its tongue.

Loaded only where a setting names one. Must not know what they do.
"""

from ciq_mock.overrides import Override
from ciq_mock.settings import MockSettings, SettingError


def overrides_of(settings: MockSettings) -> tuple[Override, ...]:
    """The bends of `settings`, in the order in which they are applied. Raises SettingError for a name not known."""
    return (*_faults(settings), *_dialects(settings))


def _dialects(settings: MockSettings) -> tuple[Override, ...]:
    if not settings.dialects:
        return ()
    from ciq_mock.variants.dialects import DIALECTS

    for name in settings.dialects:
        if name not in DIALECTS:
            raise SettingError(f"dialects names {name!r}, which is none: `ciq dialects` lists those there are")
    return tuple(DIALECTS[name].override for name in dict.fromkeys(settings.dialects))


def _faults(settings: MockSettings) -> tuple[Override, ...]:
    if not settings.faults:
        return ()
    from ciq_mock.variants.faults import FAULTS

    for name in settings.faults:
        if name not in FAULTS:
            raise SettingError(f"faults names {name!r}, which is none: `ciq faults` lists those there are")
    return tuple(FAULTS[name].override for name in dict.fromkeys(settings.faults))
