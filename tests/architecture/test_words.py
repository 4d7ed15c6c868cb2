"""Names and docstrings have no word that a newcomer cannot look up; docs/glossary.md has better ones."""

import names
import pytest
from sources import PACKAGES


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_package_has_no_unwanted_word(package: str) -> None:
    """The list of words is `names.UNWANTED`."""
    folder = PACKAGES[package]
    found = [
        f"{path.relative_to(folder)}: {use}"
        for path in sorted(folder.rglob("*.py"))
        for use in names.unwanted_words(path.stem, path.read_text(encoding="utf-8"))
    ]
    assert not found, f"use another word (docs/glossary.md): {found}"


@pytest.mark.parametrize("name", ["WayBack", "way_back", "_the_way_back_home", "wayBack"])
def test_word_is_found_in_every_spelling_of_a_name(name: str) -> None:
    """A word is found in class, function and camel-case names."""
    assert list(names.unwanted_words("m", f"{name} = 1")) == [f"way back in the name {name}"]


def test_word_is_found_in_a_docstring() -> None:
    """Docstrings of attributes count too."""
    assert list(names.unwanted_words("m", 'x = 1\n"""What the lane told."""'))


def test_part_of_a_word_is_not_counted() -> None:
    """`bedroom` is not `room`, and `planet` is not `lane`."""
    assert not list(names.unwanted_words("m", '"""A bedroom on a planet."""\nbedroom = 1'))
