"""The two seed pages, sentence by sentence: which requirement each became, or why none.

Knows the pages' sentences (our words, short quotes) and checks that each leads somewhere that exists.
Must not know how requirements are tested.
Source: 1045/43607 "Queue" and 436/46412 "Queues and Callbacks".
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

from ciq_schemas.requirement import Registry, RegistryError, load_registry


class SeedSentence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sentence (or row, or listing) of a seed page: it has requirements or a reason, never neither."""

    section: str
    says: str
    """The sentence in our words."""
    quote: str = ""
    """A few of its own words, to find it by."""
    requirements: tuple[str, ...] = ()
    reason: str = ""
    """Why it leads to no requirement."""
    besides: str = ""
    """Which part of it the requirements leave out, and why."""


class SeedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One seed page as of `date`, all its sentences in order."""

    document: str
    title: str
    date: str
    sentences: int
    """How many the page has, counted by hand: a forgotten entry shows."""
    sentence: tuple[SeedSentence, ...]


class _Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: tuple[SeedPage, ...]


@cache
def load_seeds() -> tuple[SeedPage, ...]:
    """Read and check the seed table that ships with the kit; raise RegistryError when it has a gap."""
    return parse_seeds((files("ciq_schemas") / "seeds.toml").read_text(encoding="utf-8"), load_registry())


def parse_seeds(text: str, registry: Registry) -> tuple[SeedPage, ...]:
    """Build the seed pages from TOML; raise RegistryError for a sentence that leads nowhere."""
    try:
        pages = msgspec.convert(tomllib.loads(text), _Pages).page
    except msgspec.ValidationError as error:
        raise RegistryError(f"seeds.toml: {error}") from error
    for page in pages:
        for broken in _broken_rules(page, registry):
            raise RegistryError(f"seeds.toml, {page.document}: {broken}")
    return pages


def _broken_rules(page: SeedPage, registry: Registry) -> Iterator[str]:
    if len(page.sentence) != page.sentences:
        yield f"{len(page.sentence)} sentences listed, the page has {page.sentences}"
    for number, sentence in enumerate(page.sentence, start=1):
        if bool(sentence.requirements) == bool(sentence.reason):
            yield f"sentence {number} must have requirements or a reason, and not both"
        for requirement_id in sentence.requirements:
            if requirement_id not in registry.by_id:
                yield f"sentence {number} names {requirement_id}, which is no requirement"
