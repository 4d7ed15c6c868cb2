"""The texts of the pages, in English and Chinese, from one catalogue: `texts.toml`."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

LANGUAGE_COOKIE = "ciq_language"


class Language(StrEnum):
    """A language of the pages."""

    EN = "en"
    ZH = "zh"

    @property
    def tag(self) -> str:
        """The tag for the attribute `lang`."""
        return "zh-Hans" if self is Language.ZH else "en"


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return the catalogue: language by language, text by key."""
    data = tomllib.loads((files("ciq_mock.console") / "texts.toml").read_text(encoding="utf-8"))
    return {language: {key: both[language] for key, both in data.items()} for language in Language}


class Texts:
    """The texts of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = catalogue()[language]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its values filled in. Raises KeyError for an unknown key."""
        text = self._texts[key]
        return text.format(**values) if values else text


def chosen(cookie: str, accepted: str) -> Language:
    """Return the language of a request: that of the cookie, else the first known one in `Accept-Language`."""
    if cookie in tuple(Language):
        return Language(cookie)
    weighed: list[tuple[float, int, Language]] = []
    for place, part in enumerate(accepted.split(",")[:20]):
        name, _, rest = part.strip().partition(";")
        primary = name.split("-")[0].lower()
        weight = rest.partition("=")[2].strip() or "1"
        if primary in tuple(Language) and weight.replace(".", "", 1).isdigit():
            weighed.append((-float(weight), place, Language(primary)))
    return min(weighed)[2] if weighed else Language.EN
