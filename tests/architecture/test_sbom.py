"""The bill of materials names every locked package once, with what requires it; the audit never passes without data."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sources import ROOT
from test_locks import PYPROJECT, pins

from tools import audit, sbom

DOCUMENT = json.loads(sbom.written())
COMPONENTS = {component["bom-ref"]: component for component in DOCUMENT["components"]}
GRAPH = {node["ref"]: set(node["dependsOn"]) for node in DOCUMENT["dependencies"]}
KIT = DOCUMENT["metadata"]["component"]["bom-ref"]


def test_bill_of_materials_has_each_locked_release_once() -> None:
    """Names and releases are those of the lock file."""
    locked = {(name, pin.version) for name, found in pins("suite").items() for pin in found}
    assert {(one["name"], one["version"]) for one in COMPONENTS.values()} == locked
    assert len(COMPONENTS) == len(DOCUMENT["components"]) == len(locked)
    for component in COMPONENTS.values():
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}" == component["bom-ref"]
        assert component["type"] == "library"


def test_bill_of_materials_connects_every_package_with_the_kit() -> None:
    """The kit requires what pyproject.toml names; every other package is required by one of the document."""
    assert GRAPH.keys() == {KIT, *COMPONENTS}
    assert set().union(*GRAPH.values()) == set(COMPONENTS), "a package that nothing requires, or an unknown one"
    project = PYPROJECT["project"]
    texts = [*project["dependencies"], *project["optional-dependencies"]["suite"]]
    direct = {COMPONENTS[reference]["name"] for reference in GRAPH[KIT]}
    assert direct == {canonicalize_name(Requirement(text).name) for text in texts}
    (marked,) = [one for one in COMPONENTS.values() if one["name"] == "uvloop"]
    assert marked["properties"] == [{"name": "ciq:marker", "value": "sys_platform != 'win32'"}]


def test_bill_of_materials_is_cyclonedx_and_reproducible() -> None:
    """The same sources give the same bytes; the mandatory fields of CycloneDX are there."""
    assert sbom.written() == sbom.written()
    assert (DOCUMENT["bomFormat"], DOCUMENT["specVersion"], DOCUMENT["version"]) == ("CycloneDX", "1.6", 1)
    assert DOCUMENT["serialNumber"].startswith("urn:uuid:")
    assert "timestamp" not in DOCUMENT["metadata"]


_FOUND = """
import json
vulns = [{"id": "X-1", "fix_versions": ["2"]}]
print(json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": vulns}]}))
"""
STUBS = {
    "without network": ("raise SystemExit('ConnectionError: no route to pypi.org')", 3),
    "with another text": ("print('all fine')", 3),
    "without findings": ("""print('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')""", 0),
    "with a finding": (_FOUND, 1),
}


@pytest.mark.parametrize("case", STUBS)
def test_audit_succeeds_only_with_data(case: str, tmp_path: Path) -> None:
    """Without the data of pip-audit it reports that nothing was audited."""
    program, code = STUBS[case]
    (tmp_path / "pip_audit.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "audit.py"],
        env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert ("NOT AUDITED" in done.stderr) is (code == audit.NOT_AUDITED)
    if code == 1:
        assert done.stdout.splitlines()[0] == "audit: a 1: X-1, fixed in 2"


def test_audit_without_pip_audit_reports_that() -> None:
    """The message names the missing module and what to do."""
    found, reason = audit.audit(ROOT / "locks" / "build.txt", ())
    assert found is None
    assert "pip_audit" in reason
