"""Sources cite public page numbers or files of the project only."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import ROOT

FOLDERS = ("schemas", "mock_server", "conformance", "reports", "tools", "tests", "bench", "docs", "examples")
SUFFIXES = frozenset({".py", ".xsd", ".toml", ".md", ".ini", ".css", ".js", ".j2"})
MARKDOWN = re.compile(r"(?<![\w*{}])[\w./-]*\w\.md\b")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
"""Commands may name files that they write."""
ELSEWHERE = re.compile(r"\.\./shared|\bDESIGN\b|/work/|\bprotocol/\w")


def texts(path: Path) -> Iterator[str]:
    """The texts of a file: docstrings and comments of a module, text of a page, everything of other files."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield BLOCK.sub("", text) if path.suffix == ".md" else text
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def missing_references(text: str, folder: Path) -> list[str]:
    """References to files that do not exist."""
    named = [match.group() for match in MARKDOWN.finditer(text)]
    missing = [name for name in named if not any((base / name).is_file() for base in (ROOT, ROOT / "docs", folder))]
    return missing + ELSEWHERE.findall(text)


def sources() -> list[Path]:
    """Every text file of the project except the golden files of reports."""
    found = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in SUFFIXES]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix in SUFFIXES]
    return sorted(path for path in found if path != Path(__file__) and "golden" not in path.parts)


def test_cited_file_exists() -> None:
    """This holds for docstrings, comments, schemas and documents."""
    bad = {
        str(path.relative_to(ROOT)): found
        for path in sources()
        if (found := [name for text in texts(path) for name in missing_references(text, path.parent)])
    }
    assert not bad, f"cite the public page number, or a page of docs/: {bad}"


@pytest.mark.parametrize("text", ["as in queues.md 2.3", "(DESIGN 5)", "see ../shared/wire", "protocol/jobs says so"])
def test_reference_to_unshipped_file_is_found(text: str) -> None:
    """The references are of the kinds that earlier versions had."""
    assert missing_references(text, ROOT)


def test_page_numbers_and_project_files_are_accepted() -> None:
    """They have no finding."""
    assert not missing_references("1045/43607, docs/verdicts.md, [profile](profile.md), README.md", ROOT / "docs")
