"""Names of modules and public classes consist of words of docs/glossary.md, and the page lists no other words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import names
import pytest
from sources import PACKAGES, ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
_NOTION = re.compile(r"^\| ([a-z -]+) \| [^-]", re.MULTILINE)


def glossary_words() -> set[str]:
    """The notions of the table and the plain words."""
    notions = {word for notion in _NOTION.findall(GLOSSARY) for word in notion.split()}
    plain = GLOSSARY.partition("## Plain words")[2].partition("\n\n")[2].partition("\n\n")[2]
    return notions | {word.strip(" .\n") for word in plain.split(",")}


def spellings(word: str) -> Iterator[str]:
    """The word, and its singular."""
    yield word
    for ending, replacement in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending):
            yield word.removesuffix(ending) + replacement


def names_of(root: Path) -> Iterator[str]:
    """Module names and public class names of one package."""
    for path in root.rglob("*.py"):
        yield from (part for part in path.relative_to(root).with_suffix("").parts if part != "__init__")
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name


def used_words() -> dict[str, str]:
    """Each word of a name, with one name that has it."""
    found = (name for root in PACKAGES.values() for name in names_of(root))
    return {word: name for name in found for word in names.words_of(name).split()}


@pytest.fixture(scope="module")
def used() -> dict[str, str]:
    """The words of all names."""
    return used_words()


def test_names_consist_of_glossary_words(used: dict[str, str]) -> None:
    """A word outside the glossary is replaced by one of it, or is explained there."""
    known = glossary_words()
    unknown = {word: name for word, name in used.items() if known.isdisjoint(spellings(word))}
    assert not unknown, f"docs/glossary.md does not have these words: {unknown}"


def test_plain_words_are_used(used: dict[str, str]) -> None:
    """A plain word that no name has any more is removed from the page."""
    plain = GLOSSARY.partition("## Plain words")[2].partition("\n\n")[2].partition("\n\n")[2]
    listed = {word.strip(" .\n") for word in plain.split(",")}
    taken = {spelling for word in used for spelling in spellings(word)}
    assert listed <= taken, f"docs/glossary.md lists words that no name has: {sorted(listed - taken)}"


def test_word_outside_the_glossary_is_found() -> None:
    """The test tells a word of the page from another one."""
    known = glossary_words()
    assert {"verdict", "queue", "allowance"} <= known
    assert "parcel" not in known
