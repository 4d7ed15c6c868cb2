"""The bends that settings name. Loaded only where a setting names one. Must not know what they do."""

from ciq_mock.seams import Bend
from ciq_mock.settings import MockSettings, SettingError


def bends_of(settings: MockSettings) -> tuple[Bend, ...]:
    """The bends of `settings`, in the order in which they are applied. Raises SettingError for a name not known."""
    if not settings.dialects:
        return ()
    from ciq_mock.dialects import DIALECTS

    for name in settings.dialects:
        if name not in DIALECTS:
            raise SettingError(f"dialects names {name!r}, which is none: `ciq dialects` lists those there are")
    return tuple(DIALECTS[name].bend for name in settings.dialects)
