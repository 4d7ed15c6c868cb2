"""The documents of the project, and the commands, inline code and links in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sources import ROOT

DOCUMENTS = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHELL = frozenset({"sh", "bash", "console", "shell"})


@dataclass(frozen=True, order=True)
class Command:
    """One line of a shell block of a document."""

    document: str
    text: str


def commands() -> Iterator[Command]:
    """Every line of every shell block."""
    for path in DOCUMENTS:
        for language, body in _FENCE.findall(path.read_text(encoding="utf-8")):
            if language in SHELL:
                for line in body.splitlines():
                    if line.strip() and not line.startswith("#"):
                        yield Command(str(path.relative_to(ROOT)), line.strip())


def inline_code(path: Path) -> list[str]:
    """Every piece of inline code of a document, outside its blocks."""
    return _INLINE.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))


def links(path: Path) -> list[str]:
    """Link targets of a document inside the project, without their anchors."""
    found = _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))
    return [target.partition("#")[0] for target in found if "://" not in target and not target.startswith("#")]


def shell_line_after(marker: str) -> str:
    """The one-line shell block of the README after `<!-- marker -->`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^<!-- {re.escape(marker)} -->\n```sh\n(.+)\n```$", text, re.MULTILINE)
    assert found, f"README.md has no one-line block behind <!-- {marker} -->"
    return found.group(1)
