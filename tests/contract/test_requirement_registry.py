"""The requirement registry: the shipped one is valid, and the loader enforces each of its rules."""

import re

import pytest

from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import (
    Basis,
    Format,
    Registry,
    RegistryError,
    UnknownRequirementError,
    load_registry,
    parse_registry,
    set_version,
)
from ciq_schemas.transcript.records import Level

GOOD = {
    "id": '"ABC-001"',
    "level": '"MUST"',
    "title": '"Something holds"',
    "statement": '"It holds"',
    "basis": '"documented"',
    "clauses": '[{ document = "1045/43607", section = "Overview", date = "2026-03-02", quote = "a few words" }]',
    "features": '["media", "doc"]',
}


def toml(**changes: str | None) -> str:
    """One requirement as TOML; None leaves a key out."""
    row = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return "[[requirement]]\n" + "\n".join(f"{key} = {value}" for key, value in row.items()) + "\n"


def registry(*ids: str) -> Registry:
    """A registry with requirements of these ids."""
    return parse_registry({"area": "\n".join(toml(id=f'"{name}"') for name in ids)})


def test_valid_requirement_is_read() -> None:
    """All keys are typed, and the area is the name of the file."""
    found = parse_registry({"order": toml(formats='["json"]', capabilities='["deactivate"]')}).get("ABC-001")
    assert found.level is Level.MUST
    assert found.basis is Basis.DOCUMENTED
    assert found.features == (Feature.MEDIA, Feature.DOC)
    assert found.formats == (Format.JSON,)
    assert found.area == "order"
    assert found.clause == "1045/43607, Overview (2026-03-02): “a few words”"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": '"PAUSE-1"'}, "three capitals"),
        ({"level": '"MAY"'}, "Invalid enum value 'MAY'"),
        ({"title": '""'}, "must not be empty"),
        ({"statement": None}, "missing required field `statement`"),
        ({"basis": '"sdk"'}, "a MUST needs the basis documented"),
        ({"basis": '"inferred"'}, "a MUST needs the basis documented"),
        ({"clauses": "[]"}, "no clause"),
        ({"clauses": None}, "missing required field `clauses`"),
        ({"clauses": '[{ document = "seed" }]'}, "product/number"),
        ({"clauses": '[{ document = "1045/1", date = "March" }]'}, "YYYY-MM-DD"),
        ({"clauses": f'[{{ document = "1045/1", quote = "{"word " * 13}" }}]'}, "at most 12 words"),
        ({"clauses": '[{ document = "1045/1", qoute = "x" }]'}, "unknown key 'qoute', did you mean quote?"),
        ({"features": "[]"}, "no feature"),
        ({"features": '["video"]'}, "Invalid enum value 'video'"),
        ({"features": '["doc", "media"]'}, "order of the feature table"),
        ({"features": '["doc", "doc"]'}, "features has a duplicate"),
        ({"formats": '["yaml"]'}, "Invalid enum value 'yaml'"),
        ({"scenario": '"order"'}, "unknown key 'scenario'"),
        ({"capabilities": '["fly"]'}, "Invalid enum value 'fly'"),
        ({"set": '"extra"'}, "unknown set 'extra'"),
        ({"titel": '"x"'}, "unknown key 'titel', did you mean title?"),
        ({"area": '"x"'}, "unknown key 'area'"),
    ],
)
def test_requirement_that_breaks_a_rule_is_refused(changes: dict[str, str | None], message: str) -> None:
    """The message names the place and the rule."""
    with pytest.raises(RegistryError, match=re.escape(message)) as caught:
        parse_registry({"order": toml(**changes)})
    assert "order.toml, requirement 1" in str(caught.value)


def test_duplicate_requirement_id_is_refused() -> None:
    """The message names both files."""
    with pytest.raises(RegistryError, match="ABC-001 is in one and in two"):
        parse_registry({"one": toml(), "two": toml()})


def test_unknown_requirement_id_is_refused_with_nearest_id() -> None:
    """Without a similar id the message names the command that lists them."""
    found = registry("PAU-001", "PAU-002", "SUB-001")
    assert found.get("pau-002").id == "PAU-002"
    with pytest.raises(UnknownRequirementError, match=r"did you mean PAU-002\?"):
        found.get("PAUSE-002")
    with pytest.raises(UnknownRequirementError, match="lists them all"):
        found.get("@")


def test_selection_combines_all_criteria() -> None:
    """A requirement must match globs, levels, features and areas, each with any of its values; the order stays."""
    found = parse_registry(
        {
            "one": toml(id='"ABC-001"') + toml(id='"ABC-002"', level='"NOTE"', features='["speech"]'),
            "two": toml(id='"XYZ-001"', level='"SHOULD"'),
        }
    )

    def ids(*globs: str, **criteria: object) -> list[str]:
        return [requirement.id for requirement in found.select(globs, **criteria)]  # type: ignore[arg-type]

    assert ids() == ["ABC-001", "ABC-002", "XYZ-001"]
    assert ids("xyz-*", "*-002") == ["ABC-002", "XYZ-001"]
    assert ids(levels=[Level.NOTE, Level.SHOULD]) == ["ABC-002", "XYZ-001"]
    assert ids(features=[Feature.SPEECH]) == ["ABC-002"]
    assert ids("ABC-*", features=[Feature.MEDIA]) == ["ABC-001"]
    assert ids(areas=["two"]) == ["XYZ-001"]
    assert ids("XYZ-*", levels=[Level.NOTE]) == []


def test_filter_without_match_is_refused() -> None:
    """A glob without any id and an unknown area are errors of the operator, not empty selections."""
    found = registry("PAU-001")
    with pytest.raises(UnknownRequirementError, match=r"did you mean PAU-001\?"):
        found.select(["PAU-9*"])
    with pytest.raises(UnknownRequirementError, match=r"did you mean area\?"):
        found.select(areas=["aera"])


def test_shipped_registry_covers_all_areas() -> None:
    """The registry loads, every required area has a requirement, and each untested one has a reason."""
    shipped = load_registry()
    assert len(shipped) >= 80
    assert set(shipped.areas) >= {
        "activation",
        "queues",
        "one_queue",
        "submit",
        "describe",
        "list",
        "cancel",
        "priority",
        "pause",
        "callback_rule",
        "callback_delivery",
        "callback_shape",
        "errors",
    }
    assert {feature for requirement in shipped for feature in requirement.features} == set(FEATURES)


def test_area_and_id_prefix_correspond() -> None:
    """All ids of a file share their three letters, and no two files share them."""
    prefixes = {requirement.area: set() for requirement in load_registry()}
    for requirement in load_registry():
        prefixes[requirement.area].add(requirement.id[:3])
    assert all(len(found) == 1 for found in prefixes.values()), prefixes
    assert len({min(found) for found in prefixes.values()}) == len(prefixes)


def test_job_level_requirements_apply_to_features_with_levels_only() -> None:
    """No such requirement claims a feature whose jobs have no JobLevel."""
    for name in ("PRI-001", "PRI-003", "PRI-004", "SUB-010", "SUB-011", "SUB-016"):
        for feature in load_registry().get(name).features:
            assert FEATURES[feature].has_job_level, f"{name} claims {feature}"


def test_set_version_is_stable_hash_of_twelve_digits() -> None:
    """The digits are hexadecimal."""
    assert re.fullmatch(r"[0-9a-f]{12}", set_version())
    assert set_version() == set_version()
