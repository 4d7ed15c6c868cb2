"""Unwanted words in names and docstrings become fewer and never more."""

from pathlib import Path

import pytest

from tools import word_counts


def test_no_unwanted_word_occurs_more_often() -> None:
    """A word without a stored count does not occur."""
    more = word_counts.risen(word_counts.stored(), word_counts.count())
    assert not more, f"use another word (docs/glossary.md): {more}"


def test_stored_word_counts_are_current() -> None:
    """A lower count is stored, so that it cannot rise again."""
    fewer = word_counts.risen(word_counts.count(), word_counts.stored())
    assert not fewer, f"these counts have fallen: run `{word_counts.COMMAND}`: {fewer}"


@pytest.mark.parametrize("name", ["WayBack", "way_back", "_the_way_back_home", "wayBack"])
def test_word_is_found_in_every_spelling_of_a_name(name: str) -> None:
    """A word is found in class, function and camel-case names."""
    assert word_counts.count_module("p", "m", f"{name} = 1")["p names way back"] == 1


def test_part_of_a_word_is_not_counted() -> None:
    """`bedroom` is not `room`, and `planet` is not `lane`."""
    assert not word_counts.count_module("p", "m", '"""A bedroom on a planet."""\nbedroom = 1')


def test_command_with_risen_count_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the words."""
    path = tmp_path / "counts.json"
    path.write_text("{}", encoding="utf-8")
    if word_counts.count():
        assert word_counts.main([str(path)]) == 1
        assert "use another word" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "{}"
    assert word_counts.main([str(tmp_path / "missing.json")]) == 2
