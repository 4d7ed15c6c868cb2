"""`ciq schema`: list, show, export; and the same schemas on the mock's pages."""

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from command import in_process
from lxml import etree

from ciq_mock.server import MockServer
from ciq_schemas.published import published_schemas


def test_list_names_every_schema(tmp_path: Path) -> None:
    """Also without a word, one line each."""
    result = in_process("schema", cwd=tmp_path)
    assert result.code == 0
    assert [line.split()[0] for line in result.out.splitlines()] == [entry.name for entry in published_schemas()]
    assert in_process("schema", "list", cwd=tmp_path).out == result.out


def test_show_prints_one_schema(tmp_path: Path) -> None:
    """`.json` may be left out."""
    assert json.loads(in_process("schema", "show", "asyncapi", cwd=tmp_path).out)["asyncapi"] == "3.0.0"
    text = in_process("schema", "show", "task_callback.tolerant.xsd", cwd=tmp_path).out
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<xs:schema')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "task_calback.rng"], "did you mean task_callback.rng?"),
        (["show", "zzz"], "`ciq schema list` names them"),
        (["show"], "ciq schema show NAME"),
        (["export"], "ciq schema export DIR"),
        (["print"], "expected list, show or export, not 'print'"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], message: str, tmp_path: Path) -> None:
    """Exit code 2."""
    result = in_process("schema", *arguments, cwd=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_export_writes_schemas_that_work_from_their_folder(tmp_path: Path) -> None:
    """An XSD finds its includes beside it. A file in place of the folder is a usage error."""
    result = in_process("schema", "export", "out", cwd=tmp_path)
    assert (result.code, result.out) == (0, f"{len(published_schemas())} schemas written to out\n")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {entry.name for entry in published_schemas()}
    etree.XMLSchema(file=str(tmp_path / "out" / "task_callback.xsd"))
    (tmp_path / "file").write_text("")
    assert in_process("schema", "export", "file", cwd=tmp_path).code == 2


def test_mock_serves_schemas() -> None:
    """The list and each text, with its Content-Type; 404 for another name."""
    with MockServer() as mock:
        with urlopen(f"{mock.url}/_ciq/schema/") as answer:
            listed = json.load(answer)
        assert [entry["name"] for entry in listed] == [entry.name for entry in published_schemas()]
        for name, kind in (("openapi.json", "application/json"), ("task_callback.rng", "application/xml")):
            with urlopen(f"{mock.url}/_ciq/schema/{name}") as answer:
                assert answer.headers["Content-Type"].partition(";")[0] == kind
                assert answer.read()
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{mock.url}/_ciq/schema/none")
