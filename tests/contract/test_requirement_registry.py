"""The requirement registry: what ships is sound, and each rule of it is enforced when it is loaded."""

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


def test_a_sound_requirement_is_read() -> None:
    """All keys arrive typed, and the area is the name of the file."""
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
        ({"basis": '"sdk"'}, "only what is documented may be a MUST"),
        ({"basis": '"inferred"'}, "only what is documented may be a MUST"),
        ({"clauses": "[]"}, "no clause"),
        ({"clauses": None}, "missing required field `clauses`"),
        ({"clauses": '[{ document = "seed" }]'}, "product/number"),
        ({"clauses": '[{ document = "1045/1", date = "March" }]'}, "YYYY-MM-DD"),
        ({"clauses": f'[{{ document = "1045/1", quote = "{"word " * 13}" }}]'}, "at most 12 words"),
        ({"clauses": '[{ document = "1045/1", qoute = "x" }]'}, "unknown key 'qoute', did you mean quote?"),
        ({"features": "[]"}, "no feature"),
        ({"features": '["video"]'}, "Invalid enum value 'video'"),
        ({"features": '["doc", "media"]'}, "order of the feature table"),
        ({"features": '["doc", "doc"]'}, "twice"),
        ({"formats": '["yaml"]'}, "Invalid enum value 'yaml'"),
        ({"scenario": '"order"'}, "unknown key 'scenario'"),
        ({"capabilities": '["fly"]'}, "Invalid enum value 'fly'"),
        ({"set": '"extra"'}, "unknown set 'extra'"),
        ({"titel": '"x"'}, "unknown key 'titel', did you mean title?"),
        ({"area": '"x"'}, "unknown key 'area'"),
    ],
)
def test_a_broken_rule_is_an_error(changes: dict[str, str | None], message: str) -> None:
    """Each rule refuses the registry with a message that names the place and the rule."""
    with pytest.raises(RegistryError, match=re.escape(message)) as caught:
        parse_registry({"order": toml(**changes)})
    assert "order.toml, requirement 1" in str(caught.value)


def test_an_id_stands_once() -> None:
    """The same id in two files is refused, and both files are named."""
    with pytest.raises(RegistryError, match="ABC-001 stands in one and in two"):
        parse_registry({"one": toml(), "two": toml()})


def test_an_unknown_id_names_the_nearest() -> None:
    """A misspelt id is answered with the id that was meant; one like nothing with the way to the list."""
    found = registry("PAU-001", "PAU-002", "SUB-001")
    assert found.get("pau-002").id == "PAU-002"
    with pytest.raises(UnknownRequirementError, match=r"did you mean PAU-002\?"):
        found.get("PAUSE-002")
    with pytest.raises(UnknownRequirementError, match="lists them all"):
        found.get("@")


def test_selection_narrows_by_every_criterion() -> None:
    """Globs, levels, features and areas are joined by and, several values of one by or; order is kept."""
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


def test_a_filter_that_fits_nothing_is_loud() -> None:
    """A glob without any id and an unknown area are mistakes of the operator, not empty selections."""
    found = registry("PAU-001")
    with pytest.raises(UnknownRequirementError, match=r"did you mean PAU-001\?"):
        found.select(["PAU-9*"])
    with pytest.raises(UnknownRequirementError, match=r"did you mean area\?"):
        found.select(areas=["aera"])


def test_the_shipped_registry_is_sound_and_large_enough() -> None:
    """The registry loads, has a requirement for every area of the issue, and tests all it lists or says why not."""
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


def test_an_area_has_one_prefix() -> None:
    """All ids of a file share their three letters, and no two files share them."""
    prefixes = {requirement.area: set() for requirement in load_registry()}
    for requirement in load_registry():
        prefixes[requirement.area].add(requirement.id[:3])
    assert all(len(found) == 1 for found in prefixes.values()), prefixes
    assert len({min(found) for found in prefixes.values()}) == len(prefixes)


def test_levels_priority_only_where_the_feature_has_it() -> None:
    """No requirement that speaks of JobLevel claims a feature whose jobs have none."""
    for name in ("PRI-001", "PRI-003", "PRI-004", "SUB-010", "SUB-011", "SUB-016"):
        for feature in load_registry().get(name).features:
            assert FEATURES[feature].has_job_level, f"{name} claims {feature}"


def test_the_set_version_is_a_short_stable_hash() -> None:
    """Twelve hexadecimal digits, the same each time."""
    assert re.fullmatch(r"[0-9a-f]{12}", set_version())
    assert set_version() == set_version()
