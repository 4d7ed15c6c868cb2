"""Makes the software bill of materials: CycloneDX JSON with every package of a lock file and what requires it.

`python -m tools.sbom FILE` writes it; the build puts it into the wheel (tools/build_hook.py). It is made of
`locks/suite.txt` alone, so that the same sources give the same bytes, without the network.
"""

import json
import re
import sys
import tomllib
import uuid
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = "suite"
_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?P<rest>.*(?:\n[ ]+.*)*)", re.MULTILINE)
_MARKER = re.compile(r"^\s*;\s*(.*?)\s*\\?$", re.MULTILINE)
_EXTRAS = re.compile(r"\[.*?\]|\(.*?\)")


@dataclass(frozen=True)
class Pin:
    """One package of a lock file."""

    name: str
    version: str
    marker: str
    """The environments that need it; empty for all."""
    required_by: tuple[str, ...]
    """Names of the packages that require it."""

    @property
    def reference(self) -> str:
        """Its package URL, unique in the document."""
        return f"pkg:pypi/{self.name}@{self.version}"


def normal(name: str) -> str:
    """The name of a package as package URLs spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> list[Pin]:
    """The packages of the text of a lock file, by name and version."""
    found = []
    for entry in _ENTRY.finditer(text):
        first, _, rest = entry["rest"].partition("\n")
        marker = _MARKER.search(first)
        _, _, via = rest.partition("# via")
        names = {normal(_EXTRAS.sub("", line.strip("# \t"))) for line in via.splitlines()}
        required_by = tuple(sorted(name.strip(" -") for name in names - {""}))
        found.append(Pin(normal(entry["name"]), entry["version"], "" if marker is None else marker[1], required_by))
    return sorted(found, key=lambda pin: (pin.name, pin.version))


def document(root: Path = ROOT) -> dict[str, object]:
    """The bill of materials of the project in `root`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (root / "locks" / f"{LOCK}.txt").read_text(encoding="utf-8")
    kit = Pin(project["name"], project["version"], "", ())
    locked = pins(text)
    identity = f"{kit.reference} {text}"
    requires = {
        pin.reference: sorted(other.reference for other in locked if pin.name in other.required_by)
        for pin in (kit, *locked)
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": kit.reference,
                "name": kit.name,
                "version": kit.version,
                "purl": kit.reference,
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
            },
            "properties": [{"name": "ciq:lock", "value": f"locks/{LOCK}.txt"}],
        },
        "components": [_component(pin) for pin in locked],
        "dependencies": [{"ref": ref, "dependsOn": needed} for ref, needed in sorted(requires.items())],
    }


def _component(pin: Pin) -> dict[str, object]:
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": pin.reference,
        "name": pin.name,
        "version": pin.version,
        "purl": pin.reference,
    }
    if pin.marker:
        component["properties"] = [{"name": "ciq:marker", "value": pin.marker}]
    return component


def written(root: Path = ROOT) -> str:
    """The document as text."""
    return json.dumps(document(root), indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(written(), encoding="utf-8")
