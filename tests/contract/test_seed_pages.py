"""Every sentence of the seed pages has requirements or a stated reason."""

import re

import pytest

from ciq_schemas.requirement import RegistryError, load_registry
from ciq_schemas.seeds import SeedPage, load_seeds, parse_seeds

PAGE = """
[[page]]
document = "1045/43607"
title = "Queue"
date = "2026-03-02"
sentences = 1
[[page.sentence]]
section = "Overview"
says = "There is one queue."
"""


def test_seed_table_has_both_pages_with_all_sections() -> None:
    """The table has the two pages of the project's seed."""
    pages = {page.document: page for page in load_seeds()}
    assert list(pages) == ["1045/43607", "436/46412"]
    for page in pages.values():
        assert len(page.sentence) == page.sentences
        sections = {re.split(r"[,]", sentence.section)[0] for sentence in page.sentence}
        assert {"Overview", "Callback content"} < sections


@pytest.mark.parametrize("page", load_seeds(), ids=lambda page: page.document)
def test_every_seed_sentence_has_requirement_or_reason(page: SeedPage) -> None:
    """The requirements exist."""
    known = load_registry().by_id
    for sentence in page.sentence:
        assert sentence.says
        assert set(sentence.requirements) <= known.keys()
        assert sentence.requirements or len(sentence.reason) > 20, sentence
        assert len(sentence.quote.split()) <= 12


def test_seed_rules_of_order_pause_and_callback_are_must() -> None:
    """Each of these sentences has at least one MUST."""
    registry = load_registry()
    for page in load_seeds():
        for phrase in ("priority and order", "will stop", "POST request", "one queue"):
            hits = [s for s in page.sentence if phrase in s.quote]
            assert hits, f"{page.document} lost its sentence on {phrase!r}"
            for sentence in hits:
                assert any(registry.get(name).level == "MUST" for name in sentence.requirements)


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("", "must have requirements or a reason"),
        ('requirements = ["ONE-001"]\nreason = "both"', "not both"),
        ('requirements = ["ONE-999"]', "names ONE-999, which is no requirement"),
        ('requirement = ["ONE-001"]', "unknown field `requirement`"),
        (
            'reason = "x"\n[[page.sentence]]\nsection = "a"\nsays = "b"\nreason = "c"',
            "2 sentences listed, the page has 1",
        ),
    ],
)
def test_seed_sentence_without_requirement_is_refused(addition: str, message: str) -> None:
    """A missing sentence and an unknown requirement id are refused too."""
    with pytest.raises(RegistryError, match=re.escape(message)):
        parse_seeds(PAGE + addition, load_registry())
