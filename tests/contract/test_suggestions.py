"""Suggestions for misspelt names: the nearest sensible one, or none."""

import pytest

from ciq_schemas.features import Feature
from ciq_schemas.requirement import UnknownRequirementError, load_registry
from ciq_schemas.suggestions import nearest


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("medai", "media"),
        ("speach", "speech"),
        ("MEDIA", "media"),
        ("document", "doc"),
        ("picture", "pic"),
        ("video", ""),
        ("xyz", ""),
        ("x", ""),
    ],
)
def test_feature_suggestion(given: str, expected: str) -> None:
    """A name without any similar feature gets no guess."""
    assert nearest(given, Feature) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("PUA-003", "did you mean PAU-003"),
        ("PAUSE-002", "did you mean PAU-002"),
        ("PRI-01", "did you mean PRI-001"),
        ("PRI-O01", "did you mean PRI-001"),
        ("PRI", "did you mean PRI-*"),
        ("PAU-999", "did you mean PAU-0"),
        ("pause", "pause is an area, use `--area pause`"),
        ("XYZ-001", "lists them all"),
        ("@", "lists them all"),
    ],
)
def test_requirement_suggestion(given: str, expected: str) -> None:
    """The letters decide the area, the number the requirement; a foreign id gets no guess."""
    with pytest.raises(UnknownRequirementError) as caught:
        load_registry().select([given])
    assert expected in str(caught.value)


def test_equally_similar_names_are_decided_by_characters_in_the_same_place() -> None:
    """A zero typed as the letter O suggests the id with the zero."""
    assert nearest("QUE-0O1-media", ["QUE-001-media", "QUE-002-media", "QUE-010-media"]) == "QUE-001-media"
