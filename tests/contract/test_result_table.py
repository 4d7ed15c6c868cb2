"""The result table: every tag has a row, every container a source and an element of the XSD."""

import re
from importlib.resources import files

import pytest
from lxml import etree

from ciq_schemas.features import FEATURES
from ciq_schemas.results import RESULT_CONTAINERS, TAG_RESULTS, ResultContainer, TagResult

XS = "{http://www.w3.org/2001/XMLSchema}"
PAGE = re.compile(r"(1045|436|460|1545)/\d+")
SDK = re.compile(r"(Go|Java|PHP|Android|iOS) \S+\.(go|java|php|h)( \w+)?")


def group_of(name: str) -> list[str]:
    """The element names of a group in the XSD of Operation."""
    schema = etree.fromstring((files("ciq_schemas") / "xsd" / "operation_types.xsd").read_bytes())
    return [str(found.get("name")) for found in schema.iterfind(f"{XS}group[@name='{name}']//{XS}element")]


def test_table_has_tags_of_feature_table() -> None:
    """In the same order, each once."""
    assert list(TAG_RESULTS) == [tag for spec in FEATURES.values() for tag in spec.tags]


@pytest.mark.parametrize("row", TAG_RESULTS.values(), ids=lambda row: row.tag)
def test_row_names_its_sources(row: TagResult) -> None:
    """A page, or two SDKs where no page shows the result; the containers are those of the container table."""
    assert row.pages or len({source.split()[0] for source in row.sdks}) >= 2
    assert all(PAGE.fullmatch(page) for page in row.pages)
    assert all(SDK.fullmatch(sdk) for sdk in row.sdks)
    assert set(row.containers) <= RESULT_CONTAINERS.keys()


def test_every_container_belongs_to_a_tag() -> None:
    """No row of the container table is unused."""
    assert {name for row in TAG_RESULTS.values() for name in row.containers} == RESULT_CONTAINERS.keys()


def test_schema_has_containers_of_the_table() -> None:
    """The XSD, from which codec and JSON Schema come, has the same containers in the same order."""
    assert group_of("ResultContainers") == [name for name, row in RESULT_CONTAINERS.items() if not row.in_request]
    assert {name for name, row in RESULT_CONTAINERS.items() if row.in_request} <= set(group_of("TagContainers"))


def test_paths_follow_braces() -> None:
    """A child element follows the name of its parent, on every level."""
    container = ResultContainer(name="R", elements="A{B{C D} E} F")
    assert container.paths == {"A", "A/B", "A/B/C", "A/B/D", "A/E", "F"}
