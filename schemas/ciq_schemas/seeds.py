"""Maps each sentence of the two seed pages to its requirements, or to the reason why it has none.

Contains the sentences (paraphrased, with short quotes) and checks that each has existing requirements or a reason.
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
    """One sentence (or row, or listing) of a seed page, with either requirements or a reason."""

    section: str
    says: str
    """The sentence, paraphrased."""
    quote: str = ""
    """A few words of the sentence, to find it."""
    requirements: tuple[str, ...] = ()
    reason: str = ""
    """Why the sentence has no requirement."""
    besides: str = ""
    """Which part of the sentence the requirements omit, and why."""


class SeedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One seed page as of `date`, all its sentences in order."""

    document: str
    title: str
    date: str
    sentences: int
    """Number of sentences of the page, counted by hand to detect a missing entry."""
    sentence: tuple[SeedSentence, ...]


class _Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: tuple[SeedPage, ...]


@cache
def load_seeds() -> tuple[SeedPage, ...]:
    """Reads and checks the shipped seed table; raises RegistryError when it has a gap."""
    return parse_seeds((files("ciq_schemas") / "seeds.toml").read_text(encoding="utf-8"), load_registry())


def parse_seeds(text: str, registry: Registry) -> tuple[SeedPage, ...]:
    """Builds the seed pages from TOML; raises RegistryError for a sentence without requirement and reason."""
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
