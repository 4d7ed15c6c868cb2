"""The public names of the packages are pinned, and docs/api.md lists them."""

import importlib

import pytest
from sources import ROOT

from tools import api_page

PUBLIC = {
    "ciq_schemas": {"Decoded", "Document", "Note", "Problem", "Reading", "read", "read_callback", "validate"},
    "ciq_conformance": {"judge_run_file", "run_suite"},
    "ciq_reports": set(),
}


@pytest.mark.parametrize("package", PUBLIC)
def test_public_names_are_pinned(package: str) -> None:
    """A package exports these names and no others; each can be imported."""
    names = api_page.exported()[package]
    assert set(names) == PUBLIC[package]
    assert all(getattr(importlib.import_module(package), name) for name in names)


def test_page_is_current() -> None:
    """docs/api.md is what the packages export today."""
    stored = (ROOT / "docs" / api_page.PAGE).read_text(encoding="utf-8")
    assert stored == api_page.page(), f"docs/{api_page.PAGE} is stale: run `{api_page.COMMAND}`"


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that is not public raises AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = importlib.import_module("ciq_conformance").missing
