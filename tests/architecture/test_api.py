"""The public names of the packages are fixed, and docs/api.md lists them."""

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
def test_package_exports_exactly_the_public_names(package: str) -> None:
    """Each can be imported."""
    names = api_page.exported()[package]
    assert set(names) == PUBLIC[package]
    assert all(getattr(importlib.import_module(package), name) for name in names)


def test_api_page_is_current() -> None:
    """docs/api.md lists what the packages export."""
    stored = (ROOT / "docs" / api_page.PAGE).read_text(encoding="utf-8")
    assert stored == api_page.page(), f"docs/{api_page.PAGE} is stale: run `{api_page.COMMAND}`"


def test_unknown_public_name_raises_attribute_error() -> None:
    """The error is that of any module."""
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = importlib.import_module("ciq_conformance").missing
